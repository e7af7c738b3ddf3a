/** Files, units and their header clauses (reference §2, §26), and suites (§30). */
import type { CapabilityDecl, EventDecl, FnDecl, MessagesDecl, ProvidesDecl, TypeDecl } from "./declarations.ts";
import type { Block, Expr } from "./expressions.ts";
import type { Comment, DocBlock, Name, QualifiedName, Span, StringLiteral } from "./node.ts";
import type { ActorDecl, AgentDecl, ServiceDecl } from "./services.ts";
import type { TypeRef } from "./types.ts";

/** One parsed file. Comments and doc blocks are listed in source order, whoever owns them. */
export interface FileNode {
  readonly kind: "File";
  readonly units: readonly Unit[];
  readonly comments: readonly Comment[];
  readonly docBlocks: readonly DocBlock[];
  readonly span: Span;
}

/** The three kinds of unit that declare things. `items` is in source order and may hold misplaced items. */
export interface DeclaringUnit {
  readonly kind: "Commons" | "Context" | "Adapter";
  readonly doc: DocBlock | undefined;
  readonly name: QualifiedName;
  /** False for a fragment, which extends to the end of its file. */
  readonly braced: boolean;
  readonly items: readonly Item[];
  readonly span: Span;
}

export interface SuiteUnit {
  readonly kind: "Suite";
  readonly doc: DocBlock | undefined;
  readonly name: QualifiedName;
  readonly tier: Tier | undefined;
  readonly braced: boolean;
  readonly items: readonly SuiteItem[];
  readonly span: Span;
}

export type Unit = DeclaringUnit | SuiteUnit;

export type Item =
  | UsesClause
  | ConsumesClause
  | ExportsClause
  | BindingClause
  | TypeDecl
  | FnDecl
  | CapabilityDecl
  | ProvidesDecl
  | ServiceDecl
  | ActorDecl
  | AgentDecl
  | EventDecl
  | MessagesDecl;

export interface UsesClause {
  readonly kind: "UsesClause";
  readonly target: QualifiedName;
  readonly span: Span;
}

/** `consumes a.b`, `consumes a.b as c`, `consumes a.b { Cap }`: `alias` and `selection` are never both present. */
export interface ConsumesClause {
  readonly kind: "ConsumesClause";
  readonly target: QualifiedName;
  readonly alias: Name | undefined;
  readonly selection: readonly Name[] | undefined;
  readonly span: Span;
}

export interface ExportsClause {
  readonly kind: "ExportsClause";
  /** Undefined when the word was missing or wrong; already reported. */
  readonly visibility: "opaque" | "transparent" | "capability" | undefined;
  readonly names: readonly Name[];
  readonly span: Span;
}

/** `binding "./module.js" requires { "npm-name": "1.2.3" }` (ring 2, adapters). */
export interface BindingClause {
  readonly kind: "BindingClause";
  readonly module: StringLiteral;
  readonly requires: readonly NpmRequirement[];
  readonly span: Span;
}

export interface NpmRequirement {
  readonly kind: "NpmRequirement";
  readonly name: StringLiteral;
  readonly range: StringLiteral;
  readonly span: Span;
}

/** `as unit`, `as integration`, `as system`; `level` is undefined for an unknown word (already reported). */
export interface Tier {
  readonly kind: "Tier";
  readonly level: "unit" | "integration" | "system" | undefined;
  readonly span: Span;
}

export type SuiteItem = UsesClause | ConsumesClause | TestDouble | TestCase | TestProperty;

export interface TestCase {
  readonly kind: "TestCase";
  readonly doc: DocBlock | undefined;
  readonly title: StringLiteral;
  readonly tier: Tier | undefined;
  readonly doubles: readonly TestDouble[];
  readonly body: Block;
  readonly span: Span;
}

/** `property "…" { for all x: T where e { … } }` */
export interface TestProperty {
  readonly kind: "TestProperty";
  readonly doc: DocBlock | undefined;
  readonly title: StringLiteral;
  readonly tier: Tier | undefined;
  readonly variables: readonly PropertyVariable[];
  readonly filter: Expr | undefined;
  readonly body: Block;
  readonly span: Span;
}

export interface PropertyVariable {
  readonly kind: "PropertyVariable";
  readonly name: Name;
  readonly type: TypeRef;
  readonly span: Span;
}

/** `provides Cap.op(_) returns e` / `stub Cap.op(_) fails`. An argument `_` is undefined. */
export interface TestDouble {
  readonly kind: "TestDouble";
  readonly keyword: "provides" | "stub";
  readonly capability: Name;
  readonly operation: Name;
  readonly args: readonly (Expr | undefined)[];
  readonly behaviour: DoubleReturns | DoubleSequence | DoubleFails;
  readonly span: Span;
}

export interface DoubleReturns {
  readonly kind: "DoubleReturns";
  readonly value: Expr;
  readonly span: Span;
}

/** `returns each [a, fails, b]`; an element that fails is undefined. */
export interface DoubleSequence {
  readonly kind: "DoubleSequence";
  readonly values: readonly (Expr | undefined)[];
  readonly span: Span;
}

export interface DoubleFails {
  readonly kind: "DoubleFails";
  readonly span: Span;
}
