/**
 * What the durable decision log costs: WebSocket actions, pipelined, through the whole gate, to one server process that serves the
 * same actor with the log and without it; short rounds alternate in one run. Compared is the server's processor time for an
 * action, which a busy machine disturbs less than the clock; actions a second are printed beside it. Not measured: disks slower
 * than the page cache.
 *
 * Run: npm run bench -- decisions
 */
import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { SignJWT } from "jose";
import WebSocket from "ws";

const SECRET = "a-bench-secret-of-at-least-32-bytes!";
const ROUNDS = Number(process.env["ROUNDS"] ?? 24);
const ROUND_MS = 500;
const WINDOW = 64;

const server = fork(fileURLToPath(new URL("./decisions-server.ts", import.meta.url)), {
  env: { ...process.env, AUTH_JWT_SECRET: SECRET, BYWARD_LOG: "silent" },
});
const [urls] = (await once(server, "message")) as [{ readonly plain: string; readonly logged: string }];
const token = await new SignJWT({})
  .setProtectedHeader({ alg: "HS256", typ: "JWT" })
  .setSubject("alice")
  .setIssuedAt()
  .setExpirationTime("1h")
  .sign(new TextEncoder().encode(SECRET));

/** µs of processor time the server has used. */
async function cpu(): Promise<number> {
  server.send("cpu");
  const [usage] = (await once(server, "message")) as [NodeJS.CpuUsage];
  return usage.user + usage.system;
}

interface Round {
  readonly perSecond: number;
  /** µs of the server for one action. */
  readonly cost: number;
}

async function round(url: string): Promise<Round> {
  const ws = new WebSocket(`${url.replace("http", "ws")}/actors/bench/one/connect`, ["byward.v1"]);
  await new Promise((done, fail) => ws.once("open", done).once("error", fail));
  const ready = new Promise((done) => ws.once("message", done));
  ws.send(JSON.stringify({ t: "hello", token }));
  await ready;
  const before = await cpu();
  let id = 0;
  let finished = 0;
  const send = (): void => ws.send(JSON.stringify({ t: "action", id: ++id, name: "echo", args: ["hello world"] }));
  const started = performance.now();
  await new Promise<void>((done, fail) => {
    ws.on("error", fail);
    ws.on("message", (data) => {
      const frame = JSON.parse(String(data));
      const messages = Array.isArray(frame) ? frame : [frame];
      for (const message of messages) if (message.t === "error") fail(new Error(JSON.stringify(message)));
      finished += messages.length;
      if (performance.now() - started > ROUND_MS) done();
      else for (let count = 0; count < messages.length; count++) send();
    });
    for (let count = 0; count < WINDOW; count++) send();
  });
  const perSecond = (finished * 1000) / (performance.now() - started);
  const cost = ((await cpu()) - before) / finished;
  ws.terminate();
  return { perSecond, cost };
}

const median = (numbers: readonly number[]): number =>
  [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)]!;

const plain: Round[] = [];
const logged: Round[] = [];
await round(urls.plain);
await round(urls.logged);
for (let at = 0; at < ROUNDS; at++) {
  // Which goes first alternates, so that a drift of the machine favours neither.
  const order = at % 2 === 0 ? [plain, logged] : [logged, plain];
  for (const into of order) into.push(await round(into === plain ? urls.plain : urls.logged));
}
server.send("stop");
const show = (name: string, rounds: readonly Round[]): void =>
  console.log(
    `${name}  ${median(rounds.map(({ cost }) => cost)).toFixed(2)} µs of the server an action, ` +
      `${Math.round(median(rounds.map(({ perSecond }) => perSecond)))} actions/s`,
  );
show("without log", plain);
show("with log   ", logged);
const ratios = logged.map(({ cost }, at) => cost / plain[at]!.cost);
const throughput = logged.map(({ perSecond }, at) => perSecond / plain[at]!.perSecond);
console.log(
  `ratio        ${median(ratios).toFixed(3)} of processor time, ${median(throughput).toFixed(3)} of actions a second ` +
    `(medians of ${ROUNDS} pairs)`,
);
