/** What happens to the whole of it: revocation, epochs, limits, the decision log, waking, stopping. */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import type { Decision, DecisionSink, DecisionSinkContext } from "../../src/actors/decisions.ts";
import { WireSocket } from "../gate/server.ts";
import { apart, call, serveWorld, startWorld, token, until, type World } from "./rig.ts";

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

const decisions: Decision[] = [];
let levels: DecisionSinkContext["levels"];
const sink: DecisionSink = {
  start: (context) => {
    levels = () => context.levels();
  },
  record: (decision) => void decisions.push(decision),
  close: async () => {},
};
/** For tests that leave it as it is. */
let world: World;
let here: string;
let there: string;

beforeAll(async () => {
  world = await startWorld({ more: { decisions: sink } });
  ({ here, there } = await apart(world));
});
afterAll(() => world.close());

test("decisions of all threads are in one log, in order, with who was decided about", async () => {
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

test("what is held is counted over all threads", async () => {
  const sockets = await Promise.all([here, there].map(async (key) => open(world.url, key, await token("ida"))));
  const held = () => levels().connections.find(({ party }) => party === "User")?.connections;
  await until(() => held() === 2, "both connections are counted");
  const awake = levels().actors.find(({ target }) => target === "node")!.awake;
  expect(awake).toBeGreaterThanOrEqual(2);
  for (const socket of sockets) socket.close();
  await until(() => held() === undefined, "and no more once they are closed");
});

test("after bumpEpoch every thread decides again before it delivers", async () => {
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

test("revoke closes the connections of every thread before it resolves, and names them", async () => {
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

test("an actor that revokes, or raises the epoch, does so in every thread", async () => {
  const [eve, zoe] = [await token("eve"), await token("zoe")];
  const sockets = await Promise.all([here, there].map((key) => open(world.url, key, eve)));
  await open(world.url, there, zoe);
  const closed: { key: string }[] = await world.act(here, "banish", "eve");
  expect(closed.map(({ key }) => key).sort()).toEqual([here, there].sort());
  for (const socket of sockets) expect((await socket.closed).code).toBe(3000);
  const epoch = await world.act(there, "raise");
  expect(await world.registry.bumpEpoch()).toBe(epoch + 1);
});

test("a limit by identity, and one on failed proofs, is one limit for all threads", async () => {
  const limited = await serveWorld({
    more: { limits: { rate: [{ per: "identity", limit: 5, window: 600 }], maxFailedAuthentications: 6 } },
    module: new URL("./limited-world.ts", import.meta.url),
  });
  expect(limited.served.workers).toBe(2);
  const bearer = { authorization: `Bearer ${await token("ada")}` };
  const statuses: number[] = [];
  for (let at = 0; at < 12; at++) statuses.push((await call(limited.url, `spread-${at}`, "secret", [], bearer)).status);
  expect(statuses).toEqual([200, 200, 200, 200, 200, 429, 429, 429, 429, 429, 429, 429]);
  const bad = { authorization: "Bearer nonsense" };
  const failures: number[] = [];
  for (let at = 0; at < 9; at++) failures.push((await call(limited.url, `spread-${at}`, "secret", [], bad)).status);
  expect(failures).toEqual([401, 401, 401, 401, 401, 401, 429, 429, 429]);
});

test("after a restart every actor with work is woken once, however many there are, where it lives", async () => {
  const dataDir = await directory();
  const wakes = join(dataDir, "wakes.txt");
  const keys = Array.from({ length: 150 }, (_, at) => `sleeper-${at}`);
  const first = await serveWorld({ dataDir, workers: 1 });
  await Promise.all(keys.map((key) => first.act(key, "thread")));
  await first.close();
  process.env["BYWARD_TEST_WAKES"] = wakes;
  onTestFinished(() => {
    delete process.env["BYWARD_TEST_WAKES"];
  });
  const second = await serveWorld({ dataDir });
  const woken = async (): Promise<string[]> =>
    (await readFile(wakes, "utf8").catch(() => "")).split("\n").filter(Boolean);
  await until(async () => (await woken()).length >= 150, "all of them are woken");
  const threads = new Map((await woken()).map((line) => line.split(" ") as [string, string]));
  expect([...threads.keys()].sort()).toEqual([...keys].sort());
  expect(new Set(threads.values()).size).toBe(2);
  for (const key of keys.slice(0, 20)) expect(String(await second.act(key, "thread"))).toBe(threads.get(key));
  expect(await woken()).toHaveLength(150);
});

test("closing lets what is in flight finish in every thread, tells sockets that it goes, and keeps what changed", async () => {
  const dataDir = await directory();
  const closing = await serveWorld({ dataDir });
  const keys = Object.values(await apart(closing));
  const sockets = await Promise.all(keys.map(async (key) => open(closing.url, key, await token("ada"))));
  const slow = keys.map((key) => closing.act(key, "slow", 1000));
  for (const key of keys) {
    await until(async () => (await closing.act(key, "notes")).includes("slow"), "both are under way");
  }
  const closed = closing.served.close();
  expect(await Promise.all(slow)).toEqual([1, 1]);
  await closed;
  for (const socket of sockets) expect((await socket.closed).code).toBe(1001);
  const again = await serveWorld({ dataDir, workers: 1 });
  for (const key of keys) {
    expect(await again.act(key, "slow", 0)).toBe(2);
    expect(await again.act(key, "lives")).toEqual({ lives: 2, slept: 1 });
  }
});
