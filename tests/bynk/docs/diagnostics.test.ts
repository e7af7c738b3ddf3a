/** The index of diagnostics is made from the catalogue, and shows what is in it. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { currentDiagnostics, isDiagnosticsCurrent } from "../../../scripts/bynk-diagnostics.ts";
import { codes, explain } from "../../../src/bynk/index.ts";

test("the index is what the catalogue says", () => {
  expect(isDiagnosticsCurrent(), "run scripts/bynk-diagnostics.ts --write").toBe(true);
});

test("every code stands in the index once, with its severity, title, rule, messages and hints", () => {
  const text = readFileSync(new URL("../../../docs/bynk/diagnostics.md", import.meta.url), "utf8");
  const sections = text.split(/^### /m).slice(1);
  const byCode = new Map(sections.map((section) => [section.slice(0, section.indexOf("\n")), section]));
  expect([...byCode.keys()].toSorted()).toEqual(codes);
  expect(sections).toHaveLength(codes.length);
  for (const code of codes) {
    const page = explain(code);
    const section = byCode.get(code);
    expect(section?.toLowerCase(), code).toContain(`${page?.severity}: ${page?.title.toLowerCase()}.`);
    for (const part of [page?.text, ...(page?.messages ?? []), ...(page?.hints ?? [])]) expect(section).toContain(part);
  }
});

test("no text of the catalogue is Markdown by accident", () => {
  const bare = currentDiagnostics()
    .replace(/^```[\s\S]*?^```$/gm, "")
    .replace(/<!--.*?-->/, "");
  for (const paragraph of bare.split(/\n+/)) {
    const prose = paragraph.replace(/`[^`]*`/g, "");
    expect(prose.includes("`"), paragraph).toBe(false);
    if (!/^#|\]\(#/.test(paragraph)) expect(prose, paragraph).not.toMatch(/[*<>|\\[\]]/);
  }
});
