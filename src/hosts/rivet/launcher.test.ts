import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { launchEngine } from "./launcher.ts";

test("an engine never starts with an empty token: a kept one that is empty is made anew", async () => {
  const dataDir = mkdtempSync(join(tmpdir(), "byward-engine-"));
  onTestFinished(() => rmSync(dataDir, { recursive: true, force: true }));
  const kept = join(dataDir, "admin-token");
  const told = join(dataDir, "told");
  const binary = join(dataDir, "engine");
  writeFileSync(kept, "", { mode: 0o600 });
  writeFileSync(binary, `#!/bin/sh\nprintf %s "$RIVET__AUTH__ADMIN_TOKEN" > ${told}\n`, { mode: 0o700 });
  await expect(launchEngine({ dataDir, binary, port: 0, timeout: 5000 })).rejects.toThrow(/rivet\.engine_failed/);
  const token = readFileSync(told, "utf8");
  expect(token.length).toBeGreaterThan(30);
  expect(readFileSync(kept, "utf8").trim()).toBe(token);
  expect(statSync(kept).mode & 0o077).toBe(0);
});
