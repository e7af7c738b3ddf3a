/**
 * Runs the benches one after the other, or those named: `npm run bench -- gate store`. Each prints its own figures; those that
 * leave results in `bench/results/` are written into `docs/performance.md` at the end. `--quick` makes rounds short and leaves
 * the document alone: it only shows that everything runs.
 */
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
const isQuick = process.argv.includes("--quick");
const wanted = process.argv.slice(2).filter((argument) => argument !== "--quick");
const unknown = wanted.filter((name) => !all.includes(name));
if (unknown.length > 0) {
  console.error(`There is no bench ${unknown.join(", ")}. There are: ${all.join(", ")}`);
  process.exit(2);
}

const run = (...args: string[]): boolean => {
  const env = isQuick ? { ...process.env, BENCH_QUICK: "1" } : process.env;
  return spawnSync(process.execPath, args, { cwd: root, stdio: "inherit", env }).status === 0;
};

// The benches import what users import: what was built.
let failed = run(join("scripts", "build.ts"), "--if-stale") ? 0 : 1;
for (const name of wanted.length > 0 ? wanted : all) {
  console.log(`\n── ${name}`);
  if (!run("--max-old-space-size=8192", join("bench", `${name}.ts`))) failed += 1;
}
if (!isQuick && !run(join("scripts", "bench-report.ts"))) failed += 1;
process.exitCode = failed === 0 ? 0 : 1;
