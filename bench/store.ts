/**
 * Measures the Node host's store against a bare group-commit loop over `node:sqlite` that writes the same payload with
 * the same number of writers. Both files are prefilled and the writers' actors are spread over them; rounds alternate.
 *
 * It does not measure the network, actors or encoding.
 *
 * node bench/store.ts [--writers 256] [--rounds 5] [--seconds 2] [--actors 100000] [--bytes 200,10240]
 *                     [--only store] [--random] [--reads]
 *
 * `--random` writes to any actor each time; `--reads` adds one reader that loads one actor after the other. 100,000
 * actors of 10 KB are 1 GB a file: give `--actors 5000` there.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { parseArgs } from "node:util";
import { SqliteStore } from "../src/hosts/node/store/sqlite-store.ts";
import type { ActorRef } from "../src/hosts/port.ts";
import { BareLoop } from "./store/bare-loop.ts";

const { values: flags } = parseArgs({
  options: {
    writers: { type: "string", default: "256" },
    rounds: { type: "string", default: "5" },
    seconds: { type: "string", default: "2" },
    actors: { type: "string", default: "100000" },
    bytes: { type: "string", default: "200,10240" },
    only: { type: "string" },
    random: { type: "boolean", default: false },
    reads: { type: "boolean", default: false },
  },
});

interface Subject {
  readonly name: string;
  commit(at: number, state: string): Promise<void>;
  read?(at: number): Promise<unknown>;
  close(): Promise<void>;
}

interface Run {
  readonly perSecond: number;
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
  readonly loopP99: number;
  readonly readP99: number;
}

const WARM_UP_SECONDS = 0.5;

/** A state of about this many characters in which every part changes with `n`. */
function stateOf(n: number, size: number): string {
  const part = `${n.toString(36).padStart(8, "0")}${(n * 7919).toString(36).padStart(12, "0")}`;
  return `{"n":${n},"text":"${part.repeat(Math.ceil(size / part.length)).slice(0, Math.max(0, size - 20))}"}`;
}

const keyOf = (at: number): string => `actor-${String(at).padStart(8, "0")}`;
const refOf = (at: number): ActorRef => ({ name: "room", key: keyOf(at) });

async function openStore(directory: string, durability: "durable" | "relaxed"): Promise<Subject> {
  const store = await SqliteStore.open({ directory });
  return {
    name: durability === "durable" ? "store" : "store, relaxed",
    commit: (at, state) => store.commit({ actor: refOf(at), mode: "update", state, durability }),
    read: (at) => store.load(refOf(at)),
    close: () => store.close(),
  };
}

async function prefill(directory: string, actors: number, size: number): Promise<void> {
  const store = await SqliteStore.open({ directory });
  const bare = new BareLoop(join(directory, "bare.sqlite"));
  const meta = { createdAt: 1_700_000_000_000, version: 1, nextQueueId: 1, running: false };
  for (let from = 0; from < actors; from += 2000) {
    const work: Promise<void>[] = [];
    for (let at = from; at < Math.min(actors, from + 2000); at += 1) {
      const state = stateOf(at, size);
      const id = crypto.randomUUID();
      work.push(store.commit({ actor: refOf(at), mode: "create", meta: { ...meta, id }, state }));
      work.push(bare.commit(keyOf(at), state));
    }
    await Promise.all(work);
  }
  await store.close();
  await bare.close();
}

async function measure(subject: Subject, size: number): Promise<Run> {
  const writers = Number(flags.writers);
  const actors = Number(flags.actors);
  const latencies: number[] = [];
  const readLatencies: number[] = [];
  let measuring = false;
  let running = true;
  let n = 0;
  const writer = async (index: number): Promise<void> => {
    for (const own = Math.floor((index * actors) / writers); running; ) {
      const at = flags.random ? Math.floor(Math.random() * actors) : own;
      const started = performance.now();
      n += 1;
      await subject.commit(at, stateOf(n, size));
      if (measuring) latencies.push(performance.now() - started);
    }
  };
  const reader = async (): Promise<void> => {
    while (running) {
      const started = performance.now();
      await subject.read?.(Math.floor(Math.random() * actors));
      if (measuring) readLatencies.push(performance.now() - started);
    }
  };
  const work = Array.from({ length: writers }, (_, index) => writer(index));
  if (flags.reads && subject.read !== undefined) work.push(reader());
  const delay = monitorEventLoopDelay({ resolution: 1 });
  await sleep(WARM_UP_SECONDS);
  measuring = true;
  delay.enable();
  const started = performance.now();
  await sleep(Number(flags.seconds));
  const elapsed = (performance.now() - started) / 1000;
  measuring = false;
  delay.disable();
  const count = latencies.length;
  running = false;
  await Promise.all(work);
  await subject.close();
  return {
    perSecond: count / elapsed,
    p50: quantile(latencies, 0.5),
    p99: quantile(latencies, 0.99),
    max: quantile(latencies, 1),
    loopP99: delay.percentile(99) / 1e6,
    readP99: quantile(readLatencies, 0.99),
  };
}

async function main(): Promise<void> {
  console.log(`node ${process.version}, ${flags.writers} writers, ${flags.actors} actors, ${flags.rounds} rounds`);
  for (const size of flags.bytes.split(",").map(Number)) await compare(size);
}

async function compare(size: number): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), "byward-bench-"));
  try {
    await prefill(directory, Number(flags.actors), size);
    const subjects: readonly (() => Promise<Subject>)[] = [
      async () => openBare(join(directory, "bare.sqlite")),
      () => openStore(directory, "durable"),
      () => openStore(directory, "relaxed"),
    ];
    const runs = new Map<string, Run[]>();
    for (let round = 0; round < Number(flags.rounds); round += 1) {
      for (const open of subjects) {
        const subject = await open();
        if (flags.only !== undefined && flags.only !== subject.name) {
          await subject.close();
          continue;
        }
        const run = await measure(subject, size);
        runs.set(subject.name, [...(runs.get(subject.name) ?? []), run]);
      }
    }
    report(size, runs);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function openBare(path: string): Subject {
  const loop = new BareLoop(path);
  return { name: "bare loop", commit: (at, state) => loop.commit(keyOf(at), state), close: () => loop.close() };
}

function report(size: number, runs: ReadonlyMap<string, readonly Run[]>): void {
  console.log(`\n${size} bytes a state`);
  const bare = runs.get("bare loop");
  console.table(
    [...runs].map(([name, all]) => ({
      name,
      "commits/s": Math.round(median(all.map((run) => run.perSecond))),
      "to bare": bare === undefined ? "" : ratio(all, bare).toFixed(2),
      "p50 ms": median(all.map((run) => run.p50)).toFixed(2),
      "p99 ms": median(all.map((run) => run.p99)).toFixed(2),
      "worst ms": Math.max(...all.map((run) => run.max)).toFixed(1),
      "loop delay p99 ms": median(all.map((run) => run.loopP99)).toFixed(2),
      "read p99 ms": Number.isNaN(all[0]?.readP99) ? "" : median(all.map((run) => run.readP99)).toFixed(2),
    })),
  );
}

/** Median of the ratios of the same round: the machine's speed drifts between rounds. */
function ratio(all: readonly Run[], bare: readonly Run[]): number {
  return median(all.map((run, at) => run.perSecond / (bare[at]?.perSecond ?? Number.NaN)));
}

function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

function quantile(values: readonly number[], q: number): number {
  const sorted = Float64Array.from(values).sort();
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? Number.NaN;
}

function sleep(seconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, seconds * 1000));
}

await main();
