/** The disk fails at each step of a commit, under load, on the real store: what was answered is on disk, once; the rest is whole or absent. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { actor, queue, setup, Visitor } from "byward";
import { expect, onTestFinished, test } from "vitest";
import { nodeHost } from "../../src/hosts/node/host.ts";
import { nodeLogger } from "../../src/hosts/node/log.ts";
import { SqliteStore } from "../../src/hosts/node/store/sqlite-store.ts";

const ledger = actor({
  by: Visitor,
  state: { ops: [] as string[], handled: [] as string[], fired: [] as string[] },
  queues: { jobs: queue<string>() },
  onCreate: (c) => c.kv.put("certificate", "yes"),
  run: async (c) => {
    for await (const message of c.queue.iter()) c.state.handled.push(message.body);
  },
  actions: {
    write: async (c, op: string) => {
      c.state.ops.push(op);
      await c.kv.put(`op:${op}`, "1");
    },
    enqueue: (c, op: string) => c.queue.send("jobs", op),
    plan: (c, op: string) => c.schedule.after(1, "fire", op),
    fire: (c, op: string) => void c.state.fired.push(op),
    audit: async (c) => ({
      ...c.state,
      pairs: (await c.kv.list("op:")).map(([key]) => key.slice(3)),
      certificate: await c.kv.get("certificate"),
    }),
  },
});

interface Audit {
  readonly ops: string[];
  readonly handled: string[];
  readonly fired: string[];
  readonly pairs: string[];
  readonly certificate: string | null;
}

async function open(directory: string) {
  const store = await SqliteStore.open({ directory });
  const registry = setup({ use: { ledger } });
  await registry.start(nodeHost({ store, log: nodeLogger() }));
  const call = async (key: string, action: string, ...args: unknown[]) => {
    const response = await registry.fetch(
      new Request(`http://localhost/actors/ledger/${key}/actions/${action}`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(args),
      }),
    );
    const { output } = (await response.json()) as { output?: unknown };
    return { status: response.status, output };
  };
  return { store, call, close: () => registry.close() };
}

const STEPS = ["begin", "write", "commit"] as const;

for (const kind of ["full", "io"] as const) {
  test(`failures (${kind}) at each step of the write: nothing answered is lost, nothing happens twice, no actor is half-created`, async () => {
    const directory = await mkdtemp(join(tmpdir(), "byward-faults-"));
    onTestFinished(() => rm(directory, { recursive: true, force: true }));
    const world = await open(directory);
    const told: Record<"write" | "enqueue" | "plan", string[]>[] = [];
    const asked = new Set<string>();
    let refused = 0;
    let isOver = false;
    const load = Array.from({ length: 6 }, async (_, at) => {
      const mine = { write: [] as string[], enqueue: [] as string[], plan: [] as string[] };
      told.push(mine);
      for (let n = 0; !isOver; n++) {
        const op = `${at}.${n}`;
        asked.add(op);
        const action = (["write", "enqueue", "write", "plan"] as const)[n % 4]!;
        if ((await world.call(`l${at}`, action, op)).status === 200) mine[action].push(op);
        else refused += 1;
      }
    });
    for (const step of [...STEPS, ...STEPS]) {
      const before = refused;
      world.store.setFaults([{ step, kind, skip: 3, times: 20 }]);
      await expect.poll(() => refused).toBeGreaterThan(before);
      world.store.setFaults([]);
      await new Promise((resolve) => setTimeout(resolve, 30));
    }
    isOver = true;
    await Promise.all(load);
    await world.close();
    const again = await open(directory);
    onTestFinished(() => again.close());
    for (const [at, mine] of told.entries()) {
      const read = async (): Promise<Audit> => (await again.call(`l${at}`, "audit")).output as Audit;
      await expect.poll(async () => missing(mine.enqueue, (await read()).handled)).toEqual([]);
      await expect.poll(async () => missing(mine.plan, (await read()).fired)).toEqual([]);
      const disk = await read();
      expect(missing(mine.write, disk.ops)).toEqual([]);
      expect([...disk.pairs].sort()).toEqual([...disk.ops].sort());
      expect(disk.certificate).toBe("yes");
      for (const done of [disk.ops, disk.handled]) {
        expect(new Set(done).size).toBe(done.length);
        expect(done.filter((op) => !asked.has(op))).toEqual([]);
      }
    }
    expect(refused).toBeGreaterThan(0);
  });
}

const missing = (told: readonly string[], done: readonly string[]): string[] => told.filter((op) => !done.includes(op));
