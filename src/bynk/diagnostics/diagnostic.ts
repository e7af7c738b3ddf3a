/**
 * Diagnostics as data: what the compiler found, where, and how to repair it. Wording comes from the catalogue only.
 *
 * I1. A span lies within its file, also after recovery.
 * I2. Whoever reports a code gives exactly the arguments its wording needs; the compiler checks it.
 */
import type { Span } from "../syntax/ast.ts";
import { type Catalogue, type Code, catalogue } from "./catalogue/index.ts";
import { positionAt, type SourceFile } from "./source-file.ts";
import type { Argument, Entry, Severity, Text, Wording } from "./wording.ts";

/** A place with something to say about it. The one whose path and span are the diagnostic's own is the primary label. */
export interface Label {
  readonly path: string;
  readonly span: Span;
  /** 1-based. */
  readonly line: number;
  /** 1-based, in UTF-16 units. */
  readonly column: number;
  readonly message: string;
}

/** Replace the text of `span` in `path` by `text`. */
export interface TextEdit {
  readonly path: string;
  readonly span: Span;
  readonly text: string;
}

/** One certain repair: all its edits together, which do not overlap. `title` starts with a verb. */
export interface Fix {
  readonly title: string;
  readonly edits: readonly TextEdit[];
}

/** One finding about the source. Lines and columns start at 1; spans are UTF-16 offsets. */
export interface Diagnostic {
  readonly code: Code;
  readonly severity: Severity;
  readonly message: string;
  readonly path: string;
  readonly span: Span;
  readonly line: number;
  readonly column: number;
  readonly labels: readonly Label[];
  readonly hint?: string;
  readonly fixes: readonly Fix[];
}

export type VariantsOf<C extends Code> = Catalogue[C] extends Entry<string, infer V> ? keyof V & string : never;

type NamesOf<C extends Code, V extends string> =
  Catalogue[C] extends Entry<infer N, infer Vs>
    ? "default" extends V
      ? N
      : V extends keyof Vs
        ? Vs[V]
        : never
    : never;

/** The arguments that the wording of a code needs; `unknown` keys are refused. */
export type ArgumentsOf<C extends Code, V extends string = "default"> = {
  readonly [Name in NamesOf<C, V>]: Argument;
};

/** A second place, in the same file unless `source` says another. */
export interface RelatedPlace {
  readonly source?: SourceFile;
  readonly span: Span;
  readonly message: string;
}

export interface Details<V extends string = "default"> {
  /** Another wording of the same code. */
  readonly variant?: V;
  readonly related?: readonly RelatedPlace[];
  readonly fixes?: readonly Fix[];
}

/** Builds a diagnostic about `span` of `source` in the words of the catalogue. */
export function diagnose<const C extends Code, const V extends "default" | VariantsOf<C> = "default">(
  source: SourceFile,
  code: C,
  span: Span,
  args: ArgumentsOf<C, V>,
  details: Details<V> = {},
): Diagnostic {
  // The catalogue's precise types have done their work in the signature; from here every entry is alike.
  const entry = catalogue[code] as unknown as Entry<string, Record<string, string>>;
  const wording = pickWording(entry, details.variant);
  const say = (words: Text<string> | undefined): string | undefined => words?.fill(args as Record<string, Argument>);
  const primary = say(wording.label);
  const hint = say(wording.hint);
  return {
    code,
    severity: entry.severity,
    message: say(wording.message) ?? "",
    path: source.path,
    span,
    ...positionAt(source, span.start),
    labels: [
      ...(primary === undefined ? [] : [createLabel(source, span, primary)]),
      ...(details.related ?? []).map((place) => createLabel(place.source ?? source, place.span, place.message)),
    ],
    ...(hint !== undefined && { hint }),
    fixes: details.fixes ?? [],
  };
}

/** A fix of one edit, or of several, in one file. */
export function createFix(source: SourceFile, title: string, edits: readonly { span: Span; text: string }[]): Fix {
  return { title, edits: edits.map((edit) => ({ path: source.path, ...edit })) };
}

function createLabel(source: SourceFile, span: Span, message: string): Label {
  return { path: source.path, span, ...positionAt(source, span.start), message };
}

function pickWording(entry: Entry<string, Record<string, string>>, variant: string | undefined): Wording<string> {
  if (variant === undefined || variant === "default") return entry.wording;
  return entry.variants[variant] ?? entry.wording;
}
