/**
 * Writes what the benches left in `bench/results/` into `docs/performance.md`, between its marks, and draws its charts.
 * What stands outside of the marks is written by hand. `--check` writes nothing and fails where the document is not what
 * the results say.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { FOLDER, type PairResult, type Result, type ResultFile, type SeriesResult } from "../bench/harness/results.ts";
import { drawGrowth } from "./bench-report/growth-chart.ts";
import { drawRatios } from "./bench-report/ratio-chart.ts";

const docs = fileURLToPath(new URL("../docs", import.meta.url));
const START = "<!-- results: written by scripts/bench-report.ts -->";
const END = "<!-- end of results -->";

/** What is told first; the rest follows by name. */
const ORDER = ["gate", "broadcast", "peers", "startup", "connections", "growth", "queue"];
const rank = (name: string): number => (ORDER.includes(name) ? ORDER.indexOf(name) : ORDER.length);

const files = readdirSync(FOLDER)
  .filter((name) => name.endsWith(".json"))
  .map((name) => name.slice(0, -".json".length))
  .sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1))
  .map((name) => JSON.parse(readFileSync(`${FOLDER}/${name}.json`, "utf8")) as Partial<ResultFile>)
  // Benches with figures of their own keep their own form.
  .filter((file): file is ResultFile => Array.isArray(file.results) && typeof file.bench === "string");
const all = files.flatMap(({ results }) => results);
const ofKind = <Kind extends Result["kind"]>(kind: Kind): Extract<Result, { kind: Kind }>[] =>
  all.filter((result): result is Extract<Result, { kind: Kind }> => result.kind === kind);

const outputs = new Map<string, string>([
  ["performance/ratios.svg", drawRatios(ofKind("pair"))],
  ["performance/growth.svg", drawGrowth(ofKind("series"))],
]);
outputs.set("performance.md", withResults(readFileSync(`${docs}/performance.md`, "utf8")));

if (process.argv.includes("--check")) check();
else write();

function write(): void {
  mkdirSync(`${docs}/performance`, { recursive: true });
  for (const [name, text] of outputs) writeFileSync(`${docs}/${name}`, text);
  console.log(`docs/performance.md and its charts: ${all.length} results of ${files.length} benches`);
}

function check(): void {
  const stale = [...outputs].filter(
    ([name, text]) => !existsSync(`${docs}/${name}`) || readFileSync(`${docs}/${name}`, "utf8") !== text,
  );
  for (const [name] of stale)
    console.error(`docs/${name} is not what the results say: run node scripts/bench-report.ts`);
  process.exitCode = stale.length === 0 ? 0 : 1;
}

function withResults(text: string): string {
  const start = text.indexOf(START);
  const end = text.indexOf(END);
  if (start === -1 || end === -1) throw new Error(`docs/performance.md lacks its marks: ${START} … ${END}`);
  return `${text.slice(0, start + START.length)}\n\n${sections().join("\n\n")}\n\n${text.slice(end)}`;
}

function sections(): string[] {
  return [
    machine(),
    "## Beside others",
    "![Ratios of Byward's rate to each other side's](performance/ratios.svg)",
    pairTable(),
    "## Sizes and times",
    figureTable(),
    "## How cost grows",
    "![Cost of one unit against size](performance/growth.svg)",
    slopeTable(),
    skippedList(),
  ].filter((part) => part !== "");
}

function machine(): string {
  const runs = files.map(
    ({ bench, at, load, quick }) =>
      `\`${bench}\` ${at.slice(0, 10)}${loadOf(load)}${quick ? " (quick: rounds too short to count)" : ""}`,
  );
  const [{ machine: name, node }] = files as [ResultFile, ...ResultFile[]];
  return `Run on ${name}, Node ${node}: ${runs.join(", ")}.`;
}

/** Said where others were at work: then absolute figures and spreads mean little. */
function loadOf(load: number): string {
  return load > 0.5 ? ` (load ${load} at its start)` : "";
}

function count(value: number): string {
  return Math.round(value).toLocaleString("en-US");
}

function times(value: number): string {
  return `${value >= 10 ? value.toFixed(1) : value.toFixed(2)}×`;
}

function pairTable(): string {
  const rows = ofKind("pair").map((pair: PairResult) => {
    const { title, unit, ours, theirs, ratio, target } = pair;
    const wanted = target === null ? "–" : `≥ ${target}× ${ratio.median >= target ? "met" : "**missed**"}`;
    const side = ({ rate, p50, p99 }: PairResult["ours"]): string =>
      `${count(rate.median)} (${p50.toFixed(2)} / ${p99.toFixed(2)})`;
    return `| ${title}, ${unit} | ${side(ours)} | ${side(theirs)} | **${times(ratio.median)}** (${times(ratio.min)}–${times(ratio.max)}) | ${ours.serverCpu.toFixed(1)} / ${theirs.serverCpu.toFixed(1)} | ${wanted} |`;
  });
  return [
    "Rates are medians; in brackets p50 / p99 of single calls, ms. The ratio is the median over the rounds, in brackets the least and the largest; processor time is the server's, µs a call, ours / theirs.",
    "",
    "| comparison | Byward | other side | ratio | processor | asked |",
    "|---|---|---|---|---|---|",
    ...rows,
  ].join("\n");
}

function figureTable(): string {
  const rows = ofKind("figure").map(({ title, unit, value, spread, atMost, note }) => {
    const range = spread === null ? "" : ` (${spread.min.toFixed(0)}–${spread.max.toFixed(0)})`;
    const wanted = atMost === null ? "–" : `≤ ${atMost} ${unit} ${value <= atMost ? "met" : "**missed**"}`;
    return `| ${title} | ${value.toFixed(1)} ${unit}${range} | ${wanted} | ${note} |`;
  });
  return ["| what | figure | asked | beside |", "|---|---|---|---|", ...rows].join("\n");
}

function slopeTable(): string {
  const rows = ofKind("series").map(({ title, sizeName, points, slope }: SeriesResult) => {
    const [first, last] = [points[0]!, points.at(-1)!];
    return `| ${title} | ${count(first.size)} → ${count(last.size)} ${sizeName} | ${first.cost.toFixed(2)} → ${last.cost.toFixed(2)} µs | ${slope.toFixed(2)} |`;
  });
  return [
    "The slope is that of the cost of one unit against the size, both in logarithms: 0 is a total that grows in proportion, 1 would be a total that grows with the square.",
    "",
    "| what | sizes | cost of one unit | slope |",
    "|---|---|---|---|",
    ...rows,
  ].join("\n");
}

function skippedList(): string {
  const skipped = ofKind("skipped");
  if (skipped.length === 0) return "";
  return ["## Not run", "", ...skipped.map(({ title, reason }) => `- ${title}: ${reason}.`)].join("\n");
}
