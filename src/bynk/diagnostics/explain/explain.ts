/** The page of a diagnostic code: `byward explain <code>` prints it, the documentation's index is made from it. */
import { type Code, catalogue } from "../catalogue/index.ts";
import type { Entry, Wording } from "../wording.ts";

/** What there is to say about a code. */
export interface Explanation {
  readonly code: Code;
  readonly severity: "error" | "warning";
  /** A noun phrase. */
  readonly title: string;
  /** Markdown: the rule, its reason and, where it helps, a corrected example. */
  readonly text: string;
  /** Every message the code is told with, holes as `{name}`. */
  readonly messages: readonly string[];
  /** What to do about it, in the same order; holes as `{name}`. */
  readonly hints: readonly string[];
}

/** All codes, in the order of the alphabet. */
export const codes: readonly Code[] = (Object.keys(catalogue) as Code[]).toSorted();

/** Explains a code, with or without its `bynk.` prefix; undefined when there is no such code. */
export function explain(name: string): Explanation | undefined {
  const full = name.startsWith("bynk.") ? name : `bynk.${name}`;
  const code = codes.find((candidate) => candidate === full);
  if (code === undefined) return undefined;
  // Every entry is one of these; the catalogue's precise types are for whoever reports.
  const found = catalogue[code] as unknown as Entry<string, Record<string, string>>;
  const wordings = [found.wording, ...Object.values(found.variants)];
  return {
    code,
    severity: found.severity,
    title: found.title,
    text: found.explanation,
    messages: unique(wordings.map((wording) => wording.message.template)),
    hints: unique(wordings.flatMap(hintOf)),
  };
}

function hintOf(wording: Wording<string>): readonly string[] {
  return wording.hint === undefined ? [] : [wording.hint.template];
}

function unique(texts: readonly string[]): readonly string[] {
  return [...new Set(texts)];
}
