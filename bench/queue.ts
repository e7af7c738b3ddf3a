/**
 * What a long queue costs: receive and acknowledge from the front of a queue with few and with a million messages in
 * the store, and sends behind them, on the Node store in a temporary directory. Does not measure transports or the gate.
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
import { slopeOf } from "./harness/stats.ts";

const many = Number(process.argv[2] ?? (QUICK ? 50_000 : 1_000_000));
const RECEIVES = 5000;
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

/** µs of one receive and its acknowledgement. */
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
  const waits: number[] = [];
  const start = performance.now();
  for (let received = 0; received < RECEIVES; received++) {
    const before = performance.now();
    await queue.tryNext();
    waits.push(performance.now() - before);
    cell.value.sum += 1;
  }
  queues.acknowledgeHeld();
  await outbox.durable();
  const elapsed = performance.now() - start;
  waits.sort((a, b) => a - b);
  const sends = performance.now();
  await Promise.all(
    Array.from({ length: RECEIVES }, (_, job) => queues.enqueue({ name: "jobs", body: { job }, caller: null })),
  );
  const sent = performance.now() - sends;
  console.log(
    `${count} messages: receive+acknowledge ${((elapsed * 1000) / RECEIVES).toFixed(1)} µs each` +
      ` (p50 ${(waits[RECEIVES / 2]! * 1000).toFixed(1)} µs, p99 ${(waits[Math.floor(RECEIVES * 0.99)]! * 1000).toFixed(0)} µs),` +
      ` send ${((sent * 1000) / RECEIVES).toFixed(1)} µs each, heap +${((process.memoryUsage().heapUsed - heap) / 1048576).toFixed(1)} MiB`,
  );
  return (elapsed * 1000) / RECEIVES;
}

const directory = await mkdtemp(join(tmpdir(), "byward-bench-queue-"));
const store = await SqliteStore.open({ directory });
try {
  await measure(store, "warm", RECEIVES);
  const points: { size: number; cost: number }[] = [];
  for (const size of new Set([RECEIVES, many / 10, many])) {
    points.push({ size, cost: await measure(store, `of ${size}`, size) });
  }
  const title = "A receive, with more and more messages that wait";
  const slope = slopeOf(points);
  console.log(`slope ${slope.toFixed(2)}`);
  writeResults("queue", [
    { kind: "series", id: "queue", title, sizeName: "messages", costName: "µs a unit", points, slope },
  ]);
} finally {
  await store.close();
  await rm(directory, { recursive: true, force: true });
}
