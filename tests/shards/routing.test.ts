/** Where actors live, and how they are reached: over every transport, and by one another. One server for the file. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { createClient } from "../../src/client/index.ts";
import { WireSocket } from "../gate/server.ts";
import { type Anything, apart, call, startWorld, token, until, type World } from "./rig.ts";

let world: World;
let here: string;
let there: string;

beforeAll(async () => {
  world = await startWorld();
  ({ here, there } = await apart(world));
});
afterAll(() => world.close());

test("an actor lives in one thread, whoever calls it and by whatever way", async () => {
  const threads = new Map<number, number>();
  for (let at = 0; at < 40; at++) {
    const key = `lives-${at}`;
    const thread = await world.act(key, "thread");
    threads.set(thread, (threads.get(thread) ?? 0) + 1);
    const handle = world.client.node.getOrCreate(key);
    const id = await handle.resolve();
    const connection = handle.connect();
    const seen = await Promise.all([
      handle.thread(),
      connection.thread(),
      world.client.node.getForId(id).thread(),
      world.act(here, "ask", key, "thread"),
      world.act(there, "ask", key, "thread"),
      world.act(here, "askById", id),
    ]);
    expect(new Set(seen)).toEqual(new Set([thread]));
    expect(await world.act(key, "lives")).toEqual({ lives: 1, slept: 0 });
    await connection.dispose();
  }
  expect(threads.size).toBe(2);
  expect(Math.min(...threads.values())).toBeGreaterThan(5);
});

test("an id that nobody has, or another type's, is answered as an unknown key is", async () => {
  const get = { "byward-mode": "get" };
  const unknown = await fetch(`${world.url}/actors/node/@nobody-has-this/actions/thread`, {
    method: "POST",
    headers: { "content-type": "application/json", ...get },
    body: "[]",
  });
  const missing = await call(world.url, "never-made", "thread", [], get);
  expect([unknown.status, missing.status]).toEqual([404, 404]);
  const { code, group } = (await unknown.json()) as { code: string; group: string };
  expect({ code, group }).toEqual({ code: missing.body.code, group: missing.body.group });
  await expect(world.act(here, "askById", "nobody-has-this")).resolves.toMatchObject({ code: "internal_error" });
});

test("a call across threads carries the caller, for whom it acts, and nothing else", async () => {
  const seen = await world.act(here, "ask", there, "who");
  expect(seen).toEqual({
    party: "Caller",
    identity: `node/${here}`,
    behalf: null,
    thread: await world.act(there, "thread"),
  });
  const acting = await call(world.url, here, "ask", [there, "who"], { authorization: `Bearer ${await token("ada")}` });
  expect(acting.body).toMatchObject({ party: "Caller", identity: `node/${here}`, behalf: "ada" });
});

test("nothing that comes from outside passes for a call of another actor", async () => {
  const forged = await call(world.url, there, "who", [], {
    "x-byward-caller": JSON.stringify({ name: "node", key: [here] }),
    "byward-caller": `node/${here}`,
  });
  expect(forged.body).toMatchObject({ party: "Visitor" });
});

test("what a callee in another thread throws is the same error as in this one", async () => {
  for (const kind of ["user", "bug"]) {
    const answers = await Promise.all([
      world.act(here, "ask", here, "fail", kind),
      world.act(here, "ask", there, "fail", kind),
    ]);
    const [near, far] = answers.map(({ correlationId: _id, ...body }) => body);
    expect(far).toEqual(near);
    expect(JSON.stringify(far)).not.toContain("secret");
  }
});

test("what a visitor may not call does not run, in either thread", async () => {
  for (const key of [here, there]) {
    expect((await call(world.url, key, "secret")).status).toBe(403);
    const bearer = { authorization: `Bearer ${await token("ada")}` };
    expect((await call(world.url, key, "secret", [], bearer)).body).toBe("told");
    expect((await call(world.url, key, "secret", [], { authorization: "Bearer nonsense" })).status).toBe(401);
  }
});

test("messages, requests with bodies, connections and raw sockets cross threads", async () => {
  const thread = await world.act(there, "thread");
  expect(await world.act(here, "send", there, "task")).toEqual({
    status: "completed",
    response: `did task in ${thread}`,
  });
  for (const size of [0, 10, 300_000]) {
    expect(await world.act(here, "fetch", there, size)).toEqual({ status: 200, size, sum: size * 7 });
  }
  expect(await world.act(here, "listen", there)).toEqual([1, 2, 3]);
  expect(await world.act(here, "socket", there, "hello")).toBe(`${thread}:hello`);
});

test("services run in the main thread, call actors in any, and are called and sent to by them", async () => {
  expect(await (await fetch(`${world.url}/where`)).json()).toEqual({ main: true });
  for (const key of [here, there]) {
    const { who } = (await (await fetch(`${world.url}/ask/${key}`)).json()) as { who: { identity: string } };
    expect(who).toMatchObject({ party: "Caller", identity: "api" });
    expect(await world.act(key, "callService", 21)).toEqual({ value: 42, main: true });
    await world.act(key, "sendService", `from ${key}`);
  }
  await until(async () => (await world.act("notes", "notes")).length === 2, "both messages are handled");
});

test("pages of other origins are told so once", async () => {
  const allowed = await call(world.url, here, "thread", [], { origin: "https://page.example" });
  expect(allowed.headers.get("access-control-allow-origin")).toBe("https://page.example");
  const foreign = await call(world.url, here, "thread", [], { origin: "https://evil.example" });
  expect(foreign.headers.get("access-control-allow-origin")).toBeNull();
  const socket = await WireSocket.open(`${world.url}/actors/node/${there}/connect`, ["byward.v1"], {
    origin: "https://evil.example",
  });
  expect((await socket.closed).code).toBe(3003);
});

test("a large body streams up and a large answer streams down", async () => {
  const body = new Uint8Array(2_000_000).map((_, at) => at % 251);
  const echoed = await fetch(`${world.url}/actors/node/${there}/request/echo`, { method: "POST", body });
  expect(echoed.headers.get("x-path")).toBe("/echo");
  expect(new Uint8Array(await echoed.arrayBuffer())).toEqual(body);
  const drip = await fetch(`${world.url}/actors/node/${here}/request/drip?n=40`);
  expect((await drip.arrayBuffer()).byteLength).toBe(40 * 65_536);
});

test("a peer that goes away is gone for the handler too", async () => {
  const leaving = new AbortController();
  const asked = fetch(`${world.url}/actors/node/${there}/request/gone`, { signal: leaving.signal }).catch(() => null);
  await until(async () => (await world.act(there, "notes")).includes("asked"), "the handler is at work");
  leaving.abort();
  await asked;
  await until(async () => (await world.act(there, "notes")).includes("gone"), "the handler learns of it");
});

test("a shared socket reaches actors of both threads", async () => {
  const client = createClient(world.url, { multiplex: true }) as Anything;
  const connections = [here, there, here].map((key) => client.node.getOrCreate(key).connect());
  const threads = await Promise.all(connections.map((connection: Anything) => connection.thread()));
  expect(threads).toEqual(await Promise.all([here, there, here].map((key) => world.act(key, "thread"))));
  const byId = client.node.getForId(await client.node.getOrCreate(there).resolve()).connect();
  expect(await byId.thread()).toBe(threads[1]);
  await client.dispose();
});
