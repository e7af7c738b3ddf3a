/**
 * A data directory with 100,000 actors of 200 bytes: from process start to the first reply, beside a process that only
 * starts Node and imports the server; and the memory the sleeping actors take, as the difference to an empty directory.
 *
 * node bench/cold.ts [--actors 100000] [--rounds 3]
 */
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { SqliteStore } from "../src/hosts/node/store/sqlite-store.ts";

const { values: flags } = parseArgs({
  options: { actors: { type: "string", default: "100000" }, rounds: { type: "string", default: "3" } },
});
const ACTORS = Number(flags.actors);
const SERVER = fileURLToPath(new URL("./durable-server.ts", import.meta.url));
const full = mkdtempSync(join(tmpdir(), "byward-cold-"));
const empty = mkdtempSync(join(tmpdir(), "byward-cold-"));
process.on("exit", () => {
  for (const directory of [full, empty]) rmSync(directory, { recursive: true, force: true });
});

const keyOf = (at: number): string => `actor-${String(at).padStart(8, "0")}`;
const state = JSON.stringify({ n: 1, text: "x".repeat(170) });

async function prefill(directory: string, count: number): Promise<void> {
  const store = await SqliteStore.open({ directory });
  for (let from = 0; from < count; from += 2000) {
    await Promise.all(
      Array.from({ length: Math.min(2000, count - from) }, (_, index) => {
        const meta = { id: `i${from + index}`, createdAt: 1, version: 1, nextQueueId: 1, running: false };
        return store.commit({ actor: { name: "durable", key: keyOf(from + index) }, mode: "create", meta, state });
      }),
    );
    process.stderr.write(`\rprefilled ${from + 2000} of ${count}`);
  }
  process.stderr.write("\n");
  await store.close();
}

interface Start {
  readonly firstReply: number;
  readonly listening: number;
  readonly rss: number;
}

async function startOnce(directory: string): Promise<Start> {
  const started = performance.now();
  const child = spawn(process.execPath, [SERVER, directory], { stdio: ["ignore", "pipe", "inherit"] });
  const url = await new Promise<string>((resolve, reject) => {
    child.stdout.once("data", (chunk: Buffer) => resolve(chunk.toString().trim()));
    child.once("exit", (code) => reject(new Error(`the server ended with ${code}`)));
  });
  const listening = performance.now() - started;
  const reply = await fetch(`${url}/actors/durable/${keyOf(Math.floor(ACTORS / 2))}/actions/inc`, {
    method: "POST",
    headers: { "content-type": "application/json" },
  });
  if (reply.status !== 200) throw new Error(await reply.text());
  const firstReply = performance.now() - started;
  await new Promise((resolve) => setTimeout(resolve, 500));
  const rss = Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${child.pid}/status`, "utf8"))![1]) * 1024;
  child.kill("SIGKILL");
  await new Promise((resolve) => child.once("exit", resolve));
  return { firstReply, listening, rss };
}

const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!;

await prefill(full, ACTORS);
await prefill(empty, 0);
const runs: { full: Start; empty: Start }[] = [];
for (let round = 0; round < Number(flags.rounds); round++) {
  runs.push({ full: await startOnce(full), empty: await startOnce(empty) });
}
const of = (pick: (run: { full: Start; empty: Start }) => number): number => median(runs.map(pick));
console.log(`first reply, ${ACTORS} actors   ${of((run) => run.full.firstReply).toFixed(0)} ms after process start`);
console.log(`first reply, empty directory  ${of((run) => run.empty.firstReply).toFixed(0)} ms`);
console.log(`beyond process start          ${of((run) => run.full.firstReply - run.empty.listening).toFixed(0)} ms`);
console.log(`memory per sleeping actor     ${of((run) => (run.full.rss - run.empty.rss) / ACTORS).toFixed(1)} bytes`);
