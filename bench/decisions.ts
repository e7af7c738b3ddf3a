/**
 * What the durable decision log and telemetry cost: WebSocket actions, pipelined, through the whole gate, to one server process that
 * serves the same actor with either and with none; short rounds alternate in one run. Compared is the server's processor time for an
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
const [urls] = (await once(server, "message")) as [Readonly<Record<"plain" | "logged" | "counted", string>>];
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

type Kind = keyof typeof urls;
const kinds: readonly Kind[] = ["plain", "logged", "counted"];
const rounds: Record<Kind, Round[]> = { plain: [], logged: [], counted: [] };
for (const kind of kinds) await round(urls[kind]);
for (let at = 0; at < ROUNDS; at++) {
  // Which goes first changes, so that a drift of the machine favours none.
  for (let place = 0; place < kinds.length; place++) {
    const kind = kinds[(at + place) % kinds.length]!;
    rounds[kind].push(await round(urls[kind]));
  }
}
server.send("stop");
const titles: Readonly<Record<Kind, string>> = { plain: "no sink  ", logged: "log      ", counted: "telemetry" };
for (const kind of kinds) {
  const cost = median(rounds[kind].map((one) => one.cost)).toFixed(2);
  const perSecond = Math.round(median(rounds[kind].map((one) => one.perSecond)));
  const ratio = (of: keyof Round) => median(rounds[kind].map((one, at) => one[of] / rounds.plain[at]![of])).toFixed(3);
  console.log(
    `${titles[kind]}  ${cost} µs of the server an action, ${perSecond} actions/s; of no sink's: ` +
      `${ratio("cost")} of processor time, ${ratio("perSecond")} of actions a second (medians of ${ROUNDS})`,
  );
}
