/**
 * The ground of the Bynk syntax tree: spans, names, literals, comments and doc blocks.
 *
 * I1. Every node has a `kind` and a `span`; a span never leaves its file and `start <= end`.
 * I2. Offsets are UTF-16 code units into the source text, the unit of `String.prototype.slice`.
 * I3. Every field is always present: what was not written is `undefined` or an empty list.
 */

/** A half-open range `[start, end)` of UTF-16 offsets into one source file. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/**
 * One identifier at one place. After recovery a name that was not there has `text` "" and an empty span;
 * a checker passes over such a name in silence, because the parser has already reported it.
 */
export interface Name {
  readonly kind: "Name";
  readonly text: string;
  readonly span: Span;
}

/** A dotted name: `library.desk`, or the `bynk.Clock` of a `given` clause. `text` joins the parts with dots. */
export interface QualifiedName {
  readonly kind: "QualifiedName";
  readonly parts: readonly Name[];
  readonly text: string;
  readonly span: Span;
}

/** A `--` comment up to, and without, the line's end. */
export interface Comment {
  readonly kind: "Comment";
  readonly text: string;
  /** True when nothing but white space stands before it on its line. */
  readonly ownLine: boolean;
  readonly span: Span;
}

/** The text between two dash fences, with the common indentation removed. The span includes both fences. */
export interface DocBlock {
  readonly kind: "DocBlock";
  readonly text: string;
  readonly span: Span;
}

/** A whole number. `value` is exact only when `isSafe` (within ±(2^53−1)); `lexeme` is what was written. */
export interface IntLiteral {
  readonly kind: "IntLiteral";
  readonly value: number;
  readonly isSafe: boolean;
  readonly lexeme: string;
  readonly span: Span;
}

/** A decimal number as an IEEE-754 double. */
export interface FloatLiteral {
  readonly kind: "FloatLiteral";
  readonly value: number;
  readonly lexeme: string;
  readonly span: Span;
}

/** A string without holes; `value` has its escapes decoded. The span includes the quotes. */
export interface StringLiteral {
  readonly kind: "StringLiteral";
  readonly value: string;
  readonly span: Span;
}

export interface BoolLiteral {
  readonly kind: "BoolLiteral";
  readonly value: boolean;
  readonly span: Span;
}

/** `180.days`: `milliseconds` is the product, already checked for overflow. */
export interface DurationLiteral {
  readonly kind: "DurationLiteral";
  readonly amount: IntLiteral;
  readonly unit: Name;
  readonly milliseconds: number;
  readonly span: Span;
}

/** A literal with the sign that patterns and predicate arguments allow: `-3`, `0.5`. */
export interface SignedLiteral {
  readonly kind: "SignedLiteral";
  readonly negative: boolean;
  readonly literal: IntLiteral | FloatLiteral;
  /** The value with its sign applied. */
  readonly value: number;
  readonly span: Span;
}
