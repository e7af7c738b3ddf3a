import { expect, test } from "vitest";
import { findWrongField } from "./cron-fields.ts";

const readable = [
  "0 4 * * *",
  "*/5 0-23/2 1,15 JAN-dec mon-5",
  "0 0 L * *",
  "0 0 15W * ?",
  "0 0 * * MON#2",
  "0 0 * * 5L",
  "0 0 * * 7",
];
readable.push("0 0 * * FRI-SUN", "0 0 * * sun-sat", "0 0 * * +MON", "? ? ? ? ?", "59 23 31 12 0");

test.each(readable)("%s is left to the reader of schedules", (schedule) => {
  expect(findWrongField(schedule.split(" "))).toBeUndefined();
});

test.each([
  ["60 4 * * *", "60", "minute"],
  ["0 4 * * 1,8", "1,8", "weekday"],
  ["0 4 * feb-jan *", "feb-jan", "month"],
  ["0 4 * MON *", "MON", "month"],
  ["0 1.5 * * *", "1.5", "hour"],
  ["0 0 0 * *", "0", "day"],
])("%s: %s is no %s", (schedule, text, name) => {
  expect(findWrongField(schedule.split(" "))).toEqual({ text, name });
});
