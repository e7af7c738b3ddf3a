/** Crons on a virtual clock: when they run, as whom, and never twice at a time. */
import { service, setup } from "byward";
import { expect, test } from "vitest";
import { VirtualClock } from "../../src/hosts/memory/clock.ts";
import { createRig, get, type Rig, show } from "./rig.ts";

const START = Date.UTC(2026, 2, 28, 12, 0, 0);
const HOUR = 3_600_000;

/** Starts a registry with one service on a clock that stands at `START`. */
async function start(jobs: ReturnType<typeof service>): Promise<{ rig: Rig; registry: ReturnType<typeof setup> }> {
  const rig = createRig({ clock: new VirtualClock(START) });
  const registry = setup({ services: { jobs }, host: rig.host });
  await registry.edge();
  return { rig, registry };
}

test("runs at each instant of its schedule, as Scheduler", async () => {
  const ran: unknown[] = [];
  const { rig, registry } = await start(
    service({
      crons: {
        hourly: {
          schedule: "30 * * * *",
          handle: (c) => {
            ran.push([(c.scheduledAt - START) / HOUR, c.caller.party, c.caller.identity, c.service]);
          },
        },
      },
    }),
  );
  await rig.clock.advance(3 * HOUR);
  expect(ran).toEqual([
    [0.5, "Scheduler", "jobs/hourly", "jobs"],
    [1.5, "Scheduler", "jobs/hourly", "jobs"],
    [2.5, "Scheduler", "jobs/hourly", "jobs"],
  ]);
  expect((await rig.decisions(registry)).slice(-1)).toEqual(["cron hourly Scheduler ok"]);
  await registry.close();
});

test("six fields have seconds, a schedule of next month is waited for", async () => {
  const ran: string[] = [];
  const { rig, registry } = await start(
    service({
      crons: {
        often: { schedule: "*/20 * * * * *", handle: () => void ran.push("often") },
        yearly: { schedule: "0 0 1 5 *", handle: (c) => void ran.push(new Date(c.scheduledAt).toISOString()) },
      },
    }),
  );
  await rig.clock.advance(60_000);
  expect(ran).toEqual(["often", "often", "often"]);
  ran.length = 0;
  await registry.close();
  const { rig: later, registry: second } = await start(
    service({
      crons: {
        yearly: { schedule: "0 0 1 5 *", handle: (c) => void ran.push(new Date(c.scheduledAt).toISOString()) },
      },
    }),
  );
  await later.clock.advance(40 * 24 * HOUR);
  expect(ran).toEqual(["2026-05-01T00:00:00.000Z"]);
  await second.close();
});

test("a time zone is kept over the change to summer time", async () => {
  const ran: string[] = [];
  const { rig, registry } = await start(
    service({
      crons: {
        morning: {
          schedule: "0 9 * * *",
          timezone: "Europe/Berlin",
          handle: (c) => void ran.push(new Date(c.scheduledAt).toISOString().slice(5, 16)),
        },
        utc: {
          schedule: "0 9 * * *",
          handle: (c) => void ran.push(new Date(c.scheduledAt).toISOString().slice(5, 16)),
        },
      },
    }),
  );
  await rig.clock.advance(48 * HOUR);
  // Berlin: 29 March 2026 is the day the clocks go forward.
  expect(ran.sort()).toEqual(["03-29T07:00", "03-29T09:00", "03-30T07:00", "03-30T09:00"]);
  await registry.close();
});

test("a run that is due while the one before still runs is skipped, recorded, and later ones run again", async () => {
  let running = 0;
  let most = 0;
  const ran: number[] = [];
  const { rig, registry } = await start(
    service({
      crons: {
        slow: {
          schedule: "* * * * *",
          handle: async (c) => {
            running += 1;
            most = Math.max(most, running);
            ran.push((c.scheduledAt - START) / 60_000);
            await new Promise<void>((resolve) => rig.clock.after(150_000, resolve));
            running -= 1;
          },
        },
      },
    }),
  );
  await rig.clock.advance(8 * 60_000);
  expect(most).toBe(1);
  expect(ran).toEqual([1, 4, 7]);
  const decisions = await rig.decisions(registry);
  expect(decisions.filter((line) => line.includes("cron.overlap"))).toHaveLength(5);
  expect(decisions).toContain("cron slow - in_progress cron.overlap");
  await rig.clock.advance(10 * 60_000);
  const closing = registry.close();
  await rig.clock.advance(200_000);
  await closing;
});

test("a run that throws is logged and the next one runs", async () => {
  let ran = 0;
  const { rig, registry } = await start(
    service({
      crons: {
        broken: {
          schedule: "* * * * *",
          handle: () => {
            ran += 1;
            throw new Error("broken");
          },
        },
      },
    }),
  );
  await rig.clock.advance(180_000);
  expect(ran).toBe(3);
  expect(rig.lines.filter(({ message }) => message === "a cron failed")).toHaveLength(3);
  await registry.close();
});

test("closing sets no more runs, tells the one that runs, and waits for it", async () => {
  const ran: string[] = [];
  const { rig, registry } = await start(
    service({
      crons: {
        long: {
          schedule: "* * * * *",
          handle: async (c) => {
            ran.push("started");
            await new Promise((resolve) => c.abortSignal.addEventListener("abort", resolve));
            ran.push("ended");
          },
        },
      },
    }),
  );
  await rig.clock.advance(60_000);
  expect(ran).toEqual(["started"]);
  await registry.close();
  expect(ran).toEqual(["started", "ended"]);
  await rig.clock.advance(HOUR);
  expect(ran).toEqual(["started", "ended"]);
});

test("a machine that slept runs a missed cron once, not once for each time it was due", async () => {
  const ran: number[] = [];
  const rig = createRig({ clock: new VirtualClock(START) });
  const timers: (() => void)[] = [];
  const delays: number[] = [];
  let now = START;
  const clock = {
    now: () => now,
    after: (delay: number, task: () => void) => {
      delays.push(delay);
      timers.push(task);
      return { cancel: () => {} };
    },
  };
  const registry = setup({
    services: {
      jobs: service({
        crons: { minutely: { schedule: "* * * * *", handle: (c) => void ran.push(c.scheduledAt - START) } },
      }),
    },
    host: { ...rig.host, clock },
  });
  await registry.edge();
  const fire = timers.at(-1)!;
  now = START + HOUR;
  fire();
  await new Promise((resolve) => setTimeout(resolve, 10));
  expect(ran).toEqual([60_000]);
  expect(delays.at(-1)).toBe(60_000);
});

test("nothing from outside runs a cron", async () => {
  let ran = 0;
  const { registry } = await start(
    service({ crons: { nightly: { schedule: "0 3 * * *", handle: () => void ran++ } } }),
  );
  for (const path of ["/crons/nightly", "/jobs/crons/nightly", "/nightly", "/actors/jobs/~/actions/nightly"]) {
    expect(await show(await registry.fetch(get(path, { "byward-channel": "scheduler" })))).toMatch(/^404/);
  }
  expect(ran).toBe(0);
  await registry.close();
});
