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
/** As in the child: an actor is destroyed when its number comes to a multiple of this, and created anew. */
const LIFE = 25;
const KILLS = Number(process.env["CRASH_KILLS"] ?? 5);

/** The number of an actor's latest commit, and whether it lives after it. */
interface Life {
  readonly n: number;
  readonly alive: boolean;
}

interface Run {
  readonly directory: string;
  readonly faults?: readonly Fault[];
  /** Where the actors stand; those that are gone go on counting from here. */
  readonly from?: ReadonlyMap<string, Life>;
  /** Called when the store is open. */
  readonly stop?: (kill: () => void) => void;
}

/** Runs the child until it is killed, by `stop` or by a fault; gives what was acknowledged to it. */
async function runChild({ directory, faults = [], from = new Map(), stop }: Run): Promise<ReadonlyMap<string, Life>> {
  const start = Object.fromEntries([...from].map(([key, { n }]) => [key, n]));
  const args = [CHILD, directory, String(ACTORS), JSON.stringify(faults), JSON.stringify(start)];
  const child = spawn(process.execPath, args, {
    stdio: ["ignore", "pipe", "inherit"],
    env: { PATH: process.env["PATH"] ?? "" },
  });
  const acknowledged = new Map<string, Life>();
  let rest = "";
  child.stdout.setEncoding("utf8");
  child.stdout.on("data", (text: string) => {
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) {
      const [key = "", n, life] = line.split(" ");
      if (key === "open") stop?.(() => child.kill("SIGKILL"));
      else acknowledged.set(key, { n: Number(n), alive: life === "alive" });
    }
  });
  await once(child, "close");
  return acknowledged;
}

/**
 * Everything acknowledged is there, nothing is half there, and nobody is ahead by more than the one commit under way.
 * Gives what is there: the next round starts from it.
 */
async function audit(store: ActorStore, acknowledged: ReadonlyMap<string, Life>): Promise<ReadonlyMap<string, Life>> {
  const there = new Map<string, Life>();
  for (const [key, life] of acknowledged) there.set(key, await auditActor(store, key, life));
  return there;
}

async function auditActor(store: ActorStore, key: string, { n, alive }: Life): Promise<Life> {
  const actor = { name: "crash", key };
  const snapshot = await store.load(actor);
  if (snapshot === null) {
    // Acknowledged as gone, or the destroy that came next was durable and its answer did not get out.
    expect(alive ? (n + 1) % LIFE : 0, `${key} vanished after ${n}`).toBe(0);
    return { n: alive ? n + 1 : n, alive: false };
  }
  const found = (JSON.parse(snapshot.state ?? "") as { n: number }).n;
  expect([alive ? n : n + 1, n + 1], `${key} was acknowledged up to ${n}`).toContain(found);
  expect(snapshot.schedules.map((row) => row.dueAt)).toEqual([found]);
  expect(snapshot.queues).toEqual({ jobs: { ready: 1, dead: 0 } });
  const messages = await store.readQueue(actor, { queue: null, status: "ready", afterId: 0, limit: 9 });
  expect(messages.map((row) => row.id)).toEqual([found]);
  const [value] = await store.kvGet(actor, [Uint8Array.of(1)]);
  expect(new TextDecoder().decode(value ?? undefined)).toBe(String(found));
  return { n: found, alive: true };
}

test(
  "nothing acknowledged is lost and nothing is half done after a SIGKILL at any moment",
  async () => {
    const directory = temporaryDirectory();
    const last = new Map<string, Life>();
    for (let kill = 0; kill < KILLS; kill += 1) {
      const delay = Math.random() * 300;
      const stop = (now: () => void) => setTimeout(now, delay);
      for (const [key, life] of await runChild({ directory, from: last, stop })) last.set(key, life);
      const store = await SqliteStore.open({ directory });
      expect(store.unclean).toBe(true);
      for (const [key, life] of await audit(store, last)) last.set(key, life);
      expect(await store.checked).toEqual({ ran: true, problems: [] });
      await store.close();
    }
    expect(last.size, "the children got no work done").toBe(ACTORS);
  },
  60_000 + KILLS * 5000,
);

for (const step of ["begin", "write", "commit", "reply"] as const) {
  test(`a process that dies at the step "${step}" leaves only whole commits`, async () => {
    const directory = temporaryDirectory();
    const acknowledged = await runChild({ directory, faults: [{ step, kind: "kill", skip: 40 }] });
    const store = await SqliteStore.open({ directory });
    expect(acknowledged.size).toBeGreaterThan(0);
    await audit(store, acknowledged);
    await store.close();
  });
}
