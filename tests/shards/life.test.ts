/** What happens to the whole of it: revocation, epochs, limits, the decision log, waking, stopping. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import type { Decision, DecisionSink } from "../../src/actors/decisions.ts";
import { WireSocket } from "../gate/server.ts";
import { apart, call, serveWorld, token, until } from "./rig.ts";

async function directory(): Promise<string> {
  const dataDir = await mkdtemp(join(tmpdir(), "byward-shards-"));
  onTestFinished(() => rm(dataDir, { recursive: true, force: true }));
  return dataDir;
}

async function open(url: string, key: string, bearer: string): Promise<WireSocket> {
  const socket = await WireSocket.rpc(`${url}/actors/node/${key}`, { token: bearer });
  await socket.next((message) => message.t === "ready");
  return socket;
}

test("revoke closes the connections of every thread before it resolves, and names them", async () => {
  const world = await serveWorld();
  const { here, there } = await apart(world);
  const [ada, bob] = [await token("ada"), await token("bob")];
  const [near, far, other] = await Promise.all([
    open(world.url, here, ada),
    open(world.url, there, ada),
    open(world.url, there, bob),
  ]);
  const { closed } = await world.registry.revoke({ party: "User", identity: "ada" });
  expect(closed.map(({ key }) => key).sort()).toEqual([here, there].sort());
  expect((await near.closed).code).toBe(3000);
  expect((await far.closed).code).toBe(3000);
  for (const key of [here, there]) {
    expect((await call(world.url, key, "secret", [], { authorization: `Bearer ${ada}` })).status).toBe(401);
  }
  other.send({ t: "action", id: 1, name: "secret", args: [] });
  expect(await other.next((message) => message.id === 1)).toMatchObject({ t: "result", output: "told" });
});

test("after bumpEpoch every thread decides again before it delivers", async () => {
  const world = await serveWorld();
  const { here, there } = await apart(world);
  const listening = await Promise.all(
    [here, there].map(async (key) => {
      const socket = await open(world.url, key, await token("ada"));
      socket.send({ t: "subscribe", id: 1, name: "tick" });
      await socket.next((message) => message.id === 1);
      await world.act(key, "add", "heard");
      await socket.next((message) => message.t === "event");
      await world.act(key, "shut");
      return socket;
    }),
  );
  expect(await world.registry.bumpEpoch()).toBe(1);
  for (const [at, key] of [here, there].entries()) {
    await world.act(key, "add", "unheard");
    const socket = listening[at]!;
    expect(await socket.next((message) => message.t === "error")).toMatchObject({ code: "forbidden", event: "tick" });
    expect(socket.messages.filter((message) => message.t === "event")).toHaveLength(1);
  }
});

test("a limit by identity, and one on failed proofs, is one limit for all threads", async () => {
  const world = await serveWorld({
    more: { limits: { rate: [{ per: "identity", limit: 5, window: 600 }], maxFailedAuthentications: 6 } },
    module: new URL("./limited-world.ts", import.meta.url),
  });
  expect(world.served.workers).toBe(2);
  const bearer = { authorization: `Bearer ${await token("ada")}` };
  const statuses: number[] = [];
  for (let at = 0; at < 12; at++) statuses.push((await call(world.url, `spread-${at}`, "secret", [], bearer)).status);
  expect(statuses).toEqual([200, 200, 200, 200, 200, 429, 429, 429, 429, 429, 429, 429]);
  const bad = { authorization: "Bearer nonsense" };
  const failures: number[] = [];
  for (let at = 0; at < 9; at++) failures.push((await call(world.url, `spread-${at}`, "secret", [], bad)).status);
  expect(failures).toEqual([401, 401, 401, 401, 401, 401, 429, 429, 429]);
});

test("decisions of all threads are in one log, in order, with who was decided about", async () => {
  const decisions: Decision[] = [];
  const sink: DecisionSink = {
    start: () => {},
    record: (decision) => void decisions.push(decision),
    close: async () => {},
  };
  const world = await serveWorld({ more: { decisions: sink } });
  const { here, there } = await apart(world);
  decisions.length = 0;
  const bearer = { authorization: `Bearer ${await token("ada")}` };
  for (const key of [here, there]) {
    await call(world.url, key, "secret", [], bearer);
    await call(world.url, key, "secret");
  }
  await until(() => decisions.length >= 4, "four decisions arrive");
  expect(decisions.map(({ key, outcome, party }) => [key, outcome, party])).toEqual([
    [here, "ok", "User"],
    [here, "forbidden", "Visitor"],
    [there, "ok", "User"],
    [there, "forbidden", "Visitor"],
  ]);
  expect(decisions[0]!.caller).toMatchObject({ party: "User", base: "User", identity: "ada" });
  const { seq } = decisions[0]!;
  expect(decisions.map((decision) => decision.seq)).toEqual([seq, seq + 1, seq + 2, seq + 3]);
});

test("after a restart every actor with work is woken once, however many there are", async () => {
  const dataDir = await directory();
  const keys = Array.from({ length: 150 }, (_, at) => `sleeper-${at}`);
  const first = await serveWorld({ dataDir });
  await Promise.all(keys.map((key) => first.act(key, "thread")));
  await first.close();
  const second = await serveWorld({ dataDir });
  const { runtime } = await second.registry.edge();
  await until(async () => (await runtime.host.store.due(Date.now(), 200)).length === 150, "all of them run");
  await new Promise((resolve) => setTimeout(resolve, 1000));
  // A call would wake them: what they counted is read from the disk after a clean stop.
  await second.close();
  const third = await serveWorld({ dataDir });
  const lives = await Promise.all(keys.map((key) => third.act(key, "lives")));
  expect(new Set(lives.map((seen) => JSON.stringify(seen)))).toEqual(new Set([JSON.stringify({ lives: 3, slept: 2 })]));
});

test("closing lets what is in flight finish in every thread, and keeps what it changed", async () => {
  const dataDir = await directory();
  const world = await serveWorld({ dataDir });
  const { here, there } = await apart(world);
  const slow = [here, there].map((key) => world.act(key, "slow", 400));
  await new Promise((resolve) => setTimeout(resolve, 150));
  const closing = world.served.close();
  expect(await Promise.all(slow)).toEqual([1, 1]);
  await closing;
  const again = await serveWorld({ dataDir });
  for (const key of [here, there]) {
    expect(await again.act(key, "slow", 0)).toBe(2);
    expect(await again.act(key, "lives")).toEqual({ lives: 2, slept: 1 });
  }
});

test("sockets of a closing server are told that it goes, in every thread", async () => {
  const world = await serveWorld();
  const { here, there } = await apart(world);
  const sockets = await Promise.all([here, there].map(async (key) => open(world.url, key, await token("ada"))));
  await world.served.close();
  for (const socket of sockets) expect((await socket.closed).code).toBe(1001);
});
