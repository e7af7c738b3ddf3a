/** A deadline stands ahead of all work, also of work that is just being committed. */
import { expect, test } from "vitest";
import { VirtualClock } from "../memory/clock.ts";
import { Alarm, type Work } from "./alarm.ts";

const NOW = 1_000_000;
const DAY = 86_400_000;

test("a deadline that moves on does not pass over work whose commit is under way", async () => {
  const clock = new VirtualClock(NOW);
  const facts: { work: Work | null } = { work: { wakeAt: NOW + 60_000, running: false } };
  /** What the engine was told, in order. */
  const told: number[] = [];
  const alarm = new Alarm(
    {
      clock,
      setWakeAt: async (at) => void told.push(at),
      work: () => facts.work,
      failed: (error) => {
        throw error;
      },
      due: () => {},
    },
    20_000,
  );
  await alarm.cover(facts.work);
  // That work was put off; the deadline still stands, and is about to move on.
  facts.work = { wakeAt: NOW + DAY, running: false };
  await clock.advance(58_500);
  // A commit is handed over whose work that deadline covers. Before it is done, the deadline moves on.
  const soon = { wakeAt: NOW + 65_000, running: false };
  await alarm.cover(soon);
  await clock.advance(600);
  expect(told).toEqual([NOW + 60_000, NOW + 65_000]);
  // It is done, and the next deadline moves on as it should.
  facts.work = soon;
  await clock.advance(5000);
  expect(told.at(-1)).toBe(clock.now() - 100 + 20_000);
  await alarm.cover(null);
  facts.work = null;
  await clock.advance(60_000);
  expect(told).toHaveLength(3);
});
