/** Ways to an actor and what crosses them: accessors, streamed bodies, raw sockets, connections over lost links. */

import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { request as httpRequest, type IncomingMessage } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { actor, bearer, event, hasClaim, party, refine, Scheduler, service, setup, Visitor } from "byward";
import { type AccessMismatch, expectAccess, setupTest } from "byward/testing";
import { expect, test } from "vitest";
import { clientCodes, serverCodes } from "./error-codes.ts";

const box = actor({
  by: Visitor,
  createState: (_c, input: unknown) => ({ input: input ?? null, n: 0 }),
  events: { changed: event<number>() },
  actions: {
    input: (c) => c.state.input,
    add: (c, by: number) => {
      c.state.n += by;
      c.broadcast("changed", c.state.n);
      return c.state.n;
    },
    end: (c) => c.destroy(),
  },
  // Echoes the body as it comes.
  onRequest: (_c, request) => new Response(request.body, { headers: { "x-query": new URL(request.url).search } }),
  onWebSocket: (c, socket) => {
    socket.addEventListener("message", ({ data }) => {
      if (data === "close") socket.close(4001, "as asked");
      else if (data === "path") socket.send(new URL(c.request.url).pathname);
      else socket.send(typeof data === "string" ? data : new Blob([data as ArrayBuffer]));
    });
  },
});
const registry = setup({ use: { box } });

test("get finds, getOrCreate makes with its input, create makes once, getForId stays with one incarnation", async (t) => {
  const { client, clock } = await setupTest(t, registry);
  await expect(client.box.get("a").input()).rejects.toMatchObject({ group: "actor", code: "not_found" });
  expect(await client.box.getOrCreate("a", { createWithInput: { size: 2 } }).input()).toEqual({ size: 2 });
  expect(await client.box.getOrCreate("a", { createWithInput: "later" }).input()).toEqual({ size: 2 });
  for (const input of [0, "", false, null]) {
    expect(await (await client.box.create(`falsy-${String(input)}`, { input })).input()).toBe(input);
  }
  await expect(client.box.create("a")).rejects.toMatchObject({ group: "actor", code: "duplicate_key" });
  const id = await client.box.get("a").resolve();
  const pinned = client.box.getForId(id);
  expect(await pinned.input()).toEqual({ size: 2 });
  await pinned.end();
  await clock.settle();
  expect(await client.box.getOrCreate("a").input()).toBeNull();
  await expect(pinned.input()).rejects.toMatchObject({ code: "not_found" });
});

test("the generic accessors and the long forms reach the same actors", async (t) => {
  const { client } = await setupTest(t, registry);
  await client.getOrCreate("box", ["a", "b"]).add(1);
  expect(await client.get("box", ["a", "b"]).action({ name: "add", args: [1] })).toBe(2);
  const made = await client.create("box", "c", { input: 5 });
  expect(await client.getForId("box", await made.resolve()).input()).toBe(5);
  // A handle can be awaited: it is no promise.
  expect(await (await client.box.get(["a", "b"])).add(0)).toBe(2);
});

test("a raw request streams both ways at once", async () => {
  const dataDir = await mkdtemp(join(tmpdir(), "byward-transport-"));
  const served = await setup({ use: { box } }).serve({ port: 0, dataDir });
  try {
    const outgoing = httpRequest(`${served.url}/actors/box/a/request/path?x=1`, { method: "POST" });
    const answered = new Promise<IncomingMessage>((resolve, reject) => {
      outgoing.on("response", resolve);
      outgoing.on("error", reject);
    });
    outgoing.write("one");
    const incoming = await answered;
    const chunks = incoming[Symbol.asyncIterator]();
    expect(String((await chunks.next()).value)).toBe("one");
    // The answer to the first part was here before the second left.
    outgoing.write("two");
    expect(String((await chunks.next()).value)).toBe("two");
    outgoing.end();
    expect((await chunks.next()).done).toBe(true);
    expect(incoming.headers["x-query"]).toBe("?x=1");
  } finally {
    await served.close();
    await rm(dataDir, { recursive: true });
  }
});

test("a raw socket has its path below the entrypoint, blobs, and close codes of the handler", async (t) => {
  const { client } = await setupTest(t, registry);
  const socket = await client.box.getOrCreate("a").webSocket("/deep/path?x=1");
  socket.binaryType = "arraybuffer";
  const next = (): Promise<MessageEvent> =>
    new Promise((resolve) => socket.addEventListener("message", resolve, { once: true }));
  socket.send("path");
  expect((await next()).data).toBe("/deep/path");
  socket.send(new Uint8Array([1, 255]));
  expect([...new Uint8Array((await next()).data)]).toEqual([1, 255]);
  const closed = new Promise<CloseEvent>((resolve) => socket.addEventListener("close", resolve, { once: true }));
  socket.send("close");
  expect(await closed).toMatchObject({ code: 4001, reason: "as asked" });
});

test("a connection over lost links: status, waiting calls, subscriptions; events in between are lost", async (t) => {
  const kit = await setupTest(t, registry);
  const handle = kit.client.box.getOrCreate("a");
  const connection = handle.connect();
  const statuses: string[] = [];
  const heard: number[] = [];
  connection.onStatusChange((status) => statuses.push(status));
  connection.on("changed", (n) => heard.push(n));
  await connection.add(1);
  kit.cutConnections();
  await kit.clock.settle();
  await handle.add(1);
  const waiting = connection.add(1);
  await kit.clock.advance(60_000);
  expect(await waiting).toBe(3);
  expect(heard.at(0)).toBe(1);
  expect(heard.at(-1)).toBe(3);
  expect(statuses).toContain("disconnected");
  expect(connection.connStatus).toBe("connected");
  await connection.dispose();
  expect(connection.connStatus).toBe("idle");
  await expect(connection.add(1)).rejects.toMatchObject({ group: "client", code: "disposed" });
});

test("expectAccess covers services, and parties of the actor's own schedule", async () => {
  const User = party("User", { auth: bearer({ secret: "USER_SECRET" }) });
  const Admin = refine("Admin", User, hasClaim("admin"));
  let ran = 0;
  const api = service({
    by: User,
    routes: {
      "GET /users/:id": { handle: () => ({ ran: ++ran }) },
      "DELETE /users/:id": { by: Admin, handle: () => ({ ran: ++ran }) },
      "GET /health": { by: Visitor, handle: () => ({ ran: ++ran }) },
    },
  });
  const timer = actor({
    by: User,
    guards: { actions: { tick: { by: Scheduler } } },
    actions: { start: () => ++ran, tick: () => ++ran },
  });
  const both = setup({ use: { timer }, services: { api } });
  const matrix = {
    timer: { "action start": { User: "allow", Caller: 403, Visitor: 401 }, "action tick": { else: 403 } },
    api: {
      "GET /users/:id": { User: "allow", Admin: "allow", Visitor: 401 },
      "DELETE /users/:id": { Admin: "allow", User: 403, Visitor: 401 },
      "GET /health": { else: "allow" },
    },
  } as const;
  const cells = await expectAccess(both, matrix).then(
    () => [],
    (error: AccessMismatch) => error.cells,
  );
  expect(cells).toEqual([]);
  expect(ran).toBe(0);
});

test("the page of errors names every code", () => {
  const page = readFileSync(new URL("../../docs/errors.md", import.meta.url), "utf8");
  const named = new Set(
    [...page.matchAll(/^\| `(\w+)` \|(.*)\|/gm)].flatMap(([, group, cells]) =>
      [...cells!.matchAll(/`([a-z_]+)`/g)].map(([, code]) => `${group}/${code}`),
    ),
  );
  expect([...serverCodes(), ...clientCodes()].filter((code) => !named.has(code))).toEqual([]);
});
