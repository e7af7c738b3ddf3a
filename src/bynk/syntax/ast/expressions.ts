/** Expressions, blocks and statements (reference §6, §7, §19, §30). */
import type { BoolLiteral, DurationLiteral, FloatLiteral, IntLiteral, Name, Span, StringLiteral } from "./node.ts";
import type { Pattern } from "./patterns.ts";
import type { TypeRef } from "./types.ts";

/** `"on \(at)"`: text and holes in source order. Text parts may be empty; two never stand side by side. */
export interface InterpolatedString {
  readonly kind: "InterpolatedString";
  readonly parts: readonly (StringText | StringHole)[];
  readonly span: Span;
}

export interface StringText {
  readonly kind: "StringText";
  readonly value: string;
  readonly span: Span;
}

/** The span includes `\(` and `)`. */
export interface StringHole {
  readonly kind: "StringHole";
  readonly value: Expr;
  readonly span: Span;
}

/** `()` */
export interface UnitLiteral {
  readonly kind: "UnitLiteral";
  readonly span: Span;
}

export interface SelfExpr {
  readonly kind: "SelfExpr";
  readonly span: Span;
}

/**
 * A bare name in value position. `Int Float Duration Instant Bytes` before a dot are names here too (`Int.parse(s)`),
 * and so are the heads of `State.Lost` and `alias.service(…)`.
 */
export interface NameExpr {
  readonly kind: "NameExpr";
  readonly name: Name;
  readonly span: Span;
}

/** `Ok(v)`, `Err(e)`, `Some(v)`, `None`, unqualified. `value` is undefined exactly for `None`. */
export interface ConstructorExpr {
  readonly kind: "ConstructorExpr";
  readonly name: Name & { readonly text: "Ok" | "Err" | "Some" | "None" };
  readonly value: Expr | undefined;
  readonly span: Span;
}

/** `Effect.pure(v)` */
export interface EffectPure {
  readonly kind: "EffectPure";
  readonly value: Expr;
  readonly span: Span;
}

/** `f(a)`, `f[T](a)`: a function, a variant, an agent or a local function value. */
export interface CallExpr {
  readonly kind: "CallExpr";
  readonly callee: Name;
  readonly typeArgs: readonly TypeRef[] | undefined;
  readonly args: readonly Expr[];
  readonly span: Span;
}

/** `x.m(a)`, `x.m[T](a)`, `T.of(a)`, `HttpResult.Ok(a)`, `a.b.svc(x)`. */
export interface MethodCall {
  readonly kind: "MethodCall";
  readonly receiver: Expr;
  readonly method: Name;
  readonly typeArgs: readonly TypeRef[] | undefined;
  readonly args: readonly Expr[];
  readonly span: Span;
}

/** `x.f`, `State.Lost`. */
export interface FieldAccess {
  readonly kind: "FieldAccess";
  readonly receiver: Expr;
  readonly field: Name;
  readonly span: Span;
}

/** `e?` */
export interface QuestionExpr {
  readonly kind: "QuestionExpr";
  readonly operand: Expr;
  readonly span: Span;
}

export type UnaryOperator = "-" | "!";

export interface UnaryExpr {
  readonly kind: "UnaryExpr";
  readonly operator: UnaryOperator;
  readonly operand: Expr;
  readonly span: Span;
}

export type BinaryOperator = "implies" | "||" | "&&" | "==" | "!=" | "<" | "<=" | ">" | ">=" | "+" | "-" | "*" | "/";

export interface BinaryExpr {
  readonly kind: "BinaryExpr";
  readonly operator: BinaryOperator;
  readonly operatorSpan: Span;
  readonly left: Expr;
  readonly right: Expr;
  readonly span: Span;
}

/** `e is Pattern` */
export interface IsExpr {
  readonly kind: "IsExpr";
  readonly value: Expr;
  readonly pattern: Pattern;
  readonly span: Span;
}

export interface IfExpr {
  readonly kind: "IfExpr";
  readonly condition: Expr;
  readonly then: Block;
  /** An `IfExpr` for `else if`. */
  readonly else: Block | IfExpr | undefined;
  readonly span: Span;
}

export interface MatchExpr {
  readonly kind: "MatchExpr";
  readonly scrutinee: Expr;
  readonly arms: readonly MatchArm[];
  readonly span: Span;
}

export interface MatchArm {
  readonly kind: "MatchArm";
  readonly pattern: Pattern;
  readonly guard: Expr | undefined;
  readonly body: Expr | Block;
  readonly span: Span;
}

export interface LambdaExpr {
  readonly kind: "LambdaExpr";
  readonly params: readonly LambdaParam[];
  readonly body: Expr | Block;
  readonly span: Span;
}

export interface LambdaParam {
  readonly kind: "LambdaParam";
  readonly name: Name;
  readonly type: TypeRef | undefined;
  readonly span: Span;
}

export interface ListExpr {
  readonly kind: "ListExpr";
  readonly elements: readonly Expr[];
  readonly span: Span;
}

/** `Loan { shelf: s, days }` */
export interface RecordLiteral {
  readonly kind: "RecordLiteral";
  readonly type: Name;
  readonly fields: readonly FieldInit[];
  readonly span: Span;
}

/** `Loan { ...self, days: 3 }`, or `{ ...self, days: 3 }` with `type` undefined. */
export interface RecordUpdate {
  readonly kind: "RecordUpdate";
  readonly type: Name | undefined;
  readonly base: Expr;
  readonly fields: readonly FieldInit[];
  readonly span: Span;
}

/** `days: 3`; for the shorthand `days`, `value` is a `NameExpr` with the same span and `shorthand` is true. */
export interface FieldInit {
  readonly kind: "FieldInit";
  readonly name: Name;
  readonly value: Expr;
  readonly shorthand: boolean;
  readonly span: Span;
}

/** Parentheses the author wrote; the formatter keeps them, everyone else looks through. */
export interface ParenExpr {
  readonly kind: "ParenExpr";
  readonly inner: Expr;
  readonly span: Span;
}

/** `expect e` where an expression stands (a match arm's body). As a statement it is `ExpectStmt` (ring 3). */
export interface ExpectExpr {
  readonly kind: "ExpectExpr";
  readonly subject: Expr | Observation;
  readonly span: Span;
}

/** `Val[T]`, `Val[T](pins)`, `Val[T] { field: pin }` (ring 3). */
export interface ValExpr {
  readonly kind: "ValExpr";
  readonly type: TypeRef;
  readonly pins: readonly Expr[] | undefined;
  readonly fields: readonly FieldInit[] | undefined;
  readonly span: Span;
}

/** `trace(Cap.op)` (ring 3). */
export interface TraceExpr {
  readonly kind: "TraceExpr";
  readonly capability: Name;
  readonly operation: Name;
  readonly span: Span;
}

/** `Wire("raw")` (ring 3). */
export interface WireExpr {
  readonly kind: "WireExpr";
  readonly value: Expr;
  readonly span: Span;
}

/** Where an expression was expected and none could be read; already reported. */
export interface ErrorExpr {
  readonly kind: "ErrorExpr";
  readonly span: Span;
}

export type Expr =
  | IntLiteral
  | FloatLiteral
  | StringLiteral
  | BoolLiteral
  | DurationLiteral
  | InterpolatedString
  | UnitLiteral
  | SelfExpr
  | NameExpr
  | ConstructorExpr
  | EffectPure
  | CallExpr
  | MethodCall
  | FieldAccess
  | QuestionExpr
  | UnaryExpr
  | BinaryExpr
  | IsExpr
  | IfExpr
  | MatchExpr
  | LambdaExpr
  | ListExpr
  | RecordLiteral
  | RecordUpdate
  | ParenExpr
  | ExpectExpr
  | ValExpr
  | TraceExpr
  | WireExpr
  | ErrorExpr;

/** `{ statements tail? }`; without a tail the value is `()`. */
export interface Block {
  readonly kind: "Block";
  readonly statements: readonly Stmt[];
  readonly tail: Expr | undefined;
  readonly span: Span;
}

/** `let x: T = e` or `let x <- e`; `binder` is undefined for `_`. */
export interface LetStmt {
  readonly kind: "LetStmt";
  readonly binder: Name | undefined;
  readonly annotation: TypeRef | undefined;
  /** True for `<-`: the value is an effect and is awaited. */
  readonly bind: boolean;
  readonly value: Expr;
  /** `let r <- api.GET("/x") by Reader("1")` (ring 3, tests only). */
  readonly actor: CallSiteActor | undefined;
  readonly span: Span;
}

export interface CallSiteActor {
  readonly kind: "CallSiteActor";
  readonly name: Name;
  readonly args: readonly Expr[] | undefined;
  readonly span: Span;
}

/** `do e` */
export interface DoStmt {
  readonly kind: "DoStmt";
  readonly value: Expr;
  readonly span: Span;
}

/** `~> e` */
export interface SendStmt {
  readonly kind: "SendStmt";
  readonly value: Expr;
  readonly span: Span;
}

/** `cell := e` (ring 2). */
export interface AssignStmt {
  readonly kind: "AssignStmt";
  readonly target: Name;
  readonly value: Expr;
  readonly span: Span;
}

/** `expect e`, or an observation of a capability seam (ring 3). */
export interface ExpectStmt {
  readonly kind: "ExpectStmt";
  readonly subject: Expr | Observation;
  readonly span: Span;
}

/** `Cap.op called once with e`, `Cap.op never called`, `Cap.op before Cap.other` (ring 3). */
export interface Observation {
  readonly kind: "Observation";
  readonly capability: Name;
  readonly operation: Name;
  readonly claim: ObservedCalled | ObservedNever | ObservedBefore;
  readonly span: Span;
}

export interface ObservedCalled {
  readonly kind: "ObservedCalled";
  /** Undefined: at least once. `once` is 1. */
  readonly times: number | undefined;
  readonly with: Expr | undefined;
  readonly span: Span;
}

export interface ObservedNever {
  readonly kind: "ObservedNever";
  readonly span: Span;
}

export interface ObservedBefore {
  readonly kind: "ObservedBefore";
  readonly capability: Name;
  readonly operation: Name;
  readonly span: Span;
}

/**
 * A bare expression that is not the block's last. Each is reported by the parser (`parse.expected_token`) and kept,
 * so that names inside it still resolve.
 */
export interface StrayExpr {
  readonly kind: "StrayExpr";
  readonly value: Expr;
  readonly span: Span;
}

export type Stmt = LetStmt | DoStmt | SendStmt | AssignStmt | ExpectStmt | StrayExpr;
