/**
 * Attacks every example with the built command line, as CI does: something found, or something not tried, fails. An example
 * that has a `samples.json` lends its bodies. Further arguments go to `byward attack`.
 */
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const examples = join(root, "examples");

function attack(name: string): boolean {
  const folder = join(examples, name);
  const entry = existsSync(join(folder, "registry.ts")) ? join(folder, "registry.ts") : folder;
  const samples = join(folder, "samples.json");
  const options = existsSync(samples) ? ["--samples", samples] : [];
  console.log(`\n── ${name}`);
  const args = [join(root, "dist/cli/main.js"), "attack", entry, ...options, ...process.argv.slice(2)];
  return spawnSync(process.execPath, args, { cwd: root, stdio: "inherit" }).status === 0;
}

const failed = readdirSync(examples).filter((name) => !attack(name));
if (failed.length > 0) console.error(`\nNot sound, or not tried: ${failed.join(", ")}`);
process.exitCode = failed.length === 0 ? 0 : 1;
