/** G7: nothing runs and nothing is delivered under a credential that is dead at that instant. Regressions of field notes §5 by name. */
import { actor, anyOf, bearer, event, hasClaim, party, refine, setup, Visitor } from "byward";
import { expect, test } from "vitest";
import { virtual } from "./virtual.ts";

const User = party("User", { auth: bearer({ secret: "AUTH_JWT_SECRET", maxLifetime: 1_000_000 }) });
const Admin = refine("Admin", User, hasClaim("admin"));

let ran: string[] = [];
let allow = true;
const define = () => {
  ran = [];
  allow = true;
  return setup({
    use: {
      room: actor({
        by: anyOf(User, Visitor),
        state: { n: 0 },
        events: { news: event<number>(), modLog: event<number>() },
        guards: { events: { modLog: { by: Admin } } },
        canInvoke: () => allow,
        actions: {
          say: (c) => {
            ran.push("say");
            c.state.n += 1;
            c.broadcast("news", c.state.n);
            c.broadcast("modLog", c.state.n);
            return c.state.n;
          },
          slow: async (c) => {
            ran.push("slow");
            await new Promise<void>((resolve) => c.abortSignal.addEventListener("abort", () => resolve()));
            ran.push("slow aborted");
            return "done";
          },
        },
        onWebSocket: (_c, socket) => {
          socket.addEventListener("message", (frame) => {
            ran.push(`raw:${frame.data}`);
            socket.send(`echo ${frame.data}`);
          });
        },
      }),
    },
  });
};
const ROOM = "/actors/room/one";

async function subscribed(world: Awaited<ReturnType<typeof virtual>>, token: string | undefined, ...names: string[]) {
  const socket = await world.rpc(ROOM, token === undefined ? {} : { token });
  names.forEach((name, index) => {
    socket.say({ t: "subscribe", id: 100 + index, name });
  });
  await world.settle();
  return socket;
}
async function say(world: Awaited<ReturnType<typeof virtual>>): Promise<void> {
  await world.fetch(`${ROOM}/actions/say`, {
    method: "POST",
    body: "[]",
    headers: { "content-type": "application/json" },
  });
  await world.settle();
}

test("a connection ends at the expiry of its credential, and receives nothing after", async () => {
  const world = await virtual(define());
  const socket = await subscribed(world, await world.token("alice", 60), "news");
  await say(world);
  expect(socket.of("event")).toHaveLength(1);
  await world.clock.advance(59_000);
  expect(socket.closed).toBeNull();
  await world.clock.advance(8_000);
  expect(socket.closed).toEqual({ code: 3000, reason: "auth/expired" });
  expect(socket.messages.at(-1)).toMatchObject({ t: "error", code: "expired" });
  await say(world);
  expect(socket.of("event")).toHaveLength(1);
});

test("a message that comes at the instant of expiry does not run", async () => {
  const world = await virtual(define());
  const socket = await world.rpc(ROOM, { token: await world.token("alice", 60) });
  const { expiresAt } = socket.of("ready")[0];
  await world.clock.advance(expiresAt - world.clock.now() - 1);
  socket.say({ t: "action", id: 1, name: "say", args: [] });
  await world.settle();
  expect(ran).toEqual(["say"]);
  await world.clock.advance(1);
  socket.say({ t: "action", id: 2, name: "say", args: [] });
  await world.settle();
  expect(ran).toEqual(["say"]);
  expect(socket.closed?.code).toBe(3000);
});

test("centrifuge#627: a renewal with an expired token, or one without expiry, leaves the lease as it was", async () => {
  const world = await virtual(define());
  const socket = await subscribed(world, await world.token("alice", 60), "news");
  const stale = await world.token("alice", 1);
  await world.clock.advance(30_000);
  socket.say({ t: "renew", id: 1, token: stale });
  await world.settle();
  expect(socket.of("error").at(-1)).toMatchObject({ id: 1, code: "expired" });
  await world.clock.advance(40_000);
  expect(socket.closed).toEqual({ code: 3000, reason: "auth/expired" });
});

test("a renewal keeps the subject and moves the end", async () => {
  const world = await virtual(define());
  const socket = await subscribed(world, await world.token("alice", 60), "news");
  socket.say({ t: "renew", id: 1, token: await world.token("bob", 600) });
  await world.settle();
  expect(socket.of("error").at(-1)).toMatchObject({ id: 1, code: "forbidden" });
  socket.say({ t: "renew", id: 2, token: await world.token("alice", 600) });
  await world.settle();
  expect(socket.of("result").at(-1)).toMatchObject({ id: 2, output: { expiresAt: expect.any(Number) } });
  await world.clock.advance(120_000);
  await say(world);
  expect(socket.closed).toBeNull();
  expect(socket.of("event")).toHaveLength(1);
});

test("a visitor's connection cannot become a user's by renewal", async () => {
  const world = await virtual(define());
  const socket = await subscribed(world, undefined, "news");
  socket.say({ t: "renew", id: 1, token: await world.token("alice", 600) });
  await world.settle();
  expect(socket.of("error").at(-1)).toMatchObject({ id: 1, code: "forbidden" });
});

test("a renewal that narrows takes the subscriptions it no longer covers (centrifugo#543)", async () => {
  const world = await virtual(define());
  const socket = await subscribed(world, await world.token("root", 60, { admin: true }), "news", "modLog");
  await say(world);
  expect(socket.of("event").map(({ name }) => name)).toEqual(["news", "modLog"]);
  socket.say({ t: "renew", id: 1, token: await world.token("root", 600) });
  await world.settle();
  expect(socket.of("error").at(-1)).toMatchObject({ code: "forbidden", event: "modLog" });
  await say(world);
  expect(socket.of("event").map(({ name }) => name)).toEqual(["news", "modLog", "news"]);
});

test("a revoked connection receives nothing more, also while events are being broadcast", async () => {
  const world = await virtual(define());
  const alice = await subscribed(world, await world.token("alice", 600), "news");
  const bob = await subscribed(world, await world.token("bob", 600), "news");
  await say(world);
  const receipt = await world.registry.revoke({ party: "User", identity: "alice" });
  expect(receipt.closed).toHaveLength(1);
  expect(alice.closed).toEqual({ code: 3000, reason: "auth/unauthenticated" });
  await say(world);
  expect(alice.of("event")).toHaveLength(1);
  expect(bob.of("event")).toHaveLength(2);
  const again = await world.rpc(ROOM, { token: await world.token("alice", 600) });
  expect(again.closed?.code).toBe(3000);
  await world.clock.advance(2000);
  const fresh = await world.rpc(ROOM, { token: await world.token("alice", 600) });
  expect(fresh.of("ready")).toHaveLength(1);
});

test("a revoked token is refused on stateless calls too, and nothing runs", async () => {
  const world = await virtual(define());
  const token = await world.token("alice", 600, { jti: "t-1" });
  const call = () =>
    world.fetch(`${ROOM}/actions/say`, {
      method: "POST",
      body: "[]",
      headers: { "content-type": "application/json", authorization: `Bearer ${token}` },
    });
  expect((await call()).status).toBe(200);
  await world.registry.revoke({ jti: "t-1" });
  ran = [];
  expect((await call()).status).toBe(401);
  expect(ran).toEqual([]);
});

test("after bumpEpoch the first delivery waits for a new decision, and a denial ends the subscription", async () => {
  const world = await virtual(define());
  const socket = await subscribed(world, await world.token("alice", 600), "news");
  const other = await subscribed(world, undefined, "news");
  await world.registry.bumpEpoch();
  await say(world);
  expect(socket.of("event")).toHaveLength(1);
  allow = false;
  await world.registry.bumpEpoch();
  allow = true;
  const before = ran.length;
  allow = false;
  await say(world);
  expect(ran).toHaveLength(before);
  allow = true;
  await say(world);
  expect(other.of("event").length).toBeGreaterThan(0);
});

test("an action in flight finishes when its lease ends, its signal fires, its reply is expired", async () => {
  const world = await virtual(define());
  const socket = await world.rpc(ROOM, { token: await world.token("alice", 60) });
  socket.say({ t: "action", id: 1, name: "slow", args: [] });
  await world.settle();
  await world.clock.advance(66_000);
  await world.settle();
  expect(ran).toEqual(["slow", "slow aborted"]);
  expect(socket.of("result")).toEqual([]);
  expect(socket.closed).toEqual({ code: 3000, reason: "auth/expired" });
});

test("a raw socket ends with its credential; frames at that instant reach nobody", async () => {
  const world = await virtual(define());
  const socket = await world.raw(`${ROOM}/websocket/`, { authorization: `Bearer ${await world.token("alice", 60)}` });
  socket.say("one");
  expect(ran).toEqual(["raw:one"]);
  await world.clock.advance(66_000);
  expect(socket.closed?.code).toBe(3000);
  socket.say("two");
  expect(ran).toEqual(["raw:one"]);
});

test("a connection whose actor slept is checked on its way back", async () => {
  const world = await virtual(define());
  const socket = await subscribed(world, await world.token("alice", 90), "news");
  await world.clock.advance(70_000);
  expect(world.edge.runtime.liveInstances()).toHaveLength(0);
  expect(socket.closed).toBeNull();
  await say(world);
  expect(socket.of("event")).toHaveLength(1);
  await world.clock.advance(31_000);
  expect(socket.closed).toEqual({ code: 3000, reason: "auth/expired" });
});

test("a connection revoked while its actor sleeps receives nothing on wake", async () => {
  const world = await virtual(define());
  const socket = await subscribed(world, await world.token("alice", 600), "news");
  await world.clock.advance(70_000);
  expect(world.edge.runtime.liveInstances()).toHaveLength(0);
  const { closed } = await world.registry.revoke({ party: "User", identity: "alice" });
  expect(closed).toHaveLength(1);
  await say(world);
  expect(socket.of("event")).toEqual([]);
  expect(socket.closed?.code).toBe(3000);
});

test("a thousand credentials that expire in the same second all end within two, and none sees an event after", async () => {
  const world = await virtual(define());
  const token = await world.token("alice", 60);
  const sockets = await Promise.all(Array.from({ length: 1000 }, () => subscribed(world, token, "news")));
  await world.clock.advance(62_000);
  await say(world);
  expect(sockets.every((socket) => socket.closed?.code === 3000)).toBe(true);
  expect(sockets.flatMap((socket) => socket.of("event"))).toEqual([]);
});
