/** Connections and calls that do not come to stand, or that are too many: the peer is told, the process stands, nothing is kept (G1, G12). */
import { actor, bearer, event, party, queue, setup, UserError, Visitor } from "byward";
import { expect, onTestFinished, test, vi } from "vitest";
import { Connection } from "../../src/actors/connection.ts";
import { virtual } from "./virtual.ts";

const User = party("User", { auth: bearer({ secret: "AUTH_JWT_SECRET" }) });
const POST = { method: "POST", body: "[]", headers: { "content-type": "application/json" } };

/** What nobody caught meanwhile; it would end a process. */
function uncaught(): unknown[] {
  const seen: unknown[] = [];
  const note = (error: unknown): void => void seen.push(error);
  process.on("unhandledRejection", note);
  onTestFinished(() => void process.off("unhandledRejection", note));
  return seen;
}

test("where `onConnect` fails, a raw socket is closed and a stream is not opened", async () => {
  let ran = 0;
  const room = actor({
    by: Visitor,
    state: {},
    events: { said: event<string>() },
    onConnect: () => {
      throw new Error("no room");
    },
    onWebSocket: () => {
      ran += 1;
    },
    onRequest: () => {
      ran += 1;
      return new Response("in");
    },
  });
  const v = await virtual(setup({ use: { room } }));
  const socket = await v.raw("/actors/room/one/websocket/");
  expect(socket.messages).toMatchObject([{ t: "error", group: "byward", code: "internal_error" }]);
  expect(socket.closed).toMatchObject({ code: 1011 });
  for (const path of ["events/said", "request/"]) expect((await v.fetch(`/actors/room/one/${path}`)).status).toBe(500);
  expect(ran).toBe(0);
  expect(v.edge.runtime.connections.size).toBe(0);
});

test("a peer that goes away while its subscription is decided leaves no subscriber behind", async () => {
  let goOn: () => void = () => {};
  const room = actor({
    by: Visitor,
    state: {},
    canInvoke: (_c, invoke) =>
      invoke.kind !== "subscribe" ||
      new Promise<boolean>((resolve) => {
        goOn = () => resolve(true);
      }),
    actions: { say: (c) => c.broadcast("said", "hello") },
  });
  const v = await virtual(setup({ use: { room } }));
  await v.fetch("/actors/room/one/actions/say", POST);
  const socket = await v.rpc("/actors/room/one");
  socket.say({ t: "subscribe", id: 1, name: "said" });
  await v.settle();
  socket.hangUp();
  goOn();
  await v.settle();
  const deliver = vi.spyOn(Connection.prototype, "deliver");
  onTestFinished(() => deliver.mockRestore());
  await v.fetch("/actors/room/one/actions/say", POST);
  await v.settle();
  expect(deliver).not.toHaveBeenCalled();
});

test("an error whose metadata has no encoding reaches its peer without it, and harms nobody else's answer", async () => {
  const seen = uncaught();
  const room = actor({
    by: Visitor,
    state: { n: 0 },
    actions: {
      fail: (c) => {
        c.state.n += 1;
        throw new UserError("no", { code: "refused", metadata: { cause: () => "a function" } });
      },
      add: (c) => ++c.state.n,
    },
  });
  const v = await virtual(setup({ use: { room } }));
  const socket = await v.rpc("/actors/room/one");
  socket.say({ t: "action", id: 1, name: "fail", args: [] });
  socket.say({ t: "action", id: 2, name: "add", args: [] });
  await v.settle();
  expect(socket.of("error")).toMatchObject([{ id: 1, group: "user", code: "refused", message: "no" }]);
  expect(socket.of("error")[0]).not.toHaveProperty("metadata");
  expect(socket.of("result")).toEqual([{ t: "result", id: 2, output: 2 }]);
  const response = await v.fetch("/actors/room/one/actions/fail", POST);
  expect([response.status, (await response.json()).code]).toEqual([400, "refused"]);
  await new Promise((resolve) => setTimeout(resolve, 5));
  expect(seen).toEqual([]);
});

test("a response that was given out before, or is none, fails its own call alone", async () => {
  const seen = uncaught();
  const used = new Response("once");
  const page = actor({
    by: Visitor,
    state: {},
    onRequest: (_c, request) => (new URL(request.url).pathname === "/none" ? Response.error() : used),
  });
  const v = await virtual(setup({ use: { page } }));
  expect(await (await v.fetch("/actors/page/one/request/")).text()).toBe("once");
  expect((await v.fetch("/actors/page/one/request/")).status).toBe(500);
  expect((await v.fetch("/actors/page/one/request/", { method: "HEAD" })).status).toBe(200);
  expect((await v.fetch("/actors/page/one/request/none")).status).toBe(500);
  await new Promise((resolve) => setTimeout(resolve, 5));
  expect(seen).toEqual([]);
});

test("who proves nothing is told so, whatever else is wrong with the request", async () => {
  const room = actor({ by: User, state: {}, actions: { act: () => 1 } });
  const v = await virtual(setup({ use: { room } }));
  const token = await v.token("ann", 600);
  for (const header of ["byward-params", "byward-input"]) {
    const broken = { ...POST.headers, [header]: "%7Bnot-json" };
    const act = (headers: Record<string, string>) => v.fetch("/actors/room/one/actions/act", { ...POST, headers });
    expect((await act(broken)).status).toBe(401);
    expect((await act({ ...broken, authorization: `Bearer ${token}` })).status).toBe(400);
  }
  const params = { "byward-params": "%7Bnot-json" };
  expect((await v.fetch("/actors/room/one", { headers: params })).status).toBe(401);
});

test("calls of one connection that are under way are bounded: past it a call is refused, and the others stand", async () => {
  let running = 0;
  let goOn: () => void = () => {};
  const released = new Promise<void>((resolve) => {
    goOn = resolve;
  });
  const room = actor({
    by: Visitor,
    state: {},
    queues: { jobs: queue<number>() },
    actions: {
      slow: async () => {
        running += 1;
        await released;
      },
      quick: () => "quick",
    },
  });
  const v = await virtual(setup({ use: { room }, limits: { maxCallsUnderWay: 3 } }));
  const socket = await v.rpc("/actors/room/one");
  for (let id = 1; id <= 4; id++) {
    if (id % 2 === 0) socket.say({ t: "send", id, name: "jobs", body: id, wait: true });
    else socket.say({ t: "action", id, name: "slow", args: [] });
  }
  await v.settle();
  expect(running).toBe(2);
  expect(socket.of("error")).toMatchObject([{ id: 4, group: "byward", code: "overloaded" }]);
  const { decisions } = await v.registry.runtime();
  const { kind, name, outcome, reason, correlationId } = decisions.recent().at(-1)!;
  expect({ kind, name, outcome, reason }).toEqual({
    kind: "queue",
    name: "jobs",
    outcome: "overloaded",
    reason: "calls.under_way",
  });
  expect(correlationId).toBe(socket.of("error")[0].correlationId);
  goOn();
  await v.settle();
  socket.say({ t: "action", id: 5, name: "quick", args: [] });
  await v.settle();
  expect(socket.of("result").map(({ id }) => id)).toEqual([1, 3, 5]);
  expect(socket.closed).toBeNull();
});
