/** Owns what a bench leaves behind: `bench/results/<name>.json`, from which `scripts/bench-report.ts` writes the document. */
import { mkdirSync, writeFileSync } from "node:fs";
import { cpus, loadavg } from "node:os";
import { fileURLToPath } from "node:url";
import type { Spread } from "./stats.ts";

export interface SideResult {
  readonly label: string;
  /** Per second. */
  readonly rate: Spread;
  /** ms; medians over the rounds. */
  readonly p50: number;
  readonly p99: number;
  /** µs of the server's processor time per call. */
  readonly serverCpu: number;
}

/** Two sides in alternating rounds. `ratio` is ours over theirs, of the rates of one round each. */
export interface PairResult {
  readonly kind: "pair";
  readonly id: string;
  readonly title: string;
  readonly unit: string;
  readonly ours: SideResult;
  readonly theirs: SideResult;
  readonly ratio: Spread;
  readonly rounds: number;
  /** The ratio asked for; null where there is none. */
  readonly target: number | null;
}

export interface FigureResult {
  readonly kind: "figure";
  readonly id: string;
  readonly title: string;
  readonly unit: string;
  readonly value: number;
  readonly spread: Spread | null;
  readonly atMost: number | null;
  readonly note: string;
}

/** Cost against size. `slope` as in `stats.ts`, of the cost per unit. */
export interface SeriesResult {
  readonly kind: "series";
  readonly id: string;
  readonly title: string;
  readonly sizeName: string;
  readonly costName: string;
  readonly points: readonly { readonly size: number; readonly cost: number }[];
  readonly slope: number;
}

/** A side that could not run, and why. */
export interface SkippedResult {
  readonly kind: "skipped";
  readonly id: string;
  readonly title: string;
  readonly reason: string;
}

export type Result = PairResult | FigureResult | SeriesResult | SkippedResult;

export interface ResultFile {
  readonly bench: string;
  readonly at: string;
  readonly machine: string;
  readonly node: string;
  /** Load average of the last minute when the bench began: above 0.5 others were at work. */
  readonly load: number;
  /** True for short rounds, whose figures are not for the document. */
  readonly quick: boolean;
  readonly results: readonly Result[];
}

export const FOLDER = fileURLToPath(new URL("../results", import.meta.url));

/** `npm run bench -- --quick`: short rounds, to see that everything runs. */
export const QUICK = process.env["BENCH_QUICK"] === "1";

const load = loadavg()[0]!;

export function writeResults(bench: string, results: readonly Result[]): void {
  const all = cpus();
  const file: ResultFile = {
    bench,
    at: new Date().toISOString(),
    machine: `${all.length} × ${all[0]?.model.trim() ?? "unknown"}`,
    node: process.version,
    load: Number(load.toFixed(1)),
    quick: QUICK,
    results,
  };
  mkdirSync(FOLDER, { recursive: true });
  writeFileSync(`${FOLDER}/${bench}.json`, `${JSON.stringify(file, null, 2)}\n`);
}
