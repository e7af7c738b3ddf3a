/** What counts as a connection counts from its first moment, whatever it is, and however many come at once (G12). */
import { actor, event, type RegistryLimits, setup, Visitor } from "byward";
import { expect, test } from "vitest";
import { TestMux } from "./mux-socket.ts";
import { type Virtual, virtual } from "./virtual.ts";

let isSlow = false;
let entered = 0;

const world = (limits: Partial<RegistryLimits>): Promise<Virtual> => {
  isSlow = false;
  entered = 0;
  return virtual(
    setup({
      limits,
      use: {
        room: actor({
          by: Visitor,
          state: {},
          events: { news: event<number>() },
          onBeforeConnect: async () => {
            entered += 1;
            if (isSlow) await new Promise((resolve) => setTimeout(resolve, 20));
          },
          onWebSocket: () => {},
          canInvoke: () => true,
          actions: { say: () => 1 },
        }),
      },
    }),
  );
};
const ROOM = "/actors/room/one";
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

test("connections that open at the same time do not pass maxConnections together", async () => {
  const one = await world({ maxConnections: 3 });
  await (await one.rpc(ROOM)).close(1000, "");
  isSlow = true;
  const mux = await TestMux.open(one);
  const channels = Array.from({ length: 20 }, () => mux.channel(ROOM));
  await pause(100);
  await one.settle();
  expect(one.edge.runtime.connections.size).toBe(3);
  expect(channels.filter((channel) => channel.of("ready").length === 1)).toHaveLength(3);
  expect(channels.flatMap(({ messages }) => messages).filter(({ code }) => code === "overloaded")).toHaveLength(17);
});

test("a channel that is opened and left at once still counts while its hooks run", async () => {
  const one = await world({ maxConnections: 3 });
  await (await one.rpc(ROOM)).close(1000, "");
  isSlow = true;
  entered = 0;
  const mux = await TestMux.open(one);
  for (let count = 0; count < 50; count++) mux.channel(ROOM).say("!1000 ");
  await pause(100);
  expect(entered).toBeLessThanOrEqual(3);
  expect(one.edge.runtime.connections.size).toBe(0);
  isSlow = false;
  expect((await one.rpc(ROOM)).of("ready")).toHaveLength(1);
});

test("streams of events and raw sockets are connections: past maxConnections they are refused", async () => {
  const one = await world({ maxConnections: 2 });
  const stream = await one.fetch(`${ROOM}/events/news`);
  expect(stream.status).toBe(200);
  const socket = await one.raw(`${ROOM}/websocket/`);
  expect(socket.closed).toBeNull();
  expect((await one.fetch(`${ROOM}/events/news`)).status).toBe(429);
  expect((await one.raw(`${ROOM}/websocket/`)).closed?.code).toBe(1013);
  expect((await one.rpc(ROOM)).closed?.code).toBe(1013);
  // A call that stands on nothing still passes.
  expect((await one.fetch(`${ROOM}/actions/say`, { method: "POST", body: "[]", headers: JSON_TYPE })).status).toBe(200);
  await stream.body?.cancel();
  await one.settle();
  expect((await one.rpc(ROOM)).of("ready")).toHaveLength(1);
});

const JSON_TYPE = { "content-type": "application/json" };

test("the path of a channel is as long as a request line may be, not as a frame", async () => {
  const one = await world({});
  const mux = await TestMux.open(one);
  const channel = mux.channel(`/actors/room/one${"/a".repeat(40_000)}`);
  await one.settle();
  expect(channel.closed?.code).toBe(1008);
  expect(channel.messages).toMatchObject([{ code: "invalid_request" }]);
  expect(mux.socket.closed).toBeNull();
});

test("messages that wait for a decision are bounded in bytes, not in number alone", async () => {
  let decide: (allowed: boolean) => void = () => {};
  const one = await virtual(
    setup({
      limits: { maxBufferedBytes: 100_000 },
      use: {
        room: actor({
          by: Visitor,
          state: {},
          canInvoke: () =>
            new Promise<boolean>((resolve) => {
              decide = resolve;
            }),
          actions: { say: (_c, _text: string) => 1 },
        }),
      },
    }),
  );
  const socket = await one.rpc(ROOM);
  for (let id = 1; id <= 5; id++) socket.say({ t: "action", id, name: "say", args: ["x".repeat(30_000)] });
  await one.settle();
  expect(socket.closed).toEqual({ code: 1013, reason: "byward/overloaded" });
  const patient = await one.rpc(ROOM);
  for (let id = 1; id <= 12; id++) {
    patient.say({ t: "action", id, name: "say", args: ["x".repeat(30_000)] });
    await one.settle();
    decide(true);
    await one.settle();
  }
  expect([patient.closed, patient.of("result").length]).toEqual([null, 12]);
});

test("a long message is not shorter for the small ones in its frame", async () => {
  const one = await virtual(
    setup({
      limits: { maxIncomingMessageSize: 10_000 },
      use: { room: actor({ by: Visitor, state: {}, actions: { say: (_c, text: string) => text.length } }) },
    }),
  );
  const message = (id: number, size: number) => ({ t: "action", id, name: "say", args: ["x".repeat(size)] });
  const many = await one.rpc(ROOM);
  many.say([1, 2, 3, 4].map((id) => message(id, 8000)));
  await one.settle();
  expect([many.closed, many.of("result").map(({ output }) => output)]).toEqual([null, [8000, 8000, 8000, 8000]]);
  const hidden = await one.rpc(ROOM);
  hidden.say([message(1, 30_000), message(2, 1), message(3, 1), message(4, 1)]);
  await one.settle();
  expect([hidden.closed?.code, hidden.of("result")]).toEqual([1009, []]);
});

test("one shared socket cannot take the places of all sockets that have not said hello", async () => {
  const one = await world({ maxPendingSockets: 100 });
  const mux = await TestMux.open(one);
  const silent = Array.from({ length: 200 }, () => mux.channel(ROOM, null));
  await one.settle();
  expect(silent.filter(({ closed }) => closed === null)).toHaveLength(64);
  expect(silent.at(-1)?.messages).toMatchObject([{ code: "overloaded" }]);
  expect((await one.rpc(ROOM)).of("ready")).toHaveLength(1);
  // Who says hello, or leaves, makes room.
  silent[0]?.say({ t: "hello" });
  silent[1]?.say("!1000 ");
  const next = [mux.channel(ROOM, null), mux.channel(ROOM, null), mux.channel(ROOM, null)];
  await one.settle();
  expect(next.map(({ closed }) => closed?.code)).toEqual([undefined, undefined, 1013]);
  expect(silent[0]?.of("ready")).toHaveLength(1);
});

test("as many channels as may be are opened at once where each says hello with its opening", async () => {
  const one = await world({ maxPendingSockets: 10 });
  const mux = await TestMux.open(one);
  const channels = Array.from({ length: 500 }, () => mux.channel(ROOM));
  await one.settle();
  expect(channels.filter((channel) => channel.of("ready").length === 1)).toHaveLength(500);
});
