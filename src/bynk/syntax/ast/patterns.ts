/** Patterns of `match` arms and of `is` (reference §8). */
import type { BoolLiteral, Name, SignedLiteral, Span, StringLiteral } from "./node.ts";
import type { Refinement } from "./types.ts";

/** `_` */
export interface WildcardPattern {
  readonly kind: "WildcardPattern";
  readonly span: Span;
}

/** An integer (with its sign), a string without holes, or a Bool. A Float here is a syntax error. */
export interface LiteralPattern {
  readonly kind: "LiteralPattern";
  readonly literal: SignedLiteral | StringLiteral | BoolLiteral;
  readonly span: Span;
}

/** A lower-case name: binds the value. */
export interface BindingPattern {
  readonly kind: "BindingPattern";
  readonly name: Name;
  readonly span: Span;
}

/**
 * `Lent(days: d)`, `State.Lost`, `None`. On the right of `is` a bare upper-case name may also be a refined type;
 * only the checker can tell.
 */
export interface VariantPattern {
  readonly kind: "VariantPattern";
  readonly qualifier: Name | undefined;
  readonly variant: Name;
  /** Undefined when no parentheses were written: then it matches any payload. */
  readonly args: readonly SubPattern[] | undefined;
  readonly span: Span;
}

/** One payload position: positional when `field` is undefined. */
export interface SubPattern {
  readonly kind: "SubPattern";
  readonly field: Name | undefined;
  readonly pattern: Pattern;
  readonly span: Span;
}

/** `p | q` (August dialect). */
export interface OrPattern {
  readonly kind: "OrPattern";
  readonly alternatives: readonly Pattern[];
  readonly span: Span;
}

/** `(p)` (August dialect). */
export interface ParenPattern {
  readonly kind: "ParenPattern";
  readonly inner: Pattern;
  readonly span: Span;
}

/** `_ where Positive` (August dialect). The parser has checked that `inner` is `_`. */
export interface RefinedPattern {
  readonly kind: "RefinedPattern";
  readonly inner: Pattern;
  readonly refinement: Refinement;
  readonly span: Span;
}

/** Where a pattern was expected and none could be read; already reported. */
export interface ErrorPattern {
  readonly kind: "ErrorPattern";
  readonly span: Span;
}

export type Pattern =
  | WildcardPattern
  | LiteralPattern
  | BindingPattern
  | VariantPattern
  | OrPattern
  | ParenPattern
  | RefinedPattern
  | ErrorPattern;
