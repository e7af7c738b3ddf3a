/** Connections that share a socket go through the same gate as connections of their own, and do not touch each other. */
import {
  actor,
  anyOf,
  bearer,
  event,
  hasClaim,
  party,
  queue,
  type RegistryLimits,
  refine,
  setup,
  Visitor,
} from "byward";
import fc from "fast-check";
import { expect, test } from "vitest";
import { TestMux } from "./mux-socket.ts";
import { virtual } from "./virtual.ts";

const User = party("User", { auth: bearer({ secret: "AUTH_JWT_SECRET", maxLifetime: 1_000_000 }) });
const Admin = refine("Admin", User, hasClaim("admin"));

let ran: string[] = [];
const define = (limits: Partial<RegistryLimits> = {}) => {
  ran = [];
  return setup({
    limits,
    use: {
      room: actor({
        by: anyOf(User, Visitor),
        state: { n: 0 },
        events: { news: event<number>(), modLog: event<number>() },
        queues: { jobs: queue<string>() },
        guards: { events: { modLog: { by: Admin } }, actions: { ban: { by: Admin } }, queues: { jobs: { by: User } } },
        canInvoke: (_c, invoke) => !("name" in invoke && invoke.name === "never"),
        actions: {
          say: (c) => {
            ran.push("say");
            c.state.n += 1;
            c.broadcast("news", c.state.n);
            return c.state.n;
          },
          ban: () => ran.push("ban"),
          never: () => ran.push("never"),
          big: (_c, size: number) => "x".repeat(size),
        },
      }),
      vault: actor({ by: User, state: {}, actions: { look: () => ran.push("look") } }),
    },
  });
};
const ROOM = "/actors/room/one";

/** What a peer sees of one connection: kinds, codes and the close, without ids and times. */
const seen = ({ messages, closed }: { messages: readonly Record<string, unknown>[]; closed: unknown }) => ({
  messages: messages.map(({ t, id, code, group, event, output, name, args }) => ({
    t,
    id,
    code,
    group,
    event,
    name,
    args,
    output: t === "result" && typeof output === "object" ? "lease" : output,
  })),
  closed,
});

const CALLS = [
  { t: "action", id: 1, name: "say", args: [] },
  { t: "action", id: 2, name: "ban", args: [] },
  { t: "action", id: 3, name: "never", args: [] },
  { t: "action", id: 4, name: "missing", args: [] },
  { t: "subscribe", id: 5, name: "news" },
  { t: "subscribe", id: 6, name: "modLog" },
  { t: "send", id: 7, name: "jobs", body: "work" },
  { t: "send", id: 8, name: "other", body: "work" },
  { t: "action", id: 9, name: "say", args: [] },
];

test.each([
  ["a visitor", ROOM, null, {}],
  ["a user", ROOM, {}, {}],
  ["an admin", ROOM, { admin: true }, {}],
  ["a forged token", ROOM, null, { token: "x.y.z" }],
  ["a visitor where users only are admitted", "/actors/vault/one", null, {}],
  ["nobody: get of a missing actor", "/actors/room/none", null, { mode: "get" }],
  ["an unknown actor", "/actors/nothing/one", null, {}],
  ["a key that cannot be read", "/actors/room/%2e%2e", null, {}],
  ["params past their limit", ROOM, null, { params: "x".repeat(5000) }],
] as const)(
  "%s hears on a channel what he hears on a socket of his own, and the same runs",
  async (_, path, claims, more) => {
    const outcomes = [];
    for (const shared of [false, true]) {
      const world = await virtual(define());
      const token = claims === null ? {} : { token: await world.token("alice", 600, claims) };
      const hello = { ...token, ...more };
      const peer = shared ? (await TestMux.open(world)).channel(path, hello) : await world.rpc(path, hello);
      await world.settle();
      if (peer.closed === null) for (const call of CALLS) peer.say(call);
      await world.settle();
      outcomes.push({ ...seen(peer), ran: [...ran] });
    }
    expect(outcomes[1]).toEqual(outcomes[0]);
  },
);

const open = async (limits: Partial<RegistryLimits> = {}) => {
  const world = await virtual(define(limits));
  return { world, mux: await TestMux.open(world) };
};
const SAY = { t: "action", id: 1, name: "say", args: [] };

test("the end of one lease closes its channel alone", async () => {
  const { world, mux } = await open();
  const short = mux.channel(ROOM, { token: await world.token("alice", 60) });
  const long = mux.channel(ROOM, { token: await world.token("bob", 600) });
  await world.settle();
  await world.clock.advance(66_000);
  expect(short.closed).toEqual({ code: 3000, reason: "auth/expired" });
  expect(short.messages.at(-1)).toMatchObject({ t: "error", code: "expired" });
  short.say(SAY);
  long.say(SAY);
  // Its actor slept meanwhile.
  await world.settle();
  await world.settle();
  expect(long.of("result")).toHaveLength(1);
  expect([ran, mux.socket.closed]).toEqual([["say"], null]);
});

test("a revocation closes the channels under it, and no event is delivered to them after", async () => {
  const { world, mux } = await open();
  const alice = mux.channel(ROOM, { token: await world.token("alice", 600) });
  const bob = mux.channel(ROOM, { token: await world.token("bob", 600) });
  await world.settle();
  for (const channel of [alice, bob]) channel.say({ t: "subscribe", id: 1, name: "news" });
  await world.settle();
  expect((await world.registry.revoke({ party: "User", identity: "alice" })).closed).toHaveLength(1);
  bob.say({ ...SAY, id: 2 });
  await world.settle();
  expect(alice.closed).toEqual({ code: 3000, reason: "auth/unauthenticated" });
  expect([alice.of("event"), bob.of("event").length]).toEqual([[], 1]);
});

test.each([
  ["a frame that is not JSON", "{"],
  ["an unknown member", '{"t":"action","id":1,"name":"say","args":[],"x":1}'],
  ["a second hello", '{"t":"hello"}'],
  ["an empty frame", ""],
])("%s closes its channel with 1008 and touches no other", async (_, frame) => {
  const { world, mux } = await open();
  const bad = mux.channel(ROOM);
  const good = mux.channel(ROOM);
  await world.settle();
  bad.say(frame);
  await world.settle();
  expect(bad.closed?.code).toBe(1008);
  expect(ran).toEqual([]);
  good.say(SAY);
  await world.settle();
  expect(good.of("result")).toHaveLength(1);
});

test.each([
  ["a frame of a channel that was not opened", '7 {"t":"hello"}'],
  ["a close of a channel that was not opened", "7 !1000 "],
  ["a frame of channel 0", '0 {"t":"hello"}'],
  ["a number that was used before", `1 ${ROOM}/connect`],
  ["a line without a number", '{"t":"hello"}'],
  ["a number with two spellings", `01 ${ROOM}/connect`],
  ["a close that is none", "1 !now"],
  ["too many records", Array.from({ length: 1025 }, () => '1 {"t":"hello"}').join("\n")],
])("%s ends the shared socket with 1008, and nothing of the frame runs", async (_, line) => {
  const { world, mux } = await open();
  mux.channel(ROOM);
  await world.settle();
  mux.socket.say(`${line}\n1 ${JSON.stringify(SAY)}`);
  await world.settle();
  expect(mux.socket.closed).toEqual({ code: 1008, reason: "message/invalid_message" });
  expect(mux.own.messages).toMatchObject([{ t: "error", code: "invalid_message" }]);
  expect(ran).toEqual([]);
  expect(world.edge.runtime.connections.size).toBe(0);
});

test("what was under way to a channel that closed is dropped, and the socket goes on", async () => {
  const { world, mux } = await open();
  const gone = mux.channel(ROOM);
  await world.settle();
  mux.socket.say('1 !1000 done\n1 {"t":"action","id":1,"name":"say","args":[]}');
  await world.settle();
  expect([ran, mux.socket.closed, gone.closed]).toEqual([[], null, null]);
  expect(world.edge.runtime.connections.size).toBe(0);
});

test.each([
  ["a path that is no connection", "/actors/room/one/websocket"],
  ["a path with a query", "/actors/room/one?x"],
  ["a path outside ASCII", "/actors/room/ö"],
  ["a path of the runtime", "/_byward/x"],
])("%s is refused on its channel", async (_, path) => {
  const { world, mux } = await open();
  const channel = mux.channel(path);
  await world.settle();
  expect(channel.closed).not.toBeNull();
  expect(channel.messages).toMatchObject([{ t: "error", correlationId: expect.any(String) }]);
  expect(mux.socket.closed).toBeNull();
});

test("channels past maxChannels are overloaded; those that stand go on, and one that closes makes room", async () => {
  const { world, mux } = await open({ maxChannels: 2 });
  const [first, second, third] = [mux.channel(ROOM), mux.channel(ROOM), mux.channel(ROOM)];
  await world.settle();
  expect(third?.closed).toEqual({ code: 1013, reason: "byward/overloaded" });
  expect(third?.messages).toMatchObject([{ code: "overloaded", retryAfter: expect.any(Number) }]);
  second?.say(SAY);
  mux.socket.say("1 !1000 ");
  const fourth = mux.channel(ROOM);
  await world.settle();
  expect([first?.of("ready").length, second?.of("result").length, fourth.of("ready").length]).toEqual([1, 1, 1]);
});

test("a shared socket without channels is one that has not said hello: 3008, and counted", async () => {
  const world = await virtual(define({ maxPendingSockets: 1 }));
  const idle = await TestMux.open(world);
  const next = await TestMux.open(world);
  expect(next.socket.closed?.code).toBe(1013);
  await world.clock.advance(10_000);
  expect(idle.socket.closed).toEqual({ code: 3008, reason: "request/timed_out" });
  const used = await TestMux.open(world);
  used.channel(ROOM);
  await world.clock.advance(20_000);
  expect(used.socket.closed).toBeNull();
  used.socket.say("1 !1000 ");
  await world.clock.advance(10_000);
  expect(used.socket.closed?.code).toBe(3008);
});

test("a channel that says no hello ends with 3008 by itself", async () => {
  const { world, mux } = await open();
  const silent = mux.channel(ROOM, null);
  const open2 = mux.channel(ROOM);
  await world.clock.advance(10_000);
  expect(silent.closed?.code).toBe(3008);
  expect([open2.closed, mux.socket.closed]).toEqual([null, null]);
});

test("what the channels of a socket say in one turn leaves as one frame", async () => {
  const { world, mux } = await open();
  const channels = Array.from({ length: 20 }, () => mux.channel(ROOM));
  await world.settle();
  mux.frames.length = 0;
  mux.socket.say(channels.map((_, at) => `${at + 1} ${JSON.stringify(SAY)}`).join("\n"));
  await world.settle();
  expect(channels.every((channel) => channel.of("result").length === 1)).toBe(true);
  expect(mux.frames).toEqual([20]);
});

test("a channel whose own part is not read past maxBufferedBytes is cut; the others go on", async () => {
  const { world, mux } = await open({ maxBufferedBytes: 20_000 });
  const [flood, calm] = [mux.channel(ROOM), mux.channel(ROOM)];
  await world.settle();
  mux.socket.bufferedAmount = 1;
  for (let id = 1; id <= 3; id++) {
    flood?.say({ t: "action", id, name: "big", args: [15_000] });
    await world.settle();
    mux.socket.bufferedAmount += 15_000;
  }
  calm?.say(SAY);
  await world.settle();
  expect(flood?.closed).toEqual({ code: 1013, reason: "byward/overloaded" });
  expect([calm?.of("result").length, calm?.closed, mux.socket.closed]).toEqual([1, null, null]);
});

test("a peer that reads nothing past maxSharedBufferedBytes loses the socket and all its connections", async () => {
  const { world, mux } = await open({ maxSharedBufferedBytes: 1000 });
  const channels = [mux.channel(ROOM), mux.channel(ROOM)];
  await world.settle();
  mux.socket.bufferedAmount = 1001;
  channels[0]?.say(SAY);
  await world.settle();
  expect(mux.socket.closed).toEqual({ code: 1013, reason: "byward/overloaded" });
  expect(world.edge.runtime.connections.size).toBe(0);
});

test("the link breaks: every connection of it ends", async () => {
  const { world, mux } = await open();
  for (let count = 0; count < 3; count++) mux.channel(ROOM);
  await world.settle();
  expect(world.edge.runtime.connections.size).toBe(3);
  mux.socket.hangUp();
  await world.settle();
  expect(world.edge.runtime.connections.size).toBe(0);
});

test("an actor sleeps under its channels and wakes for them", async () => {
  const { world, mux } = await open();
  const channel = mux.channel(ROOM);
  await world.settle();
  await world.clock.advance(70_000);
  expect(world.edge.runtime.liveInstances()).toHaveLength(0);
  channel.say(SAY);
  await world.settle();
  await world.settle();
  expect(channel.of("result")).toHaveLength(1);
});

test("a foreign origin gets no shared socket", async () => {
  const world = await virtual(define());
  const socket = await world.raw("/_byward/connect", { origin: "https://elsewhere.example" }, "byward.mux.v1");
  expect(socket.closed).toEqual({ code: 3003, reason: "auth/forbidden" });
});

test("a shared socket without its subprotocol is refused", async () => {
  const world = await virtual(define());
  const socket = await world.raw("/_byward/connect", {}, "byward.v1");
  expect(socket.closed?.reason).toBe("request/not_found");
});

const SEED = Date.now() % 1_000_000;

test(`whatever a peer does with its channels, the connections that stand are those it holds open (seed ${SEED})`, async () => {
  const step = fc.oneof(
    { weight: 4, arbitrary: fc.constant({ do: "open" as const }) },
    { weight: 4, arbitrary: fc.record({ do: fc.constant("call" as const), at: fc.nat(8) }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant("close" as const), at: fc.nat(8) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant("spoil" as const), at: fc.nat(8) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant("send" as const), text: fc.string({ maxLength: 12 }) }) },
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
      const { world, mux } = await open({ maxChannels: 5 });
      const channels: { channel: ReturnType<TestMux["channel"]>; left: boolean; asked: number }[] = [];
      for (const one of steps) {
        const target = "at" in one ? channels[one.at % Math.max(1, channels.length)] : undefined;
        if (one.do === "open") channels.push({ channel: mux.channel(ROOM), left: false, asked: 0 });
        else if (one.do === "send") mux.socket.say(one.text);
        else if (target !== undefined && one.do === "call") {
          if (target.channel.closed === null && !target.left) target.asked += 1;
          target.channel.say({ ...SAY, id: target.asked + 1 });
        } else if (target !== undefined && one.do === "close") {
          target.left = true;
          target.channel.say("!1000 ");
        } else target?.channel.say("{");
        await world.settle();
      }
      const isOver = mux.socket.closed !== null;
      const standing = channels.filter(({ channel, left }) => !left && channel.closed === null);
      expect(world.edge.runtime.connections.size).toBe(isOver ? 0 : standing.length);
      if (isOver) return;
      for (const { channel, asked } of standing) {
        const answered = channel.of("result").map(({ id }) => id);
        expect(answered).toEqual(Array.from({ length: asked }, (_, at) => at + 2));
      }
    }),
    { seed: SEED, numRuns: 60 },
  );
});
