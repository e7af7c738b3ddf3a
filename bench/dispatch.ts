/**
 * What a message costs between the socket's frame and the socket's frame, without any socket: reading, gate, handler, result.
 * Beside it the floor: `JSON.parse` of the same frame and `JSON.stringify` of the same answer. One process, one turn each.
 * Not measured: sockets, disks, other actors.
 *
 * Run: npm run bench -- dispatch      (another tree: `node bench/dispatch.ts ../other/src`)
 */
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { mintToken, SECRET } from "./harness/credentials.ts";

const tree = resolve(process.argv[2] ?? new URL("../src", import.meta.url).pathname);
const load = (path: string) => import(pathToFileURL(`${tree}/${path}`).href);
const { actor, anyOf, bearer, party, setup, Visitor } = (await load(
  "index.node.ts",
)) as typeof import("../src/index.node.ts");
const { memory } = (await load("hosts/memory/host.ts")) as typeof import("../src/hosts/memory/host.ts");

const ROUNDS = 15;
const MESSAGES = 20_000;

const User = party("User", { auth: bearer({ secret: "AUTH_JWT_SECRET" }) });
const bench = actor({
  by: anyOf(User, Visitor),
  state: { calls: 0 },
  canInvoke: (c, invoke) => invoke.kind === "action" && invoke.name === "echo" && c.caller.party === "User",
  actions: { echo: (_c, text: string) => text },
});
const registry = setup({ use: { bench }, access: "strict" });
const edge = await registry.start(memory({ env: { AUTH_JWT_SECRET: SECRET } }));

let answered = 0;
const received: (string | Uint8Array)[] = [];
let deliver: (data: string) => void = () => {};
const upgrade = await edge.upgrade({
  method: "GET",
  path: "/actors/bench/one/connect",
  query: "",
  origin: "http://127.0.0.1",
  remoteAddress: "127.0.0.1",
  header: (name: string) => (name === "sec-websocket-protocol" ? "byward.v1" : null),
  headers: () => [],
  bytes: async () => new Uint8Array(),
  stream: () => null,
  signal: new AbortController().signal,
});
upgrade.serve({
  protocol: "byward.v1",
  bufferedAmount: 0,
  send: (data) => {
    answered += 1;
    if (received.length < 3) received.push(data);
  },
  close: (code, reason) => {
    throw new Error(`closed ${code} ${reason}`);
  },
  terminate: () => {},
  attach: (handlers) => {
    deliver = (data) => handlers.message(data);
  },
});
deliver(JSON.stringify({ t: "hello", token: await mintToken() }));
while (answered === 0) await new Promise(setImmediate);

const token = await mintToken();
const body = new TextEncoder().encode('["hello world"]');
const HEADERS: Readonly<Record<string, string>> = {
  authorization: `Bearer ${token}`,
  "content-type": "application/json",
  "content-length": String(body.length),
  host: "127.0.0.1",
};
/** One HTTP action without HTTP. */
const request = async (): Promise<void> => {
  const answer = await edge.handle({
    method: "POST",
    path: "/actors/bench/one/actions/echo",
    query: "",
    origin: "http://127.0.0.1",
    remoteAddress: "127.0.0.1",
    header: (name: string) => HEADERS[name] ?? null,
    headers: () => Object.entries(HEADERS),
    bytes: async () => body,
    stream: () => null,
    signal,
  });
  if (answer.status !== 200) throw new Error(String(answer.body));
};
const { signal } = new AbortController();

let id = 0;
const message = (): string => JSON.stringify({ t: "action", id: ++id, name: "echo", args: ["hello world"] });
const cpuOf = async (work: () => Promise<void>): Promise<number> => {
  const start = process.hrtime.bigint();
  await work();
  return Number(process.hrtime.bigint() - start) / MESSAGES;
};
const ways: Readonly<Record<string, () => Promise<void>>> = {
  "one message a frame": async () => {
    for (let count = 0; count < MESSAGES; count++) {
      deliver(`{"t":"action","id":${++id},"name":"echo","args":["hello world"]}`);
      await undefined;
    }
  },
  "32 messages a frame": async () => {
    for (let count = 0; count < MESSAGES; count += 32) {
      deliver(`[${Array.from({ length: 32 }, message).join(",")}]`);
      await undefined;
    }
  },
  "HTTP action, bearer": async () => {
    for (let count = 0; count < MESSAGES; count++) await request();
  },
  "floor: JSON alone": async () => {
    for (let count = 0; count < MESSAGES; count++) {
      const read = JSON.parse(`{"t":"action","id":${++id},"name":"echo","args":["hello world"]}`);
      if (JSON.stringify({ t: "result", id: read.id, output: read.args[0] }).length < 10) throw new Error("floor");
      await undefined;
    }
  },
};
const taken: Record<string, number[]> = {};
for (let round = 0; round < ROUNDS; round++) {
  for (const [name, work] of Object.entries(ways)) {
    taken[name] ??= [];
    taken[name].push(await cpuOf(work));
  }
}
for (const [name, values] of Object.entries(taken)) {
  values.sort((a, b) => a - b);
  console.log(`${name.padEnd(24)} ${values[3]!.toFixed(0).padStart(6)} ns a message (median ${values[7]!.toFixed(0)})`);
}
await registry.close();
