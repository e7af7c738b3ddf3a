import { expect, test } from "vitest";
import { TurnEnd } from "./turn-end.ts";

test("what waits is let go together and in order, once what the turn had to read is read", async () => {
  const end = new TurnEnd();
  const told: string[] = [];
  setImmediate(() => told.push("later turn"));
  const waits = ["a", "b"].map((name) => end.reached().then(() => told.push(name)));
  told.push("reading");
  await Promise.all(waits);
  expect(told).toStrictEqual(["reading", "later turn", "a", "b"]);
});

test("what comes after the end waits for the next one", async () => {
  const end = new TurnEnd();
  await end.reached();
  let isReached = false;
  const again = end.reached().then(() => {
    isReached = true;
  });
  await Promise.resolve();
  expect(isReached).toBe(false);
  await again;
});
