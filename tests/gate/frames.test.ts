/** Frames of a connection: what is ready together leaves together, in order, in parts that keep the client at work. */
import { once } from "node:events";
import { actor, bearer, event, memory, party, setup } from "byward";
import { expect, test } from "vitest";
import WebSocket from "ws";
import { provideSecret, serve, token } from "./server.ts";

provideSecret();
const User = party("User", { auth: bearer({ secret: "AUTH_JWT_SECRET" }) });
const room = actor({
  by: User,
  state: { sum: 0 },
  events: { news: event<number>() },
  canInvoke: (_c, invoke) => !("name" in invoke) || invoke.name !== "hidden",
  actions: {
    echo: (_c, value: unknown) => value,
    add: (c, value: number) => {
      c.state.sum += value;
      return c.state.sum;
    },
    tell: (c, count: number) => {
      for (let index = 0; index < count; index++) c.broadcast("news", index);
    },
  },
});

interface Frames {
  readonly socket: WebSocket;
  /** One list of messages for each frame. */
  readonly frames: Record<string, unknown>[][];
  until(messages: number): Promise<void>;
}

async function connect(): Promise<Frames> {
  const { url } = await serve(setup({ use: { room } }));
  const socket = new WebSocket(`${url.replace("http", "ws")}/actors/room/one/connect`, ["byward.v1"]);
  await once(socket, "open");
  const frames: Record<string, unknown>[][] = [];
  let wake: () => void = () => {};
  socket.on("message", (data) => {
    const frame = JSON.parse(data.toString());
    frames.push(Array.isArray(frame) ? frame : [frame]);
    wake();
  });
  const until = async (messages: number): Promise<void> => {
    while (frames.flat().length < messages) await new Promise<void>((resolve) => (wake = resolve));
  };
  socket.send(JSON.stringify({ t: "hello", token: await token("alice") }));
  await until(1);
  frames.length = 0;
  return { socket, frames, until };
}

const call = (id: number, name: string, ...args: unknown[]) => ({ t: "action", id, name, args });
const idsOf = (frames: Frames["frames"]): unknown[] => frames.flat().map(({ id }) => id);

test("the results of one frame leave in order, in frames of at most eight", async () => {
  const { socket, frames, until } = await connect();
  const calls = Array.from({ length: 33 }, (_, index) => call(index + 1, "echo", index));
  socket.send(JSON.stringify(calls));
  await until(33);
  expect(idsOf(frames)).toStrictEqual(calls.map(({ id }) => id));
  expect(frames.map(({ length }) => length)).toStrictEqual([8, 8, 8, 8, 1]);
});

test("a refusal among results keeps its place", async () => {
  const { socket, frames, until } = await connect();
  socket.send(JSON.stringify([call(1, "echo", 1), call(2, "hidden"), call(3, "echo", 3)]));
  await until(3);
  expect(frames.flat().map(({ t, id, code }) => [t, id, code])).toStrictEqual([
    ["result", 1, undefined],
    ["error", 2, "forbidden"],
    ["result", 3, undefined],
  ]);
});

test("results that wait for the disk keep their order behind those of the same commit", async () => {
  const { socket, frames, until } = await connect();
  const calls = Array.from({ length: 20 }, (_, index) => call(index + 1, index % 3 === 0 ? "add" : "echo", 1));
  socket.send(JSON.stringify(calls));
  await until(20);
  expect(idsOf(frames)).toStrictEqual(calls.map(({ id }) => id));
});

test("the events of one turn leave as one frame, before the result of the action that made them", async () => {
  const { socket, frames, until } = await connect();
  socket.send(JSON.stringify({ t: "subscribe", id: 1, name: "news" }));
  await until(1);
  frames.length = 0;
  socket.send(JSON.stringify(call(2, "tell", 20)));
  await until(21);
  expect(frames).toHaveLength(1);
  expect(frames.flat().map(({ t }) => t)).toStrictEqual([...Array.from({ length: 20 }, () => "event"), "result"]);
});

test("an action written with escapes, tags or another order of members is the same action", async () => {
  const { socket, frames, until } = await connect();
  socket.send('{"name":"echo","args":["a"],"id":1,"t":"action"}');
  socket.send('{"t":"action","id":2,"name":"\\u0065cho","args":["\\u0061"]}');
  socket.send('{"t":"action","id":3,"name":"echo","args":[["$Date",5]]}');
  await until(3);
  expect(frames.flat().map(({ output }) => output)).toStrictEqual(["a", "a", ["$Date", 5]]);
});

test("who asks one thing at a time is answered in the turn it was asked; what comes with others waits for them", async () => {
  const edge = await setup({ use: { room } }).start(memory());
  const upgrade = await edge.upgrade({
    method: "GET",
    path: "/actors/room/one/connect",
    query: "",
    origin: "http://127.0.0.1",
    remoteAddress: "127.0.0.1",
    header: (name) => (name === "sec-websocket-protocol" ? "byward.v1" : null),
    headers: () => [],
    bytes: async () => new Uint8Array(),
    stream: () => null,
    signal: new AbortController().signal,
  });
  const sent: string[] = [];
  let deliver: (data: string) => void = () => {};
  upgrade.serve({
    protocol: "byward.v1",
    bufferedAmount: 0,
    send: (data) => void sent.push(String(data)),
    close: (code, reason) => void sent.push(`closed ${code} ${reason}`),
    terminate: () => {},
    attach: (handlers) => {
      deliver = (data) => handlers.message(data);
    },
  });
  const turn = (): Promise<void> => new Promise(setImmediate);
  deliver(JSON.stringify({ t: "hello", token: await token("alice") }));
  while (sent.length === 0) await turn();
  sent.length = 0;
  deliver(JSON.stringify(call(1, "echo", 1)));
  expect(sent).toStrictEqual(['{"t":"result","id":1,"output":1}']);
  await turn();
  // Two frames in one turn: the first was taken for a lone one, the second is not.
  for (const id of [2, 3]) deliver(JSON.stringify(call(id, "echo", id)));
  expect(sent).toHaveLength(2);
  await turn();
  expect(sent[2]).toBe('{"t":"result","id":3,"output":3}');
  for (const id of [4, 5]) deliver(JSON.stringify(call(id, "echo", id)));
  expect(sent).toHaveLength(3);
  await turn();
  expect(JSON.parse(sent[3]!)).toMatchObject([{ id: 4 }, { id: 5 }]);
});
