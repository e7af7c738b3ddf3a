/** Declarations of types, functions, capabilities, providers, events and message bundles (reference §3, §4, §11, §28, §29). */
import type { Annotation, GivenClause, Param } from "./clauses.ts";
import type { Block, Expr } from "./expressions.ts";
import type { DocBlock, Name, Span, StringLiteral } from "./node.ts";
import type { Refinement, TypeParam, TypeRef } from "./types.ts";

export interface TypeDecl {
  readonly kind: "TypeDecl";
  readonly doc: DocBlock | undefined;
  readonly name: Name;
  readonly typeParams: readonly TypeParam[];
  readonly body: TypeBody;
  readonly span: Span;
}

/** `Int`, `String where MinLength(2)`, `opaque String`: a nominal type over a base, with zero or more predicates. */
export interface RefinedBody {
  readonly kind: "RefinedBody";
  readonly opaque: boolean;
  /** One of the seven base types: Int String Bool Float Duration Instant Bytes. */
  readonly base: Name;
  readonly refinement: Refinement | undefined;
  readonly span: Span;
}

export interface RecordBody {
  readonly kind: "RecordBody";
  readonly fields: readonly FieldDecl[];
  readonly span: Span;
}

export interface FieldDecl {
  readonly kind: "FieldDecl";
  readonly name: Name;
  readonly type: TypeRef;
  readonly refinement: Refinement | undefined;
  /** `= e`, meaningful only on an event's fields (ring 2). */
  readonly default: Expr | undefined;
  readonly span: Span;
}

/** `| OnShelf(at: Shelf) | Lost`. */
export interface SumBody {
  readonly kind: "SumBody";
  readonly variants: readonly VariantDecl[];
  readonly embeds: readonly EmbedsClause[];
  readonly span: Span;
}

/** `payload` is undefined when no parentheses were written. */
export interface VariantDecl {
  readonly kind: "VariantDecl";
  readonly name: Name;
  readonly payload: readonly Param[] | undefined;
  readonly span: Span;
}

/** `embeds E as V` (August dialect). */
export interface EmbedsClause {
  readonly kind: "EmbedsClause";
  readonly type: TypeRef;
  readonly variant: Name;
  readonly span: Span;
}

/** `enum { A, B }`: a sum whose variants carry nothing. */
export interface EnumBody {
  readonly kind: "EnumBody";
  readonly variants: readonly VariantDecl[];
  readonly span: Span;
}

/** The body could not be read; already reported. The type's name still exists. */
export interface ErrorBody {
  readonly kind: "ErrorBody";
  readonly span: Span;
}

export type TypeBody = RefinedBody | RecordBody | SumBody | EnumBody | ErrorBody;

export interface FnDecl {
  readonly kind: "FnDecl";
  readonly doc: DocBlock | undefined;
  /** The `T` of `fn T.m(…)`, or undefined for a free function. */
  readonly owner: Name | undefined;
  readonly name: Name;
  readonly typeParams: readonly TypeParam[];
  /** Where `self` stands when it is the first parameter. The parser has reported it on a free function. */
  readonly self: Span | undefined;
  readonly params: readonly Param[];
  readonly result: TypeRef;
  readonly contracts: readonly Contract[];
  readonly body: Block;
  readonly span: Span;
}

/** `requires name: e` / `ensures name: e` (ring 2). */
export interface Contract {
  readonly kind: "Contract";
  readonly clause: "requires" | "ensures";
  readonly name: Name;
  readonly predicate: Expr;
  readonly span: Span;
}

export interface CapabilityDecl {
  readonly kind: "CapabilityDecl";
  readonly doc: DocBlock | undefined;
  readonly name: Name;
  readonly operations: readonly CapabilityOp[];
  readonly span: Span;
}

export interface CapabilityOp {
  readonly kind: "CapabilityOp";
  readonly doc: DocBlock | undefined;
  readonly name: Name;
  readonly typeParams: readonly TypeParam[];
  readonly params: readonly Param[];
  readonly result: TypeRef;
  readonly span: Span;
}

/** `provides Cap = Implementation given … { … }`. `operations` is undefined when there is no body (external). */
export interface ProvidesDecl {
  readonly kind: "ProvidesDecl";
  readonly doc: DocBlock | undefined;
  readonly capability: Name;
  readonly implementation: Name;
  readonly given: GivenClause | undefined;
  readonly operations: readonly ProviderOp[] | undefined;
  readonly span: Span;
}

export interface ProviderOp {
  readonly kind: "ProviderOp";
  readonly doc: DocBlock | undefined;
  readonly name: Name;
  readonly typeParams: readonly TypeParam[];
  readonly params: readonly Param[];
  readonly result: TypeRef;
  readonly body: Block;
  readonly span: Span;
}

/** `event Name @schema(2) = { … }` (ring 2). */
export interface EventDecl {
  readonly kind: "EventDecl";
  readonly doc: DocBlock | undefined;
  readonly name: Name;
  readonly annotations: readonly Annotation[];
  readonly body: RecordBody | ErrorBody;
  readonly span: Span;
}

/** `messages "en" @reference { "code" => "template" }` (ring 2). */
export interface MessagesDecl {
  readonly kind: "MessagesDecl";
  readonly locale: StringLiteral;
  readonly annotations: readonly Annotation[];
  readonly entries: readonly MessageEntry[];
  readonly span: Span;
}

export interface MessageEntry {
  readonly kind: "MessageEntry";
  readonly code: StringLiteral;
  readonly template: StringLiteral;
  readonly span: Span;
}
