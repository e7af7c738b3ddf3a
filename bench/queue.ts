/**
 * What a long queue costs: a send to its end, a receive from its front and the acknowledgement, in a queue that stays as long
 * as it is: of one message and of up to a million, on the Node store in a temporary directory. Every fiftieth one waits for
 * the disk. Does not measure transports or the gate.
 * Run: `node bench/queue.ts [messages]`.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Outbox } from "../src/actors/outbox.ts";
import { ActorQueues } from "../src/actors/queue.ts";
import { StateCell } from "../src/actors/state.ts";
import { SqliteStore } from "../src/hosts/node/store/sqlite-store.ts";
import type { ActorMeta, ActorRef, Logger, QueueRow } from "../src/hosts/port.ts";
import { QUICK, writeResults } from "./harness/results.ts";
import { slopeOf, spreadOf } from "./harness/stats.ts";

const many = Number(process.argv[2] ?? (QUICK ? 50_000 : 1_000_000));
const MESSAGES = QUICK ? 1000 : 10_000;
/** Messages that share a wait for the disk. */
const GROUP = 50;
const BATCHES = QUICK ? 3 : 7;
const PREFILL_BATCH = 5000;
const log: Logger = { debug() {}, info() {}, warn() {}, error() {}, child: () => log };
const clock = {
  now: () => Date.now(),
  after: (delay: number, task: () => void) => {
    const timer = setTimeout(task, delay);
    return { cancel: () => clearTimeout(timer) };
  },
};

const rowOf = (id: number): QueueRow => ({
  id,
  queue: "jobs",
  body: `{"job":${id},"text":"${"x".repeat(180)}"}`,
  caller: null,
  createdAt: 0,
  availableAt: 0,
  attempt: 0,
  idempotencyKey: null,
  status: "ready",
});

async function prefill(store: SqliteStore, ref: ActorRef, count: number): Promise<ActorMeta> {
  const meta: ActorMeta = { id: ref.key, createdAt: 0, version: 1, nextQueueId: count + 1, running: false };
  await store.commit({ actor: ref, mode: "create", meta, state: '{"sum":0}' });
  for (let first = 1; first <= count; first += PREFILL_BATCH) {
    const size = Math.min(PREFILL_BATCH, count - first + 1);
    await store.commit({
      actor: ref,
      mode: "update",
      queuePut: Array.from({ length: size }, (_, index) => rowOf(first + index)),
    });
  }
  return meta;
}

/** µs of one message, sent, received and acknowledged: the median of several batches. */
async function measure(store: SqliteStore, key: string, count: number): Promise<number> {
  const ref = { name: "worker", key };
  let meta = await prefill(store, ref, count);
  const snapshot = (await store.load(ref))!;
  const cell: StateCell<{ sum: number }> = new StateCell(
    { sum: 0 },
    {
      onDirty: () => {
        outbox.staged.stateDirty = true;
      },
    },
  );
  const outbox: Outbox = new Outbox({
    actor: ref,
    store,
    durability: "durable",
    clock,
    saveInterval: 10_000,
    encodeState: () => cell.encode(),
    wakeAt: () => queues.wakeAt(),
    commitFailed: (error) => {
      throw error;
    },
  });
  const queues: ActorQueues = new ActorQueues({
    ref,
    clock,
    store,
    outbox,
    log,
    limits: { maxQueueSize: 10 * many, maxQueueMessageSize: 1_048_576 },
    declared: null,
    counts: snapshot.queues,
    nextId: () => {
      meta = { ...meta, nextQueueId: meta.nextQueueId + 1 };
      outbox.staged.meta = meta;
      return meta.nextQueueId - 1;
    },
    isStopping: () => false,
    stopSignal: new AbortController().signal,
    isRevoked: () => false,
    onChange: () => {},
    onActivity: () => {},
  });
  const queue = queues.forContext();
  const heap = process.memoryUsage().heapUsed;
  const taken: number[] = [];
  for (let batch = 0; batch < BATCHES; batch++) {
    const start = performance.now();
    for (let done = 0; done < MESSAGES; done += GROUP) {
      const sends: Promise<unknown>[] = [];
      for (let at = 0; at < GROUP; at++) {
        sends.push(queues.enqueue({ name: "jobs", body: { job: done + at }, caller: null }));
        if ((await queue.tryNext()) === undefined) throw new Error(`nothing to receive in a queue of ${count}`);
        queues.acknowledgeHeld();
      }
      await Promise.all(sends);
      await outbox.durable();
    }
    taken.push(((performance.now() - start) * 1000) / MESSAGES);
  }
  const { median, min, max } = spreadOf(taken);
  const grown = ((process.memoryUsage().heapUsed - heap) / 1_048_576).toFixed(1);
  console.log(
    `${String(count).padStart(9)} messages  ${median.toFixed(1).padStart(6)} µs each  (${min.toFixed(1)}–${max.toFixed(1)}), heap +${grown} MiB`,
  );
  return median;
}

const directory = await mkdtemp(join(tmpdir(), "byward-bench-queue-"));
const store = await SqliteStore.open({ directory });
try {
  await measure(store, "warm", 1000);
  const points: { size: number; cost: number }[] = [];
  for (let size = 1; size <= many; size *= 10) {
    points.push({ size, cost: await measure(store, `of ${size}`, size) });
  }
  const title = "A message sent, received and acknowledged, with more and more that wait";
  const slope = slopeOf(points);
  console.log(`slope ${slope.toFixed(2)}`);
  writeResults("queue", [
    { kind: "series", id: "queue", title, sizeName: "messages", costName: "µs a unit", points, slope },
  ]);
} finally {
  await store.close();
  await rm(directory, { recursive: true, force: true });
}
