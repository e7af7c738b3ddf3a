import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import type { ActorStore } from "../../port.ts";
import type { Fault } from "./faults.ts";
import { SqliteStore } from "./sqlite-store.ts";
import { temporaryDirectory } from "./temporary-directory.ts";

const CHILD = fileURLToPath(new URL("../../../../tests/fixtures/data/store-child.ts", import.meta.url));
const ACTORS = 24;
const KILLS = 5;

/** Runs the child until `stop` ends it; gives what was acknowledged to it, by actor. */
async function runChild(
  directory: string,
  faults: readonly Fault[],
  stop: (kill: () => void) => void,
): Promise<ReadonlyMap<string, { n: number; alive: boolean }>> {
  const child = spawn(process.execPath, [CHILD, directory, String(ACTORS), JSON.stringify(faults)], {
    stdio: ["ignore", "pipe", "inherit"],
    env: { PATH: process.env["PATH"] ?? "" },
  });
  const acknowledged = new Map<string, { n: number; alive: boolean }>();
  let rest = "";
  child.stdout.setEncoding("utf8");
  child.stdout.on("data", (text: string) => {
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) {
      const [key = "", n, life] = line.split(" ");
      if (key === "open") stop(() => child.kill("SIGKILL"));
      else acknowledged.set(key, { n: Number(n), alive: life === "alive" });
    }
  });
  await once(child, "close");
  return acknowledged;
}

/** Everything acknowledged is there, nothing is half there, and nobody lags more than the one commit under way. */
async function audit(
  store: ActorStore,
  acknowledged: ReadonlyMap<string, { n: number; alive: boolean }>,
): Promise<void> {
  for (const [key, { n, alive }] of acknowledged) {
    const actor = { name: "crash", key };
    const snapshot = await store.load(actor);
    if (snapshot === null) {
      // Gone: acknowledged as gone, or the destroy that was next was durable and its answer did not get out.
      expect(alive ? (n + 1) % 25 : 0, `${key} vanished after ${n}`).toBe(0);
      continue;
    }
    const found = (JSON.parse(snapshot.state ?? "") as { n: number }).n;
    expect(found - n, `${key}: found ${found}, acknowledged ${n}`).toBeGreaterThanOrEqual(alive ? 0 : 1);
    expect(found - n).toBeLessThanOrEqual(1);
    expect(snapshot.schedules.map((row) => row.dueAt)).toEqual([found]);
    expect(snapshot.queues).toEqual({ jobs: { ready: 1, dead: 0 } });
    const messages = await store.readQueue(actor, { queue: null, status: "ready", afterId: 0, limit: 9 });
    expect(messages.map((row) => row.id)).toEqual([found]);
    const [value] = await store.kvGet(actor, [Uint8Array.of(1)]);
    expect(new TextDecoder().decode(value ?? undefined)).toBe(String(found));
  }
}

test("nothing acknowledged is lost and nothing is half done after a SIGKILL at any moment", async () => {
  const directory = temporaryDirectory();
  const last = new Map<string, { n: number; alive: boolean }>();
  for (let kill = 0; kill < KILLS; kill += 1) {
    const delay = Math.random() * 300;
    const acknowledged = await runChild(directory, [], (now) => setTimeout(now, delay));
    for (const [key, value] of acknowledged) last.set(key, value);
    const store = await SqliteStore.open({ directory });
    expect(store.unclean).toBe(true);
    await audit(store, last);
    expect(await store.checked).toEqual({ ran: true, problems: [] });
    await store.close();
  }
  expect(last.size, "the children got no work done").toBe(ACTORS);
}, 60_000);

for (const step of ["begin", "write", "commit", "reply"] as const) {
  test(`a process that dies at the step "${step}" leaves only whole commits`, async () => {
    const directory = temporaryDirectory();
    const acknowledged = await runChild(directory, [{ step, kind: "kill", skip: 40 }], () => {});
    const store = await SqliteStore.open({ directory });
    expect(acknowledged.size).toBeGreaterThan(0);
    await audit(store, acknowledged);
    await store.close();
  });
}
