/** Who comes in as whom: 401, 403, 200 per party, on every transport; failed is never anonymous (G2). */
import { actor, anyOf, bearer, event, hasClaim, party, queue, refine, setup, Visitor } from "byward";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { get, post, provideSecret, serveForFile, token, WireSocket } from "./server.ts";

provideSecret();
const OTHER_SECRET = "another-test-secret-of-at-least-32-bytes";
provideSecret("OTHER_JWT_SECRET", OTHER_SECRET);
const User = party("User", { auth: bearer({ secret: "AUTH_JWT_SECRET" }) });
const Admin = refine("Admin", User, hasClaim("admin"));

const ran: string[] = [];
const room = actor({
  by: anyOf(User, Visitor),
  state: { posts: 0 },
  events: { news: event<string>(), modLog: event<string>() },
  queues: { jobs: queue<string>() },
  guards: {
    actions: { ban: { by: Admin }, post: { by: User } },
    events: { modLog: { by: Admin } },
    queues: { jobs: { by: User } },
    request: { by: Admin },
    websocket: { by: User },
  },
  actions: {
    whoami: (c) => {
      ran.push("whoami");
      return c.caller.party === "User" ? [c.caller.party, c.caller.identity] : [c.caller.party];
    },
    post: (c) => {
      ran.push("post");
      c.state.posts += 1;
      c.broadcast("news", "posted");
      c.broadcast("modLog", "posted");
      return c.caller.identity;
    },
    ban: (c) => {
      ran.push("ban");
      return c.caller.party;
    },
  },
  onRequest: (c) => {
    ran.push("request");
    return Response.json({ party: c.caller.party, seen: [...c.request.headers.keys()] });
  },
  onWebSocket: (c, socket) => {
    ran.push("websocket");
    socket.send(`hello ${c.caller.identity}`);
  },
});

let url = "";
let close: () => Promise<void>;
let good = "";
let admin = "";
let forged = "";
beforeAll(async () => {
  ({ url, close } = await serveForFile(
    setup({ use: { room, strict: strictRoom, open: openRoom, mixed: mixedRoom, forger: forgerRoom } }),
  ));
  good = await token("alice");
  admin = await token("root", { admin: true });
  forged = await token("mallory", { admin: true }, "another-secret-of-at-least-32-bytes");
});
afterAll(() => close());
beforeEach(() => {
  ran.length = 0;
});

const strictRoom = actor({ by: User, state: {}, actions: { act: () => ran.push("act") } });
const openRoom = actor({
  by: Visitor,
  guards: { actions: { close: { by: User } } },
  actions: { look: () => "seen", close: () => ran.push("close") },
});
const Other = party("Other", { auth: bearer({ secret: "OTHER_JWT_SECRET" }) });
const mixedRoom = actor({
  by: anyOf(User, Visitor),
  state: {},
  guards: { actions: { deliver: { by: Other } } },
  actions: { look: () => "seen", deliver: () => ran.push("deliver") },
});
const forgerRoom = actor({
  by: User,
  state: {},
  canInvoke: (c) => {
    Object.assign(c, { caller: { party: "User", identity: "root" } });
    return true;
  },
  actions: { whoami: (c) => ran.push(c.caller.identity) },
});
const act = (name: string, bearerToken?: string) => post(`${url}/actors/room/one/actions/${name}`, [], bearerToken);

test("a refinement is 401 without a token, 401 with a bad one, 403 without the claim, 200 with it", async () => {
  expect((await act("ban")).status).toBe(401);
  expect((await act("ban", forged)).status).toBe(401);
  expect((await act("ban", good)).status).toBe(403);
  expect(ran).toEqual([]);
  expect(await act("ban", admin)).toMatchObject({ status: 200, body: { output: "Admin" } });
});

test("a caller who presents nothing is the visitor; one who presents a bad credential is nobody", async () => {
  expect((await act("whoami")).body).toEqual({ output: ["Visitor"] });
  expect((await act("whoami", good)).body).toEqual({ output: ["User", "alice"] });
  ran.length = 0;
  for (const bad of [forged, "not-a-token", "", "a.b.c", `${good}x`, good.slice(0, -2)]) {
    const reply = await act("whoami", bad);
    expect(reply.status, bad).toBe(401);
    expect(reply.body.code).toBe("unauthenticated");
    expect(reply.headers.get("www-authenticate")).toMatch(/^Bearer/);
  }
  expect(ran).toEqual([]);
});

test("a credential sent twice is no credential", async () => {
  const response = await fetch(`${url}/actors/room/one/actions/whoami`, {
    method: "POST",
    headers: [
      ["authorization", `Bearer ${good}`],
      ["authorization", `Bearer ${good}`],
      ["content-type", "application/json"],
    ],
    body: "[]",
  });
  expect(response.status).toBe(401);
  expect(ran).toEqual([]);
});

test("each kind is guarded by its own party over HTTP", async () => {
  const jobs = (bearerToken?: string) => post(`${url}/actors/room/one/queues/jobs`, { body: "x" }, bearerToken);
  expect((await jobs()).status).toBe(401);
  expect((await jobs(good)).status).toBe(200);
  const events = (name: string, bearerToken?: string) =>
    fetch(`${url}/actors/room/one/events/${name}`, {
      headers: bearerToken === undefined ? {} : { authorization: `Bearer ${bearerToken}` },
    }).then(async (response) => {
      await response.body?.cancel();
      return response.status;
    });
  expect(await events("news")).toBe(200);
  expect(await events("modLog")).toBe(401);
  expect(await events("modLog", good)).toBe(403);
  expect(await events("modLog", admin)).toBe(200);
  expect((await get(`${url}/actors/room/one/request/x`)).status).toBe(401);
  expect((await get(`${url}/actors/room/one/request/x`, good)).status).toBe(403);
  expect(ran).toEqual([]);
  expect((await get(`${url}/actors/room/one/request/x`, admin)).body.party).toBe("Admin");
});

test("the handler of a raw request never sees the credential", async () => {
  const reply = await get(`${url}/actors/room/one/request/x`, admin);
  expect(reply.body.seen).not.toContain("authorization");
});

test("a connection takes its credential from the first frame and decides each message by its own party", async () => {
  const socket = await WireSocket.rpc(`${url}/actors/room/two`, { token: good });
  await socket.next((message) => message.t === "ready");
  socket.send({ t: "subscribe", id: 1, name: "news" });
  socket.send({ t: "subscribe", id: 2, name: "modLog" });
  socket.send({ t: "action", id: 3, name: "ban", args: [] });
  socket.send({ t: "action", id: 4, name: "post", args: [] });
  expect((await socket.next((message) => message.id === 1)).t).toBe("result");
  expect(await socket.next((message) => message.id === 2)).toMatchObject({ code: "forbidden", event: "modLog" });
  expect(await socket.next((message) => message.id === 3)).toMatchObject({ code: "forbidden" });
  expect(await socket.next((message) => message.id === 4)).toMatchObject({ output: "alice" });
  await socket.next((message) => message.t === "event" && message.name === "news");
  expect(socket.messages.some((message) => message.name === "modLog" && message.t === "event")).toBe(false);
  expect(ran).toEqual(["post"]);
});

test("a bad token in the first frame is refused, not anonymous", async () => {
  const socket = await WireSocket.rpc(`${url}/actors/room/two`, { token: forged });
  expect(await socket.closed).toEqual({ code: 3000, reason: "auth/unauthenticated" });
  expect(socket.messages).toMatchObject([{ t: "error", code: "unauthenticated" }]);
});

test("a public actor with one guarded entrypoint refuses a connection whose credential failed", async () => {
  const socket = await WireSocket.rpc(`${url}/actors/open/one`, { token: forged });
  expect((await socket.closed).code).toBe(3000);
  const visitor = await WireSocket.rpc(`${url}/actors/open/one`);
  expect((await visitor.next((message) => message.t === "ready")).expiresAt).toBeNull();
  // Where the only party is Visitor no credential is read (ruling 7).
  expect((await post(`${url}/actors/open/one/actions/look`, [], forged)).status).toBe(200);
});

test("a visitor's connection may only do what a visitor may", async () => {
  const socket = await WireSocket.rpc(`${url}/actors/room/two`);
  await socket.next((message) => message.t === "ready");
  socket.send([
    { t: "action", id: 1, name: "whoami", args: [] },
    { t: "action", id: 2, name: "post", args: [] },
    { t: "send", id: 3, name: "jobs", body: "x" },
  ]);
  expect(await socket.next((message) => message.id === 1)).toMatchObject({ output: ["Visitor"] });
  expect(await socket.next((message) => message.id === 2)).toMatchObject({ code: "unauthenticated" });
  expect(await socket.next((message) => message.id === 3)).toMatchObject({ code: "unauthenticated" });
  expect(ran).toEqual(["whoami"]);
});

test("an actor without visitors refuses a connection that presents nothing", async () => {
  const socket = await WireSocket.rpc(`${url}/actors/strict/one`);
  expect((await socket.closed).code).toBe(3000);
  expect((await post(`${url}/actors/strict/one/actions/act`, [])).status).toBe(401);
  expect(ran).toEqual([]);
});

test("a raw socket proves itself by header, or by first frame under our subprotocol", async () => {
  const denied = await WireSocket.open(`${url}/actors/room/one/websocket/`);
  expect((await denied.closed).code).toBe(3000);
  const byHeader = await WireSocket.open(`${url}/actors/room/one/websocket/`, [], { authorization: `Bearer ${good}` });
  expect(await byHeader.next((frame) => typeof frame === "string")).toBe("hello alice");
  const byFrame = await WireSocket.open(`${url}/actors/room/one/websocket/`, ["byward.v1"]);
  byFrame.send({ t: "hello", token: good });
  expect((await byFrame.next((frame) => frame.t === "ready")).t).toBe("ready");
  expect(await byFrame.next((frame) => frame === "hello alice")).toBe("hello alice");
  ran.length = 0;
  const badFrame = await WireSocket.open(`${url}/actors/room/one/websocket/`, ["byward.v1"]);
  badFrame.send({ t: "hello", token: forged });
  expect((await badFrame.closed).code).toBe(3000);
  expect(ran).toEqual([]);
});

test("who proved himself to a guard's party only does not create the actor as a visitor", async () => {
  const reply = await post(`${url}/actors/mixed/new/actions/deliver`, [], await token("hook", {}, OTHER_SECRET));
  expect(reply).toMatchObject({ status: 403, body: { code: "forbidden" } });
  expect((await get(`${url}/actors/mixed/new`, good)).status).toBe(404);
  expect(ran).toEqual([]);
  expect((await post(`${url}/actors/mixed/new/actions/look`, [])).status).toBe(200);
  expect(
    (await post(`${url}/actors/mixed/new/actions/deliver`, [], await token("hook", {}, OTHER_SECRET))).status,
  ).toBe(200);
});

test("code of the actor cannot put another caller in place of the proved one", async () => {
  const reply = await post(`${url}/actors/forger/one/actions/whoami`, [], good);
  expect(reply).toMatchObject({ status: 500, body: { code: "internal_error" } });
  expect(ran).toEqual([]);
});

test("no actor exists, and none is made, for a caller who failed", async () => {
  await post(`${url}/actors/strict/never/actions/act`, [], forged);
  const reply = await get(`${url}/actors/strict/never`, good);
  expect(reply.status).toBe(404);
  expect(reply.body).toMatchObject({ group: "actor", code: "not_found" });
});
