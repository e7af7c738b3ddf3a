/** The client against the real server: what each side's own tests say of the wire must be the same. */
import { ActorError } from "byward/client";
import { expect, test } from "vitest";
import { serve, token } from "./real-server.ts";
import { until } from "./test-runtime.ts";

const codeOf = async (call: Promise<unknown>): Promise<string> => {
  try {
    return `resolved: ${JSON.stringify(await call)}`;
  } catch (error) {
    return error instanceof ActorError ? `${error.group}/${error.code}` : String(error);
  }
};

const value = {
  at: new Date(5),
  ids: new Set([1n]),
  map: new Map([["$k", [undefined]]]),
  bytes: new Uint8Array([1, 2]),
};

test.each(["json", "cbor"] as const)("every kind of call works in %s", async (encoding) => {
  const { client } = await serve();
  const rooms = client({ encoding, token: () => token(), params: { seat: "ä" } });
  const handle = rooms.room.getOrCreate(["a", "b c"], { createWithInput: { size: 7 } });
  const conn = handle.connect();
  for (const way of [handle, conn]) {
    expect(await way.echo(value)).toStrictEqual(value);
    expect(await way.echo(undefined)).toBeUndefined();
    expect(await way.echo(["$Date", 1])).toStrictEqual(["$Date", 1]);
    expect(await way.size()).toBe(7);
    expect(await way.params()).toStrictEqual({ seat: "ä" });
    expect(await codeOf(way.hidden())).toBe("auth/forbidden");
    expect(await codeOf(way.action({ name: "nope" as "echo" }))).toBe("action/not_found");
    await expect(way.refuse()).rejects.toMatchObject({ group: "user", code: "no", metadata: { at: new Date(5) } });
    expect(await way.send("jobs", { n: 1 })).toBeUndefined();
    const receipt = await way.send("jobs", { n: 4 }, { wait: true, timeout: 30_000 });
    expect(receipt).toStrictEqual({ status: "completed", response: { n: 8 } });
  }
});

test("events arrive over sockets and streams, and a denied one is alone", async () => {
  const { client } = await serve();
  const user = client({ token: () => token() }).room.getOrCreate("k");
  const visitor = client().room.getOrCreate("k").connect();
  const heard: unknown[] = [];
  const denied: string[] = [];
  visitor.on("secret", () => heard.push("secret"), { onDenied: (error) => denied.push(error.code) });
  visitor.on("said", (who, text) => heard.push([who, text]));
  expect(await visitor.size()).toBe(0);
  const stream = user.$events("said");
  let first: unknown;
  void stream.next().then((result) => {
    first = result.value;
  });
  await until(() => denied.length === 1);
  // Again until it is heard: when the stream stands is not told.
  while (first === undefined) await user.say(value);
  expect(first).toStrictEqual(["User", value]);
  await stream.return?.();
  await until(() => heard.length > 0);
  expect([heard[0], denied, visitor.connStatus]).toStrictEqual([["User", value], ["unauthenticated"], "connected"]);
});

test("get, create, resolve and getForId mean what they say", async () => {
  const { client } = await serve();
  const { room: rooms } = client();
  expect(await codeOf(rooms.get("k").size())).toBe("actor/not_found");
  expect(await codeOf(rooms.get("k").resolve())).toBe("actor/not_found");
  expect(await codeOf(rooms.get("k").connect().size())).toBe("actor/not_found");
  const created = await rooms.create("k", { input: { size: 3 } });
  expect(await codeOf(rooms.create("k"))).toBe("actor/duplicate_key");
  const id = await rooms.get("k").resolve();
  expect(await created.resolve()).toBe(id);
  expect(await rooms.getForId(id).size()).toBe(3);
  expect(await rooms.getForId(id).connect().size()).toBe(3);
  const big = { size: 9, pad: "x".repeat(20_000) };
  const other = rooms.getOrCreate(["", "~x"], { createWithInput: big });
  await other.resolve();
  expect(await rooms.get(["", "~x"]).size()).toBe(9);
});

test("raw requests and raw sockets reach the actor", async () => {
  const { client } = await serve();
  const handle = client({ token: () => token() }).room.getOrCreate("k");
  const response = await handle.fetch("files/a%2Fb?x=1", { method: "PUT", body: "data" });
  expect([response.status, await response.text()]).toStrictEqual([200, "PUT /files/a%2Fb data"]);
  const socket = await handle.webSocket("/game", ["chat.v2"]);
  const seen: unknown[] = [];
  socket.addEventListener("message", ({ data }) => seen.push(data));
  socket.send("ping");
  socket.send(new Uint8Array([1]));
  await until(() => seen.length === 3);
  expect(seen).toStrictEqual(["welcome", "ping", new Uint8Array([1]).buffer]);
  socket.close();
});

test("a token that no one knows is refused everywhere, and is nobody", async () => {
  const { client } = await serve();
  const handle = client({ token: "not a token" }).room.getOrCreate("k");
  expect(await codeOf(handle.size())).toBe("auth/unauthenticated");
  expect(await codeOf(handle.connect().size())).toBe("auth/unauthenticated");
  expect(await codeOf(handle.webSocket())).toBe("auth/unauthenticated");
  expect(await codeOf(handle.$events("said").next())).toBe("auth/unauthenticated");
  expect(await codeOf(handle.resolve())).toBe("auth/unauthenticated");
  expect((await handle.fetch("x")).status).toBe(401);
});

test("a lease is renewed in band before it ends, on the same connection", async () => {
  const { client } = await serve();
  let asked = 0;
  const renewing = client({ token: () => token(asked++ === 0 ? 8 : 600) })
    .room.getOrCreate("k")
    .connect();
  expect(await renewing.say(1)).toBe(1);
  const { connId } = renewing;
  await until(() => asked === 2);
  // Past the end of the first: the renewal begins with a fifth of it left.
  await new Promise((wait) => setTimeout(wait, 2500));
  expect([await renewing.say(2), renewing.connId]).toStrictEqual([2, connId]);
});

test("over ten restarts of the server subscriptions come back and what was answered stays", async () => {
  const { client, restart } = await serve();
  const conn = client({ token: () => token() })
    .room.getOrCreate("k")
    .connect();
  const heard = new Set<unknown>();
  conn.on("said", (_who, text) => heard.add(text));
  let answered = 0;
  for (let i = 0; i < 10; i++) {
    const call = conn.say(i).then(
      (length) => {
        expect(length).toBeGreaterThan(answered);
        answered = length;
      },
      (error: ActorError) => expect(error.code).toBe("connection_lost"),
    );
    if (i % 2 === 0) await call;
    await restart();
    await call;
    // Instead of the wait, which grows for a server that goes down every moment.
    conn.$reconnect();
    const last = await conn.say(`after ${i}`);
    expect(last).toBeGreaterThan(answered);
    answered = last;
    await until(() => heard.has(`after ${i}`));
  }
});
