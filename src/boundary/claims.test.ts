import { expect, test } from "vitest";
import { claimEquals, hasClaim, isClaimPredicate } from "./claims.ts";

const claims = (own: Record<string, unknown>): Record<string, unknown> => Object.assign(Object.create(null), own);

test("hasClaim holds for truthy own claims only", () => {
  const admin = hasClaim("admin");
  for (const value of [true, 1, "yes", [], {}]) expect(admin.evaluate(claims({ admin: value }))).toBe(true);
  for (const value of [false, 0, "", null, undefined]) expect(admin.evaluate(claims({ admin: value }))).toBe(false);
  expect(admin.evaluate(claims({}))).toBe(false);
});

test("inherited names are not claims", () => {
  for (const name of ["constructor", "toString", "__proto__", "hasOwnProperty"]) {
    expect(hasClaim(name).evaluate({})).toBe(false);
    expect(hasClaim(name).evaluate(claims({}))).toBe(false);
  }
  expect(hasClaim("constructor").evaluate(claims({ constructor: "x" }))).toBe(true);
});

test("claimEquals compares strictly", () => {
  const gold = claimEquals("tier", "gold");
  expect(gold.evaluate(claims({ tier: "gold" }))).toBe(true);
  for (const tier of ["Gold", "gold ", ["gold"], 1, null]) expect(gold.evaluate(claims({ tier }))).toBe(false);
  expect(claimEquals("level", 1).evaluate(claims({ level: "1" }))).toBe(false);
  expect(claimEquals("level", 1).evaluate(claims({ level: 1 }))).toBe(true);
});

test("and, or and not combine, and descriptions keep their meaning", () => {
  const a = hasClaim("a");
  const b = hasClaim("b");
  const c = claimEquals("c", 'x"y');
  const all = a.or(b).and(c.not());
  expect(all.description).toBe('(hasClaim("a") || hasClaim("b")) && !claimEquals("c", "x\\"y")');
  expect(a.and(b).or(c).description).toBe('hasClaim("a") && hasClaim("b") || claimEquals("c", "x\\"y")');
  expect(a.and(b).not().description).toBe('!(hasClaim("a") && hasClaim("b"))');
  expect(all.evaluate(claims({ b: 1, c: "z" }))).toBe(true);
  expect(all.evaluate(claims({ b: 1, c: 'x"y' }))).toBe(false);
  expect(all.evaluate(claims({ c: "z" }))).toBe(false);
});

test("a predicate is made here or refused", () => {
  const fake = { ...hasClaim("a"), description: "true", evaluate: () => true };
  expect(isClaimPredicate(fake)).toBe(false);
  expect(isClaimPredicate(hasClaim("a").not())).toBe(true);
  expect(() => hasClaim("a").and(fake as never)).toThrow("claims.predicate");
  expect(() => hasClaim("")).toThrow("claims.name");
  expect(() => hasClaim(undefined as never)).toThrow("claims.name");
  expect(() => claimEquals("a", Number.NaN)).toThrow("claims.value");
  expect(() => claimEquals("a", null as never)).toThrow("claims.value");
});
