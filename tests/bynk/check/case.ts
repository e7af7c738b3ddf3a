/** A program that breaks a rule, with the places of its diagnostics drawn in: `fn f() -> «Itn»`. */
import type { Program } from "../../../src/bynk/check/model.ts";
import { hasGap, printType } from "../../../src/bynk/check/types.ts";
import { type CompileInput, check } from "../../../src/bynk/compile.ts";
import type { Diagnostic } from "../../../src/bynk/diagnostics/diagnostic.ts";
import { readMarked } from "../support/marked.ts";

export interface Case {
  /** The code under test. */
  readonly code: string;
  /** Source by path, with marks. */
  readonly drawn: Readonly<Record<string, string>>;
  /** The codes of all marks in the order of paths and places, when they are not all `code`. */
  readonly codes?: readonly string[];
  readonly options?: Pick<CompileInput, "target" | "manifest" | "platform">;
}

type Extra = Omit<Case, "code" | "drawn">;

/** A collector of cases: `reports("resolve.unknown_name", source)`. */
export function createCases() {
  const cases: Case[] = [];
  const reports = (code: string, drawn: string | Readonly<Record<string, string>>, extra: Extra = {}): void => {
    const files = typeof drawn === "string" ? { [pathOf(drawn)]: drawn } : drawn;
    const codes = extra.codes?.map((name) => `bynk.${name}`);
    cases.push({ code: `bynk.${code}`, drawn: files, ...extra, ...(codes && { codes }) });
  };
  return { cases, reports };
}

/** Several units, each at the path that its name asks for. */
export function project(...units: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(units.map((unit) => [pathOf(unit), unit]));
}

function pathOf(unit: string): string {
  const name = /(?:commons|context|adapter)\s+«?([\w.]+)/.exec(unit)?.[1] ?? "t";
  return `src/${name.replaceAll(".", "/")}.bynk`;
}

export function undraw({ drawn }: Case): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(drawn).map(([path, text]) => [path, readMarked(text).text]));
}

export interface Expected {
  readonly code: string;
  readonly path: string;
  readonly text: string;
  readonly start: number;
}

/** What the marks promise, in the order in which diagnostics come. */
export function expectedOf({ code, codes, drawn }: Case): readonly Expected[] {
  const marks = Object.entries(drawn)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([path, source]) => {
      const { text, spans } = readMarked(source);
      return spans.map(({ start, end }) => ({ path, text: text.slice(start, end), start, end }));
    });
  return marks
    .toSorted((a, b) => (a.path === b.path ? a.start - b.start || a.end - b.end : 0))
    .map(({ path, text, start }, index) => ({ code: codes?.[index] ?? code, path, text, start }));
}

export function findingsOf(one: Case): readonly Diagnostic[] {
  return check({ files: undraw(one), ...one.options }).diagnostics;
}

/** A diagnostic in the terms of `expectedOf`. */
export function placed(diagnostic: Diagnostic, files: Readonly<Record<string, string>>): Expected {
  const { code, path, span } = diagnostic;
  return { code, path, text: (files[path] ?? "").slice(span.start, span.end), start: span.start };
}

/** What a program must not hold: expressions and blocks whose type is not known to the last part. */
export function gapsOf(program: Program | undefined): readonly string[] | undefined {
  return program?.units.flatMap(({ typing }) =>
    [...typing.expressions, ...typing.blocks].flatMap(([node, type]) =>
      hasGap(type) ? [`${node.kind}: ${printType(type)}`] : [],
    ),
  );
}
