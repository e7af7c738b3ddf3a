/** Whatever is emitted satisfies `tsc --strict`. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { emit, writeFiles } from "./support/compiled.ts";
import { typeErrors } from "./support/typescript.ts";

const corpus = fileURLToPath(new URL("../corpus", import.meta.url));

function readCorpus(): Readonly<Record<string, string>> {
  const files = readdirSync(corpus, { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".bynk"));
  return Object.fromEntries(files.map((file) => [`src/${file}`, readFileSync(join(corpus, file), "utf8")]));
}

test("every valid program of the corpus compiles to TypeScript that tsc --strict accepts", { timeout: 60_000 }, () => {
  expect(typeErrors(writeFiles(emit(readCorpus())))).toBe("");
});

test("the same program gives the same files, byte for byte", () => {
  expect(emit(readCorpus())).toEqual(emit(readCorpus()));
});

test("modules import byward, its runtime and sibling modules, and nothing else", () => {
  const files = Object.entries(emit(readCorpus())).filter(([path]) => path.endsWith(".ts"));
  for (const [path, text] of files) {
    const specifiers = [...text.matchAll(/from "([^"]+)"/g)].map(([, specifier]) => specifier ?? "");
    for (const specifier of specifiers) {
      expect(specifier, path).toMatch(/^(byward|byward\/bynk\/runtime|\.{1,2}\/[\w./]+\.ts)$/);
    }
  }
});
