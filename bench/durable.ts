/**
 * Durable increments over WebSocket, the client included, against a bare `node:sqlite` group-commit loop writing the same
 * payload with the same number of writers. Both databases hold 100,000 actors and the 256 keys are spread over them.
 *
 * 256 increments are in flight across 256 actors: 256 connections of one client that share 8 sockets, 32 on each
 * (`multiplex`). Beside it the same without sharing, a socket for each, and relaxed: as it is by default, which saves once in
 * 10 s, and with `stateSaveInterval: 1`, which writes each change within a millisecond and waits for none. Server, client and writer share the
 * machine's cores.
 *
 * node bench/durable.ts [--actors 100000] [--rounds 5] [--seconds 2] [--only shared]
 */
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { createClient } from "byward/client";
import { SqliteStore } from "../src/hosts/node/store/sqlite-store.ts";
import { BareLoop } from "./store/bare-loop.ts";

const { values: flags } = parseArgs({
  options: {
    actors: { type: "string", default: "100000" },
    rounds: { type: "string", default: "5" },
    seconds: { type: "string", default: "2" },
    only: { type: "string", default: "" },
  },
});
const ACTORS = Number(flags.actors);
const ROUNDS = Number(flags.rounds);
const MS = Number(flags.seconds) * 1000;
const SPREAD = 256;
const SOCKETS = 8;

const stateOf = (n: number): string => JSON.stringify({ n, text: "x".repeat(170) });
const keyOf = (at: number): string => `actor-${String(at).padStart(8, "0")}`;
const spread = (at: number): string => keyOf(Math.floor((at * ACTORS) / SPREAD));

const BUSY = new Set(Array.from({ length: SPREAD }, (_, at) => spread(at)));

interface Run {
  readonly rate: number;
  readonly p50: number;
  readonly p99: number;
  /** Of the server's event loop, ms. */
  readonly delay: number;
}

const directory = mkdtempSync(join(tmpdir(), "byward-durable-"));
process.on("exit", () => rmSync(directory, { recursive: true, force: true }));

async function prefill(): Promise<void> {
  const store = await SqliteStore.open({ directory });
  const bare = new BareLoop(join(directory, "bare.sqlite"));
  for (let from = 0; from < ACTORS; from += 2000) {
    const work: Promise<void>[] = [];
    for (let at = from; at < Math.min(ACTORS, from + 2000); at++) {
      for (const name of ["durable", "relaxed", "eager"]) {
        if (name !== "durable" && !BUSY.has(keyOf(at))) continue;
        const meta = { id: `${name}${at}`, createdAt: 1, version: 1, nextQueueId: 1, running: false };
        work.push(store.commit({ actor: { name, key: keyOf(at) }, mode: "create", meta, state: stateOf(0) }));
      }
      work.push(bare.commit(keyOf(at), stateOf(0)));
    }
    await Promise.all(work);
    process.stderr.write(`\rprefilled ${Math.min(ACTORS, from + 2000)} of ${ACTORS}`);
  }
  process.stderr.write("\n");
  await store.close();
  await bare.close();
}

const quantile = (sorted: readonly number[], at: number): number => sorted[Math.floor(sorted.length * at)] ?? 0;

/** 256 writers, each with one write in flight, for the time of a run. */
async function measure(write: (at: number, n: number) => Promise<unknown>): Promise<Omit<Run, "delay">> {
  const latencies: number[] = [];
  const started = performance.now();
  await Promise.all(
    Array.from({ length: SPREAD }, async (_, at) => {
      for (let n = 1, from = started; from - started < MS; n++) {
        await write(at, n);
        const now = performance.now();
        latencies.push(now - from);
        from = now;
      }
    }),
  );
  const elapsed = performance.now() - started;
  latencies.sort((a, b) => a - b);
  return { rate: (latencies.length * 1000) / elapsed, p50: quantile(latencies, 0.5), p99: quantile(latencies, 0.99) };
}

const delayOf = async (url: string): Promise<number> => {
  const headers = { "content-type": "application/json" };
  const response = await fetch(`${url}/actors/probe/p/actions/delay`, { method: "POST", headers });
  return ((await response.json()) as { output: number }).output;
};

async function overSockets(url: string, actor: string, multiplex: false | { sockets: number }): Promise<Run> {
  const client = createClient(url, { multiplex });
  const connections = Array.from({ length: SPREAD }, (_, at) => client.get(actor, spread(at)).connect());
  await Promise.all(connections.map((connection) => connection.action({ name: "inc" })));
  await delayOf(url);
  const run = await measure((at) => connections[at]!.action({ name: "inc" }));
  const delay = await delayOf(url);
  await client.dispose();
  return { ...run, delay };
}

async function bareLoop(): Promise<Run> {
  const loop = new BareLoop(join(directory, "bare.sqlite"));
  const run = await measure((at, n) => loop.commit(spread(at), stateOf(n)));
  await loop.close();
  return { ...run, delay: 0 };
}

const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!;
const range = (values: readonly number[], digits: number): string =>
  `${Math.min(...values).toFixed(digits)}–${Math.max(...values).toFixed(digits)}`;

await prefill();
const server = fileURLToPath(new URL("./durable-server.ts", import.meta.url));
const child = spawn(
  process.execPath,
  [...(process.env["SERVER_FLAGS"] ?? "").split(" ").filter(Boolean), server, directory],
  {
    stdio: ["ignore", "pipe", "inherit"],
  },
);
try {
  const url = await new Promise<string>((resolve, reject) => {
    child.stdout.once("data", (chunk: Buffer) => resolve(chunk.toString().trim()));
    child.once("exit", (code) => reject(new Error(`the server ended with ${code}`)));
  });
  const BARE = "bare loop, 256 writers";
  const RELAXED = "relaxed, 8 sockets × 32";
  const EAGER = "relaxed, saved each ms";
  const all: Readonly<Record<string, () => Promise<Run>>> = {
    [BARE]: bareLoop,
    "durable, 8 sockets × 32": () => overSockets(url, "durable", { sockets: SOCKETS }),
    [RELAXED]: () => overSockets(url, "relaxed", { sockets: SOCKETS }),
    [EAGER]: () => overSockets(url, "eager", { sockets: SOCKETS }),
    "durable, 256 sockets × 1": () => overSockets(url, "durable", false),
  };
  const sides = Object.entries(all).filter(([name]) => flags.only === "" || name.includes(flags.only));
  const runs = new Map<string, Run[]>(sides.map(([name]) => [name, []]));
  for (const [, side] of sides) await side();
  for (let round = 0; round < ROUNDS; round++) {
    for (const [name, side] of sides) runs.get(name)!.push(await side());
  }
  const against = (name: string, other: string): string => {
    const others = runs.get(other);
    if (others === undefined) return "–";
    const ratios = runs.get(name)!.map(({ rate }, at) => rate / others[at]!.rate);
    return `${median(ratios).toFixed(2)} (${range(ratios, 2)})`;
  };
  console.log(
    `${"".padEnd(26)}  commits/s           range   p50 ms   p99 ms  loop p99 ms           to bare        to relaxed       to each ms`,
  );
  for (const [name, side] of runs) {
    const rates = side.map(({ rate }) => rate);
    const cells = [
      median(rates).toFixed(0).padStart(10),
      range(rates, 0).padStart(15),
      median(side.map(({ p50 }) => p50))
        .toFixed(2)
        .padStart(8),
      median(side.map(({ p99 }) => p99))
        .toFixed(2)
        .padStart(8),
      median(side.map(({ delay }) => delay))
        .toFixed(1)
        .padStart(12),
      against(name, BARE).padStart(17),
      against(name, RELAXED).padStart(17),
      against(name, EAGER).padStart(17),
    ];
    console.log(`${name.padEnd(26)} ${cells.join(" ")}`);
  }
} finally {
  child.kill();
}
