import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { catalogue } from "./catalogue/index.ts";
import type { Entry, Wording } from "./wording.ts";

// Every entry is an Entry of some names; here only its texts matter.
const entries = Object.entries(catalogue) as unknown as readonly (readonly [
  string,
  Entry<string, Record<string, string>>,
])[];

function wordingsOf(entry: Entry<string, Record<string, string>>): readonly Wording<string>[] {
  return [entry.wording, ...Object.values(entry.variants)];
}

test("codes are lower-case dotted words under bynk", () => {
  for (const [code] of entries) expect(code).toMatch(/^bynk(\.[a-z][a-z0-9]*(_[a-z0-9]+)*){1,2}$/);
});

test("no code stands in two files of the catalogue", () => {
  const folder = new URL("./catalogue/", import.meta.url);
  const files = readdirSync(folder).filter((file) => file.endsWith(".ts") && file !== "index.ts");
  const codes = files.flatMap((file) => {
    const source = readFileSync(new URL(file, folder), "utf8");
    return Array.from(source.matchAll(/^ {2}"(bynk\.[\w.]+)": entry/gm), (match) => match[1]);
  });
  expect(codes.filter((code, index) => codes.indexOf(code) !== index)).toEqual([]);
});

test("messages, labels and hints start in lower case or with code, and end without a full stop", () => {
  for (const [code, entry] of entries) {
    for (const { message, label, hint } of wordingsOf(entry)) {
      for (const said of [message, label, hint]) {
        if (said !== undefined) expect(`${code}: ${said.template}`).toMatch(/: [^A-Z\s].*[^.\s]$/s);
      }
    }
  }
});

test("every entry has a title without an end mark and an explanation in whole sentences", () => {
  for (const [code, entry] of entries) {
    expect(`${code}: ${entry.title}`).toMatch(/[^.!?]$/);
    expect(`${code}: ${entry.explanation}`).toMatch(/(\.|```)$/);
  }
});

test("the Bynk examples in explanations are fenced", () => {
  for (const [, entry] of entries) expect((entry.explanation.match(/```/g) ?? []).length % 2).toBe(0);
});
