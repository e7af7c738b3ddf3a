/** What a peer is told and what the log of decisions says of it carry one id, which belongs to one refusal alone. */
import { actor, setup, UserError, Visitor } from "byward";
import { expect, test } from "vitest";
import { post, serve, WireSocket } from "./server.ts";

const CLOSED = new UserError("Closed.", { code: "closed" });
let ran = 0;
const desk = actor({
  by: Visitor,
  canInvoke: (_c, invoke) => {
    if (invoke.kind === "action" && invoke.name === "shut") throw CLOSED;
    return true;
  },
  actions: {
    shut: () => ++ran,
    // One error object, thrown each time, as constants of programs are.
    fail: () => {
      throw CLOSED;
    },
  },
});
const thrower = actor({
  by: Visitor,
  onBeforeConnect: () => {
    throw undefined;
  },
  actions: { open: () => ++ran },
});

async function start() {
  const registry = setup({ use: { desk, thrower } });
  const { url } = await serve(registry);
  const { decisions } = await registry.runtime();
  return { url, decided: () => decisions.recent() };
}

test("an error that is thrown again is another refusal with an id of its own, over HTTP", async () => {
  const { url, decided } = await start();
  const told = [];
  for (let count = 0; count < 3; count++) {
    told.push((await post(`${url}/actors/desk/a/actions/shut`, [])).body.correlationId as string);
  }
  expect(new Set(told).size).toBe(3);
  expect(decided().map(({ correlationId }) => correlationId)).toEqual(told);
  expect(ran).toBe(0);
  const failed = [];
  for (let count = 0; count < 2; count++) {
    failed.push((await post(`${url}/actors/desk/a/actions/fail`, [])).body.correlationId as string);
  }
  expect(new Set([...told, ...failed]).size).toBe(5);
});

test("and on a connection", async () => {
  const { url, decided } = await start();
  const peer = await WireSocket.rpc(`${url}/actors/desk/a`);
  await peer.next(({ t }) => t === "ready");
  const told = [];
  for (const id of [1, 2, 3]) {
    peer.send({ t: "action", id, name: "shut", args: [] });
    told.push((await peer.next((message) => message.id === id)).correlationId as string);
  }
  expect(new Set(told).size).toBe(3);
  const recorded = decided().filter(({ kind }) => kind === "action");
  expect(recorded.map(({ correlationId }) => correlationId)).toEqual(told);
});

test("a hook that throws nothing at all is recorded as the fault it is", async () => {
  const { url, decided } = await start();
  const answer = await post(`${url}/actors/thrower/a/actions/open`, []);
  expect(answer.status).toBe(500);
  expect(decided().map(({ outcome }) => outcome)).toEqual(["fault"]);
  expect(ran).toBe(0);
});
