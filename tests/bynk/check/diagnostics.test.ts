/**
 * Every code that the project, the resolver and the checker report, drawn into programs that break exactly one rule.
 * Each case asserts codes and places, and that nothing else is reported; wording is kept in `rendered/`.
 */
import { expect, test } from "vitest";
import { check } from "../../../src/bynk/compile.ts";
import { lex } from "../../../src/bynk/diagnostics/catalogue/lex.ts";
import { parse } from "../../../src/bynk/diagnostics/catalogue/parse.ts";
import { placement } from "../../../src/bynk/diagnostics/catalogue/placement.ts";
import type { Diagnostic, Fix } from "../../../src/bynk/diagnostics/diagnostic.ts";
import { codes } from "../../../src/bynk/diagnostics/explain/explain.ts";
import { renderDiagnostics } from "../../../src/bynk/diagnostics/render.ts";
import { type Case, expectedOf, findingsOf, placed, undraw } from "./case.ts";
import { actorCases } from "./cases/actors.ts";
import { capabilityCases } from "./cases/capabilities.ts";
import { laterCases } from "./cases/later.ts";
import { nameCases } from "./cases/names.ts";
import { patternCases } from "./cases/patterns.ts";
import { refinementCases } from "./cases/refinements.ts";
import { serviceCases } from "./cases/services.ts";
import { typingCases } from "./cases/typing.ts";
import { unitCases } from "./cases/units.ts";

const areas: Readonly<Record<string, readonly Case[]>> = {
  units: unitCases,
  names: nameCases,
  refinements: refinementCases,
  typing: typingCases,
  patterns: patternCases,
  capabilities: capabilityCases,
  services: serviceCases,
  actors: actorCases,
  later: laterCases,
};

const cases = Object.values(areas).flat();

/** Codes about files that never reach `check`, and about mistakes of the compiler itself: tested beside their source. */
const elsewhere = [
  "bynk.project.no_root",
  "bynk.project.no_sources",
  "bynk.project.read_failed",
  "bynk.project.bad_manifest",
  "bynk.internal",
];

function sourceOf(one: Case): string {
  return Object.entries(one.drawn)
    .map(([path, text]) => `${path}\n${text}`)
    .join("\n");
}

test.each(cases.map((one) => ({ one, code: one.code, source: sourceOf(one) })))("$code at $source", ({ one }) => {
  const files = undraw(one);
  expect(findingsOf(one).map((found) => placed(found, files))).toEqual(expectedOf(one));
});

test("every code of these phases has a case", () => {
  const syntax = new Set(Object.keys({ ...lex, ...parse, ...placement }));
  const reported = new Set([...cases.map((one) => one.code), ...elsewhere]);
  expect(codes.filter((code) => !syntax.has(code) && !reported.has(code))).toEqual([]);
});

test.each(Object.entries(areas))("what is said about %s reads as kept", async (area, found) => {
  const rendered = found.map((one) => renderDiagnostics(findingsOf(one), undraw(one)));
  await expect(`${rendered.join("\n\n\n")}\n`).toMatchFileSnapshot(`./rendered/${area}.txt`);
});

test("every diagnostic has a label under its place and a hint", () => {
  for (const diagnostic of cases.flatMap(findingsOf)) {
    expect(`${diagnostic.code} ${diagnostic.labels[0]?.message}`).not.toContain("undefined");
    expect(diagnostic.labels[0]?.span).toEqual(diagnostic.span);
    expect(`${diagnostic.code} ${diagnostic.hint}`).toMatch(/ [a-z`]/);
  }
});

/** Repairs that name the likely word may be wrong about the rest; the others leave nothing to say. */
test("applying a fix removes the diagnostic", () => {
  let fixed = 0;
  for (const one of cases) {
    const files = undraw(one);
    for (const found of findingsOf(one)) {
      for (const fix of found.fixes) {
        fixed += 1;
        const after = check({ files: applyFix(files, fix), ...one.options }).diagnostics;
        expect({ fix: fix.title, still: after.filter((other) => isSame(other, found)) }).toEqual({
          fix: fix.title,
          still: [],
        });
      }
    }
  }
  expect(fixed).toBeGreaterThan(40);
});

function isSame(a: Diagnostic, b: Diagnostic): boolean {
  return a.code === b.code && a.path === b.path && a.message === b.message;
}

function applyFix(files: Readonly<Record<string, string>>, fix: Fix): Readonly<Record<string, string>> {
  const fixed: Record<string, string> = { ...files };
  for (const edit of fix.edits.toSorted((a, b) => b.span.start - a.span.start)) {
    const text = fixed[edit.path] ?? "";
    fixed[edit.path] = text.slice(0, edit.span.start) + edit.text + text.slice(edit.span.end);
  }
  return fixed;
}
