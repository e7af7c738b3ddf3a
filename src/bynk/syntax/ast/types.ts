/** Type references (reference §3.1) and refinement predicates (§3.4). */
import type { Name, SignedLiteral, Span, StringLiteral } from "./node.ts";

/**
 * `Int`, `Shelf`, `Option[Shelf]`, `Result[A, B]`, a user generic. Base and built-in types are named types too:
 * their words are reserved, so `name.text` tells them apart. `args` is undefined when no brackets were written.
 */
export interface NamedType {
  readonly kind: "NamedType";
  readonly name: Name;
  readonly args: readonly TypeRef[] | undefined;
  readonly span: Span;
}

/** `()` */
export interface UnitType {
  readonly kind: "UnitType";
  readonly span: Span;
}

/** `A -> B`, `(A, B) -> C`, `() -> A` (ring 2). */
export interface FunctionType {
  readonly kind: "FunctionType";
  readonly params: readonly TypeRef[];
  readonly result: TypeRef;
  readonly span: Span;
}

/** Where a type was expected and none could be read; already reported. */
export interface ErrorType {
  readonly kind: "ErrorType";
  readonly span: Span;
}

export type TypeRef = NamedType | UnitType | FunctionType | ErrorType;

/** `[A, B]` after a type or function name. A bound is a syntax error (`generics.no_bounds`) and is not kept. */
export interface TypeParam {
  readonly kind: "TypeParam";
  readonly name: Name;
  readonly span: Span;
}

export type PredicateArg = SignedLiteral | StringLiteral;

/** `InRange(1, 28)`. The parser has checked that the name is one of the eight predicates, not its arguments. */
export interface Predicate {
  readonly kind: "Predicate";
  readonly name: Name;
  /** Undefined when no parentheses were written. */
  readonly args: readonly PredicateArg[] | undefined;
  readonly span: Span;
}

/** `where P and Q` / `where P && Q`. The span starts at `where`. */
export interface Refinement {
  readonly kind: "Refinement";
  readonly predicates: readonly Predicate[];
  readonly span: Span;
}
