/** Owns telling diagnostics: rendered for people on standard error, as JSON on standard output for tools. */

import { renderDiagnostics } from "../../bynk/diagnostics/render.ts";
import type { Diagnostic } from "../../bynk/index.ts";
import { stderr, stdout, usesColor } from "../terminal.ts";

export interface Report {
  readonly diagnostics: readonly Diagnostic[];
  readonly files: Readonly<Record<string, string>>;
  readonly json: boolean;
}

/** Prints what was found. True when there is no error among it. */
export function report({ diagnostics, files, json }: Report): boolean {
  if (json) stdout(JSON.stringify(diagnostics));
  else if (diagnostics.length > 0) {
    stderr(renderDiagnostics(diagnostics, files, { color: usesColor(process.stderr) }));
  }
  return diagnostics.every(({ severity }) => severity !== "error");
}

export function countOf(count: number, word: string): string {
  return `${count} ${word}${count === 1 ? "" : "s"}`;
}
