/** Two runners of one registry on one engine: what is one host to its callers, and what is out of their reach. */
import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { actor, anyOf, bearer, Caller, party, service, setup, Visitor } from "byward";
import { createClient } from "byward/client";
import { type Engine, launchEngine, type RivetServed, serveOnRivet } from "byward/rivet";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import WebSocket from "ws";
import { mintBearer } from "../../src/boundary/mint.ts";
import { isAlive } from "./cluster.ts";
import { engineBinary, loadKit } from "./kit.ts";

const SECRET = "rivet-runners-secret-of-48-characters-0000000000";
const User = party("User", { auth: bearer({ secret: async () => SECRET }) });
const consumed: string[] = [];
const ticks: number[] = [];

const mail = service({
  queues: {
    jobs: {
      handle: (_c, message: { readonly body: unknown }) => {
        consumed.push(String(message.body));
      },
    },
  },
  crons: {
    tick: {
      schedule: "* * * * * *",
      handle: (c: { readonly scheduledAt: number }) => {
        ticks.push(Number(c.scheduledAt));
      },
    },
  },
});

const counter = actor({
  by: anyOf(User, Caller, Visitor),
  state: { count: 0, text: "" },
  actions: {
    next: (c) => ++c.state.count,
    who: (c) => c.caller.party,
    fill: (c, size: number) => {
      c.state.text = "0123456789".repeat(size / 10);
    },
    length: (c) => c.state.text.length,
    echo: (_c, text: string) => text,
    ask: (c, key: string) => c.client().getOrCreate("counter", key).action({ name: "who" }),
  },
  onRequest: async (_c, request) =>
    request.method === "PUT" ? new Response(await request.arrayBuffer()) : Response.json([...request.headers]),
});

const registryOf = () => setup({ use: { counter }, services: { mail }, limits: { maxIncomingMessageSize: 400_000 } });

let engine: Engine;
let dataDir: string;
let runners: { readonly registry: ReturnType<typeof registryOf>; readonly served: RivetServed }[];

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), "byward-rivet-"));
  engine = await launchEngine({ dataDir, port: 0, binary: engineBinary });
  const rivetkit = await loadKit();
  runners = [];
  for (let count = 0; count < 2; count++) {
    const registry = registryOf();
    runners.push({ registry, served: await serveOnRivet(registry, { ...engine, rivetkit, port: 0, lease: 10_000 }) });
  }
});

afterAll(async () => {
  await Promise.all(runners.map(({ served }) => served.close()));
  await engine.close();
  await rm(dataDir, { recursive: true, force: true });
  expect(isAlive(engine.pid)).toBe(false);
});

const token = (sub: string): Promise<string> =>
  mintBearer({ secret: SECRET, subject: sub, now: Date.now(), expiresIn: 3600, claims: {} });

const clientOf = (index: number, given?: string) =>
  createClient<ReturnType<typeof registryOf>>(runners[index]!.served.url, given === undefined ? {} : { token: given });

test("either runner leads to the same actor, by key and by id", async () => {
  const [one, two] = [clientOf(0), clientOf(1)];
  const id = await one.counter.getOrCreate("shared").resolve();
  expect(await one.counter.get("shared").next()).toBe(1);
  expect(await two.counter.get("shared").next()).toBe(2);
  expect(await two.counter.getForId(id).next()).toBe(3);
  await expect(two.counter.getForId(`${id.slice(0, -4)}beef`).next()).rejects.toMatchObject({ code: "not_found" });
  await expect(two.counter.getForId("nothing-at-all").next()).rejects.toMatchObject({ code: "not_found" });
  const [first = "", ...others] = id;
  const nowhere = [first === "0" ? "1" : "0", ...others].join("");
  await expect(two.counter.getForId(nowhere).next()).rejects.toMatchObject({ code: "not_found" });
});

test("actors of both runners call each other as Caller, whatever a header claims", async () => {
  const keys = Array.from({ length: 6 }, (_, index) => `asked${index}`);
  const parties = await Promise.all(keys.map((key) => clientOf(0).counter.getOrCreate("asking").ask(key)));
  expect(new Set(parties)).toEqual(new Set(["Caller"]));
  const response = await fetch(`${runners[1]!.served.url}/actors/counter/asked0/actions/who`, {
    method: "POST",
    headers: { "content-type": "application/json", "x-byward-caller": "counter", internal: '["action"]' },
    body: "[]",
  });
  expect(await response.json()).toEqual({ output: "Visitor" });
});

test("headers by which a host might speak to itself do not get in", async () => {
  const url = `${runners[0]!.served.url}/actors/counter/headers/request/x`;
  const headers = new Map(
    (await (await fetch(url, { headers: { "x-byward-caller": "me", "x-mine": "1" } })).json()) as [],
  );
  expect(headers.get("x-mine")).toBe("1");
  expect([...headers.keys()].filter((name) => String(name).startsWith("x-byward"))).toEqual([]);
});

test("a revocation on one runner closes connections of both, and holds on both", async () => {
  const given = await token("ada");
  const clients = [clientOf(0, given), clientOf(1, given)];
  const connections = clients.map((client, index) => client.counter.getOrCreate(`held${index}`).connect());
  const told: string[] = [];
  for (const connection of connections) {
    connection.onError(({ code }) => void told.push(code));
    expect(await connection.who()).toBe("User");
  }
  const started = performance.now();
  const { closed } = await runners[0]!.registry.revoke({ party: "User", identity: "ada" });
  // Less than the lease, which is what waiting for a runner that is gone takes.
  expect(performance.now() - started).toBeLessThan(9000);
  expect(new Set(closed.map(({ key }) => key))).toEqual(new Set(["held0", "held1"]));
  for (const client of clients) {
    await expect(client.counter.get("held0").next()).rejects.toMatchObject({ code: "unauthenticated" });
  }
  await expect.poll(() => told.length).toBeGreaterThan(1);
  await Promise.all(clients.map((client) => client.dispose()));
});

test("an epoch raised on one runner is in force on both when it resolves", async () => {
  const before = await runners[1]!.registry.bumpEpoch();
  expect(await runners[0]!.registry.bumpEpoch()).toBe(before + 1);
});

test("who reaches the engine's gateway reaches no actor without the runners' secret", async () => {
  await clientOf(0).counter.getOrCreate("guarded").next();
  const query =
    "rvt-namespace=default&rvt-method=getOrCreate&rvt-runner=default&rvt-key=counter%3Aguarded&rvt-crash-policy=sleep";
  const gateway = `${engine.endpoint}/gateway/byward`;
  expect(
    (await fetch(`${gateway}/request/actors/counter/guarded/actions/next?${query}`, { method: "POST" })).status,
  ).toBeGreaterThanOrEqual(400);
  for (const first of [JSON.stringify({ v: 1, at: Date.now(), nonce: "x", mac: "AAAA" }), "nonsense"]) {
    const socket = new WebSocket(`${gateway.replace("http", "ws")}/websocket/tunnel?${query}`, ["rivet"]);
    const heard: string[] = [];
    socket.on("open", () => socket.send(first));
    socket.on("message", (data) => heard.push(data.toString()));
    const code = await new Promise((done) => socket.once("close", done));
    expect([code, heard]).toEqual([3003, []]);
  }
  expect(await clientOf(1).counter.get("guarded").next()).toBe(2);
});

test("a credential that proves nobody makes nothing at the engine", async () => {
  const bad = clientOf(0, "not-a-token");
  await expect(bad.counter.getOrCreate("never-made").next()).rejects.toMatchObject({ code: "unauthenticated" });
  const response = await fetch(`${engine.endpoint}/actors?namespace=default&name=byward&limit=100`, {
    headers: { authorization: `Bearer ${engine.token}` },
  });
  const { actors } = (await response.json()) as { readonly actors: readonly { readonly key: string }[] };
  expect(actors.map(({ key }) => key)).not.toContain("counter:never-made");
});

test("states, frames and bodies beyond what the engine documents for a message or a commit come through whole", async () => {
  const handle = clientOf(0).counter.getOrCreate("large");
  await handle.fill(3_000_000);
  expect(await clientOf(1).counter.get("large").length()).toBe(3_000_000);
  const text = "ü".repeat(150_000);
  const connection = clientOf(1).counter.get("large").connect();
  expect((await connection.echo(text)) === text).toBe(true);
  const bytes = randomBytes(60_000).toString("hex").repeat(20);
  const url = `${runners[0]!.served.url}/actors/counter/large/request/x`;
  expect((await (await fetch(url, { method: "PUT", body: bytes })).text()) === bytes).toBe(true);
  await connection.dispose();
});

test("a message of a service's queue is handled once, whichever runner sent it", async () => {
  for (const [index, { registry }] of runners.entries()) {
    for (const id of ["a", "b"]) await registry.send(mail.queues.jobs, `${id}${index}`, { id: `${id}${index}` });
  }
  const again = await runners[0]!.registry.send(mail.queues.jobs, "a1", { id: "a1" });
  expect(again.duplicate).toBe(true);
  await expect.poll(() => [...consumed].sort()).toEqual(["a0", "a1", "b0", "b1"]);
});

test("a cron of a service runs once for both runners", async () => {
  await expect.poll(() => ticks.length).toBeGreaterThan(2);
  expect(ticks.length).toBe(new Set(ticks.map((at) => Math.round(at / 1000))).size);
});

test("the engine asks for its token, listens on loopback alone, and has no backtraces switched on", async () => {
  expect((await fetch(`${engine.endpoint}/actors?namespace=default&name=byward`)).status).toBeGreaterThanOrEqual(400);
  const environment = await readFile(`/proc/${engine.pid}/environ`, "utf8");
  expect(environment).not.toContain("RUST_BACKTRACE");
  expect(environment).toContain("RIVET__TELEMETRY__ENABLED=false");
  for (const name of ["GUARD", "API_PEER", "METRICS"]) expect(environment).toContain(`RIVET__${name}__HOST=127.0.0.1`);
});

test("an engine does not outlive who launched it, not even when that is killed", async () => {
  const folder = await mkdtemp(join(tmpdir(), "byward-rivet-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const entry = fileURLToPath(new URL("./launching.ts", import.meta.url));
  const child = spawn(process.execPath, [entry, folder], { stdio: ["ignore", "pipe", "ignore"] });
  const line = await new Promise<Buffer>((done) => child.stdout.once("data", done));
  const { pid } = JSON.parse(line.toString()) as { readonly pid: number };
  expect(isAlive(pid)).toBe(true);
  expect(await readFile(`/proc/${pid}/environ`, "utf8")).not.toContain("RUST_BACKTRACE");
  child.kill("SIGKILL");
  for (let waited = 0; isAlive(pid) && waited < 40_000; waited += 100) await sleep(100);
  expect(isAlive(pid)).toBe(false);
});
