import { expect, test } from "vitest";
import { VirtualClock } from "./clock.ts";

test("timers run when due, in order of time and then of setting", async () => {
  const clock = new VirtualClock(1000);
  const ran: string[] = [];
  clock.after(20, () => ran.push(`b@${clock.now()}`));
  clock.after(10, () => ran.push(`a@${clock.now()}`));
  clock.after(20, () => ran.push(`c@${clock.now()}`));
  await clock.advance(15);
  expect(ran).toEqual(["a@1010"]);
  await clock.advance(5);
  expect(ran).toEqual(["a@1010", "b@1020", "c@1020"]);
  expect([clock.now(), clock.pending, clock.next]).toEqual([1020, 0, null]);
});

test("what a timer starts is done before the next timer fires", async () => {
  const clock = new VirtualClock();
  const ran: string[] = [];
  clock.after(1, () => {
    void (async () => {
      for (let step = 0; step < 20; step++) await null;
      ran.push("awaited");
      clock.after(1, () => ran.push("nested"));
    })();
  });
  clock.after(3, () => ran.push("later"));
  await clock.advance(10);
  expect(ran).toEqual(["awaited", "nested", "later"]);
});

test("a cancelled timer never runs", async () => {
  const clock = new VirtualClock();
  let ran = false;
  const timer = clock.after(5, () => {
    ran = true;
  });
  timer.cancel();
  await clock.advance(100);
  expect(ran).toBe(false);
});

test("a timer set for the past or for now runs without time moving", async () => {
  const clock = new VirtualClock(50);
  let at = 0;
  clock.after(-5, () => {
    at = clock.now();
  });
  await clock.advance(0);
  expect(at).toBe(50);
});

test("what a timer throws rejects the advance", async () => {
  const clock = new VirtualClock();
  clock.after(1, () => {
    throw new Error("boom");
  });
  await expect(clock.advance(2)).rejects.toThrow("boom");
  await expect(clock.advance(-1)).rejects.toThrow(RangeError);
});
