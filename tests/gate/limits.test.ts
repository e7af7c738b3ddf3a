/** G12: every limit of a registry has an answer past it. */
import { once } from "node:events";
import { connect } from "node:net";
import { actor, bearer, event, party, type RegistryLimits, setup, signature, Visitor } from "byward";
import { expect, test } from "vitest";
import { post, provideSecret, serve, token, WireSocket } from "./server.ts";
import { virtual } from "./virtual.ts";

provideSecret();
provideSecret("HOOK_SECRET", "a-webhook-secret-of-some-length");
const ran: string[] = [];
const room = actor({
  by: Visitor,
  state: {},
  events: { a: event(), b: event(), c: event<string>() },
  canInvoke: (_c, invoke) => (invoke.kind === "action" && invoke.name === "late" ? new Promise(() => {}) : true),
  actions: {
    act: () => ran.push("act"),
    late: () => ran.push("late"),
    big: (_c, size: number) => "x".repeat(size),
    flood: (c, size: number) => c.broadcast("c", "x".repeat(size)),
  },
});
const Hook = party("Hook", { auth: signature({ secret: "HOOK_SECRET", header: "x-signature" }) });
const hooked = actor({ by: Hook, state: {}, actions: { act: () => ran.push("hook") } });
const start = (limits: Partial<RegistryLimits>) => {
  ran.length = 0;
  return serve(setup({ use: { room, hooked }, limits }));
};

test("an output past maxOutgoingMessageSize is refused as outgoing_too_long, over HTTP and over a connection", async () => {
  const { url } = await start({ maxOutgoingMessageSize: 2000 });
  expect(await post(`${url}/actors/room/one/actions/big`, [3000])).toMatchObject({
    status: 413,
    body: { code: "outgoing_too_long" },
  });
  const socket = await WireSocket.rpc(`${url}/actors/room/one`);
  await socket.next((message) => message.t === "ready");
  socket.send({ t: "action", id: 1, name: "big", args: [3000] });
  expect(await socket.next((message) => message.id === 1)).toMatchObject({ t: "error", code: "outgoing_too_long" });
  socket.send({ t: "action", id: 2, name: "big", args: [10] });
  expect((await socket.next((message) => message.id === 2)).t).toBe("result");
});

test("a body a signature is verified over is read up to maxBodySize only", async () => {
  const { url } = await start({ maxBodySize: 1000, maxIncomingMessageSize: 100_000 });
  const reply = await post(`${url}/actors/hooked/one/actions/act`, ["x".repeat(2000)], undefined, {
    "x-signature": "a".repeat(64),
  });
  expect(reply.status).toBe(413);
  expect(ran).toEqual([]);
});

test("a body without Content-Length is counted as it comes", async () => {
  const { url } = await start({ maxIncomingMessageSize: 1000 });
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  socket.write(
    "POST /actors/room/one/actions/act HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n",
  );
  socket.write(`800\r\n${"x".repeat(2048)}\r\n`);
  const [answer] = await once(socket, "data");
  socket.destroy();
  expect(String(answer)).toMatch(/^HTTP\/1\.1 413/);
  expect(ran).toEqual([]);
});

test("connections past maxConnections are refused with 1013, those that stand go on", async () => {
  const { url } = await start({ maxConnections: 2 });
  const one = await WireSocket.rpc(`${url}/actors/room/one`);
  const two = await WireSocket.rpc(`${url}/actors/room/two`);
  for (const socket of [one, two]) await socket.next((message) => message.t === "ready");
  const third = await WireSocket.rpc(`${url}/actors/room/three`);
  expect((await third.closed).code).toBe(1013);
  expect(third.messages[0]).toMatchObject({ t: "error", code: "overloaded", retryAfter: expect.any(Number) });
  one.send({ t: "action", id: 1, name: "act", args: [] });
  expect((await one.next((message) => message.id === 1)).t).toBe("result");
});

test("a subscription past maxSubscriptions is overloaded; the others stand", async () => {
  const { url } = await start({ maxSubscriptions: 2 });
  const socket = await WireSocket.rpc(`${url}/actors/room/one`);
  await socket.next((message) => message.t === "ready");
  socket.send(["a", "b", "c"].map((name, index) => ({ t: "subscribe", id: index + 1, name })));
  expect((await socket.next((message) => message.id === 2)).t).toBe("result");
  expect(await socket.next((message) => message.id === 3)).toMatchObject({ code: "overloaded", event: "c" });
});

test("messages that wait for an earlier one's decision are bounded by maxPendingMessages", async () => {
  const { url } = await start({ maxPendingMessages: 4 });
  const socket = await WireSocket.rpc(`${url}/actors/room/one`);
  await socket.next((message) => message.t === "ready");
  for (let id = 1; id <= 10; id++) socket.send({ t: "action", id, name: id === 1 ? "late" : "act", args: [] });
  expect((await socket.closed).code).toBe(1013);
  expect(ran).not.toContain("act");
});

test("a socket that says nothing is closed 3008 after helloTimeout", async () => {
  const { url } = await start({ helloTimeout: 150 });
  const silent = await WireSocket.open(`${url}/actors/room/one/connect`, ["byward.v1"]);
  const raw = await WireSocket.open(`${url}/actors/room/one/websocket/`, ["byward.v1"]);
  expect((await silent.closed).code).toBe(3008);
  expect((await raw.closed).code).toBe(3008);
});

test("sockets that say nothing yet, past maxPendingSockets, are refused at once", async () => {
  const { url } = await start({ helloTimeout: 3_600_000, maxPendingSockets: 2 });
  await WireSocket.open(`${url}/actors/room/one/connect`, ["byward.v1"]);
  await WireSocket.open(`${url}/actors/room/one/websocket/`, ["byward.v1"]);
  const third = await WireSocket.open(`${url}/actors/room/one/connect`, ["byward.v1"]);
  expect((await third.closed).code).toBe(1013);
});

test("params past maxParamsSize are too_long on a connection and too large in a header", async () => {
  const { url } = await start({ maxParamsSize: 100 });
  const socket = await WireSocket.rpc(`${url}/actors/room/one`, { params: "x".repeat(200) });
  expect((await socket.closed).code).toBe(1009);
  expect(socket.messages[0]).toMatchObject({ group: "params", code: "too_long" });
  const headers = { "byward-params": encodeURIComponent(JSON.stringify("x".repeat(200))) };
  expect((await post(`${url}/actors/room/one/actions/act`, [], undefined, headers)).status).toBe(413);
  expect(ran).toEqual([]);
});

test("initial states held for callers of missing actors are bounded by maxProvisional", async () => {
  let release = (): void => {};
  const gate = new Promise<boolean>((resolve) => {
    release = () => resolve(false);
  });
  const slow = actor({ state: {}, canInvoke: () => gate, actions: { act: () => ran.push("act") } });
  const world = await virtual(setup({ use: { slow }, limits: { maxProvisional: 3 } }));
  const call = (key: number) =>
    world.fetch(`/actors/slow/k${key}/actions/act`, {
      method: "POST",
      body: "[]",
      headers: { "content-type": "application/json" },
    });
  const waiting = [call(1), call(2), call(3)];
  await world.settle();
  expect((await call(4)).status).toBe(429);
  release();
  expect((await Promise.all(waiting)).map(({ status }) => status)).toEqual([403, 403, 403]);
  expect((await call(5)).status).toBe(403);
});

test("a subscriber that does not read is cut off past maxBufferedBytes; others do not notice", async () => {
  const { url } = await start({ maxBufferedBytes: 200_000 });
  const { hostname, port } = new URL(url);
  const stuck = connect(Number(port), hostname);
  stuck.on("error", () => {});
  stuck.write(
    "GET /actors/room/one/connect HTTP/1.1\r\nhost: localhost\r\nconnection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-protocol: byward.v1\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
  );
  await once(stuck, "data");
  stuck.write(frame('{"t":"hello"}'));
  await once(stuck, "data");
  stuck.write(frame('{"t":"subscribe","id":1,"name":"c"}'));
  await once(stuck, "data");
  stuck.pause();
  const reader = await WireSocket.rpc(`${url}/actors/room/one`);
  await reader.next((message) => message.t === "ready");
  reader.send({ t: "subscribe", id: 1, name: "c" });
  await reader.next((message) => message.id === 1);
  for (let count = 0; count < 200; count++) {
    expect((await post(`${url}/actors/room/one/actions/flood`, [60_000])).status).toBe(200);
  }
  await reader.next(() => reader.messages.filter(({ t }) => t === "event").length === 200);
  stuck.resume();
  await once(stuck, "close");
});

/** A masked text frame (RFC 6455 §5.2) with a zero mask. */
function frame(text: string): Buffer {
  return Buffer.concat([Buffer.from([0x81, 0x80 | text.length, 0, 0, 0, 0]), Buffer.from(text)]);
}

test("failed authentications of one address are refused before any crypto past maxFailedAuthentications", async () => {
  const User = party("User", { auth: bearer({ secret: "AUTH_JWT_SECRET" }) });
  const guarded = actor({ by: User, state: {}, actions: { act: () => ran.push("guarded") } });
  const { url } = await serve(setup({ use: { guarded }, limits: { maxFailedAuthentications: 5 } }));
  ran.length = 0;
  const statuses: number[] = [];
  for (let attempt = 0; attempt < 8; attempt++)
    statuses.push((await post(`${url}/actors/guarded/one/actions/act`, [], "x.y.z")).status);
  expect(statuses.slice(0, 5)).toEqual([401, 401, 401, 401, 401]);
  expect(statuses.at(-1)).toBe(429);
  expect((await post(`${url}/actors/guarded/one/actions/act`, [], await token("alice"))).status).toBe(429);
  expect(ran).toEqual([]);
});

test("a revocation is remembered for maxCredentialLifetime, and forgotten after", async () => {
  const world = await virtual(setup({ use: { room }, limits: { maxCredentialLifetime: 600_000 } }));
  await world.registry.revoke({ identity: "alice" });
  await world.clock.advance(500_000);
  expect(world.edge.runtime.revocations.size).toBe(1);
  await world.clock.advance(200_000);
  expect(world.edge.runtime.revocations.size).toBe(0);
});

test("close waits for requests under way no longer than drainTimeout", async () => {
  const stuck = actor({ by: Visitor, actions: { hang: () => new Promise<void>(() => {}) } });
  const { url, close } = await serve(setup({ use: { stuck }, limits: { drainTimeout: 50 } }));
  const cut = post(`${url}/actors/stuck/one/actions/hang`, []).catch((error: unknown) => error);
  await new Promise((resolve) => setTimeout(resolve, 100));
  const started = performance.now();
  await close();
  expect(performance.now() - started).toBeLessThan(8000);
  await cut;
});

test("a user who opens connections, creates or gets actors too often is refused under an identity rule, and nothing is made", async () => {
  const User = party("User", { auth: bearer({ secret: "AUTH_JWT_SECRET" }) });
  let created = 0;
  const onCreate = (): void => {
    created += 1;
  };
  const room = actor({ by: User, state: {}, onCreate, actions: {} });
  const rate = [{ per: "identity", limit: 3, window: 60, entrypoint: "connect" }] as const;
  const world = await virtual(setup({ use: { room }, limits: { rate } }));
  const token = await world.token("ann", 600);
  const touch = async (method: string, key: string, by = token) => {
    const headers = { authorization: `Bearer ${by}`, "content-type": "application/json" };
    const body = method === "GET" ? null : "{}";
    return (await world.fetch(`/actors/room/${key}`, { method, headers, body })).status;
  };
  expect(await touch("PUT", "a")).toBe(200);
  expect(await touch("POST", "b")).toBe(201);
  const socket = await world.rpc("/actors/room/a", { token });
  expect(socket.closed).toBeNull();
  expect(await touch("PUT", "c")).toBe(429);
  expect(await touch("POST", "d")).toBe(429);
  expect(await touch("GET", "a")).toBe(429);
  const refused = await world.rpc("/actors/room/e", { token });
  expect(refused.closed?.code).toBe(1013);
  expect(refused.messages[0]).toMatchObject({ t: "error", code: "overloaded", retryAfter: expect.any(Number) });
  expect(created).toBe(2);
  expect(await touch("GET", "a", await world.token("bob", 600))).toBe(200);
});
