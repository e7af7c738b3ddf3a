/**
 * Durable increments over WebSocket, client included, beside a bare `node:sqlite` group-commit loop writing the same
 * payload with the same number of writers. Both databases hold 100,000 actors and the 256 keys are spread over them.
 *
 * A connection is to one actor here, so 256 in flight across 256 actors are 256 sockets with one each; 8 sockets with 32
 * in flight each are 8 actors. Both are printed. Server, client and writer share the machine's cores.
 *
 * node bench/durable.ts [--actors 100000] [--rounds 5] [--seconds 2]
 */
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import WebSocket from "ws";
import { SqliteStore } from "../src/hosts/node/store/sqlite-store.ts";
import { BareLoop } from "./store/bare-loop.ts";

const { values: flags } = parseArgs({
  options: {
    actors: { type: "string", default: "100000" },
    rounds: { type: "string", default: "5" },
    seconds: { type: "string", default: "2" },
  },
});
const ACTORS = Number(flags.actors);
const ROUNDS = Number(flags.rounds);
const MS = Number(flags.seconds) * 1000;
const SPREAD = 256;

const stateOf = (n: number): string => JSON.stringify({ n, text: "x".repeat(170) });
const keyOf = (at: number): string => `actor-${String(at).padStart(8, "0")}`;
const spread = (at: number): string => keyOf(Math.floor((at * ACTORS) / SPREAD));

interface Run {
  readonly rate: number;
  readonly p50: number;
  readonly p99: number;
}

const directory = mkdtempSync(join(tmpdir(), "byward-durable-"));
process.on("exit", () => rmSync(directory, { recursive: true, force: true }));

async function prefill(): Promise<void> {
  const store = await SqliteStore.open({ directory });
  const bare = new BareLoop(join(directory, "bare.sqlite"));
  for (let from = 0; from < ACTORS; from += 2000) {
    const work: Promise<void>[] = [];
    for (let at = from; at < Math.min(ACTORS, from + 2000); at++) {
      for (const name of ["durable", "relaxed"]) {
        if (name === "relaxed" && at % Math.floor(ACTORS / SPREAD) !== 0) continue;
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

function summary(latencies: number[], elapsed: number): Run {
  latencies.sort((a, b) => a - b);
  return { rate: (latencies.length * 1000) / elapsed, p50: quantile(latencies, 0.5), p99: quantile(latencies, 0.99) };
}

async function overSockets(url: string, actor: string, sockets: number, window: number): Promise<Run> {
  const latencies: number[] = [];
  const open = await Promise.all(
    Array.from({ length: sockets }, async (_, at) => {
      const key = spread(Math.floor((at * SPREAD) / sockets));
      const ws = new WebSocket(`${url.replace("http", "ws")}/actors/${actor}/${key}/connect`, ["byward.v1"]);
      await new Promise((resolve, reject) => {
        ws.once("open", resolve);
        ws.once("error", reject);
      });
      const ready = new Promise((resolve) => ws.once("message", resolve));
      ws.send('{"t":"hello"}');
      await ready;
      return ws;
    }),
  );
  const started = performance.now();
  await Promise.all(
    open.map(
      (ws) =>
        new Promise<void>((resolve, reject) => {
          const sent = new Map<number, number>();
          let id = 0;
          const next = (count: number): void => {
            const now = performance.now();
            if (now - started > MS) {
              if (sent.size === 0) resolve();
              return;
            }
            const frames: string[] = [];
            for (let index = 0; index < count; index++) {
              sent.set(++id, now);
              frames.push(`{"t":"action","id":${id},"name":"inc","args":[]}`);
            }
            ws.send(frames.length === 1 ? frames[0]! : `[${frames.join(",")}]`);
          };
          ws.on("error", reject);
          ws.on("message", (data) => {
            const frame = JSON.parse(data.toString());
            const messages = Array.isArray(frame) ? frame : [frame];
            const now = performance.now();
            for (const message of messages) {
              if (message.t !== "result") reject(new Error(JSON.stringify(message)));
              latencies.push(now - (sent.get(message.id) ?? now));
              sent.delete(message.id);
            }
            next(messages.length);
          });
          next(window);
        }),
    ),
  );
  const run = summary(latencies, performance.now() - started);
  for (const ws of open) ws.terminate();
  return run;
}

async function bareLoop(): Promise<Run> {
  const loop = new BareLoop(join(directory, "bare.sqlite"));
  const latencies: number[] = [];
  const started = performance.now();
  await Promise.all(
    Array.from({ length: SPREAD }, async (_, at) => {
      for (let n = 1; performance.now() - started < MS; n++) {
        const from = performance.now();
        await loop.commit(spread(at), stateOf(n));
        latencies.push(performance.now() - from);
      }
    }),
  );
  const run = summary(latencies, performance.now() - started);
  await loop.close();
  return run;
}

const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!;

await prefill();
const child = spawn(process.execPath, [fileURLToPath(new URL("./durable-server.ts", import.meta.url)), directory], {
  stdio: ["ignore", "pipe", "inherit"],
});
try {
  const url = await new Promise<string>((resolve, reject) => {
    child.stdout.once("data", (chunk: Buffer) => resolve(chunk.toString().trim()));
    child.once("exit", (code) => reject(new Error(`the server ended with ${code}`)));
  });
  const sides = {
    "durable, 256 sockets × 1": () => overSockets(url, "durable", 256, 1),
    "durable, 8 sockets × 32": () => overSockets(url, "durable", 8, 32),
    "relaxed, 256 sockets × 1": () => overSockets(url, "relaxed", 256, 1),
    "bare loop, 256 writers": bareLoop,
  };
  const runs = new Map<string, Run[]>(Object.keys(sides).map((name) => [name, []]));
  for (const side of Object.values(sides)) await side();
  await fetch(`${url}/actors/probe/p/actions/delay`, {
    method: "POST",
    headers: { "content-type": "application/json" },
  });
  for (let round = 0; round < ROUNDS; round++) {
    for (const [name, side] of Object.entries(sides)) runs.get(name)!.push(await side());
  }
  const delay = await fetch(`${url}/actors/probe/p/actions/delay`, {
    method: "POST",
    headers: { "content-type": "application/json" },
  }).then((response) => response.json() as Promise<{ output: number }>);
  const bare = runs.get("bare loop, 256 writers")!;
  const relaxed = runs.get("relaxed, 256 sockets × 1")!;
  const ratios = (all: readonly Run[], to: readonly Run[]): string =>
    median(all.map(({ rate }, at) => rate / to[at]!.rate)).toFixed(2);
  console.log(`${"".padEnd(26)}  commits/s   p50 ms   p99 ms  to bare  to relaxed`);
  for (const [name, all] of runs) {
    const cells = [
      median(all.map(({ rate }) => rate))
        .toFixed(0)
        .padStart(10),
      median(all.map(({ p50 }) => p50))
        .toFixed(2)
        .padStart(8),
      median(all.map(({ p99 }) => p99))
        .toFixed(2)
        .padStart(8),
      ratios(all, bare).padStart(8),
      ratios(all, relaxed).padStart(11),
    ];
    console.log(`${name.padEnd(26)} ${cells.join(" ")}`);
  }
  console.log(`event-loop delay p99 of the server: ${delay.output.toFixed(1)} ms`);
} finally {
  child.kill();
}
