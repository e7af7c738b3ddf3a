import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { loadRegistry } from "./entry.ts";
import { describeFailure, renderFailure } from "./failure.ts";

const folder = mkdtempSync(join(tmpdir(), "byward-entry-"));
afterAll(() => rmSync(folder, { recursive: true }));

test.each([
  ["null", "null"],
  ["undefined", "undefined"],
  ['Symbol("x")', "Symbol(x)"],
  ["Object.create(null)", "[Object: null prototype] {}"],
  ['"no database"', "'no database'"],
])("an entry that throws %s is said to have thrown it", async (thrown, shown) => {
  const file = join(folder, `${shown.replace(/\W/g, "")}.mjs`);
  writeFileSync(file, `throw ${thrown};\n`);
  const error: unknown = await loadRegistry(file).catch((failure: unknown) => failure);
  expect(describeFailure(error)).toMatchObject({
    code: "entry.threw",
    what: expect.stringContaining(`threw while it was loaded: Something that is no error was thrown: ${shown}`),
  });
  process.env["BYWARD_DEBUG"] = "1";
  try {
    expect(renderFailure(describeFailure(error), error)).toContain("CommandFailure");
  } finally {
    delete process.env["BYWARD_DEBUG"];
  }
});
