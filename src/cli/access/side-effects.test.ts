import fs, { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { exit } from "node:process";
import { afterAll, expect, test } from "vitest";
import { SideEffect } from "../../access/probe-attempt.ts";
import { withoutSideEffects } from "./side-effects.ts";

const folder = mkdtempSync(join(tmpdir(), "byward-effects-"));
afterAll(() => rmSync(folder, { recursive: true }));
const at = (name: string): string => join(folder, name);
writeFileSync(at("kept"), "kept");

const EFFECTS: Readonly<Record<string, () => unknown>> = {
  "ends the process": () => exit(0),
  "opens a file to write": () => fs.openSync(at("a"), "w"),
  "opens a file to append, by number": () => fs.openSync(at("b"), fs.constants.O_WRONLY | fs.constants.O_CREAT),
  "makes a folder of its own": () => fs.mkdtempSync(at("c")),
  "takes a folder away": () => fs.rmdirSync(folder),
  "links a file": () => fs.linkSync(at("kept"), at("d")),
  "copies a tree": () => fs.cpSync(folder, `${folder}-copy`, { recursive: true }),
  "opens the rights of a file": () => fs.chmodSync(at("kept"), 0o777),
};

test.each(Object.entries(EFFECTS))("code under a probe that %s is stopped", (_what, effect) => {
  const allowAgain = withoutSideEffects();
  let thrown: unknown;
  try {
    effect();
  } catch (error) {
    thrown = error;
  } finally {
    allowAgain();
  }
  expect(thrown).toBeInstanceOf(SideEffect);
  expect(readdirSync(folder)).toEqual(["kept"]);
});

test("a file is read as ever, also by opening it, and promises are refused as promises", async () => {
  const allowAgain = withoutSideEffects();
  try {
    expect(readFileSync(at("kept"), "utf8")).toBe("kept");
    fs.closeSync(fs.openSync(at("kept"), "r"));
    await (await fs.promises.open(at("kept"), "r")).close();
    await expect(fs.promises.open(at("e"), "a")).rejects.toBeInstanceOf(SideEffect);
  } finally {
    allowAgain();
  }
  fs.closeSync(fs.openSync(at("f"), "w"));
  expect(readdirSync(folder).sort()).toEqual(["f", "kept"]);
});
