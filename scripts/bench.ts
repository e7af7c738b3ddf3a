/** Runs the benches one after the other, or those named: `npm run bench -- gate store`. Each prints its own figures. */
import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
/** Files that benches start; they are none themselves. */
const PARTS = /-servers?\.ts$/;

const all = readdirSync(join(root, "bench"))
  .filter((name) => name.endsWith(".ts") && !PARTS.test(name))
  .map((name) => name.slice(0, -".ts".length));
const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !all.includes(name));
if (unknown.length > 0) {
  console.error(`There is no bench ${unknown.join(", ")}. There are: ${all.join(", ")}`);
  process.exit(2);
}

let failed = 0;
for (const name of wanted.length > 0 ? wanted : all) {
  console.log(`\n── ${name}`);
  const { status } = spawnSync(process.execPath, [join("bench", `${name}.ts`)], { cwd: root, stdio: "inherit" });
  if (status !== 0) failed += 1;
}
process.exitCode = failed === 0 ? 0 : 1;
