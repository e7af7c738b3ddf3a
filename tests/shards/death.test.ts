/** A thread that dies: what was acknowledged is kept, what was under way fails as by a crash, the others do not notice. */
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { WireSocket } from "../gate/server.ts";
import { apart, call, serveWorld, until, type World } from "./rig.ts";

/** `BYWARD_KILLS=n` for more. */
const KILLS = Number(process.env["BYWARD_KILLS"] ?? 2);

async function connect(url: string, key: string): Promise<WireSocket> {
  const socket = await WireSocket.rpc(`${url}/actors/node/${key}`);
  await socket.next((message) => message.t === "ready");
  return socket;
}

const serves = (world: World, key: string) =>
  until(async () => (await call(world.url, key, "lives")).status === 200, `${key} is served`);

for (const how of ["throw", "exit"]) {
  test(`a thread that dies by ${how} closes its sockets with 1012, fails its calls, and another takes its place`, async () => {
    const world = await serveWorld();
    const { here, there } = await apart(world);
    expect(await world.act(here, "add", "kept")).toBe(1);
    const [dying, living] = await Promise.all([connect(world.url, here), connect(world.url, there)]);
    const hanging = call(world.url, here, "hang");
    const crossing = call(world.url, there, "ask", [here, "hang"]);
    await until(async () => (await world.act(here, "notes")).length === 2, "both hang");
    await call(world.url, here, "die", [how]);
    expect(await dying.closed).toEqual({ code: 1012, reason: "byward/restarting" });
    expect(await hanging).toMatchObject({ status: 500, body: { code: "internal_error" } });
    expect((await crossing).status).toBe(500);
    living.send({ t: "action", id: 1, name: "thread", args: [] });
    expect((await living.next((message) => message.id === 1)).t).toBe("result");
    await serves(world, here);
    expect(await world.act(here, "add", "after")).toBe(2);
    expect(await world.act(there, "ask", here, "add", "across")).toBe(3);
    expect(await world.act(here, "lives")).toEqual({ lives: 2, slept: 0 });
  });
}

test("while it is started again its actors are unavailable, and nothing has run", async () => {
  const world = await serveWorld({ module: new URL("./held-world.ts", import.meta.url) });
  expect(world.served.workers).toBe(2);
  const { here } = await apart(world);
  await world.act(here, "add", "before");
  const hold = join(world.dataDir, "hold");
  await writeFile(hold, "");
  process.env["BYWARD_TEST_HOLD"] = hold;
  onTestFinished(() => {
    delete process.env["BYWARD_TEST_HOLD"];
  });
  await call(world.url, here, "die", ["throw"]);
  await until(async () => (await call(world.url, here, "lives")).status === 503, "it is refused");
  expect(await call(world.url, here, "add", ["during"])).toMatchObject({ status: 503, body: { code: "unavailable" } });
  await rm(hold);
  await serves(world, here);
  const socket = await WireSocket.rpc(`${world.url}/actors/node/${here}`);
  await socket.next((message) => message.t === "ready");
  expect(await world.act(here, "add", "after")).toBe(2);
});

test(`under load, ${KILLS} kills of threads lose nothing that was acknowledged and repeat nothing`, {
  timeout: 60_000 + KILLS * 10_000,
}, async () => {
  const world = await serveWorld();
  const { here, there } = await apart(world);
  const keys = Array.from({ length: 6 }, (_, at) => `load-${at}`);
  const told = new Map(keys.map((key) => [key, new Set<string>()]));
  const asked = new Set<string>();
  let isOver = false;
  let acknowledged = 0;
  const load = async (key: string): Promise<void> => {
    for (let round = 0; !isOver; round++) {
      const id = `${key}.${round}`;
      asked.add(id);
      // Half of them by way of an actor of the other thread.
      const by = round % 2 === 0 ? key : round % 4 === 1 ? here : there;
      const answer = await (by === key
        ? call(world.url, key, "add", [id])
        : call(world.url, by, "ask", [key, "add", id])
      ).catch(() => null);
      if (answer?.status === 200) {
        told.get(key)!.add(id);
        acknowledged += 1;
      } else await new Promise((resolve) => setTimeout(resolve, 20));
    }
  };
  const loads = keys.map(load);
  for (let kill = 0; kill < KILLS; kill++) {
    const enough = acknowledged + 15;
    await until(() => acknowledged >= enough, "fifteen more are acknowledged");
    await call(world.url, kill % 2 === 0 ? here : there, "die", [kill % 3 === 0 ? "exit" : "throw"]).catch(() => null);
  }
  isOver = true;
  await Promise.all(loads);
  for (const key of keys) {
    await serves(world, key);
    const [, entries] = (await world.act(key, "ids")) as ["$Map", [string, number][]];
    const kept = new Map(entries);
    for (const id of told.get(key)!) expect(kept.has(id), `${id} was acknowledged`).toBe(true);
    for (const [id, times] of kept) expect([asked.has(id), times], id).toEqual([true, 1]);
  }
  expect(acknowledged).toBeGreaterThanOrEqual(15 * KILLS);
});
