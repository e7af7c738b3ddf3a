/**
 * The working state of one unit: its model while it is built, the names it sees, and what was found wrong.
 *
 * I1. A unit's state depends on its own files and on the states of units it reaches, never on its dependents.
 */
import type { SourceFile } from "../diagnostics/source-file.ts";
import type { Findings } from "../project/findings.ts";
import type { UnitGroup } from "../project/units.ts";
import type {
  ActorDecl,
  Block,
  ConsumesClause,
  ExportsClause,
  Expr,
  Handler,
  LetStmt,
  Pattern,
  ProvidesDecl,
  QuestionExpr,
  ServiceDecl,
  Span,
  TypeRef,
  UsesClause,
} from "../syntax/ast.ts";
import type {
  Actor,
  Capability,
  Consumption,
  DeclaredType,
  Func,
  Given,
  Local,
  Operation,
  Place,
  ProgramUnit,
  Question,
  Reference,
  ResolvedPattern,
  Shape,
  Target,
  Type,
  Typing,
  Variant,
} from "./model.ts";

export interface ResolvedGiven {
  readonly given: readonly Given[];
  /** Names in the body of entries that could not be resolved: what is said about them has been said. */
  readonly broken: ReadonlySet<string>;
}

/** A handler's body with what it is checked against. */
export interface HandlerTask {
  readonly source: SourceFile;
  readonly handler: Handler;
  readonly service: ServiceDecl;
  readonly locals: readonly Local[];
  readonly result: Type;
  readonly given: ResolvedGiven;
  readonly insertion: { readonly offset: number; readonly hasClause: boolean };
}

export type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

/** A declared type while its shape is being resolved. */
export interface TypeBuild extends DeclaredType {
  shape: Shape;
  readonly methods: Map<string, FuncBuild>;
  readonly statics: Map<string, FuncBuild>;
}

export interface FuncBuild extends Func {
  params: readonly Local[];
  result: Type;
  /** It has type parameters, which belong to ring 2: calls of it are not checked. */
  readonly generic: boolean;
}

export interface CapabilityBuild extends Capability {
  operations: readonly Operation[];
}

/** A syntax node and the file it stands in. */
export interface Located<Node> {
  readonly source: SourceFile;
  readonly node: Node;
}

/** What a unit declares itself, by name; the first of several wins. */
export interface OwnNames {
  readonly types: Map<string, TypeBuild>;
  readonly functions: Map<string, FuncBuild>;
  readonly capabilities: Map<string, CapabilityBuild>;
  readonly providers: Map<string, Located<ProvidesDecl>>;
  readonly services: Map<string, Located<ServiceDecl>>;
  readonly actors: Map<string, Located<ActorDecl>>;
  /** Known, and refused until ring 2. */
  readonly agents: Map<string, Place>;
  readonly uses: Located<UsesClause>[];
  readonly consumes: Located<ConsumesClause>[];
  readonly exports: Located<ExportsClause>[];
  /** Every function, methods included. */
  readonly bodies: FuncBuild[];
}

export type Via = "own" | "uses" | "consumes";

export interface VisibleType {
  readonly declared: TypeBuild;
  readonly via: Via;
  /** The unit it came through. */
  readonly from: ProgramUnit;
  readonly visibility: "open" | "transparent" | "opaque";
}

export interface VisibleVariant {
  readonly sum: TypeBuild;
  readonly variant: Variant;
  readonly visible: VisibleType;
}

/** What bare and dotted names mean in a unit. */
export interface Scope {
  readonly types: Map<string, VisibleType>;
  readonly functions: Map<string, FuncBuild>;
  /** Variants by name, over every visible sum. */
  readonly variants: Map<string, VisibleVariant[]>;
  /** Used types that a local declaration hides, by name. */
  readonly hidden: Map<string, TypeBuild>;
  /** Declared here, or selected from a consumed unit. */
  readonly capabilities: Map<string, Capability>;
  /** Consumed units by alias and by full name. */
  readonly contexts: Map<string, Consumption>;
  readonly actors: Map<string, Actor>;
}

export interface TypingBuild extends Typing {
  readonly expressions: Map<Expr, Type>;
  readonly blocks: Map<Block, Type>;
  readonly references: Map<Expr, Reference>;
  readonly patterns: Map<Pattern, ResolvedPattern>;
  readonly questions: Map<QuestionExpr, Question>;
  readonly lets: Map<LetStmt, Local>;
  readonly typeRefs: Map<TypeRef, Type>;
}

export interface UnitState {
  readonly name: string;
  readonly group: UnitGroup;
  readonly model: Mutable<ProgramUnit>;
  readonly findings: Findings;
  readonly own: OwnNames;
  readonly scope: Scope;
  readonly typing: TypingBuild;
  readonly target: Target;
  /** The full names of all contexts and adapters of the program. */
  readonly contextNames: readonly string[];
  /** What the headers of services give to handlers that say nothing themselves. */
  readonly serviceGiven: Map<ServiceDecl, ResolvedGiven>;
  /** Bodies of handlers that wait until every signature is known. */
  readonly handlers: HandlerTask[];
  /** Actors whose declared identity a body reads although their scheme never supplies one. */
  readonly readIdentities: Set<Actor>;
  /** Something is wrong with its headers, or with those of a unit it rests on: bodies are not checked. */
  blocked: boolean;
}

/** The units of a program, by name. */
export type Units = ReadonlyMap<string, UnitState>;

export function createTyping(): TypingBuild {
  return {
    expressions: new Map(),
    blocks: new Map(),
    references: new Map(),
    patterns: new Map(),
    questions: new Map(),
    lets: new Map(),
    typeRefs: new Map(),
  };
}

/** Says that something belongs to a ring that is not built yet. `what` starts a sentence and is in the plural. */
export function reportUnsupported(unit: UnitState, source: SourceFile, span: Span, what: string): void {
  unit.findings.report(source, "bynk.unsupported", span, { what });
}
