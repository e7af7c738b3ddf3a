/** Owns what a value that does not fit its type is told with, at every boundary (`kind` is on the wire). */
import type { ValidationError } from "./refined.ts";

export type BoundaryError =
  | { readonly kind: "StructuralMismatch"; readonly path: string; readonly expected: string; readonly actual: string }
  | { readonly kind: "RefinementViolation"; readonly path: string; readonly violation: ValidationError }
  | { readonly kind: "MalformedJson"; readonly details: string }
  | { readonly kind: "PayloadTooLarge"; readonly details: string }
  | { readonly kind: "Transport"; readonly status: number; readonly details: string };

/** Thrown by codecs; the first thing that does not fit ends the reading. */
export class BoundaryFailure extends Error {
  override readonly name = "BoundaryFailure";
  readonly error: BoundaryError;

  constructor(error: BoundaryError) {
    super("path" in error ? `${error.kind} at ${error.path}` : error.kind);
    this.error = error;
  }
}

export function mismatch(path: string, expected: string, value: unknown): BoundaryFailure {
  return new BoundaryFailure({ kind: "StructuralMismatch", path, expected, actual: kindOf(value) });
}

/** The kind of a JSON value in words. */
function kindOf(value: unknown): string {
  if (value === null) return "null";
  return Array.isArray(value) ? "array" : typeof value;
}

const LONGEST_QUOTE = 64;

/** A text that is not one of those expected, cut to what a message can hold. */
export function unknownKind(path: string, expected: string, kind: unknown): BoundaryFailure {
  if (typeof kind !== "string") return mismatch(path, expected, kind);
  return new BoundaryFailure({ kind: "StructuralMismatch", path, expected, actual: kind.slice(0, LONGEST_QUOTE) });
}
