/**
 * The shape of a catalogue entry. Wording is written as a template whose holes are named, so that whoever reports a
 * code must give exactly the arguments its text needs: TypeScript checks it.
 */

export type Severity = "error" | "warning";

/** What may fill a hole of a text. */
export type Argument = string | number;

/** A text with named holes. */
export interface Text<Names extends string = never> {
  /** The text as documentation prints it, holes as `{name}`. */
  readonly template: string;
  readonly fill: (args: { readonly [Name in Names]: Argument }) => string;
}

/**
 * Builds a text: text`expected ${"expected"}, found ${"found"}` needs the arguments `expected` and `found`.
 * Sentences start in lower case and end without a full stop, since a code and a place stand around them.
 */
export function text<const Names extends readonly string[]>(
  parts: TemplateStringsArray,
  ...names: Names
): Text<Names[number]> {
  const fill = (args: { readonly [Name in Names[number]]: Argument }): string =>
    parts.reduce((said, part, index) => {
      const isQuoted = said.endsWith("`") && part.startsWith("`");
      return said + shown(args[names[index - 1] as Names[number]], isQuoted) + part;
    });
  return { template: parts.reduce((said, part, index) => `${said}{${names[index - 1]}}${part}`), fill };
}

/** Quotes around nothing read as a mistake of the reader's: what is missing there is shown as left out. */
const shown = (argument: Argument | undefined, isQuoted: boolean): string =>
  argument === undefined || (argument === "" && isQuoted) ? "…" : String(argument);

/** One way to say a code: what is wrong, what to write under the place, and how to repair it (starting with a verb). */
export interface Wording<Names extends string> {
  readonly message: Text<Names>;
  readonly label?: Text<Names>;
  readonly hint?: Text<Names>;
}

/** Everything there is to say about one code. `variants` are other wordings for situations that need their own hint. */
export interface Entry<Names extends string, Variants extends { readonly [name: string]: string }> {
  readonly severity: Severity;
  /** A noun phrase. */
  readonly title: string;
  /** The rule, its reason and a corrected example: Markdown, printed by `byward explain`. */
  readonly explanation: string;
  readonly wording: Wording<Names>;
  readonly variants: { readonly [Name in keyof Variants]: Wording<Variants[Name]> };
}

interface EntryParts<M extends string, L extends string, H extends string> {
  readonly severity?: Severity;
  readonly title: string;
  readonly message: Text<M>;
  readonly label?: Text<L>;
  readonly hint?: Text<H>;
  readonly explanation: string;
}

/** An entry; severity is "error" unless said. */
export function entry<
  M extends string = never,
  L extends string = never,
  H extends string = never,
  const V extends { readonly [name: string]: string } = Record<never, never>,
>(
  parts: EntryParts<M, L, H> & { readonly variants?: { readonly [Name in keyof V]: Wording<V[Name]> } },
): Entry<M | L | H, V> {
  return {
    severity: parts.severity ?? "error",
    title: parts.title,
    explanation: parts.explanation,
    wording: wording(parts),
    variants: parts.variants ?? ({} as { readonly [Name in keyof V]: Wording<V[Name]> }),
  };
}

/** A wording whose argument names are those of all its texts together. */
export function wording<M extends string = never, L extends string = never, H extends string = never>(parts: {
  readonly message: Text<M>;
  readonly label?: Text<L>;
  readonly hint?: Text<H>;
}): Wording<M | L | H> {
  const { message, label, hint } = parts;
  return { message, ...(label && { label }), ...(hint && { hint }) };
}
