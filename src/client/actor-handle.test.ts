import { expect, test } from "vitest";
import { errorBody, reply, type ScriptedServer, startServer } from "../../tests/client/scripted-server.ts";
import { eagerRuntime, ManualTime, testClient, until } from "../../tests/client/test-runtime.ts";
import { ActorError, HttpRequestError, MalformedResponseMessage } from "./errors.ts";
import type { ActorHandle, ClientOptions } from "./types.ts";

const handle = (server: ScriptedServer, options: Partial<ClientOptions> = {}): ActorHandle =>
  testClient({ endpoint: server.url, ...options }).getOrCreate("room", ["a", "b c"]);

const failure = async (call: Promise<unknown>): Promise<ActorError> => {
  try {
    await call;
  } catch (error) {
    if (error instanceof ActorError) return error;
    throw error;
  }
  throw new Error("it resolved");
};

test("an action is one POST with its arguments, and gives the output", async () => {
  const server = await startServer();
  server.answer = ({ body }, response) => reply(response, 200, { output: JSON.parse(body)[1] });
  expect(await handle(server)["say hi"]!(1, { b: [] })).toStrictEqual({ b: [] });
  const [request] = server.requests;
  expect(request).toMatchObject({
    method: "POST",
    path: "/actors/room/a,b%20c/actions/say%20hi",
    body: '[1,{"b":[]}]',
  });
  expect(request?.headers).toMatchObject({ "content-type": "application/json", accept: "application/json" });
  for (const name of ["authorization", "byward-mode", "byward-params", "byward-input", "cookie"]) {
    expect(request?.headers).not.toHaveProperty(name);
  }
});

test("an output that is absent is undefined; tagged values are revived", async () => {
  const server = await startServer();
  server.answer = (_, response) => reply(response, 200, {});
  expect(await handle(server).action({ name: "a" })).toBeUndefined();
  server.answer = ({ body }, response) => reply(response, 200, { output: JSON.parse(body)[0] });
  expect(await handle(server).action({ name: "a", args: [new Set([1n])] })).toStrictEqual(new Set([1n]));
});

test("token, params, mode and input travel in headers, and the input of create in the body", async () => {
  const server = await startServer();
  server.answer = ({ method }, response) =>
    method === "POST" && server.requests.length === 3
      ? reply(response, 201, { actor: "id-1" })
      : reply(response, 200, { output: 1 });
  const client = testClient({ endpoint: server.url, token: () => Promise.resolve("s3cret"), params: { seat: "ä" } });
  await client.get("room", "k").action({ name: "a" });
  await client.getOrCreate("room", "k", { createWithInput: 5n, getParams: () => ["own"] }).action({ name: "a" });
  const created = await client.create("room", "k", { input: 0 });
  await created.action({ name: "a" });
  const [get, getOrCreate, create, onCreated] = server.requests;
  expect(get?.headers).toMatchObject({
    authorization: "Bearer s3cret",
    "byward-mode": "get",
    "byward-params": encodeURIComponent('{"seat":"ä"}'),
  });
  expect(decodeURIComponent(getOrCreate?.headers["byward-input"] as string)).toBe('["$BigInt","5"]');
  expect(decodeURIComponent(getOrCreate?.headers["byward-params"] as string)).toBe('["own"]');
  expect([create?.method, create?.path, create?.body]).toStrictEqual(["POST", "/actors/room/k", '{"input":0}']);
  expect([onCreated?.path, onCreated?.headers["byward-mode"]]).toStrictEqual(["/actors/room/@id-1/actions/a", "get"]);
  for (const { path } of server.requests) expect(path).not.toContain("s3cret");
});

test("what is too large for a header is refused with the way out, before anything is sent", async () => {
  const server = await startServer();
  const client = testClient({ endpoint: server.url });
  const room = client.getOrCreate("room", "k", { createWithInput: "x".repeat(9000) });
  expect((await failure(room.action({ name: "a" }))).message).toMatch(/input is \d+ characters.*create\(\)/);
  expect((await failure(client.get("room", "k", { params: "x".repeat(5000) }).action({ name: "a" }))).code).toBe(
    "not_encodable",
  );
  expect(server.requests).toStrictEqual([]);
});

test("a refusal is an ActorError with everything the server said", async () => {
  const server = await startServer();
  server.answer = (_, response) =>
    reply(response, 400, { ...errorBody("user", "too_late"), metadata: { at: ["$Date", 5] } }, { "retry-after": "7" });
  expect(await failure(handle(server)["a"]!())).toMatchObject({
    name: "ActorError",
    group: "user",
    code: "too_late",
    metadata: { at: new Date(5) },
    correlationId: "x1",
    retryAfter: 7,
  });
});

test.each([
  ["a page of a proxy", 502, "<html>", HttpRequestError],
  ["JSON of someone else", 404, '{"error":"nope"}', HttpRequestError],
  ["a success that is no JSON", 200, "<html>", MalformedResponseMessage],
  ["a redirect", 307, "", HttpRequestError],
])("%s is an ActorError of the client", async (_, status, body, type) => {
  const server = await startServer();
  server.answer = (_request, response) => {
    response.writeHead(status, { location: "http://127.0.0.1:1/elsewhere" }).end(body);
  };
  expect(await failure(handle(server)["a"]!())).toBeInstanceOf(type);
  expect(server.requests).toHaveLength(1);
});

test("an action is never repeated after the link broke, whether it ran or not", async () => {
  const server = await startServer();
  server.answer = (_, response) => {
    response.destroy();
  };
  expect((await failure(handle(server, { token: () => "t" })["pay"]!())).code).toBe("network_failed");
  expect(server.requests).toHaveLength(1);
});

test.each(["expired", "forbidden", "replayed"])("auth/%s does not repeat an action", async (code) => {
  const server = await startServer();
  server.answer = (_, response) => reply(response, code === "forbidden" ? 403 : 401, errorBody("auth", code));
  expect((await failure(handle(server, { token: ({ fresh }) => `${fresh}` })["a"]!())).code).toBe(code);
  expect(server.requests).toHaveLength(1);
});

test("auth/unauthenticated repeats an action once, with another token: it did not run", async () => {
  const server = await startServer();
  server.answer = ({ headers }, response) =>
    headers.authorization === "Bearer fresh"
      ? reply(response, 200, { output: "ok" })
      : reply(response, 401, errorBody("auth", "unauthenticated"));
  expect(await handle(server, { token: ({ fresh }) => (fresh ? "fresh" : "stale") })["a"]!()).toBe("ok");
  expect(server.requests).toHaveLength(2);
  expect((await failure(handle(server, { token: ({ fresh }) => (fresh ? "b" : "a") })["a"]!())).code).toBe(
    "unauthenticated",
  );
  expect(server.requests).toHaveLength(4);
  for (const token of ["same", () => "same"])
    expect((await failure(handle(server, { token })["a"]!())).group).toBe("auth");
  expect(server.requests).toHaveLength(6);
});

test("a queue send is repeated over broken links and busy servers, always as one message", async () => {
  const server = await startServer();
  server.answer = (_, response) => {
    if (server.requests.length === 1) response.destroy();
    else if (server.requests.length === 2) reply(response, 503, errorBody("byward", "unavailable"));
    else if (server.requests.length === 3) reply(response, 409, errorBody("request", "in_progress"));
    else if (server.requests.length === 4) reply(response, 401, errorBody("auth", "expired"));
    else reply(response, 200, { status: "queued" });
  };
  expect(await handle(server, { token: ({ fresh }) => `${fresh}` }).send("jobs", { n: 1 })).toBeUndefined();
  const bodies = server.requests.map(({ body }) => JSON.parse(body) as { id: string });
  expect(bodies).toHaveLength(5);
  expect(new Set(bodies.map(({ id }) => id)).size).toBe(1);
  expect(bodies[0]).toStrictEqual({ body: { n: 1 }, id: expect.stringMatching(/^[0-9a-f]{32}$/) });
});

test("a queue send gives up after five attempts, and at once where waiting does not help", async () => {
  const server = await startServer();
  server.answer = (_, response) => {
    response.destroy();
  };
  expect((await failure(handle(server).send("jobs", 1))).code).toBe("network_failed");
  expect(server.requests).toHaveLength(5);
  for (const [status, group, code] of [
    [429, "queue", "full"],
    [500, "byward", "internal_error"],
    [403, "auth", "forbidden"],
    [400, "user", "unavailable"],
  ] as const) {
    server.requests.length = 0;
    server.answer = (_, response) => reply(response, status, errorBody(group, code));
    expect((await failure(handle(server).send("jobs", 1))).code).toBe(code);
    expect(server.requests).toHaveLength(1);
  }
});

test("a queue send waits as long as the server asks", async () => {
  const server = await startServer();
  const time = new ManualTime();
  server.answer = (_, response) =>
    server.requests.length === 1
      ? reply(response, 429, errorBody("byward", "overloaded"), { "retry-after": "3" })
      : reply(response, 200, { status: "queued" });
  const client = testClient({ endpoint: server.url }, time.runtime({ random: () => 1 }));
  const sending = client.getOrCreate("room").send("jobs", 1);
  await until(() => time.pending.length === 1);
  expect(time.pending).toStrictEqual([3250]);
  time.advance(3250);
  await sending;
});

test("a send that waits gives its receipt; its id, timeout and signal are the caller's", async () => {
  const server = await startServer();
  server.answer = (_, response) => reply(response, 200, { status: "completed", response: ["$BigInt", "1"] });
  const sent = await handle(server).send("jobs", undefined, { wait: true, timeout: 50, id: "mine" });
  expect(sent).toStrictEqual({ status: "completed", response: 1n });
  expect(JSON.parse(server.requests[0]!.body)).toStrictEqual({ wait: true, timeout: 50, id: "mine" });
  server.answer = (_, response) => reply(response, 200, { status: "timedOut" });
  expect(await handle(server).send("jobs", 1, { wait: true })).toStrictEqual({ status: "timedOut" });
  server.answer = (_, response) => reply(response, 200, { status: "queued" });
  expect((await failure(handle(server).send("jobs", 1, { wait: true }))).code).toBe("malformed_response");
  const signal = AbortSignal.abort(new Error("no"));
  await expect(handle(server).send("jobs", 1, { signal })).rejects.toThrow("no");
});

test("a signal ends the request and the waiting between repetitions, with its own reason", async () => {
  const server = await startServer();
  server.answer = () => {};
  const controller = new AbortController();
  const call = handle(server).action({ name: "slow", signal: controller.signal });
  await until(() => server.requests.length === 1);
  controller.abort(new Error("too slow"));
  await expect(call).rejects.toThrow("too slow");

  const time = new ManualTime();
  server.answer = (_, response) => reply(response, 503, errorBody("byward", "unavailable"));
  const second = new AbortController();
  const client = testClient({ endpoint: server.url }, time.runtime());
  const sending = client.getOrCreate("room", "k", { signal: second.signal }).send("jobs", 1);
  await until(() => time.pending.length === 1);
  second.abort(new Error("left"));
  await expect(sending).rejects.toThrow("left");
  expect(time.pending).toStrictEqual([]);
});

test("resolve looks up or creates, and pins the handle to that very actor", async () => {
  const server = await startServer();
  server.answer = ({ path }, response) =>
    path.includes("actions") ? reply(response, 200, {}) : reply(response, 200, { actor: "id-9" });
  const client = testClient({ endpoint: server.url });
  const existing = client.get("room", "k");
  expect([await existing.resolve(), await existing.resolve()]).toStrictEqual(["id-9", "id-9"]);
  await existing.action({ name: "a" });
  await client.getOrCreate("room", "k", { createWithInput: "x".repeat(9000) }).resolve();
  expect(await client.getForId("room", "id-3").resolve()).toBe("id-3");
  const seen = server.requests.map(({ method, path, body }) => [method, path, body.length]);
  expect(seen).toStrictEqual([
    ["GET", "/actors/room/k", 0],
    ["POST", "/actors/room/@id-9/actions/a", 2],
    ["PUT", "/actors/room/k", 9012],
  ]);
  expect(server.requests[0]?.headers["byward-mode"]).toBe("get");
});

test("create on a key that is taken is refused, and not repeated over a broken link", async () => {
  const server = await startServer();
  const client = testClient({ endpoint: server.url });
  server.answer = (_, response) => reply(response, 409, errorBody("actor", "duplicate_key"));
  expect((await failure(client.create("room", "k"))).code).toBe("duplicate_key");
  server.answer = (_, response) => {
    response.destroy();
  };
  expect((await failure(client.create("room", "k"))).code).toBe("network_failed");
  expect(server.requests).toHaveLength(2);
  server.answer = (_, response) => reply(response, 201, {});
  expect((await failure(client.create("room", "k"))).code).toBe("malformed_response");
});

test("a handle can be awaited, logged and compared without a call", async () => {
  const server = await startServer();
  const client = testClient({ endpoint: server.url });
  const room = await client.getOrCreate("room", "k");
  expect(JSON.stringify({ room })).toContain("room");
  expect(`${room}`).toBe("[object Object]");
  expect(room["say"]).toBe(room["say"]);
  expect(Object.is(await room, room)).toBe(true);
  expect([room.$name, room.$key, client.getForId("room", "i").$key]).toStrictEqual(["room", ["k"], undefined]);
  expect((room as unknown as Record<string, unknown>)["$nope"]).toBeUndefined();
  expect(() => Object.assign(room, { say: 1 })).toThrow(TypeError);
  await client;
  expect(server.requests).toStrictEqual([]);
});

test("an action with the name of a member is reached through action()", async () => {
  const server = await startServer();
  server.answer = ({ path }, response) => reply(response, 200, { output: path });
  const room = handle(server);
  for (const name of ["send", "connect", "then", "constructor", "$events"]) {
    expect(await room.action({ name })).toBe(`/actors/room/a,b%20c/actions/${encodeURIComponent(name)}`);
  }
});

test("arguments, keys and names that cannot be written are refused before anything is sent", async () => {
  const server = await startServer();
  const room = handle(server);
  expect((await failure(room["a"]!({ f: () => 1 }))).message).toBe(
    "cannot encode args[0].f: a function has no encoding",
  );
  expect((await failure(room.action({ name: "a/b" }))).code).toBe("not_encodable");
  expect((await failure(room.send("jobs", Number.NaN))).message).toContain("message.body");
  expect(server.requests).toStrictEqual([]);
});

test("CBOR is spoken when asked for, and errors are still JSON", async () => {
  const { cborCodec } = await import("../protocol/cbor.ts");
  const server = await startServer();
  const client = testClient({ endpoint: server.url, encoding: "cbor" });
  server.answer = (_, response) => {
    const bytes = cborCodec.encode({ output: [new Uint8Array([1, 2]), new Date(5)] });
    response.writeHead(200, { "content-type": "application/cbor" }).end(bytes);
  };
  expect(await client.getOrCreate("room").action({ name: "a", args: [1] })).toStrictEqual([
    new Uint8Array([1, 2]),
    new Date(5),
  ]);
  expect(server.requests[0]?.headers).toMatchObject({ "content-type": "application/cbor", accept: "application/cbor" });
  server.answer = (_, response) => reply(response, 403, errorBody("auth", "forbidden"));
  expect((await failure(client.getOrCreate("room").action({ name: "a" }))).code).toBe("forbidden");
});

test("a connection speaks CBOR when asked for", async () => {
  const { cborCodec } = await import("../protocol/cbor.ts");
  const server = await startServer(cborCodec);
  const conn = testClient({ endpoint: server.url, encoding: "cbor" }).getOrCreate("room").connect();
  const seen: unknown[] = [];
  conn.on("news", (...args) => seen.push(...args));
  const calls = [conn["a"]!(new Uint8Array([7])), conn["b"]!(2n)];
  const peer = await server.peers.next();
  expect(peer.offered).toBe("byward.v1.cbor");
  await peer.admit();
  await peer.expect("subscribe");
  const [a, b] = [await peer.expect("action"), await peer.expect("action")];
  expect(peer.frames).toStrictEqual([1, 3]);
  peer.send({ t: "result", id: a.id, output: a.args[0] }, { t: "result", id: b.id, output: b.args[0] });
  expect(await Promise.all(calls)).toStrictEqual([new Uint8Array([7]), 2n]);
  peer.send({ t: "event", name: "news", args: [new Map([["k", 1]])] });
  await until(() => seen.length === 1);
  expect(seen).toStrictEqual([new Map([["k", 1]])]);
});

test("the endpoint may have a base path, and must not hold a credential", async () => {
  const server = await startServer();
  server.answer = (_, response) => reply(response, 200, {});
  await testClient({ endpoint: `${server.url}/api/v1/` })
    .getOrCreate("room")
    .action({ name: "a" });
  expect(server.requests[0]?.path).toBe("/api/v1/actors/room/~/actions/a");
  for (const endpoint of ["localhost", "ftp://h", "http://user:pass@h", "http://h/?token=x", "http://h/#x"]) {
    expect(() => testClient({ endpoint })).toThrow(ActorError);
  }
});

test("own headers are sent, but cannot replace the credential", async () => {
  const server = await startServer();
  server.answer = (_, response) => reply(response, 200, {});
  const headers = { "X-Tenant": "t1", Authorization: "Bearer other" };
  await testClient({ endpoint: server.url, token: "mine", headers }).getOrCreate("room").action({ name: "a" });
  expect(server.requests[0]?.headers).toMatchObject({ "x-tenant": "t1", authorization: "Bearer mine" });
});

test("accessors and their generic forms are the same, and keys are spelled once", async () => {
  const server = await startServer();
  server.answer = (_, response) => reply(response, 200, {});
  const client = testClient({ endpoint: server.url }, eagerRuntime());
  const rooms = [
    client["room"]!.get("k"),
    client.get("room", "k"),
    client["room"]!.getOrCreate(["k"]),
    client.getOrCreate("room", ["k"]),
    client["room"]!.getForId("k"),
    client.getForId("room", "k"),
  ];
  for (const room of rooms) await room.action({ name: "a" });
  const paths = server.requests.map(({ path }) => path);
  expect(paths).toStrictEqual([
    ...Array(4).fill("/actors/room/k/actions/a"),
    ...Array(2).fill("/actors/room/@k/actions/a"),
  ]);
  expect(client["room"]).toBe(client["room"]);
});
