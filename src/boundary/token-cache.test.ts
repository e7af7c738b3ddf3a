import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { TokenCache } from "./token-cache.ts";

const sha256 = (data: Uint8Array | string): Uint8Array => createHash("sha256").update(data).digest();

test("holds at most its capacity and drops what was not used", () => {
  const cache = new TokenCache<number>({ capacity: 100 });
  cache.set("kept", -1);
  for (let index = 0; index < 1_000; index++) {
    cache.set(`t${index}`, index);
    expect(cache.get("kept")).toBe(-1);
    expect(cache.size).toBeLessThanOrEqual(100);
  }
  expect(cache.get("t0")).toBeUndefined();
  expect(cache.get("t999")).toBe(999);
});

test("the key is the digest of the whole token where one is lent, else the token", () => {
  const hashed = new TokenCache<number>({ capacity: 10, sha256 });
  const key = hashed.keyOf("a.b.c");
  expect(key).toHaveLength(32);
  expect(key).toBe(Buffer.from(sha256("a.b.c")).toString("latin1"));
  expect(hashed.keyOf("a.b.d")).not.toBe(key);
  expect(new TokenCache<number>({ capacity: 10 }).keyOf("a.b.c")).toBe("a.b.c");
});

test("forgets on request", () => {
  const cache = new TokenCache<number>({ capacity: 4 });
  for (const key of ["a", "b", "c"]) cache.set(key, 1);
  cache.delete("a");
  expect(cache.get("a")).toBeUndefined();
  cache.clear();
  expect(cache.size).toBe(0);
});
