import fc from "fast-check";
import { expect, test } from "vitest";
import { type ReplayDecision, ReplayLedger, type ReplayLimits, type ReplayTicket } from "./replay.ts";
import type { ReplayClock, ReplayRecord, ReplayRows } from "./replay-rows.ts";
import type { ReplayMark } from "./scheme.ts";

/** Rows in a map; `pause` makes every read wait for `resume`. */
class Rows implements ReplayRows {
  readonly held = new Map<string, ReplayRecord>();
  #gate: Promise<void> | null = null;
  resume: () => void = () => {};
  broken = false;

  pause(): void {
    this.#gate = new Promise((resolve) => {
      this.resume = () => {
        this.#gate = null;
        resolve();
      };
    });
  }
  get(id: string): ReplayRecord | null | Promise<ReplayRecord | null> {
    if (this.broken) throw new Error("disk");
    const row = this.held.get(id) ?? null;
    return this.#gate === null ? row : this.#gate.then(() => row);
  }
  count(): number {
    return this.held.size;
  }
  prune(before: number): void {
    for (const row of this.held.values()) if (row.keepUntil < before) this.held.delete(row.id);
  }
  put(rows: readonly ReplayRecord[]): void {
    for (const row of rows) this.held.set(row.id, row);
  }
}

class HandClock implements ReplayClock {
  time = 1_000;
  readonly #timers = new Set<{ at: number; task: () => void }>();
  now(): number {
    return this.time;
  }
  after(delay: number, task: () => void): { cancel(): void } {
    const timer = { at: this.time + delay, task };
    this.#timers.add(timer);
    return { cancel: () => void this.#timers.delete(timer) };
  }
  advance(ms: number): void {
    this.time += ms;
    for (const timer of [...this.#timers]) {
      if (timer.at <= this.time && this.#timers.delete(timer)) timer.task();
    }
  }
  get pending(): number {
    return this.#timers.size;
  }
}

const setUp = (limits: Partial<ReplayLimits> = {}) => {
  const rows = new Rows();
  const clock = new HandClock();
  const ledger = new ReplayLedger(rows, clock, { capacity: 100, retryAfter: 5, waiting: 10, ...limits });
  return { rows, clock, ledger };
};
const mark = (id: string, keepUntil = 10_000): ReplayMark => ({ id, keepUntil });
const step = (position: number, maxWait = 0, start: number | null = null, stream = "s"): ReplayMark => ({
  id: `${stream}#${position}`,
  keepUntil: 10_000,
  sequence: { stream, position, maxWait, start },
});
const ticketOf = (decision: ReplayDecision): ReplayTicket => {
  if (decision.kind !== "run") throw new Error(JSON.stringify(decision));
  return decision.ticket;
};
const finish = (rows: Rows, ticket: ReplayTicket, result: "done" | "failed" = "done"): void => {
  rows.put(ticket.settle(result));
  ticket.release(true);
};
const run = async ({ ledger, rows }: ReturnType<typeof setUp>, next: ReplayMark): Promise<string> => {
  const decision = await ledger.begin(next);
  if (decision.kind === "run") finish(rows, decision.ticket);
  return decision.kind;
};

test("a delivery whose success is recorded does not run again", async () => {
  const world = setUp();
  expect(await run(world, mark("a"))).toBe("run");
  expect(await run(world, mark("a"))).toBe("duplicate");
  expect(await run(world, mark("b"))).toBe("run");
  expect(world.rows.held.get("a")).toEqual({ id: "a", status: "done", keepUntil: 10_000 });
});

test("judging is synchronous where the rows are", () => {
  expect(setUp().ledger.begin(mark("a"))).toMatchObject({ kind: "run" });
});

test("a delivery under way is in progress, until its rows are durable", async () => {
  const { ledger, rows } = setUp();
  const ticket = ticketOf(await ledger.begin(mark("a")));
  const busy = { kind: "in_progress", reason: "replay.running", retryAfter: 5 };
  expect(await ledger.begin(mark("a"))).toEqual(busy);
  const settled = ticket.settle("done");
  expect(await ledger.begin(mark("a"))).toEqual(busy);
  rows.put(settled);
  ticket.release(true);
  expect(await ledger.begin(mark("a"))).toEqual({ kind: "duplicate" });
});

test("a failed delivery leaves nothing and may run again; so does one whose commit failed", async () => {
  const { ledger, rows } = setUp();
  const first = ticketOf(await ledger.begin(mark("a")));
  expect(first.settle("failed")).toEqual([]);
  first.release(true);
  const second = ticketOf(await ledger.begin(mark("a")));
  second.settle("done");
  second.release(false);
  expect(rows.held.size).toBe(0);
  expect(await ledger.begin(mark("a"))).toMatchObject({ kind: "run" });
});

test("a row left by a process that died in between, or marked failed, does not block", async () => {
  for (const status of ["in_progress", "failed"] as const) {
    const world = setUp();
    world.rows.put([{ id: "a", status, keepUntil: 10_000 }]);
    expect(await run(world, mark("a"))).toBe("run");
    expect(world.rows.held.get("a")?.status).toBe("done");
  }
});

test("of two equal deliveries read at the same time one runs", async () => {
  const { ledger, rows } = setUp();
  rows.pause();
  const both = [ledger.begin(mark("a")), ledger.begin(mark("a"))];
  rows.resume();
  expect((await Promise.all(both)).map(({ kind }) => kind)).toEqual(["run", "in_progress"]);
});

test("an id is forgotten after its time, and not a millisecond before", async () => {
  const world = setUp();
  await run(world, mark("a", 5_000));
  world.clock.time = 4_999;
  expect(await run(world, mark("a", 5_000))).toBe("duplicate");
  world.clock.time = 5_000;
  expect(await run(world, mark("a", 9_000))).toBe("run");
});

test("a full ledger refuses, counting deliveries under way, and knows duplicates still", async () => {
  const { ledger, rows, clock } = setUp({ capacity: 3 });
  for (const id of ["a", "b"]) finish(rows, ticketOf(await ledger.begin(mark(id, 5_000))));
  const last = ticketOf(await ledger.begin(mark("c")));
  expect(await ledger.begin(mark("d"))).toEqual({ kind: "overloaded", retryAfter: 5 });
  expect(await ledger.begin(mark("a"))).toEqual({ kind: "duplicate" });
  last.settle("failed");
  last.release(true);
  finish(rows, ticketOf(await ledger.begin(mark("d"))));
  expect(await ledger.begin(mark("e"))).toMatchObject({ kind: "overloaded" });
  expect(ledger.running).toBe(0);
  clock.time = 5_001;
  expect(await ledger.begin(mark("e"))).toMatchObject({ kind: "run" });
  expect([...rows.held.keys()]).toEqual(["d"]);
});

test("rows and reservations never exceed the capacity, however many arrive at once", async () => {
  const { ledger, rows } = setUp({ capacity: 10 });
  rows.pause();
  const decisions = Array.from({ length: 50 }, (_, index) =>
    ledger.begin(index % 2 === 0 ? mark(`m${index}`) : step(index, 0, null, `s${index}`)),
  );
  rows.resume();
  for (const decision of await Promise.all(decisions)) if (decision.kind === "run") finish(rows, decision.ticket);
  expect(rows.held.size).toBeLessThanOrEqual(10);
  expect(rows.held.size).toBeGreaterThan(5);
  expect(ledger.running).toBe(0);
});

test("rows that cannot be read deny, and reserve nothing", async () => {
  const { ledger, rows } = setUp();
  rows.broken = true;
  expect(() => ledger.begin(mark("a"))).toThrow("disk");
  expect(() => ledger.begin(step(1))).toThrow("disk");
  rows.broken = false;
  expect(await ledger.begin(mark("a"))).toMatchObject({ kind: "run" });
  expect(await ledger.begin(step(1))).toMatchObject({ kind: "run" });
});

test("releasing twice frees nothing of a later delivery", async () => {
  const { ledger } = setUp();
  const first = ticketOf(await ledger.begin(mark("a")));
  first.release(false);
  ticketOf(await ledger.begin(mark("a")));
  first.release(false);
  expect(await ledger.begin(mark("a"))).toMatchObject({ kind: "in_progress" });
});

test("a sequence runs in order; a gap is refused at once, and what is behind is refused", async () => {
  const world = setUp();
  expect(await run(world, step(1, 0, 1))).toBe("run");
  expect(await run(world, step(3, 0, 1))).toBe("in_progress");
  expect(await world.ledger.begin(step(3, 0, 1))).toEqual({ kind: "in_progress", reason: "replay.gap", retryAfter: 5 });
  expect(await run(world, step(2, 0, 1))).toBe("run");
  expect(await run(world, step(3, 0, 1))).toBe("run");
  expect(await run(world, step(3, 0, 1))).toBe("duplicate");
  expect(await run(world, { ...step(3, 0, 1), id: "other" })).toBe("behind");
  expect(await run(world, step(0, 0, 1))).toBe("in_progress");
});

test("a sequence with a start begins there; without one, with the first delivery that succeeds", async () => {
  const strict = setUp();
  expect(await run(strict, step(5, 0, 4))).toBe("in_progress");
  expect(await run(strict, step(3, 0, 4))).toBe("behind");
  expect(await run(strict, step(4, 0, 4))).toBe("run");
  const open = setUp();
  const failing = ticketOf(await open.ledger.begin(step(40)));
  finish(open.rows, failing, "failed");
  expect(await run(open, step(41))).toBe("run");
  expect(await run(open, step(42))).toBe("run");
  expect(await run(open, step(44))).toBe("in_progress");
});

test("a sequence survives a restart, and its rows do not pile up", async () => {
  const world = setUp();
  for (let position = 1; position <= 20; position++) expect(await run(world, step(position))).toBe("run");
  const restarted = { ...world, ledger: new ReplayLedger(world.rows, world.clock) };
  expect(await run(restarted, step(22))).toBe("in_progress");
  expect(await run(restarted, step(21))).toBe("run");
  world.clock.time = 20_000;
  world.rows.prune(20_000);
  expect([...world.rows.held.keys()].sort()).toEqual(["s|21", "s|begun"]);
  expect(await run(restarted, step(22))).toBe("run");
  expect(await run(restarted, step(3))).toBe("in_progress");
});

test("a gap is waited for, and the deliveries run in order", async () => {
  const world = setUp();
  await run(world, step(1));
  const order: number[] = [];
  const waiting = [4, 3, 5].map(async (position) => {
    const ticket = ticketOf(await world.ledger.begin(step(position, 2_000)));
    order.push(position);
    await Promise.resolve();
    finish(world.rows, ticket);
  });
  await Promise.resolve();
  expect(order).toEqual([]);
  expect(await run(world, step(2))).toBe("run");
  await Promise.all(waiting);
  expect(order).toEqual([3, 4, 5]);
  expect(world.clock.pending).toBe(0);
});

test("a gap that does not close is refused at its deadline, and nothing runs out of order", async () => {
  const world = setUp();
  await run(world, step(1));
  const late = world.ledger.begin(step(3, 2_000));
  world.clock.advance(1_999);
  world.clock.advance(1);
  expect(await late).toEqual({ kind: "in_progress", reason: "replay.gap", retryAfter: 5 });
  expect(world.ledger.running).toBe(0);
});

test("a failed position lets nothing past it", async () => {
  const world = setUp();
  await run(world, step(1));
  const second = ticketOf(await world.ledger.begin(step(2)));
  const third = world.ledger.begin(step(3, 2_000));
  finish(world.rows, second, "failed");
  await Promise.resolve();
  expect(await run(world, step(2))).toBe("run");
  finish(world.rows, ticketOf(await third));
  expect(await run(world, step(4))).toBe("run");
});

test("the first delivery that fails does not let those that wait behind it begin the stream", async () => {
  const world = setUp();
  const first = ticketOf(await world.ledger.begin(step(7)));
  const next = world.ledger.begin(step(8, 2_000));
  finish(world.rows, first, "failed");
  await Promise.resolve();
  expect(await run(world, step(7))).toBe("run");
  finish(world.rows, ticketOf(await next));
  const restarted = { ...world, ledger: new ReplayLedger(world.rows, world.clock) };
  expect(await run(restarted, step(9))).toBe("run");
});

test("at most so many deliveries wait", async () => {
  const world = setUp({ waiting: 2 });
  await run(world, step(1));
  const waiting = [3, 4].map((position) => world.ledger.begin(step(position, 2_000)));
  expect(await world.ledger.begin(step(5, 2_000))).toMatchObject({ reason: "replay.gap" });
  world.clock.advance(2_000);
  for (const decision of await Promise.all(waiting)) expect(decision).toMatchObject({ reason: "replay.gap" });
});

test("streams do not hold each other up, and none is kept in memory", async () => {
  const world = setUp();
  const a = ticketOf(await world.ledger.begin(step(1, 0, null, "a")));
  expect(await run(world, step(9, 0, null, "b"))).toBe("run");
  finish(world.rows, a);
  expect(await run(world, step(2, 0, null, "a"))).toBe("run");
});

test("a position delivered under two ids at once runs once, though rows are slow", async () => {
  const { ledger, rows } = setUp();
  rows.pause();
  const both = [step(1), { ...step(1), id: "twin" }].map((next) => ledger.begin(next));
  rows.resume();
  const kinds: string[] = [];
  for (const decision of await Promise.all(both)) {
    kinds.push(decision.kind);
    if (decision.kind === "run") finish(rows, decision.ticket);
  }
  expect(kinds).toEqual(["run", "in_progress"]);
});

test("what ran while rows were being read counts for more than what was read", async () => {
  const { rows, clock } = setUp();
  let resume = (): void => {};
  let slow = false;
  const get = (id: string): ReturnType<Rows["get"]> => {
    const row = rows.get(id);
    if (!slow || !id.endsWith("|begun")) return row;
    return new Promise((resolve) => {
      resume = () => resolve(row);
    });
  };
  const ledger = new ReplayLedger({ get, count: () => rows.count(), prune: () => {} }, clock);
  slow = true;
  const twin = ledger.begin({ ...step(1), id: "twin" });
  slow = false;
  finish(rows, ticketOf(await ledger.begin(step(1))));
  resume();
  expect(await twin).toEqual({ kind: "behind" });
});

test("random deliveries, failures, crashes and restarts: every success is recorded once and in order", async () => {
  const delivery = fc.record({
    position: fc.integer({ min: 1, max: 8 }),
    outcome: fc.constantFrom("done", "done", "failed", "commitFailed", "crash"),
    restart: fc.boolean(),
    maxWait: fc.constantFrom(0, 500),
    slow: fc.boolean(),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(delivery, { minLength: 1, maxLength: 60 }), async (deliveries) => {
      const rows = new Rows();
      const clock = new HandClock();
      let ledger = new ReplayLedger(rows, clock, { capacity: 50, retryAfter: 1, waiting: 5 });
      const recorded: number[] = [];
      const pending: Promise<void>[] = [];
      for (const { position, outcome, restart, maxWait, slow } of deliveries) {
        if (restart) ledger = new ReplayLedger(rows, clock, { capacity: 50, retryAfter: 1, waiting: 5 });
        if (slow) rows.pause();
        const own = ledger;
        const begun = Promise.resolve(ledger.begin(step(position, restart ? 0 : maxWait, 1))).then((decision) => {
          // A process that ended takes what it had under way with it: one owner at a time.
          if (decision.kind !== "run" || outcome === "crash" || own !== ledger) return;
          const done = decision.ticket.settle(outcome === "failed" ? "failed" : "done");
          if (outcome === "done") {
            rows.put(done);
            recorded.push(position);
          }
          decision.ticket.release(outcome !== "commitFailed");
        });
        rows.resume();
        if (restart || maxWait === 0) await begun;
        else pending.push(begun);
        clock.advance(100);
      }
      let waiting = true;
      const all = Promise.all(pending).then(() => {
        waiting = false;
      });
      while (waiting) {
        clock.advance(100);
        await new Promise((resolve) => setImmediate(resolve));
      }
      await all;
      expect(recorded).toEqual(recorded.map((_, index) => index + 1));
    }),
    { numRuns: 500, verbose: true },
  );
});
