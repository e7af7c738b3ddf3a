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

test("a good token that comes again is not digested again, one that only resembles it is", () => {
  let digests = 0;
  const cache = new TokenCache<number>({
    capacity: 10,
    sha256: (data) => {
      digests += 1;
      return sha256(data);
    },
  });
  const key = cache.keyOf("a.b.c");
  cache.noteRecent("a.b.c", key);
  expect([cache.keyOf("a.b.c"), digests]).toEqual([key, 1]);
  expect(cache.keyOf("a.b.d")).not.toBe(key);
  for (let index = 0; index < 512; index++) cache.noteRecent(`other${index}`, String(index));
  expect([cache.keyOf("a.b.c"), digests]).toEqual([key, 3]);
  const long = "x".repeat(2049);
  cache.noteRecent(long, cache.keyOf(long));
  cache.keyOf(long);
  expect(digests).toBe(5);
});
