/** `byward access --cedar` writes policies and schema that Cedar takes. */
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import * as engine from "@cedar-policy/cedar-wasm/nodejs";
import { afterAll, expect, test } from "vitest";
import { byward } from "../cli/process.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "byward-cedar-"));
afterAll(() => rmSync(folder, { recursive: true }));

test("access --cedar writes what the matrix allows, with its schema", { timeout: 60_000 }, async () => {
  const target = join(folder, "policies");
  const run = await byward(["access", "examples/chat/registry.ts", "--cedar", target], { cwd: root });
  expect(run).toMatchObject({ code: 0, stdout: "" });
  expect(run.stderr).toMatch(/\d+ policies and their schema/);
  const schema = readFileSync(join(target, "access.cedarschema"), "utf8");
  const policies = readFileSync(join(target, "access.cedar"), "utf8");
  const validated = engine.validate({ schema, policies: { staticPolicies: policies } });
  expect(validated).toMatchObject({ type: "success", validationErrors: [], validationWarnings: [] });
  expect(policies).toContain('@id("chatRoom connect")');
  expect(policies).toContain("// chatRoom action ban: code decides for Admin");
});

test("access --cedar excludes other formats, and --check", { timeout: 60_000 }, async () => {
  for (const other of ["--json", "--check"]) {
    const target = join(folder, "nothing");
    const run = await byward(["access", "examples/chat/registry.ts", "--cedar", target, other], { cwd: root });
    expect(run.code).toBe(2);
    expect(existsSync(target)).toBe(false);
  }
});
