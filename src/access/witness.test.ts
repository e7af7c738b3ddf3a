import { claimEquals, hasClaim, none, party, refine } from "byward";
import { expect, test } from "vitest";
import { z } from "zod";
import type { ClaimPredicate } from "../boundary/claims.ts";
import { bearer } from "../boundary/schemes/bearer.ts";
import { findClaims, findSubject, findTwo } from "./witness.ts";

const User = party("User", { auth: bearer({ secret: "AUTH_JWT_SECRET" }) });
const claimsFor = (predicate: ClaimPredicate) => findClaims(refine("Refined", User, predicate));

test("claims are found for predicates of every form", () => {
  expect(claimsFor(hasClaim("admin"))).toEqual({ admin: true });
  expect(claimsFor(claimEquals("role", 'an (odd) "one"'))).toEqual({ role: 'an (odd) "one"' });
  expect(claimsFor(claimEquals("level", 3).and(hasClaim("staff")))).toEqual({ level: 3, staff: true });
  expect(claimsFor(hasClaim("staff").and(hasClaim("suspended").not()))).toEqual({ staff: true });
  expect(claimsFor(hasClaim("a").not())).toEqual({});
});

test("no claims are found where none can be", () => {
  expect(claimsFor(hasClaim("a").and(hasClaim("a").not()))).toBeNull();
});

test("a subject is found that the identity schema accepts", async () => {
  const of = (identity: z.ZodType<unknown, string>) => party("Typed", { auth: bearer({ secret: "S" }), identity });
  expect(await findSubject(User)).toBe("alice");
  expect(await findSubject(User, "bob")).toBe("bob");
  expect(await findSubject(of(z.email()))).toBe("alice@example.com");
  expect(await findSubject(of(z.uuid()))).toBe("00000000-0000-4000-8000-000000000001");
  expect(await findSubject(of(z.email()), "bob")).toBe("alice@example.com");
  expect(await findSubject(of(z.literal("only this")))).toBeNull();
});

test("who proves nothing needs no claims", () => {
  expect(findClaims(party("Anybody", { auth: none() }))).toEqual({});
});

test("two callers are found who are not the same", async () => {
  expect(await findTwo(User)).toEqual([
    { subject: "alice", identity: "alice" },
    { subject: "bob", identity: "bob" },
  ]);
  const Numbered = party("Numbered", { auth: bearer({ secret: "S" }), identity: z.coerce.number<string>().int() });
  expect(await findTwo(Numbered)).toEqual([
    { subject: "1", identity: 1 },
    { subject: "2", identity: 2 },
  ]);
  const One = party("One", { auth: bearer({ secret: "S" }), identity: z.literal("alice") });
  expect(await findTwo(One)).toHaveLength(1);
});
