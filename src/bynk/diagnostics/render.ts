/**
 * Diagnostics for a terminal: title and code, place, source with the place underlined, what is wrong, how to repair it.
 *
 * I1. The result depends on the arguments only: colours appear when asked for, and nothing looks at the environment.
 * I2. Nothing in the source can steer the terminal; controls are shown as replacements.
 */
import { catalogue } from "./catalogue/index.ts";
import type { Diagnostic, Label } from "./diagnostic.ts";
import { tame } from "./render/display-width.ts";
import { drawExcerpt, type Mark, type MarkPaint, type Row } from "./render/excerpt.ts";
import { createPaint, type Paint } from "./render/paint.ts";
import { createSourceFile, type SourceFile } from "./source-file.ts";

export interface RenderOptions {
  /** ANSI colours. Default false. */
  readonly color?: boolean;
}

/** Texts by path, as given to `compile`. A path that is absent is rendered without its source. */
export type Sources = Readonly<Record<string, string>>;

/** One diagnostic as several lines without a final line break. */
export function renderDiagnostic(diagnostic: Diagnostic, sources: Sources, options: RenderOptions = {}): string {
  const paint = createPaint(options.color ?? false);
  const primary = paintOf(diagnostic, paint);
  const parts = groupByPath(diagnostic).map((group) => readPart(group, sources, { primary, related: paint.related }));
  const numbers = parts.flatMap((part) => part.rows.map((row) => row.line ?? 0));
  const gutter = String(Math.max(0, ...numbers)).length;
  return [
    drawHead(diagnostic, paint),
    ...parts.flatMap((part, index) => drawPart(part, index === 0, gutter, paint)),
    ...drawNotes(diagnostic, gutter, paint),
  ].join("\n");
}

/** All diagnostics with a blank line between, and a count; "" when there are none. */
export function renderDiagnostics(
  diagnostics: readonly Diagnostic[],
  sources: Sources,
  options: RenderOptions = {},
): string {
  if (diagnostics.length === 0) return "";
  const rendered = diagnostics.map((diagnostic) => renderDiagnostic(diagnostic, sources, options));
  return [...rendered, countDiagnostics(diagnostics)].join("\n\n");
}

/** "2 errors, 1 warning". */
export function countDiagnostics(diagnostics: readonly Diagnostic[]): string {
  const errors = diagnostics.filter((diagnostic) => diagnostic.severity === "error").length;
  const warnings = diagnostics.length - errors;
  const parts = [errors > 0 && countOf(errors, "error"), warnings > 0 && countOf(warnings, "warning")];
  return parts.filter((part) => part !== false).join(", ");
}

function countOf(count: number, word: string): string {
  return `${count} ${word}${count === 1 ? "" : "s"}`;
}

interface Group {
  readonly path: string;
  readonly line: number;
  readonly column: number;
  readonly marks: readonly Mark[];
}

interface Part {
  readonly place: string;
  readonly rows: readonly Row[];
}

/** The diagnostic's own file first, then the files of its second places. */
function groupByPath(diagnostic: Diagnostic): readonly Group[] {
  const { path, span, line, column } = diagnostic;
  const isPrimary = (label: Label): boolean =>
    label.path === path && label.span.start === span.start && label.span.end === span.end;
  const primary = { span, message: diagnostic.labels.find(isPrimary)?.message ?? "", primary: true };
  const others = diagnostic.labels.filter((label) => !isPrimary(label));
  const here = others.filter((label) => label.path === path).map(secondMark);
  const elsewhere = [...new Set(others.map((label) => label.path))].filter((other) => other !== path);
  return [{ path, line, column, marks: [primary, ...here] }, ...elsewhere.map((other) => groupOf(other, others))];
}

function groupOf(path: string, labels: readonly Label[]): Group {
  const own = labels.filter((label) => label.path === path);
  return { path, line: own[0]?.line ?? 1, column: own[0]?.column ?? 1, marks: own.map(secondMark) };
}

function secondMark({ span, message }: Label): Mark {
  return { span, message, primary: false };
}

function readPart(group: Group, sources: Sources, paint: MarkPaint): Part {
  const text = Object.hasOwn(sources, group.path) ? sources[group.path] : undefined;
  const source: SourceFile | undefined = text === undefined ? undefined : createSourceFile(group.path, text);
  const rows = source === undefined ? [] : drawExcerpt(source, group.marks, paint);
  return { place: tame(`${group.path}:${group.line}:${group.column}`), rows };
}

function paintOf({ severity }: Diagnostic, paint: Paint): (text: string) => string {
  return severity === "error" ? paint.error : paint.warning;
}

function drawHead(diagnostic: Diagnostic, paint: Paint): string {
  const { code, severity } = diagnostic;
  return `${paintOf(diagnostic, paint)(`${severity}:`)} ${paint.bold(catalogue[code].title)} [${code}]`;
}

function drawPart({ place, rows }: Part, isFirst: boolean, gutter: number, paint: Paint): readonly string[] {
  const margin = " ".repeat(gutter);
  const arrow = isFirst ? "-->" : "::>";
  const head = `${margin}${paint.frame(arrow)} ${place}`;
  if (rows.length === 0) return [head];
  const bar = paint.frame("|");
  const drawn = rows.map((row) => {
    const number = row.line === undefined ? margin : paint.frame(String(row.line).padStart(gutter));
    return `${number} ${bar}${row.text === "" ? "" : ` ${row.text}`}`;
  });
  return [head, `${margin} ${bar}`, ...drawn];
}

/** Without a hint, what the first fix does is the help. */
function drawNotes({ message, hint, fixes }: Diagnostic, gutter: number, paint: Paint): readonly string[] {
  const margin = " ".repeat(gutter);
  const help = hint ?? fixes[0]?.title;
  const notes = [`${margin} ${paint.frame("=")} ${tame(message)}`];
  if (help !== undefined) notes.push(`${margin} ${paint.frame("=")} ${paint.help("help:")} ${tame(help)}`);
  return [`${margin} ${paint.frame("|")}`, ...notes];
}
