/** Entries for unknown names: beside the usual wording, one that suggests the name that was probably meant. */
import { type Entry, entry, type Text, text, wording } from "../wording.ts";

interface Parts<M extends string, L extends string, H extends string> {
  readonly title: string;
  readonly message: Text<M>;
  readonly label: Text<L>;
  readonly hint: Text<H>;
  readonly explanation: string;
}

/** An entry with a second wording `near`, which says the same and hints at `nearest`. */
export function nearEntry<M extends string = never, L extends string = never, H extends string = never>(
  parts: Parts<M, L, H>,
): Entry<M | L | H, { readonly near: M | L | "nearest" }> {
  const near = wording({ message: parts.message, label: parts.label, hint: text`write \`${"nearest"}\`` });
  return entry<M, L, H, { readonly near: M | L | "nearest" }>({ ...parts, variants: { near } });
}
