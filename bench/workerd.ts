/**
 * What runtime and gate cost on Durable Objects: WebSocket action round trips on the raw `workerd` against a Durable Object
 * written by hand that does the same work. Both processes run; rounds alternate; ratios are what counts. Not measured:
 * Cloudflare's network and the replication of its disks.
 *
 * Run: npm run bench -- workerd
 */
import { fileURLToPath } from "node:url";
import { SignJWT } from "jose";
import WebSocket from "ws";
import { hasWorkerd, startWorker } from "../tests/cloudflare/workerd.ts";

const SECRET = "a-bench-secret-of-at-least-32-bytes!";
const ROUNDS = Number(process.env["BYWARD_ROUNDS"] ?? 7);
const ROUND_MS = 1000;
/** What is promised of the round trips at 32 in flight. */
const TARGET = 0.85;

const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

/** Round trips a second with `window` in flight on one connection. */
async function rate(url: string, token: string, window: number, name: string): Promise<number> {
  const ws = new WebSocket(`${url.replace("http", "ws")}/actors/bench/one/connect`, ["byward.v1"]);
  await new Promise((resolve, reject) => ws.once("open", resolve).once("error", reject));
  const ready = new Promise((resolve) => ws.once("message", resolve));
  ws.send(JSON.stringify({ t: "hello", token }));
  await ready;
  let id = 0;
  let done = 0;
  const args = name === "echo" ? ["hello world"] : [];
  const next = (): void => ws.send(JSON.stringify({ t: "action", id: ++id, name, args }));
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
  const result = (done * 1000) / (performance.now() - started);
  ws.removeAllListeners("close");
  ws.terminate();
  return result;
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
    console.log(`${"".padEnd(36)}  byward  by hand`);
    for (const name of ["echo", "next"]) {
      for (const window of [1, 32]) {
        const mine: number[] = [];
        const theirs: number[] = [];
        await rate(byward.url, token, window, name);
        await rate(object.url, token, window, name);
        for (let round = 0; round < ROUNDS; round++) {
          mine.push(await rate(byward.url, token, window, name));
          theirs.push(await rate(object.url, token, window, name));
        }
        const ratios = mine.map((value, index) => value / theirs[index]!);
        const ratio = median(ratios);
        const title = `${name === "echo" ? "ws action" : "ws action that counts, durable"}, ${window} in flight`;
        const verdict = window < 32 ? "" : ratio >= TARGET ? "  (target met)" : `  (target ${TARGET} missed)`;
        const spread = `${Math.min(...ratios).toFixed(2)}–${Math.max(...ratios).toFixed(2)}`;
        console.log(
          `${title.padEnd(42)} ${median(mine).toFixed(0).padStart(7)} ${median(theirs).toFixed(0).padStart(7)} rt/s   ratio ${ratio.toFixed(2)}  (${spread})${verdict}`,
        );
      }
    }
  } finally {
    await byward.stop();
    await object.stop();
  }
}

if (hasWorkerd) await run();
else console.log("no workerd on this platform");
