/** Who may reach what in each example is what its lock agreed to. They are attacked by `scripts/attack-examples.ts`. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { expect, test } from "vitest";
import { compareLocks, lockOf, parseLock } from "../../src/access/lock.ts";
import { probeMatrix } from "../../src/access/probe.ts";
import { registryFile } from "../../src/cli/bynk/entry.ts";
import type { Registry } from "../../src/registry/registry.ts";

const examples = fileURLToPath(new URL("../../examples", import.meta.url));

for (const name of readdirSync(examples)) {
  test(`access to ${name} is as its lock says`, async () => {
    const folder = join(examples, name);
    const typed = join(folder, "registry.ts");
    const entry = existsSync(typed) ? typed : await registryFile(folder);
    const { registry } = (await import(pathToFileURL(entry).href)) as { readonly registry: Registry };
    const lock = parseLock(readFileSync(join(folder, "access.lock"), "utf8"));
    const changes = compareLocks(lock!, lockOf(await probeMatrix(registry.config)));
    expect(changes.filter(({ direction }) => direction === "widened")).toEqual([]);
  });
}
