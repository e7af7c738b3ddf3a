/**
 * Collects the diagnostics of one file.
 *
 * I1. At most one parse error per place, so that recovery does not echo.
 * I2. At most `maxDiagnostics` are kept: a file with more is not source.
 */
import type { Code } from "../diagnostics/catalogue/index.ts";
import {
  type ArgumentsOf,
  type Details,
  type Diagnostic,
  diagnose,
  type VariantsOf,
} from "../diagnostics/diagnostic.ts";
import type { SourceFile } from "../diagnostics/source-file.ts";
import type { Span } from "./ast.ts";

/** More diagnostics than this are dropped. */
export const maxDiagnostics = 500;

export class Reporter {
  readonly source: SourceFile;
  readonly #found: Diagnostic[] = [];

  constructor(source: SourceFile) {
    this.source = source;
  }

  report<const C extends Code, const V extends "default" | VariantsOf<C> = "default">(
    code: C,
    span: Span,
    args: ArgumentsOf<C, V>,
    details?: Details<V>,
  ): void {
    if (this.isFull) return;
    this.#found.push(diagnose<C, V>(this.source, code, span, args, details));
  }

  /** True when whatever else is reported is dropped. */
  get isFull(): boolean {
    return this.#found.length >= maxDiagnostics;
  }

  /** Everything found, in the order of the source. */
  finish(): readonly Diagnostic[] {
    return this.#found.toSorted((a, b) => a.span.start - b.span.start);
  }
}
