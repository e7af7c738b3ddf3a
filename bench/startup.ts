/**
 * What starting costs: a program that only imports "byward" against one that imports nothing, and `byward --help`, in
 * alternating runs. Not measured: a cold disk.
 *
 * Run: npm run bench -- startup
 */
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { QUICK, type Result, writeResults } from "./harness/results.ts";
import { spreadOf } from "./harness/stats.ts";

const RUNS = QUICK ? 5 : 25;
const root = fileURLToPath(new URL("..", import.meta.url));
const WAYS: Readonly<Record<string, readonly string[]>> = {
  node: ["--input-type=module", "-e", ""],
  import: ["--input-type=module", "-e", 'import "byward"'],
  client: ["--input-type=module", "-e", 'import "byward/client"'],
  help: ["dist/cli/main.js", "--help"],
};

function run(args: readonly string[]): number {
  const started = performance.now();
  const { status, stderr } = spawnSync(process.execPath, args, { cwd: root, encoding: "utf8" });
  if (status !== 0) throw new Error(stderr);
  return performance.now() - started;
}

const taken = new Map(Object.keys(WAYS).map((name) => [name, [] as number[]]));
for (let round = -1; round < RUNS; round++) {
  for (const [name, args] of Object.entries(WAYS)) {
    const ms = run(args);
    // The first round fills the disk's cache.
    if (round >= 0) taken.get(name)!.push(ms);
  }
}

const over = (name: string): readonly number[] => taken.get(name)!.map((ms, index) => ms - taken.get("node")![index]!);
const figure = (id: string, title: string, values: readonly number[], atMost: number | null): Result => {
  const spread = spreadOf(values);
  const verdict =
    atMost === null ? "" : spread.median <= atMost ? `  at most ${atMost}: met` : `  at most ${atMost}: MISSED`;
  console.log(
    `${title.padEnd(44)} ${spread.median.toFixed(0).padStart(5)} ms  (${spread.min.toFixed(0)}–${spread.max.toFixed(0)})${verdict}`,
  );
  return { kind: "figure", id, title, unit: "ms", value: spread.median, spread, atMost, note: `${RUNS} runs` };
};
writeResults("startup", [
  figure("node", "Node alone", taken.get("node")!, null),
  figure("import", 'import "byward", over Node alone', over("import"), 60),
  figure("import-client", 'import "byward/client", over Node alone', over("client"), null),
  figure("help", "byward --help", taken.get("help")!, 120),
]);
