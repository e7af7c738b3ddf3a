import { expect, onTestFinished, test } from "vitest";
import { type ScriptedServer, startServer } from "../../../tests/client/scripted-server.ts";
import { eagerRuntime, ManualTime, settled, testClient, until } from "../../../tests/client/test-runtime.ts";
import { ActorConnDisposed, ActorError } from "../errors.ts";
import type { Runtime } from "../runtime.ts";
import type { ActorConn, ClientOptions, HandleOptions } from "../types.ts";

const connect = (
  server: ScriptedServer,
  options: Partial<ClientOptions> = {},
  handle: HandleOptions = {},
  runtime: Runtime = eagerRuntime(),
): ActorConn => {
  const client = testClient({ endpoint: server.url, ...options }, runtime);
  return client.getOrCreate("room", "lobby", handle).connect();
};

/** What a call rejects with, as `group/code`. */
const failure = async (call: Promise<unknown>): Promise<string> => {
  try {
    await call;
    return "resolved";
  } catch (error) {
    return error instanceof ActorError ? `${error.group}/${error.code}` : String(error);
  }
};

const opened = (conn: ActorConn): Promise<void> =>
  conn.isConnected ? Promise.resolve() : new Promise((resolve) => conn.onOpen(resolve));

test("the first frame is hello with token, params and input, and nothing of it is in the URL", async () => {
  const server = await startServer();
  const client = testClient({ endpoint: server.url, token: "s3cret" });
  const options = { params: { seat: 3 }, createWithInput: new Map([["size", 4n]]) };
  client.getOrCreate("room", ["a", "b c"], options).connect();
  const peer = await server.peers.next();
  expect(peer.path).toBe("/actors/room/a,b%20c/connect");
  expect(peer.offered).toBe("byward.v1");
  expect(await peer.expect("hello")).toStrictEqual({
    t: "hello",
    token: "s3cret",
    params: { seat: 3 },
    input: new Map([["size", 4n]]),
  });
  expect(JSON.stringify(peer.headers)).not.toContain("s3cret");
});

test("get refuses to create, and an id has its own address", async () => {
  const server = await startServer();
  const client = testClient({ endpoint: server.url });
  client.get("room").connect();
  const byKey = await server.peers.next();
  expect([byKey.path, await byKey.expect("hello")]).toStrictEqual([
    "/actors/room/~/connect",
    { t: "hello", mode: "get" },
  ]);
  client.getForId("room", "id-7").connect();
  expect((await server.peers.next()).path).toBe("/actors/room/@id-7/connect");
});

test("status, ids and callbacks follow the link", async () => {
  const server = await startServer();
  const conn = connect(server);
  const seen: string[] = [conn.connStatus];
  conn.onStatusChange((status) => seen.push(status));
  conn.onOpen(() => seen.push("open"));
  conn.onClose(() => seen.push("close"));
  expect([conn.isConnected, conn.actorId, conn.connId]).toStrictEqual([false, undefined, undefined]);
  const peer = await server.peers.next();
  await peer.admit({ actor: "room-1", connection: "c-1" });
  await until(() => conn.isConnected);
  expect([conn.actorId, conn.connId]).toStrictEqual(["room-1", "c-1"]);
  peer.cut();
  await (await server.peers.next()).admit({ actor: "room-1", connection: "c-2" });
  await until(() => conn.connId === "c-2");
  await conn.dispose();
  expect(conn.connId).toBeUndefined();
  expect(seen).toStrictEqual([
    "connecting",
    "connected",
    "open",
    "disconnected",
    "close",
    "connecting",
    "connected",
    "open",
    "idle",
  ]);
});

test("nothing but hello leaves before ready; then subscriptions, then calls in order, in one frame", async () => {
  const server = await startServer();
  const conn = connect(server);
  const calls = [conn.action({ name: "a", args: [1] }), conn["b"]!(2), conn.send("jobs", 3, { id: "k" })];
  conn.on("news", () => {});
  const peer = await server.peers.next();
  await peer.expect("hello");
  await settled();
  expect(peer.frames).toStrictEqual([1]);
  peer.send({ t: "ready", actor: "a", connection: "c", expiresAt: null, now: 1 });
  const [subscribe, a, b, send] = await Promise.all([
    peer.expect("subscribe"),
    peer.expect("action"),
    peer.expect("action"),
    peer.expect("send"),
  ]);
  expect(peer.frames).toStrictEqual([1, 4]);
  expect([subscribe.name, a.args, b.args, send.body, send.key]).toStrictEqual(["news", [1], [2], 3, "k"]);
  peer.send({ t: "result", id: b.id, output: "B" }, { t: "result", id: a.id, output: "A" });
  peer.send({ t: "result", id: send.id, output: { status: "queued" } });
  expect(await Promise.all(calls)).toStrictEqual(["A", "B", undefined]);
});

test("ids start at 1 and are never used twice", async () => {
  const server = await startServer();
  const conn = connect(server);
  conn["a"]!().catch(() => {});
  const first = await server.peers.next();
  await first.admit();
  expect((await first.expect("action")).id).toBe(1);
  first.cut();
  const second = await server.peers.next();
  await second.admit();
  await opened(conn);
  conn["b"]!().catch(() => {});
  expect((await second.expect("action")).id).toBe(2);
});

test("an error for one call rejects that call only", async () => {
  const server = await startServer();
  const conn = connect(server);
  const errors: string[] = [];
  conn.onError((error) => errors.push(error.code));
  const peer = await server.peers.next();
  await peer.admit();
  const [refused, allowed] = [conn["a"]!(), conn["b"]!()];
  const first = await peer.expect("action");
  const second = await peer.expect("action");
  peer.error("user", "too_late", { id: first.id, metadata: { by: 5 } });
  peer.send({ t: "result", id: second.id, output: 1 });
  await expect(refused).rejects.toMatchObject({
    group: "user",
    code: "too_late",
    message: "too_late",
    metadata: { by: 5 },
    correlationId: "x1",
  });
  expect(await allowed).toBe(1);
  expect(errors).toStrictEqual([]);
});

test("an error with id 0 rejects nothing: no message has that id", async () => {
  const server = await startServer();
  const conn = connect(server);
  const errors: string[] = [];
  conn.onError((error) => errors.push(error.code));
  const peer = await server.peers.next();
  await peer.admit();
  const call = conn["a"]!();
  const { id } = await peer.expect("action");
  peer.error("auth", "forbidden", { id: 0 });
  peer.send({ t: "result", id, output: "fine" });
  expect(await call).toBe("fine");
  expect([errors, conn.connStatus]).toStrictEqual([[], "connected"]);
});

test("values of the whole set arrive, both ways", async () => {
  const server = await startServer();
  const conn = connect(server);
  const value = { at: new Date(5), ids: new Set([1n]), bytes: new Uint8Array([1]), none: [undefined] };
  const peer = await server.peers.next();
  await peer.admit();
  const call = conn["echo"]!(value);
  const { id, args } = await peer.expect("action");
  expect(args).toStrictEqual([value]);
  peer.send({ t: "result", id, output: args[0] });
  expect(await call).toStrictEqual(value);
});

test("arguments are written when the call is made, and what cannot be written rejects that call only", async () => {
  const server = await startServer();
  const conn = connect(server);
  const draft = { text: "one" };
  const sent = conn["say"]!(draft);
  draft.text = "two";
  await expect(conn["say"]!({ text: () => "three" })).rejects.toMatchObject({
    group: "client",
    code: "not_encodable",
    message: expect.stringContaining("action.args[0].text"),
  });
  const peer = await server.peers.next();
  await peer.admit();
  const { id, args } = await peer.expect("action");
  expect(args).toStrictEqual([{ text: "one" }]);
  peer.send({ t: "result", id });
  expect(await sent).toBeUndefined();
});

test("what waits for the link is bounded, and what is refused is never sent", async () => {
  const server = await startServer();
  const conn = connect(server, { maxBuffered: 2 });
  const kept = [conn["a"]!(), conn["b"]!()];
  expect(await failure(conn["c"]!())).toBe("client/buffer_full");
  for (let i = 0; i < 5; i++) conn.on(`event${i}`, () => {});
  const peer = await server.peers.next();
  await peer.admit();
  for (let i = 0; i < 5; i++) await peer.expect("subscribe");
  for (const name of ["a", "b"]) {
    const action = await peer.expect("action");
    expect(action.name).toBe(name);
    peer.send({ t: "result", id: action.id });
  }
  await Promise.all(kept);
  await settled();
  expect(peer.messages.all).toHaveLength(8);
});

test("many calls of one turn are split into frames the server takes", async () => {
  const server = await startServer();
  const conn = connect(server);
  const peer = await server.peers.next();
  await peer.admit();
  await opened(conn);
  const calls = Array.from({ length: 130 }, (_, i) => conn["a"]!(i));
  const large = conn["a"]!("x".repeat(40_000));
  for (let i = 0; i < 131; i++) {
    const { id, args } = await peer.expect("action");
    if (i < 130) expect(args).toStrictEqual([i]);
    peer.send({ t: "result", id });
  }
  await Promise.all([...calls, large]);
  expect(peer.frames).toStrictEqual([1, 64, 64, 2, 1]);
});

test("an action that may have left is rejected when the link breaks, and never sent again", async () => {
  const server = await startServer();
  const conn = connect(server);
  const first = await server.peers.next();
  await first.admit();
  await opened(conn);
  const call = failure(conn["pay"]!(100));
  await first.expect("action");
  first.cut();
  expect(await call).toBe("client/connection_lost");
  const second = await server.peers.next();
  await second.admit();
  await settled();
  expect(second.messages.all.map(({ t }) => t)).toStrictEqual(["hello"]);
});

test("an action made while the link is down goes out once it stands, over several broken attempts", async () => {
  const server = await startServer();
  const conn = connect(server);
  const first = await server.peers.next();
  await first.admit();
  await opened(conn);
  first.cut();
  await until(() => !conn.isConnected);
  const call = conn["say"]!("hi");
  for (let i = 0; i < 3; i++) {
    const broken = await server.peers.next();
    await broken.expect("hello");
    broken.cut();
  }
  const last = await server.peers.next();
  await last.admit();
  const { id } = await last.expect("action");
  last.send({ t: "result", id, output: "ok" });
  expect(await call).toBe("ok");
  const actions = server.peers.all.flatMap((peer) => peer.messages.all.filter(({ t }) => t === "action"));
  expect(actions).toHaveLength(1);
});

test("a queue send is repeated with the same idempotency id, before newer calls", async () => {
  const server = await startServer();
  const conn = connect(server);
  const first = await server.peers.next();
  await first.admit();
  await opened(conn);
  const receipt = conn.send("jobs", { n: 1 }, { wait: true, timeout: 500 });
  const sent = await first.expect("send");
  first.cut();
  await until(() => !conn.isConnected);
  conn["later"]!().catch(() => {});
  const second = await server.peers.next();
  await second.admit();
  const again = await second.expect("send");
  expect({ ...again, id: 0 }).toStrictEqual({ ...sent, id: 0 });
  expect(sent.key).toMatch(/^[0-9a-f]{32}$/);
  expect([sent.wait, sent.timeout]).toStrictEqual([true, 500]);
  second.send({ t: "result", id: again.id, output: { status: "completed", response: 9 } });
  expect(await receipt).toStrictEqual({ status: "completed", response: 9 });
  expect((await second.expect("action")).name).toBe("later");
});

test("a frame that was too large is not sent again, not even a queue send", async () => {
  const server = await startServer();
  const conn = connect(server);
  const first = await server.peers.next();
  await first.admit();
  const receipt = failure(conn.send("jobs", "x".repeat(100)));
  await first.expect("send");
  first.socket.close(1009, "message/incoming_too_long");
  expect(await receipt).toBe("client/connection_lost");
  const second = await server.peers.next();
  await second.admit();
  await settled();
  expect(second.messages.all).toHaveLength(1);
});

test("a signal takes a waiting call out, and leaves one that was sent to its fate", async () => {
  const server = await startServer();
  const conn = connect(server);
  const waiting = new AbortController();
  const call = conn.action({ name: "a", signal: waiting.signal });
  waiting.abort(new Error("changed my mind"));
  await expect(call).rejects.toThrow("changed my mind");
  const peer = await server.peers.next();
  await peer.admit();
  await opened(conn);
  const sent = new AbortController();
  const second = conn.action({ name: "b", signal: sent.signal });
  const { id, name } = await peer.expect("action");
  expect(name).toBe("b");
  sent.abort(new Error("too slow"));
  await expect(second).rejects.toThrow("too slow");
  peer.send({ t: "result", id, output: "nobody listens" });
  expect(await failure(conn.action({ name: "c", signal: AbortSignal.abort(new Error("never")) }))).toBe("Error: never");
  await settled();
  expect([peer.messages.all.length, conn.connStatus]).toStrictEqual([2, "connected"]);
});

test("dispose rejects what is under way, closes 1000, and resolves when the socket is closed", async () => {
  const server = await startServer();
  const conn = connect(server);
  const peer = await server.peers.next();
  await peer.admit();
  await opened(conn);
  const call = conn["a"]!();
  await peer.expect("action");
  const disposing = conn.dispose();
  await expect(call).rejects.toBeInstanceOf(ActorConnDisposed);
  await disposing;
  expect(await peer.closed).toBe(1000);
  expect(await failure(conn["b"]!())).toBe("client/disposed");
  await conn.dispose();
  await settled();
  expect([server.peers.all.length, conn.connStatus]).toStrictEqual([1, "idle"]);
});

test("calls that nobody awaits are no unhandled rejections when the user disposes", async () => {
  const server = await startServer();
  const unhandled: unknown[] = [];
  const note = (error: unknown): unknown => unhandled.push(error);
  process.on("unhandledRejection", note);
  const conn = connect(server);
  void conn["a"]!();
  await conn.dispose();
  await settled();
  process.off("unhandledRejection", note);
  expect(unhandled).toStrictEqual([]);
});

test("disposing while the token is asked for, while opening and while waiting leaves nothing behind", async () => {
  const server = await startServer();
  const { promise, resolve } = Promise.withResolvers<string>();
  const asking = connect(server, { token: () => promise });
  await asking.dispose();
  resolve("late");
  const opening = connect(server);
  const peer = await server.peers.next();
  await opening.dispose();
  await peer.closed;
  const time = new ManualTime();
  const waiting = connect(server, {}, {}, time.runtime());
  (await server.peers.next()).cut();
  await until(() => waiting.connStatus === "disconnected");
  await waiting.dispose();
  expect(time.pending).toStrictEqual([]);
  await settled();
  expect(server.peers.all).toHaveLength(2);
});

test("the client's dispose ends its connections, and a handle's signal ends those of the handle", async () => {
  const server = await startServer();
  const client = testClient({ endpoint: server.url });
  const conn = client.getOrCreate("room").connect();
  const controller = new AbortController();
  const other = client.getOrCreate("room", "x", { signal: controller.signal }).connect();
  const call = other["a"]!();
  controller.abort(new Error("left the page"));
  await expect(call).rejects.toThrow("left the page");
  expect([conn.connStatus, other.connStatus]).toStrictEqual(["connecting", "idle"]);
  await client.dispose();
  expect(conn.connStatus).toBe("idle");
  const aborted = client.getOrCreate("room", "x", { signal: controller.signal }).connect();
  await settled();
  expect(aborted.connStatus).toBe("idle");
});

test("forbidden is terminal: nothing is tried again, calls are rejected with it, until $reconnect", async () => {
  const server = await startServer();
  const conn = connect(server, { token: () => "t" });
  const errors: string[] = [];
  conn.onError((error) => errors.push(`${error.group}/${error.code}`));
  const call = failure(conn["a"]!());
  await (await server.peers.next()).refuse("auth", "forbidden", 3003);
  expect(await call).toBe("auth/forbidden");
  expect(await failure(conn["b"]!())).toBe("auth/forbidden");
  await settled();
  expect(server.peers.all).toHaveLength(1);
  expect([errors, conn.connStatus, conn.$failure?.code]).toStrictEqual([
    ["auth/forbidden"],
    "disconnected",
    "forbidden",
  ]);
  conn.$reconnect();
  expect([conn.connStatus, conn.$failure]).toStrictEqual(["connecting", undefined]);
  await (await server.peers.next()).admit();
  await until(() => conn.isConnected);
});

test("close 3003 without an error frame is terminal too, and its reason is the error", async () => {
  const server = await startServer();
  const conn = connect(server);
  const peer = await server.peers.next();
  await peer.admit();
  await opened(conn);
  peer.socket.close(3003, "auth/forbidden");
  await until(() => conn.$failure !== undefined);
  await settled();
  expect([conn.$failure?.group, conn.$failure?.code, server.peers.all.length]).toStrictEqual(["auth", "forbidden", 1]);
});

test("unauthenticated is tried once more with a fresh token, then given up", async () => {
  const server = await startServer();
  const asked: boolean[] = [];
  const conn = connect(server, { token: ({ fresh }) => `t${asked.push(fresh)}` });
  expect((await (await server.peers.next()).refuse("auth", "unauthenticated", 3000)).token).toBe("t1");
  expect((await (await server.peers.next()).refuse("auth", "unauthenticated", 3000)).token).toBe("t2");
  await until(() => conn.$failure !== undefined);
  await settled();
  expect([asked, conn.$failure?.code, server.peers.all.length]).toStrictEqual([[false, true], "unauthenticated", 2]);
});

test("a fresh token that is admitted earns the next expiry its own fresh attempt", async () => {
  const server = await startServer();
  const asked: boolean[] = [];
  const conn = connect(server, { token: ({ fresh }) => `t${asked.push(fresh)}` });
  for (let i = 0; i < 3; i++) {
    const peer = await server.peers.next();
    await peer.admit();
    await until(() => conn.isConnected);
    peer.error("auth", "expired");
    peer.socket.close(3000, "auth/expired");
    await until(() => !conn.isConnected);
  }
  await (await server.peers.next()).admit();
  await until(() => conn.isConnected);
  expect(asked).toStrictEqual([false, true, true, true]);
});

test("a token that is a string is not presented twice", async () => {
  const server = await startServer();
  const conn = connect(server, { token: "only" });
  await (await server.peers.next()).refuse("auth", "expired", 3000);
  await until(() => conn.$failure !== undefined);
  await settled();
  expect([conn.$failure?.code, server.peers.all.length]).toStrictEqual(["expired", 1]);
});

test.each([
  ["actor", "not_found", 1008],
  ["user", "room_full", 1008],
  ["message", "invalid_message", 1008],
])("%s/%s ends the attempt for good", async (group, code, closeCode) => {
  const server = await startServer();
  const conn = connect(server);
  const call = failure(conn["a"]!());
  await (await server.peers.next()).refuse(group, code, closeCode);
  expect(await call).toBe(`${group}/${code}`);
  await settled();
  expect(server.peers.all).toHaveLength(1);
});

test.each([
  ["byward", "internal_error", 1011],
  ["byward", "unavailable", 1013],
  ["action", "timed_out", 3008],
])("%s/%s is tried again", async (group, code, closeCode) => {
  const server = await startServer();
  const conn = connect(server);
  await (await server.peers.next()).refuse(group, code, closeCode);
  await (await server.peers.next()).admit();
  await until(() => conn.isConnected);
});

test("a verdict counts although the link breaks before the close arrives", async () => {
  const server = await startServer();
  const conn = connect(server);
  const peer = await server.peers.next();
  await peer.expect("hello");
  peer.error("auth", "forbidden");
  await settled();
  peer.cut();
  await until(() => conn.$failure !== undefined);
  expect([conn.$failure?.code, server.peers.all.length]).toStrictEqual(["forbidden", 1]);
});

test("a server that says why and does not close is left after two seconds", async () => {
  const server = await startServer();
  const time = new ManualTime();
  const conn = connect(server, {}, {}, time.runtime());
  const peer = await server.peers.next();
  await peer.expect("hello");
  peer.error("auth", "forbidden");
  await until(() => time.pending[0] === 2000);
  time.advance(2000);
  await until(() => conn.$failure !== undefined);
  await peer.closed;
});

test("a server that never answers is left after 15 s, and tried again", async () => {
  const server = await startServer();
  const time = new ManualTime();
  const conn = connect(server, {}, {}, time.runtime({ random: () => 1 }));
  const errors: string[] = [];
  conn.onError((error) => errors.push(error.code));
  const silent = await server.peers.next();
  await silent.expect("hello");
  expect(time.pending).toStrictEqual([15_000]);
  time.advance(15_000);
  expect([errors, conn.connStatus]).toStrictEqual([["connect_timeout"], "disconnected"]);
  await silent.closed;
  time.advance(250);
  await (await server.peers.next()).admit();
  await until(() => conn.isConnected);
});

test("the wait between attempts is jittered, doubles from 250 ms, and stops at 30 s", async () => {
  const server = await startServer();
  const time = new ManualTime();
  const conn = connect(server, {}, {}, time.runtime({ random: () => 1 }));
  const waits: number[] = [];
  for (let i = 0; i < 10; i++) {
    (await server.peers.next()).cut();
    await until(() => conn.connStatus === "disconnected");
    waits.push(...time.pending);
    time.advance(30_000);
  }
  expect(waits).toStrictEqual([250, 500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000]);
});

test("the wait starts over only after a connection has lived for ten seconds", async () => {
  const server = await startServer();
  const time = new ManualTime();
  const conn = connect(server, {}, {}, time.runtime({ random: () => 1 }));
  const waitAfter = async (life: number): Promise<number[]> => {
    const peer = await server.peers.next();
    await peer.admit();
    await until(() => conn.isConnected);
    time.advance(life);
    peer.cut();
    await until(() => conn.connStatus === "disconnected");
    const { pending } = time;
    time.advance(30_000);
    return pending;
  };
  expect(await waitAfter(9999)).toStrictEqual([250]);
  expect(await waitAfter(9999)).toStrictEqual([500]);
  expect(await waitAfter(10_000)).toStrictEqual([250]);
});

test("an overloaded server is left alone for as long as it asks", async () => {
  const server = await startServer();
  const time = new ManualTime();
  const conn = connect(server, {}, {}, time.runtime({ random: () => 0.5 }));
  await (await server.peers.next()).refuse("byward", "overloaded", 1013, { retryAfter: 7 });
  await until(() => conn.connStatus === "disconnected");
  expect(time.pending).toStrictEqual([7125]);
});

test("a token() that throws is tried again later and reported, and calls wait", async () => {
  const server = await startServer();
  let asked = 0;
  const token = (): string => {
    if (++asked < 3) throw new Error("signed out");
    return "t";
  };
  const conn = connect(server, { token });
  const errors: string[] = [];
  conn.onError((error) => errors.push(`${error.code}: ${error.message}`));
  const call = conn["a"]!();
  const peer = await server.peers.next();
  await peer.admit();
  const { id } = await peer.expect("action");
  peer.send({ t: "result", id, output: 1 });
  expect(await call).toBe(1);
  expect(errors).toStrictEqual(Array(2).fill("token_failed: token() failed: signed out"));
});

test("a token() that never answers, and getParams() that rejects, do not stick", async () => {
  const server = await startServer();
  const time = new ManualTime();
  let answer: () => Promise<string> = () => new Promise(() => {});
  let params: () => Promise<unknown> = () => Promise.resolve(1);
  const conn = connect(
    server,
    { token: () => answer() },
    { getParams: () => params() },
    time.runtime({ random: () => 1 }),
  );
  const errors: string[] = [];
  conn.onError((error) => errors.push(error.code));
  await settled();
  time.advance(30_000);
  await until(() => errors.length === 1);
  answer = () => Promise.resolve("t");
  params = () => Promise.reject(new Error("no seat"));
  time.advance(500);
  await until(() => errors.length === 2);
  params = () => Promise.resolve({ seat: 1 });
  time.advance(500);
  expect(await (await server.peers.next()).admit()).toStrictEqual({ t: "hello", token: "t", params: { seat: 1 } });
  expect(errors).toStrictEqual(["token_failed", "params_failed"]);
});

test("a token of another type is not presented", async () => {
  const server = await startServer();
  const time = new ManualTime();
  const conn = connect(server, { token: () => 5 as unknown as string }, {}, time.runtime());
  const { promise, resolve } = Promise.withResolvers<string>();
  conn.onError((error) => resolve(error.message));
  expect(await promise).toBe("token() returned a number, not a string.");
  expect(server.peers.all).toHaveLength(0);
});

test("events reach their listeners; a listener that throws stops none of the others", async () => {
  const server = await startServer();
  const conn = connect(server);
  const seen: unknown[] = [];
  const errors: unknown[] = [];
  conn.onError((error) => errors.push([error.code, (error.cause as Error).message]));
  conn.on("news", () => {
    throw new Error("boom");
  });
  conn.on("news", (...args) => seen.push(args));
  conn.on("other", () => seen.push("other"));
  const peer = await server.peers.next();
  await peer.admit();
  peer.send({ t: "event", name: "news", args: [1, new Date(2)] }, { t: "event", name: "unheard", args: [] });
  await until(() => seen.length > 0);
  expect(seen).toStrictEqual([[1, new Date(2)]]);
  expect(errors).toStrictEqual([["listener_failed", "boom"]]);
});

test("without anyone listening for errors, a listener's error is reported to the surroundings", async () => {
  const server = await startServer();
  const reported: unknown[] = [];
  const runtime = eagerRuntime({ report: (error) => reported.push(error) });
  const conn = connect(server, {}, {}, runtime);
  const boom = new Error("boom");
  conn.onOpen(() => {
    throw boom;
  });
  await (await server.peers.next()).admit();
  await until(() => reported.length > 0);
  expect([reported, conn.connStatus]).toStrictEqual([[boom], "connected"]);
});

test("nothing behind the end of a connection is delivered, though it came in the same frame", async () => {
  const server = await startServer();
  const seen: string[] = [];
  const disposed = connect(server);
  disposed.on("news", () => {
    seen.push("news");
    void disposed.dispose();
  });
  const first = await server.peers.next();
  await first.admit();
  const news = { t: "event", name: "news", args: [] };
  first.send(news, news);
  await first.closed;
  const expired = connect(server);
  expired.on("news", () => seen.push("after expiry"));
  const second = await server.peers.next();
  await second.admit();
  const error = { t: "error", group: "auth", code: "forbidden", message: "", correlationId: "x" };
  second.send(error, news);
  second.socket.close(3003);
  await until(() => expired.$failure !== undefined);
  expect(seen).toStrictEqual(["news"]);
});

test("the server is asked once per event and told when the last listener has gone", async () => {
  const server = await startServer();
  const conn = connect(server);
  const peer = await server.peers.next();
  const early = conn.on("news", () => {});
  await peer.expect("hello");
  const offs = [conn.on("news", () => {}), conn.on("news", () => {})];
  peer.send({ t: "ready", actor: "a", connection: "c", expiresAt: null, now: 1 });
  const { id } = await peer.expect("subscribe");
  peer.send({ t: "result", id });
  early();
  offs[0]!();
  offs[0]!();
  offs.push(conn.on("news", () => {}));
  await settled();
  expect(peer.messages.all).toHaveLength(2);
  offs[2]!();
  offs[1]!();
  expect(await peer.expect("unsubscribe")).toStrictEqual({ t: "unsubscribe", name: "news" });
  conn.on("news", () => {});
  expect((await peer.expect("subscribe")).id).toBeGreaterThan(id);
});

test("a once listener that fired leaves no subscription", async () => {
  const server = await startServer();
  const conn = connect(server);
  const seen: unknown[] = [];
  conn.once("news", (value) => seen.push(value));
  const peer = await server.peers.next();
  await peer.admit();
  await peer.expect("subscribe");
  peer.send({ t: "event", name: "news", args: [1] }, { t: "event", name: "news", args: [2] });
  await peer.expect("unsubscribe");
  expect(seen).toStrictEqual([1]);
});

test("a refused subscription concerns its own listeners, not other events and not calls", async () => {
  const server = await startServer();
  const conn = connect(server);
  const denied: string[] = [];
  const errors: string[] = [];
  const seen: unknown[] = [];
  conn.onError((error) => errors.push(error.code));
  conn.on("secret", () => seen.push("secret"), { onDenied: (error) => denied.push(`secret ${error.code}`) });
  conn.on("open", (value) => seen.push(value), { onDenied: () => denied.push("open") });
  const peer = await server.peers.next();
  await peer.admit();
  const secret = await peer.expect("subscribe");
  const open = await peer.expect("subscribe");
  const call = conn["slow"]!();
  const { id } = await peer.expect("action");
  peer.error("auth", "forbidden", { id: secret.id, event: "secret" });
  peer.send({ t: "result", id: open.id }, { t: "event", name: "open", args: [1] }, { t: "result", id, output: "ok" });
  expect(await call).toBe("ok");
  expect([denied, errors, seen, conn.connStatus]).toStrictEqual([
    ["secret forbidden"],
    ["forbidden"],
    [1],
    "connected",
  ]);
});

test("a subscription that the server ends later is told likewise, and asked for again on the next link", async () => {
  const server = await startServer();
  const conn = connect(server);
  const denied: string[] = [];
  conn.on("news", () => {}, { onDenied: (error) => denied.push(error.code) });
  const first = await server.peers.next();
  await first.admit();
  const { id } = await first.expect("subscribe");
  first.send({ t: "result", id });
  first.error("auth", "forbidden", { event: "news" });
  await until(() => denied.length === 1);
  expect(conn.connStatus).toBe("connected");
  conn.on("news", () => {});
  expect((await first.expect("subscribe")).name).toBe("news");
  first.cut();
  const second = await server.peers.next();
  await second.admit();
  expect((await second.expect("subscribe")).name).toBe("news");
  await settled();
  expect(second.messages.all).toHaveLength(2);
});

test("subscriptions come back once each after every reconnect, without those given up meanwhile", async () => {
  const server = await startServer();
  const conn = connect(server);
  const off = conn.on("a", () => {});
  conn.on("b", () => {});
  const first = await server.peers.next();
  await first.admit();
  await first.expect("subscribe");
  first.cut();
  await until(() => !conn.isConnected);
  off();
  const second = await server.peers.next();
  await second.admit();
  expect((await second.expect("subscribe")).name).toBe("b");
  await settled();
  expect(second.messages.all).toHaveLength(2);
});

test("a frame that cannot be read ends the link, not the connection", async () => {
  const server = await startServer();
  const conn = connect(server);
  const errors: string[] = [];
  conn.onError((error) => errors.push(error.code));
  const first = await server.peers.next();
  await first.admit();
  first.socket.send("{");
  await first.closed;
  await (await server.peers.next()).admit();
  await until(() => conn.isConnected);
  expect(errors).toStrictEqual(["malformed_response"]);
});

test("messages of a kind this client does not know are passed over", async () => {
  const server = await startServer();
  const conn = connect(server);
  const peer = await server.peers.next();
  await peer.expect("hello");
  peer.send({ t: "weather", sun: true });
  peer.send({ t: "ready", actor: "a", connection: "c", expiresAt: null, now: 1, extra: 1 }, { t: "weather" });
  await until(() => conn.isConnected);
  peer.send({ t: "result", id: 77, output: 1 });
  await settled();
  expect(conn.connStatus).toBe("connected");
});

test("a server that is not there is tried again until it is", async () => {
  const server = await startServer();
  await server.stop();
  const conn = connect(server, {}, {}, eagerRuntime({ random: () => 0.02 }));
  const errors: string[] = [];
  conn.onError((error) => errors.push(error.code));
  await until(() => errors.length >= 2);
  await server.start();
  await (await server.peers.next()).admit();
  await until(() => conn.isConnected);
  expect(new Set(errors)).toStrictEqual(new Set(["connection_lost"]));
});

test("a key that has no path fails at once", async () => {
  const server = await startServer();
  const client = testClient({ endpoint: server.url });
  expect(() => client.getOrCreate("room", "a/b")).toThrow(/key\[0\]/);
  const conn = client.getOrCreate("ro/om").connect();
  expect(await failure(conn["a"]!())).toBe("client/not_encodable");
  expect(conn.$failure?.code).toBe("not_encodable");
});

test("disposing when told that it is connected leaves no timer and asks for no token", async () => {
  const server = await startServer();
  const time = new ManualTime();
  const asked: boolean[] = [];
  const token = ({ fresh }: { readonly fresh: boolean }): string => {
    asked.push(fresh);
    return "token";
  };
  const conn = connect(server, { token }, {}, time.runtime());
  let opens = 0;
  conn.onOpen(() => void opens++);
  const gone = new Promise<void>((resolve) => {
    conn.onStatusChange((status) => {
      if (status === "connected") void conn.dispose().then(resolve);
    });
  });
  await (await server.peers.next()).admit({ now: 0, expiresAt: 600_000 });
  await gone;
  time.advance(600_000);
  await settled();
  expect([opens, asked, time.pending]).toStrictEqual([0, [false], []]);
});

test("unsubscribing while the socket closes is no unhandled rejection", async () => {
  const server = await startServer();
  const sockets: WebSocket[] = [];
  class Kept extends WebSocket {
    constructor(url: string | URL, protocols?: string | string[]) {
      super(url, protocols);
      sockets.push(this);
    }
  }
  const unhandled: unknown[] = [];
  const note = (error: unknown): void => void unhandled.push(error);
  process.on("unhandledRejection", note);
  onTestFinished(() => void process.off("unhandledRejection", note));
  const conn = connect(server, {}, {}, eagerRuntime({ WebSocket: Kept }));
  const stop = conn.on("news", () => {});
  const peer = await server.peers.next();
  await peer.admit();
  const { id } = await peer.expect("subscribe");
  peer.send({ t: "result", id, output: null });
  await settled();
  // The peer said that it goes; the close itself is still to come.
  Object.defineProperty(sockets[0], "readyState", { value: 2 });
  stop();
  await settled();
  peer.cut();
  await (await server.peers.next()).admit();
  await settled();
  expect(unhandled).toStrictEqual([]);
});
