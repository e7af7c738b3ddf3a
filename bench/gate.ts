/**
 * A first look at the gate's cost: WebSocket action round trips against a bare `ws` echo of the same JSON, HTTP action
 * against a bare `node:http` handler. Servers are processes of their own; rounds alternate; ratios are what counts.
 * Not measured: disks (memory host), TLS, more than one client process.
 *
 * Run: npm run bench -- gate
 */
import { type ChildProcess, spawn } from "node:child_process";
import { Agent, request } from "node:http";
import { fileURLToPath } from "node:url";
import { SignJWT } from "jose";
import WebSocket from "ws";

const SECRET = "a-bench-secret-of-at-least-32-bytes!";
const SERVERS = fileURLToPath(new URL("./gate-servers.ts", import.meta.url));
const ROUNDS = 5;
const ROUND_MS = 1500;

async function startServer(kind: string): Promise<{ child: ChildProcess; url: string }> {
  const child = spawn(process.execPath, [SERVERS, kind], {
    stdio: ["ignore", "pipe", "inherit"],
    env: { ...process.env, AUTH_JWT_SECRET: SECRET },
  });
  const url = await new Promise<string>((resolve, reject) => {
    child.stdout!.once("data", (chunk: Buffer) => resolve(chunk.toString().trim()));
    child.once("exit", (code) => reject(new Error(`${kind} ended with ${code}`)));
  });
  return { child, url };
}

/** Round trips a second with `window` in flight on one connection. */
async function webSocketRate(url: string, token: string, window: number, isEcho: boolean): Promise<number> {
  const ws = new WebSocket(`${url.replace("http", "ws")}/actors/bench/one/connect`, ["byward.v1"]);
  await new Promise((resolve, reject) => {
    ws.once("open", resolve);
    ws.once("error", reject);
  });
  let id = 0;
  let done = 0;
  const next = (): void => ws.send(JSON.stringify({ t: "action", id: ++id, name: "echo", args: ["hello world"] }));
  if (!isEcho) {
    const ready = new Promise((resolve) => ws.once("message", resolve));
    ws.send(JSON.stringify({ t: "hello", token }));
    await ready;
  }
  const started = performance.now();
  await new Promise<void>((resolve, reject) => {
    ws.on("error", reject);
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
  ws.terminate();
  return rate;
}

/** Requests a second over 16 kept-alive connections. */
async function httpRate(url: string, token: string): Promise<number> {
  const agent = new Agent({ keepAlive: true, maxSockets: 16 });
  const body = JSON.stringify(["hello world"]);
  const { hostname, port } = new URL(url);
  const options = {
    agent,
    hostname,
    port,
    path: "/actors/bench/one/actions/echo",
    method: "POST",
    headers: { "content-type": "application/json", "content-length": body.length, authorization: `Bearer ${token}` },
  };
  let done = 0;
  const started = performance.now();
  const worker = async (): Promise<void> => {
    while (performance.now() - started < ROUND_MS) {
      await new Promise<void>((resolve, reject) => {
        const call = request(options, (response) => {
          let text = "";
          response.on("data", (chunk) => {
            text += chunk;
          });
          response.on("end", () => {
            if (response.statusCode !== 200) reject(new Error(`${response.statusCode} ${text}`));
            done += 1;
            resolve();
          });
        });
        call.on("error", reject);
        call.end(body);
      });
    }
  };
  await Promise.all(Array.from({ length: 16 }, worker));
  agent.destroy();
  return (done * 1000) / (performance.now() - started);
}

const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!;

async function compare(
  title: string,
  ours: () => Promise<number>,
  reference: () => Promise<number>,
  unit: string,
): Promise<void> {
  await ours();
  await reference();
  const mine: number[] = [];
  const theirs: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    mine.push(await ours());
    theirs.push(await reference());
  }
  const ratios = mine.map((value, index) => value / theirs[index]!);
  const show = (value: number): string => value.toFixed(0).padStart(8);
  console.log(
    `${title.padEnd(44)} ${show(median(mine))} ${show(median(theirs))} ${unit}   ratio ${median(ratios).toFixed(2)}  (${Math.min(...ratios).toFixed(2)}–${Math.max(...ratios).toFixed(2)})`,
  );
}

const token = await new SignJWT({})
  .setProtectedHeader({ alg: "HS256", typ: "JWT" })
  .setSubject("alice")
  .setIssuedAt()
  .setExpirationTime("1h")
  .sign(new TextEncoder().encode(SECRET));

const byward = await startServer("byward");
const echo = await startServer("echo");
const http = await startServer("http");
try {
  console.log(`${"".padEnd(44)}  byward     bare`);
  for (const window of [1, 32]) {
    await compare(
      `ws action, ${window} in flight / ws echo`,
      () => webSocketRate(byward.url, token, window, false),
      () => webSocketRate(echo.url, token, window, true),
      "rt/s",
    );
  }
  await compare(
    "HTTP action, bearer / node:http",
    () => httpRate(byward.url, token),
    () => httpRate(http.url, token),
    "req/s",
  );
} finally {
  for (const { child } of [byward, echo, http]) child.kill();
}
