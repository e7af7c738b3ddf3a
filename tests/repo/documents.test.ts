import { readdirSync, readFileSync } from "node:fs";
import { expect, test, vi } from "vitest";
import { isIndexCurrent } from "../../scripts/check-decisions.ts";
import { filesOf } from "../../scripts/check-docs.ts";
import { COMMANDS } from "../../src/cli/commands.ts";
import { byward } from "../cli/process.ts";
import { inFolder } from "./folder.ts";

// Each starts processes, which take their time on a busy machine.
vi.setConfig({ testTimeout: 90_000, hookTimeout: 90_000 });

const read = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), "utf8");
const manifest = JSON.parse(read("package.json")) as Record<string, Record<string, string>>;

// A folder of this repository pins what it holds by itself.
const PINNED = /^(?:\d+\.\d+\.\d+|file:tests\/[a-z]+)$/;

test("every dependency is pinned and has its reason, and no reason is left without one", () => {
  const { dependencies, devDependencies } = manifest;
  const declared = { ...dependencies, ...devDependencies };
  for (const [name, version] of Object.entries(declared)) expect(version, name).toMatch(PINNED);
  const rows = [...read("docs/dependencies.md").matchAll(/^\| ((?:`[^`]+`(?:, )?)+) \|/gm)];
  const documented = rows.flatMap(([, cell = ""]) => [...cell.matchAll(/`([^`]+)`/g)].map(([, name]) => name!));
  expect(documented.toSorted()).toEqual(Object.keys(declared).toSorted());
});

test("every script that the documents name exists", () => {
  for (const path of ["README.md", "CONTRIBUTING.md", "AGENTS.md"]) {
    for (const [, name = ""] of read(path).matchAll(/\bnpm run ([a-z:]+)/g)) {
      // `npm run dev` is a script of new projects.
      if (name !== "dev") expect(manifest["scripts"], path).toHaveProperty(name);
    }
  }
});

test("the matrix in the README is what its program gives", async () => {
  const readme = read("README.md");
  const [, shown] = /^```text\n([\s\S]*?)^```$/m.exec(readme) ?? [];
  await inFolder(filesOf(readme), async (folder) => {
    expect((await byward(["access", "registry.ts"], { cwd: folder })).stdout).toBe(shown);
  });
});

test("commands that documents show exist", () => {
  const names = new Set(COMMANDS.map(({ name }) => name));
  for (const path of ["README.md", "docs/getting-started.md", "examples/chat/README.md"]) {
    // As a command: at the beginning of code, or behind npx.
    for (const [, name = ""] of read(path).matchAll(/(?:`|\bnpx )byward ([a-z]+)\b/g)) {
      expect(names, `${path}: byward ${name}`).toContain(name);
    }
  }
});

test("the index of decisions lists every record", () => {
  expect(isIndexCurrent()).toBe(true);
});

test("the README leads to every document", () => {
  const readme = read("README.md");
  const documents = readdirSync(new URL("../../docs/", import.meta.url)).filter((name) => name.endsWith(".md"));
  expect(documents.filter((name) => !readme.includes(`(docs/${name})`))).toEqual([]);
});
