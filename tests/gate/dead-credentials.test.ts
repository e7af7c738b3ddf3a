/**
 * Credentials that die between the gate's first look and the handler, and what is said of dead ones. Each of these was found by
 * the model of the gate (`tests/model`).
 */
import { actor, anyOf, bearer, Caller, event, hasClaim, party, queue, refine, setup, Visitor } from "byward";
import { expect, test } from "vitest";
import { declaredMatrix } from "../../src/access/matrix.ts";
import type { InboundRequest } from "../../src/hosts/port.ts";
import { type Virtual, virtual } from "./virtual.ts";

const User = party("User", { auth: bearer({ secret: "AUTH_JWT_SECRET" }) });
const Admin = refine("Admin", User, hasClaim("admin"));

let ran: string[] = [];
/** What a hook or a decision waits for, in virtual ms. */
let wait: ((ms: number) => Promise<void>) | null = null;
const slowly = async (): Promise<void> => wait?.(50);

interface Slow {
  readonly canInvoke?: boolean;
  readonly onBeforeConnect?: boolean;
  readonly onCreate?: boolean;
}

async function worldOf(slow: Slow = {}, skew = 0): Promise<Virtual> {
  ran = [];
  const room = actor({
    by: anyOf(User, Visitor),
    state: { n: 0 },
    events: { news: event<number>(), direct: event<number>() },
    queues: { jobs: queue<number>() },
    guards: { actions: { ban: { by: Admin } } },
    ...(slow.canInvoke ? { canInvoke: () => slowly().then(() => true) } : {}),
    ...(slow.onBeforeConnect ? { onBeforeConnect: slowly } : {}),
    onCreate: async () => {
      if (slow.onCreate) await slowly();
    },
    onConnect: () => void ran.push("onConnect"),
    actions: {
      act: (c) => {
        ran.push("act");
        c.state.n += 1;
        c.broadcast("news", c.state.n);
        for (const conn of c.conns.values()) conn.send("direct", c.state.n);
      },
      ban: () => void ran.push("ban"),
    },
  });
  const world = await virtual(setup({ skew, use: { room } }));
  wait = (ms) => new Promise((resolve) => void world.clock.after(ms, resolve));
  return world;
}

const post = (token: string): RequestInit => ({
  method: "POST",
  headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
  body: "[]",
});

/** Settles a call while virtual time passes. */
async function during<T>(world: Virtual, call: Promise<T>, meanwhile: () => unknown): Promise<T> {
  await world.clock.advance(10);
  await meanwhile();
  await world.clock.advance(200);
  return call;
}

const codeOf = async (response: Response): Promise<unknown> => [
  response.status,
  ((await response.json()) as { code?: string }).code,
];

test("a revoked user who lacks a claim is unauthenticated, not forbidden", async () => {
  const world = await worldOf();
  const token = await world.token("ada", 60);
  expect(await codeOf(await world.fetch("/actors/room/one/actions/ban", post(token)))).toEqual([403, "forbidden"]);
  await world.registry.revoke({ party: "User", identity: "ada" });
  expect(await codeOf(await world.fetch("/actors/room/one/actions/ban", post(token)))).toEqual([
    401,
    "unauthenticated",
  ]);
});

test("a call that is revoked while canInvoke thinks does not run", async () => {
  const world = await worldOf({ canInvoke: true });
  const call = world.fetch("/actors/room/one/actions/act", post(await world.token("ada", 60)));
  const answer = await during(world, call, () => world.registry.revoke({ party: "User", identity: "ada" }));
  expect(await codeOf(answer)).toEqual([401, "unauthenticated"]);
  expect(ran).toEqual([]);
});

test("a call whose credential dies while its actor is created does not run", async () => {
  const world = await worldOf({ onCreate: true });
  const call = world.fetch("/actors/room/one/actions/act", post(await world.token("ada", 60)));
  const answer = await during(world, call, () => world.registry.revoke({ party: "User", identity: "ada" }));
  expect(await codeOf(answer)).toEqual([401, "unauthenticated"]);
  expect(ran).toEqual([]);
});

test("a connection that is revoked while it opens does not stand", async () => {
  for (const slow of [{ onBeforeConnect: true }, { onCreate: true }]) {
    const world = await worldOf(slow);
    const socket = await world.rpc("/actors/room/one");
    const token = await world.token("ada", 60);
    const opening = await world.rpc("/actors/room/two", { token });
    await during(world, Promise.resolve(), () => world.registry.revoke({ party: "User", identity: "ada" }));
    expect(opening.closed, JSON.stringify(slow)).toEqual({ code: 3000, reason: "auth/unauthenticated" });
    expect(opening.of("ready")).toEqual([]);
    expect(socket.closed).toBeNull();
    expect(ran).toEqual(["onConnect"]);
  }
});

test("a body that takes longer than the lease runs nothing and is not enqueued", async () => {
  for (const [path, text] of [
    ["actions/act", "[]"],
    ["queues/jobs", '{"body":1}'],
  ] as const) {
    const world = await worldOf();
    const headers = new Map([
      ["authorization", `Bearer ${await world.token("ada", 1)}`],
      ["content-type", "application/json"],
    ]);
    const inbound: InboundRequest = {
      method: "POST",
      path: `/actors/room/one/${path}`,
      query: "",
      origin: "http://localhost",
      remoteAddress: "",
      header: (name) => headers.get(name) ?? null,
      headers: () => headers.entries(),
      bytes: async () => {
        await wait?.(2000);
        return new TextEncoder().encode(text);
      },
      stream: () => null,
      signal: new AbortController().signal,
    };
    const answer = world.edge.handle(inbound);
    await world.clock.advance(3000);
    expect((await answer).status, path).toBe(401);
    expect(ran.filter((what) => what !== "onConnect")).toEqual([]);
  }
});

test("skew lets a token be recognised, not used beyond its end: no hook runs for it", async () => {
  const world = await worldOf({}, 5);
  const token = await world.token("ada", 1);
  await world.clock.advance(2000);
  const socket = await world.rpc("/actors/room/one", { token });
  expect(socket.closed).toEqual({ code: 3000, reason: "auth/expired" });
  expect(socket.of("ready")).toEqual([]);
  expect(await codeOf(await world.fetch("/actors/room/one/actions/act", post(token)))).toEqual([401, "expired"]);
  expect(ran).toEqual([]);
});

test("a stream carries its own event, not what is sent directly", async () => {
  const world = await worldOf();
  const stream = await world.fetch("/actors/room/one/events/news", {});
  const reader = stream.body!.getReader();
  await world.fetch("/actors/room/one/actions/act", post(await world.token("ada", 60)));
  const decoder = new TextDecoder();
  let text = "";
  while (!text.includes("data: [")) text += decoder.decode((await reader.read()).value);
  await world.settle();
  await world.fetch("/actors/room/one/actions/act", post(await world.token("ada", 60)));
  while (!text.includes("data: [2]")) text += decoder.decode((await reader.read()).value);
  expect(text.match(/^data: \[.*$/gm)).toEqual(["data: [1]", "data: [2]"]);
  await reader.cancel();
});

test("who opens a connection and is nobody's caller is told what his proof is worth, as the matrix says", async () => {
  const inside = actor({ by: Caller, guards: { actions: { ban: { by: Admin } } }, actions: { ban: () => {} } });
  const registry = setup({ skew: 0, use: { inside } });
  const connect = declaredMatrix(registry.config).rows.find(({ kind }) => kind === "connect")!;
  const world = await virtual(registry);
  const open = async (hello: object): Promise<string | undefined> =>
    (await world.rpc("/actors/inside/one", hello as Record<string, unknown>)).closed?.reason;
  expect([connect.cells["Visitor"], await open({})]).toEqual(["401", "auth/unauthenticated"]);
  const user = await world.token("ada", 60);
  expect([connect.cells["User"], await open({ token: user })]).toEqual(["403", "auth/forbidden"]);
});

test("a refused socket that has no close code of its own closes 1008", async () => {
  const world = await worldOf();
  const missing = await world.rpc("/actors/room/nowhere", { mode: "get" });
  expect(missing.closed).toEqual({ code: 1008, reason: "actor/not_found" });
  const unknown = await world.rpc("/actors/elsewhere/one");
  expect(unknown.closed).toEqual({ code: 1008, reason: "request/not_found" });
});

test("what was decided before the policy epoch was raised counts as older, also where the answer came later", async () => {
  for (const kind of ["rpc", "stream", "raw"]) {
    let isOpen = true;
    let asked = 0;
    const room = actor({
      by: Visitor,
      events: { news: event<number>() },
      canInvoke: async (_c, invoke) => {
        if (invoke.kind === "action") return true;
        asked += 1;
        const before = isOpen;
        await slowly();
        return before;
      },
      onWebSocket: (_c, socket) => {
        socket.addEventListener("message", () => socket.send("pong"));
      },
      actions: { act: (c) => c.broadcast("news", 1) },
    });
    const world = await virtual(setup({ use: { room } }));
    wait = (ms) => new Promise((resolve) => void world.clock.after(ms, resolve));
    const rpc = await world.rpc("/actors/room/one");
    const stream = kind === "stream" ? world.fetch("/actors/room/one/events/news", {}) : null;
    const raw = kind === "raw" ? await world.raw("/actors/room/one/websocket/") : null;
    if (kind === "rpc") rpc.say({ t: "subscribe", id: 1, name: "news" });
    await during(world, Promise.resolve(), () => {
      isOpen = false;
      return world.registry.bumpEpoch();
    });
    // Asked again at once, by the policy of now.
    expect(asked, kind).toBe(2);
    raw?.say("ping");
    rpc.say({ t: "action", id: 2, name: "act", args: [] });
    await world.clock.advance(200);
    expect(asked, kind).toBe(2);
    expect(rpc.of("event"), kind).toEqual([]);
    if (kind === "rpc") expect(rpc.of("error"), kind).toMatchObject([{ id: 1, code: "forbidden", event: "news" }]);
    if (stream !== null) expect((await stream).status).toBe(403);
    if (raw !== null) expect([raw.messages.map(({ code }) => code), raw.closed?.code]).toEqual([["forbidden"], 3003]);
  }
});
