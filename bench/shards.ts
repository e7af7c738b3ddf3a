/**
 * What threads give and cost: `serve({ workers })` with 1 and with 2, a heavy action (about 1 ms of a processor) and a
 * trivial one, over WebSockets to many actors. Rounds alternate; ratios are what counts. The client is one process and wants a
 * processor too: on two processors the heavy ratio stays below 2, on a busy machine it may be below 1.
 * Not measured: disks (actions change nothing), TLS, several client processes.
 *
 * Run: npm run bench -- shards
 */
import { type ChildProcess, spawn } from "node:child_process";
import { availableParallelism, loadavg } from "node:os";
import { fileURLToPath } from "node:url";
import WebSocket from "ws";

const SERVER = fileURLToPath(new URL("./shards-servers.ts", import.meta.url));
const ROUNDS = 5;
const ROUND_MS = 1500;
const CONNECTIONS = 16;
const HEAVY_HASHES = 500;

interface Server {
  readonly child: ChildProcess;
  readonly url: string;
}

async function start(workers: number): Promise<Server> {
  const child = spawn(process.execPath, [SERVER, String(workers)], { stdio: ["ignore", "pipe", "inherit"] });
  const url = await new Promise<string>((resolve, reject) => {
    child.stdout!.once("data", (chunk: Buffer) => resolve(chunk.toString().trim()));
    child.once("exit", (code) => reject(new Error(`the server ended with ${code}`)));
  });
  return { child, url };
}

interface Work {
  readonly name: string;
  readonly action: string;
  readonly args: readonly unknown[];
  readonly connections: number;
  /** Calls in flight on each connection. */
  readonly window: number;
}

/** Actions a second over all connections, each to an actor of its own; and the median time of one, ms. */
async function measure(url: string, work: Work): Promise<{ readonly rate: number; readonly median: number }> {
  const times: number[] = [];
  const started = performance.now();
  await Promise.all(Array.from({ length: work.connections }, (_, at) => drive(url, `k${at}`, work, times)));
  times.sort((a, b) => a - b);
  const rate = (times.length / (performance.now() - started)) * 1000;
  return { rate, median: times[times.length >> 1]! };
}

async function drive(url: string, key: string, { action, args, window }: Work, times: number[]): Promise<void> {
  const ws = new WebSocket(`${url.replace("http", "ws")}/actors/bench/${key}/connect`, ["byward.v1"]);
  await new Promise((resolve, reject) => {
    ws.once("open", resolve);
    ws.once("error", reject);
  });
  const ready = new Promise((resolve) => ws.once("message", resolve));
  ws.send(JSON.stringify({ t: "hello" }));
  await ready;
  const sentAt = new Map<number, number>();
  let id = 0;
  const next = (): void => {
    sentAt.set(++id, performance.now());
    ws.send(JSON.stringify({ t: "action", id, name: action, args }));
  };
  const until = performance.now() + ROUND_MS;
  await new Promise<void>((resolve, reject) => {
    ws.on("error", reject);
    ws.on("message", (data) => {
      const frame = JSON.parse(data.toString());
      for (const message of Array.isArray(frame) ? frame : [frame]) {
        if (message.t !== "result") reject(new Error(JSON.stringify(message)));
        times.push(performance.now() - sentAt.get(message.id)!);
        sentAt.delete(message.id);
        if (performance.now() < until) next();
        else if (sentAt.size === 0) resolve();
      }
    });
    for (let count = 0; count < window; count++) next();
  });
  ws.terminate();
}

const WORKS: readonly Work[] = [
  { name: "heavy, 16 actors", action: "heavy", args: [HEAVY_HASHES], connections: CONNECTIONS, window: 2 },
  {
    name: "trivial, 16 actors, 8 in flight each",
    action: "echo",
    args: ["hello"],
    connections: CONNECTIONS,
    window: 8,
  },
  { name: "trivial, one at a time", action: "echo", args: ["hello"], connections: 1, window: 1 },
];

const middle = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1]!;
const spread = (values: readonly number[]): string =>
  `${Math.min(...values).toFixed(2)}–${Math.max(...values).toFixed(2)}`;

const [one, two] = [await start(1), await start(2)];
try {
  console.log(
    `${availableParallelism()} processors, load ${loadavg()[0]!.toFixed(1)}, ${ROUNDS} rounds of ${ROUND_MS} ms`,
  );
  for (const work of WORKS) {
    for (const server of [one, two]) await measure(server.url, work);
    const ratios: number[] = [];
    const rates: [number[], number[]] = [[], []];
    const medians: [number[], number[]] = [[], []];
    for (let round = 0; round < ROUNDS; round++) {
      const alone = await measure(one.url, work);
      const spreadOut = await measure(two.url, work);
      for (const [at, { rate, median }] of [alone, spreadOut].entries()) {
        rates[at]!.push(rate);
        medians[at]!.push(median);
      }
      ratios.push(spreadOut.rate / alone.rate);
    }
    const show = (at: 0 | 1): string =>
      `${middle(rates[at]).toFixed(0)}/s (median ${middle(medians[at]).toFixed(2)} ms)`;
    console.log(
      `${work.name}: 1 thread ${show(0)}, 2 threads ${show(1)}, ratio ${middle(ratios).toFixed(2)} (${spread(ratios)})`,
    );
  }
} finally {
  one.child.kill("SIGKILL");
  two.child.kill("SIGKILL");
}
