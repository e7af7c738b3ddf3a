/** Collects what the phases after parsing find. A diagnostic that says the same of the same place is kept once. */
import type { Code } from "../diagnostics/catalogue/index.ts";
import {
  type ArgumentsOf,
  type Details,
  type Diagnostic,
  diagnose,
  type VariantsOf,
} from "../diagnostics/diagnostic.ts";
import type { SourceFile } from "../diagnostics/source-file.ts";
import type { Span } from "../syntax/ast.ts";

const maxSuggestions = 50;

export class Findings {
  readonly #found: Diagnostic[] = [];
  readonly #seen = new Set<string>();
  #errors = 0;
  #searches = 0;

  report<const C extends Code, const V extends "default" | VariantsOf<C> = "default">(
    source: SourceFile,
    code: C,
    span: Span,
    args: ArgumentsOf<C, V>,
    details?: Details<V>,
  ): void {
    this.add(diagnose<C, V>(source, code, span, args, details));
  }

  add(diagnostic: Diagnostic): void {
    const { code, path, span, message } = diagnostic;
    const key = `${code}|${path}|${span.start}|${span.end}|${message}`;
    if (this.#seen.has(key)) return;
    this.#seen.add(key);
    this.#found.push(diagnostic);
    if (diagnostic.severity === "error" && code !== "bynk.unsupported") this.#errors += 1;
  }

  /** Looking for the nearest of many names costs time; past a number of wrong ones nobody reads the suggestions. */
  mayStillSuggest(): boolean {
    this.#searches += 1;
    return this.#searches <= maxSuggestions;
  }

  get all(): readonly Diagnostic[] {
    return this.#found;
  }

  /** Errors so far. What is merely not built yet does not count: the rest of the unit is still worth checking. */
  get errors(): number {
    return this.#errors;
  }
}

/** In the order of paths and places; of one place, in the order found. */
export function sortDiagnostics(diagnostics: readonly Diagnostic[]): readonly Diagnostic[] {
  return diagnostics.toSorted(
    (a, b) => compareText(a.path, b.path) || a.span.start - b.span.start || a.span.end - b.span.end,
  );
}

function compareText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
