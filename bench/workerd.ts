/**
 * What runtime and gate cost on Durable Objects: WebSocket action round trips on the raw `workerd` against a Durable Object
 * written by hand that does the same work. Both processes run; rounds alternate; ratios are what counts. The processor time
 * of each round trip is shown beside: on a busy machine rates vary by multiples, that does not. Not measured: Cloudflare's
 * network and the replication of its disks.
 *
 * Run: npm run bench -- workerd
 */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { SignJWT } from "jose";
import WebSocket from "ws";
import { hasWorkerd, startWorker, type Workerd } from "../tests/cloudflare/workerd.ts";

const SECRET = "a-bench-secret-of-at-least-32-bytes!";
const ROUNDS = Number(process.env["BYWARD_ROUNDS"] ?? 7);
const ROUND_MS = 1000;
/** What is promised of the round trips at 32 in flight. */
const TARGET = 0.85;

const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

/** Processor time of a process so far, ms. Linux counts in ticks of 10 ms. */
function processorTime({ child }: Workerd): number {
  const fields = readFileSync(`/proc/${child.pid}/stat`, "utf8").split(") ")[1]!.split(" ");
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

interface Round {
  /** Round trips a second. */
  readonly rate: number;
  readonly count: number;
  /** ms of the server's processor. */
  readonly processor: number;
}

/** Round trips with `window` in flight on one connection. */
async function measure(workerd: Workerd, token: string, window: number, name: string): Promise<Round> {
  const ws = new WebSocket(`${workerd.url.replace("http", "ws")}/actors/bench/one/connect`, ["byward.v1"]);
  await new Promise((resolve, reject) => ws.once("open", resolve).once("error", reject));
  const ready = new Promise((resolve) => ws.once("message", resolve));
  ws.send(JSON.stringify({ t: "hello", token }));
  await ready;
  let id = 0;
  let done = 0;
  const args = name === "echo" ? ["hello world"] : [];
  const next = (): void => ws.send(JSON.stringify({ t: "action", id: ++id, name, args }));
  const before = processorTime(workerd);
  const started = performance.now();
  await new Promise<void>((resolve, reject) => {
    ws.on("close", () => reject(new Error("the connection ended")));
    ws.on("message", (data) => {
      const frame = JSON.parse(data.toString());
      const messages = Array.isArray(frame) ? frame : [frame];
      for (const message of messages) {
        if (message.t === "error") reject(new Error(JSON.stringify(message)));
        done += 1;
      }
      if (performance.now() - started > ROUND_MS) resolve();
      else for (let count = 0; count < messages.length; count++) next();
    });
    for (let count = 0; count < window; count++) next();
  });
  const rate = (done * 1000) / (performance.now() - started);
  const processor = processorTime(workerd) - before;
  ws.removeAllListeners("close");
  ws.terminate();
  return { rate, count: done, processor };
}

/** µs of the server's processor for a round trip. */
function cost(rounds: readonly Round[]): number {
  const total = (of: (round: Round) => number): number => rounds.reduce((sum, round) => sum + of(round), 0);
  return (total(({ processor }) => processor) * 1000) / total(({ count }) => count);
}

const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!;

async function run(): Promise<void> {
  const token = await new SignJWT({})
    .setProtectedHeader({ alg: "HS256", typ: "JWT" })
    .setSubject("alice")
    .setIssuedAt()
    .setExpirationTime("1h")
    .sign(new TextEncoder().encode(SECRET));
  const env = { AUTH_JWT_SECRET: SECRET };
  const byward = await startWorker({ entry: here("workerd-byward-server.ts"), env });
  const object = await startWorker({ entry: here("workerd-object-server.ts"), env });
  try {
    console.log(`${"".padEnd(43)} byward by hand`);
    for (const name of ["echo", "next"]) {
      for (const window of [1, 32]) {
        const mine: Round[] = [];
        const theirs: Round[] = [];
        await measure(byward, token, window, name);
        await measure(object, token, window, name);
        for (let round = 0; round < ROUNDS; round++) {
          mine.push(await measure(byward, token, window, name));
          theirs.push(await measure(object, token, window, name));
        }
        const ratios = mine.map(({ rate }, index) => rate / theirs[index]!.rate);
        const ratio = median(ratios);
        const title = `${name === "echo" ? "ws action" : "ws action that counts, durable"}, ${window} in flight`;
        const verdict = window < 32 ? "" : ratio >= TARGET ? "  (target met)" : `  (target ${TARGET} missed)`;
        const spread = `${Math.min(...ratios).toFixed(2)}–${Math.max(...ratios).toFixed(2)}`;
        const rates = [mine, theirs].map((rounds) =>
          median(rounds.map(({ rate }) => rate))
            .toFixed(0)
            .padStart(7),
        );
        console.log(`${title.padEnd(42)} ${rates.join(" ")} rt/s   ratio ${ratio.toFixed(2)}  (${spread})${verdict}`);
        const costs = [cost(mine), cost(theirs)];
        const shown = costs.map((micros) => micros.toFixed(0).padStart(7)).join(" ");
        console.log(`${"".padEnd(42)} ${shown} µs     ${(costs[1]! / costs[0]!).toFixed(2)} of the processor`);
      }
    }
  } finally {
    await byward.stop();
    await object.stop();
  }
}

if (hasWorkerd) await run();
else console.log("no workerd on this platform");
