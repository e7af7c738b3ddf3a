/** "Did you mean": a name is suggested only when it is close to what was written. */
import type { Code } from "../diagnostics/catalogue/index.ts";
import { type ArgumentsOf, createFix, type VariantsOf } from "../diagnostics/diagnostic.ts";
import { nearestOf } from "../diagnostics/nearest.ts";
import type { SourceFile } from "../diagnostics/source-file.ts";
import type { Findings } from "../project/findings.ts";
import type { Span } from "../syntax/ast.ts";

/** The codes that have a wording for a name close to what was written. */
export type NearCode = { readonly [C in Code]: "near" extends VariantsOf<C> ? C : never }[Code];

export interface UnknownName<C extends NearCode> {
  readonly source: SourceFile;
  readonly span: Span;
  readonly name: string;
  readonly code: C;
  readonly args: ArgumentsOf<C>;
  /** The names that could stand there. */
  readonly known: Iterable<string>;
}

/** Reports a name that means nothing, with the nearest one that would. */
export function reportUnknown<C extends NearCode>(findings: Findings, unknown: UnknownName<C>): void {
  const { source, span, name, code, args } = unknown;
  const nearest = findings.mayStillSuggest() ? nearestOf(name, comparable(name, unknown.known)) : undefined;
  if (nearest === undefined) {
    findings.report<C>(source, code, span, args);
    return;
  }
  const fixes = [createFix(source, `write \`${nearest}\``, [{ span, text: nearest }])];
  // The wording `near` of every such code needs the arguments of the usual one and `nearest`.
  const near = { ...args, nearest } as unknown as ArgumentsOf<C, "near" & VariantsOf<C>>;
  findings.report<C, "near" & VariantsOf<C>>(source, code, span, near, {
    variant: "near" as "near" & VariantsOf<C>,
    fixes,
  });
}

/** Names of about the same length: no other can be near. */
function comparable(name: string, known: Iterable<string>): readonly string[] {
  const limit = Math.max(1, Math.floor(name.length / 3));
  return [...new Set(known)].filter((other) => other !== name && Math.abs(other.length - name.length) <= limit);
}
