/** The one alarm of an object is never moved back past what waits for it. */
import { expect, test } from "vitest";
import { VirtualClock } from "../memory/clock.ts";
import { ObjectAlarm } from "./alarm.ts";
import { FarClock } from "./clock.ts";

const NOW = 1_000_000;
const HOUR = 3_600_000;
const silent = { debug() {}, info() {}, warn() {}, error() {}, child: () => silent };

/** An object's alarm over a table that says when its actor must be woken. The platform has what was set last. */
function object() {
  const clock = new VirtualClock(NOW);
  const table: { wakeAt: number | null; running: boolean } = { wakeAt: null, running: false };
  const platform: { alarm: number | null } = { alarm: null };
  const worked: number[] = [];
  const far: FarClock = new FarClock(clock, (at) => alarm.arm(at));
  const alarm: ObjectAlarm = new ObjectAlarm({
    storage: {
      setAlarm: async (at) => {
        platform.alarm = at;
      },
    },
    clock,
    log: silent,
    far: () => far,
    wake: () => table,
    isLive: () => true,
    work: async () => void worked.push(clock.now()),
  });
  const plan = (wakeAt: number): void => {
    table.wakeAt = wakeAt;
    alarm.committed(wakeAt, false);
  };
  return { clock, table, platform, worked, far, alarm, plan };
}

test("an alarm that is due and has not come yet is left alone by what is far away", async () => {
  const { clock, platform, far, plan } = object();
  plan(NOW + 10_000);
  expect(platform.alarm).toBe(NOW + 10_000);
  // It is due; before the platform brings it, a call comes whose lease ends in an hour.
  await clock.advance(10_003);
  far.after(HOUR, () => {});
  expect(platform.alarm).toBe(NOW + 10_000);
});

test("an alarm that did not come is set anew, for what waited for it", async () => {
  const { clock, platform, far, plan } = object();
  plan(NOW + 10_000);
  await clock.advance(20_000);
  far.after(HOUR, () => {});
  expect(platform.alarm).toBeLessThanOrEqual(NOW + 21_000);
});

test("after a commit that was undone, what is far away still has its alarm", () => {
  const { platform, far, alarm, plan } = object();
  far.after(HOUR, () => {});
  plan(NOW + 2000);
  alarm.forget();
  // The platform has the alarm of before the commit again; the next commit asks for a later one.
  platform.alarm = NOW + HOUR;
  plan(NOW + 10 * HOUR);
  expect(platform.alarm).toBe(NOW + HOUR);
});

test("an alarm that comes does what is due, and the next of what is far away is set", async () => {
  const { clock, platform, far, alarm, worked } = object();
  const fired: string[] = [];
  far.after(10_000, () => fired.push("first"));
  far.after(HOUR, () => fired.push("second"));
  expect(platform.alarm).toBe(NOW + 10_000);
  await clock.advance(10_000);
  await alarm.fire();
  expect([fired, worked, platform.alarm]).toEqual([["first"], [NOW + 10_000], NOW + HOUR]);
});
