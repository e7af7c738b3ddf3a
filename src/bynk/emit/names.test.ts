import { expect, test } from "vitest";
import { NameScope } from "./names.ts";

test("a name that is wanted again and again gets numbers in order, and is not counted through each time", () => {
  let asked = 0;
  const scope = new NameScope(undefined, () => {
    asked += 1;
    return false;
  });
  const names = Array.from({ length: 2_000 }, () => scope.claim("step"));
  expect(names.slice(0, 4)).toEqual(["step", "step_", "step2", "step3"]);
  expect(new Set(names).size).toBe(2_000);
  expect(asked).toBeLessThan(10_000);
});

test("a name of an outer scope is avoided, whatever numbers came before", () => {
  const outer = new NameScope(undefined);
  const inner = new NameScope(outer);
  expect([inner.claim("a"), inner.claim("a"), inner.claim("a")]).toEqual(["a", "a_", "a2"]);
  outer.claim("b");
  outer.claim("b2");
  expect([inner.claim("b"), inner.claim("b"), inner.claim("b")]).toEqual(["b_", "b3", "b4"]);
});
