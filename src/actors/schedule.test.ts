import { expect, onTestFinished, test } from "vitest";
import { type Logged, listLogger, REF, Rig, type RigOptions } from "../../tests/support/actor-rig.ts";
import { Refusal } from "../boundary/errors.ts";
import type { ScheduleRow } from "../hosts/port.ts";
import { nextFiring } from "./schedule/cron.ts";
import { ActorSchedule, type Fire, MAX_SCHEDULES } from "./schedule.ts";

interface Counter {
  fired: number;
}

/** A schedule on a rig, with the alarm an instance would have set. */
class Timetable {
  readonly rig: Rig<Counter>;
  readonly schedule: ActorSchedule;
  readonly fired: string[] = [];
  readonly logged: Logged[] = [];
  readonly #start: number;
  fire: Fire = async (row) => void this.fired.push(`${row.action}@${this.now}`);
  #ids = 0;

  constructor(rig: Rig<Counter>, start: number) {
    this.rig = rig;
    this.#start = start;
    this.schedule = new ActorSchedule({
      clock: rig.clock,
      outbox: rig.outbox,
      log: listLogger(this.logged),
      random: (bytes) => {
        const id = new Uint8Array(bytes);
        new DataView(id.buffer).setUint32(0, ++this.#ids);
        return id;
      },
      onChange: () => {},
      rows: rig.snapshot?.schedules ?? [],
      isStopping: () => rig.isStopping,
    });
  }

  get now(): number {
    return this.rig.clock.now() - this.#start;
  }

  async advance(ms: number): Promise<void> {
    const end = this.rig.clock.now() + ms;
    for (let at = this.schedule.earliest(); at !== null && at <= end; at = this.schedule.earliest()) {
      await this.rig.clock.advanceTo(Math.max(at, this.rig.clock.now()));
      void this.schedule.fireDue((row, finished) => this.fire(row, finished));
      await this.rig.clock.drain();
      if (this.rig.isStopping) return;
    }
    await this.rig.clock.advanceTo(end);
  }

  stored(): readonly ScheduleRow[] {
    return this.rig.late.inner.load(REF)?.schedules ?? [];
  }
}

async function open(options: RigOptions = {}, start?: number): Promise<Timetable> {
  const rig = await Rig.open<Counter>({ fired: 0 }, options);
  return new Timetable(rig, start ?? rig.clock.now());
}

async function reopen(before: Timetable, away = 0): Promise<Timetable> {
  await before.rig.outbox.durable();
  before.rig.crash();
  await before.rig.clock.advance(away);
  return open({ store: before.rig.late, clock: before.rig.clock }, before.rig.clock.now() - before.now);
}

const codeOf = async (run: Promise<unknown>): Promise<string> => {
  try {
    await run;
  } catch (error) {
    return error instanceof Refusal ? `${error.group}/${error.code}` : String(error);
  }
  return "did not throw";
};

test("after and at fire once, at their time, in order, and are gone", async () => {
  const table = await open();
  await table.schedule.after(200, "second", 1, { two: 2 });
  await table.schedule.at(table.rig.clock.now() + 100, "first");
  await table.schedule.at(0, "overdue");
  expect((await table.schedule.list()).map(({ action, args }) => [action, args])).toEqual([
    ["overdue", []],
    ["first", []],
    ["second", [1, { two: 2 }]],
  ]);
  await table.advance(1000);
  expect(table.fired).toEqual(["overdue@0", "first@100", "second@200"]);
  await table.rig.outbox.durable();
  expect([table.stored(), table.schedule.earliest(), table.schedule.wakeAt()]).toEqual([[], null, null]);
});

test("a schedule survives a restart, and fires at once when its time passed meanwhile", async () => {
  const table = await open();
  await table.schedule.after(500, "later");
  await table.schedule.after(10_000, "much later");
  const again = await reopen(table, 2000);
  await again.advance(0);
  expect(again.fired).toEqual(["later@2000"]);
  await again.advance(8000);
  expect(again.fired).toEqual(["later@2000", "much later@10000"]);
});

test("a cancelled schedule never fires, before or after a restart", async () => {
  const table = await open();
  const id = await table.schedule.after(100, "never");
  await table.schedule.after(100, "kept");
  expect(await table.schedule.cancel(id)).toBe(true);
  expect(await table.schedule.cancel(id)).toBe(false);
  const again = await reopen(table);
  await again.advance(200);
  expect(again.fired).toEqual(["kept@100"]);
});

test("the end of a row and the state its action changed are one commit", async () => {
  const table = await open();
  await table.schedule.after(10, "count");
  await table.rig.outbox.durable();
  const seen: unknown[] = [];
  table.rig.late.isPrompt = false;
  table.fire = async (_row, finished) => {
    await null;
    table.rig.state.fired += 1;
    finished(true);
    table.rig.outbox.settle();
  };
  await table.advance(10);
  while (table.rig.late.queued > 0) {
    table.rig.late.applyNext();
    await table.rig.clock.drain();
    seen.push([table.rig.late.inner.load(REF)?.state, table.stored().length]);
  }
  expect(seen).toEqual([['{"fired":1}', 0]]);
});

test("a crash while an action runs fires it again", async () => {
  const table = await open();
  await table.schedule.after(10, "slow");
  table.fire = () => new Promise(() => {});
  await table.advance(10);
  expect(table.schedule.earliest()).toBeNull();
  expect(table.schedule.wakeAt()).toBe(table.rig.clock.now());
  const again = await reopen(table);
  await again.advance(0);
  expect(again.fired).toEqual(["slow@10"]);
});

test("a failing action is tried again with growing pauses, then logged and dropped", async () => {
  const table = await open();
  await table.schedule.after(0, "fails");
  await table.schedule.after(0, "works");
  const tries: number[] = [];
  table.fire = async (row) => {
    if (row.action === "works") return;
    tries.push(table.now);
    throw new Error("no");
  };
  await table.advance(1_000_000);
  expect(tries).toEqual([0, 1000, 3000, 7000, 15_000]);
  expect(table.logged.filter(({ message }) => message.includes("given up")).length).toBe(1);
  await table.rig.outbox.durable();
  expect(table.stored()).toEqual([]);
});

test("what fails because the actor stops is there at the next start, as it was", async () => {
  const table = await open();
  await table.schedule.after(10, "stopped");
  table.fire = async () => {
    table.rig.halt();
    throw new Error("aborted");
  };
  await table.advance(10);
  expect(table.logged).toEqual([]);
  const again = await reopen(table);
  await again.advance(0);
  expect(again.fired).toEqual(["stopped@10"]);
});

test("every fires at each tick, and once for the ticks that passed while the actor was down", async () => {
  const table = await open();
  await table.schedule.every("*/10 * * * *", "tick");
  const minute = 60_000;
  await table.advance(25 * minute);
  expect(table.fired).toEqual([`tick@${10 * minute}`, `tick@${20 * minute}`]);
  const again = await reopen(table, 60 * minute);
  await again.advance(10 * minute);
  expect(again.fired).toEqual([`tick@${85 * minute}`, `tick@${90 * minute}`]);
});

test("one schedule never overlaps itself; others run meanwhile", async () => {
  const table = await open();
  await table.schedule.every("* * * * * *", "slow");
  await table.schedule.after(2500, "other");
  let running = 0;
  table.fire = async (row) => {
    table.fired.push(`${row.action}@${table.now}`);
    if (row.action === "other") return;
    running += 1;
    expect(running).toBe(1);
    await new Promise<void>((resolve) => table.rig.clock.after(2300, resolve));
    running -= 1;
  };
  await table.advance(3300);
  await table.advance(1000);
  expect(table.fired).toEqual(["slow@1000", "other@2500", "slow@4000"]);
});

test("a failing tick is tried again, and the pattern goes on after it is given up", async () => {
  const table = await open();
  await table.schedule.every("0 * * * *", "hourly");
  const tries: number[] = [];
  const hour = 3_600_000;
  table.fire = async () => {
    tries.push(table.now);
    if (table.now < 2 * hour) throw new Error("no");
  };
  await table.advance(2.5 * hour);
  expect(tries).toEqual([hour, hour + 1000, hour + 3000, hour + 7000, hour + 15_000, 2 * hour]);
  expect((await table.schedule.list())[0]).toMatchObject({ cron: "0 * * * *", timezone: "UTC" });
});

test("a schedule cancelled while it runs is not run again", async () => {
  const table = await open();
  const id = await table.schedule.every("* * * * *", "tick");
  table.fire = async (row) => {
    table.fired.push(row.action);
    await table.schedule.cancel(id);
    throw new Error("after cancelling");
  };
  await table.advance(300_000);
  expect(table.fired).toEqual(["tick"]);
  await table.rig.outbox.durable();
  expect(table.stored()).toEqual([]);
});

test("limits and wrong arguments are refused and schedule nothing", async () => {
  const table = await open();
  const { schedule } = table;
  expect(await codeOf(schedule.after(Number.NaN, "x"))).toBe("schedule/invalid_time");
  expect(await codeOf(schedule.at(Number.POSITIVE_INFINITY, "x"))).toBe("schedule/invalid_time");
  expect(await codeOf(schedule.after(Number.MAX_SAFE_INTEGER, "x"))).toBe("schedule/invalid_time");
  expect(await codeOf(schedule.at(-8.64e15 - 1, "x"))).toBe("schedule/invalid_time");
  expect(await codeOf(schedule.after(1, "x", () => 1))).toBe("schedule/args_invalid");
  expect(await codeOf(schedule.after(1, "x", "y".repeat(70_000)))).toBe("schedule/args_too_large");
  for (const cron of ["nonsense", "", "61 * * * *", "0 0 30 2 *", "2026-01-01T00:00:00", "* ".repeat(200)]) {
    expect(await codeOf(schedule.every(cron, "x")), cron).toBe("schedule/invalid_cron");
  }
  expect(await codeOf(schedule.every({ cron: "* * * * *", timezone: "Mars/Phobos" }, "x"))).toBe(
    "schedule/invalid_cron",
  );
  expect(await schedule.list()).toEqual([]);
  for (let count = 0; count < MAX_SCHEDULES; count++) await schedule.after(1e9, "x");
  expect(await codeOf(schedule.after(1, "x"))).toBe("schedule/full");
});

const firings = (pattern: string, timezone: string, from: string, count: number): string[] => {
  const found: string[] = [];
  for (let at = Date.parse(from); found.length < count; ) {
    at = nextFiring({ pattern, timezone }, at)!;
    found.push(new Date(at).toISOString());
  }
  return found;
};

test("a fixed time of day fires once a day across daylight saving changes", () => {
  // Berlin, spring 2026: 02:30 does not exist on 29 March, the first valid time is 03:00 (+02:00).
  expect(firings("30 2 * * *", "Europe/Berlin", "2026-03-28T12:00:00Z", 2)).toEqual([
    "2026-03-29T01:00:00.000Z",
    "2026-03-30T00:30:00.000Z",
  ]);
  // Autumn: 02:30 comes twice on 25 October; the first counts.
  expect(firings("30 2 * * *", "Europe/Berlin", "2026-10-24T12:00:00Z", 2)).toEqual([
    "2026-10-25T00:30:00.000Z",
    "2026-10-26T01:30:00.000Z",
  ]);
  expect(firings("*/30 * * * *", "Europe/Berlin", "2026-10-25T00:10:00Z", 4)).toEqual([
    "2026-10-25T00:30:00.000Z",
    "2026-10-25T01:00:00.000Z",
    "2026-10-25T01:30:00.000Z",
    "2026-10-25T02:00:00.000Z",
  ]);
});

test("29 February fires in leap years, the 31st in the months that have it, and both fields of a day count", () => {
  expect(firings("0 0 29 2 *", "UTC", "2026-01-01T00:00:00Z", 2)).toEqual([
    "2028-02-29T00:00:00.000Z",
    "2032-02-29T00:00:00.000Z",
  ]);
  expect(firings("0 12 31 * *", "UTC", "2026-01-31T12:00:00Z", 2)).toEqual([
    "2026-03-31T12:00:00.000Z",
    "2026-05-31T12:00:00.000Z",
  ]);
  expect(firings("0 9 * * 1-5", "America/New_York", "2026-07-03T14:00:00Z", 1)).toEqual(["2026-07-06T13:00:00.000Z"]);
});

test("a time zone is kept across a restart", async () => {
  const table = await open();
  await table.schedule.every({ cron: "0 9 * * *", timezone: "Europe/Berlin" }, "morning");
  const again = await reopen(table);
  onTestFinished(() => again.rig.crash());
  expect(await again.schedule.list()).toMatchObject([{ cron: "0 9 * * *", timezone: "Europe/Berlin" }]);
  const [row] = again.stored();
  expect(new Date(row!.dueAt).toISOString()).toBe("2026-01-01T08:00:00.000Z");
  await again.advance(24 * 3_600_000);
  expect(new Date(again.schedule.earliest()!).toISOString()).toBe("2026-01-02T08:00:00.000Z");
});
