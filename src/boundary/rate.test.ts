import fc from "fast-check";
import { expect, test } from "vitest";
import { nodeEnvironment, presentation } from "../../tests/vectors/environment.ts";
import { goodClaims, NOW, OTHER_SECRET, SECRET, token } from "../../tests/vectors/tokens.ts";
import type { SealedCaller } from "./caller.ts";
import { ConfigurationError } from "./errors.ts";
import { anyOf, type By, baseOf, membersOf, party, Visitor } from "./party.ts";
import {
  addressKey,
  assertRateRules,
  FailedProofs,
  type RateRule,
  RateRules,
  type RateSubject,
  RateTable,
} from "./rate.ts";
import type { Presentation } from "./scheme.ts";
import { bearer } from "./schemes/bearer.ts";
import { Boundary, type Credentials } from "./verify.ts";

const User = party("User", { auth: bearer({ secret: "KEY" }) });
const environment = nodeEnvironment({ secrets: { KEY: SECRET }, skew: 0 });

/** Time that a test moves. */
class Time {
  at = NOW;
  now(): number {
    return this.at;
  }
}

const from = (address: string, credential?: string): Presentation => ({
  ...presentation(credential === undefined ? {} : { headers: { Authorization: `Bearer ${credential}` } }),
  address,
});

async function prove(by: By, given: Presentation): Promise<Credentials> {
  const bases = membersOf(by).map(baseOf);
  return (await Boundary.prepare(bases, environment)).prove(bases, given, NOW);
}

async function callerNamed(subject: string): Promise<SealedCaller> {
  const credential = token({ payload: goodClaims({ sub: subject }) });
  const { caller } = (await prove(User, from("192.0.2.1", credential))).resolve(User);
  if (caller === null) throw new Error("the token must be good");
  return caller;
}

const subject = (parts: Partial<RateSubject> = {}): RateSubject => ({
  target: "room",
  kind: "action",
  name: "send",
  address: "192.0.2.1",
  connection: null,
  ...parts,
});

test("a table lets `limit` through at once, then one each window/limit", () => {
  const table = new RateTable(3, 3000);
  expect([0, 0, 0, 0].map(() => table.take("a", 0))).toEqual([0, 0, 0, 1000]);
  expect(table.take("a", 999)).toBe(1);
  expect(table.take("a", 1000)).toBe(0);
  expect(table.take("a", 1000)).toBe(1000);
  expect(table.take("b", 1000)).toBe(0);
  expect([0, 0, 0, 0].map(() => table.take("a", 9000))).toEqual([0, 0, 0, 1000]);
});

test("a table agrees with a token bucket", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 20 }),
      fc.integer({ min: 1, max: 50 }),
      fc.array(fc.integer({ min: 0, max: 400 }), { maxLength: 200 }),
      (limit, interval, pauses) => {
        const table = new RateTable(limit, limit * interval);
        let now = 0;
        // In units of 1/interval of a taking, so that the model has whole numbers.
        let room = limit * interval;
        for (const pause of pauses) {
          now += pause;
          room = Math.min(limit * interval, room + pause);
          const allowed = room >= interval;
          if (allowed) room -= interval;
          expect(table.take("key", now) === 0).toBe(allowed);
        }
      },
    ),
    { numRuns: 300 },
  );
});

test("a table never holds more than its capacity, and a caller who keeps coming stays limited", () => {
  const table = new RateTable(2, 60_000, 100);
  table.take("loud", 0);
  table.take("loud", 0);
  for (let index = 0; index < 5000; index++) {
    table.take(`quiet${index}`, index);
    expect(table.take("loud", index)).toBeGreaterThan(0);
    expect(table.size).toBeLessThanOrEqual(100);
  }
});

test.each([
  ["192.0.2.7", "192.0.2.7"],
  ["::ffff:192.0.2.7", "192.0.2.7"],
  ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"],
  ["2001:0DB8:0001:0002::9", "2001:db8:1:2::/64"],
  ["2001:db8::1", "2001:db8:0:0::/64"],
  ["::1", "0:0:0:0::/64"],
  ["fe80::1%eth0", "fe80:0:0:0::/64"],
])("the address %s counts as %s", (address, key) => {
  expect(addressKey(address)).toBe(key);
});

test("an address rule refuses before anything is proved, with the seconds to wait", () => {
  const time = new Time();
  const rules = new RateRules([{ per: "address", limit: 2, window: 60 }], time);
  expect(rules.refuseUnproved(subject())).toBeNull();
  expect(rules.refuseUnproved(subject())).toBeNull();
  expect(rules.refuseUnproved(subject())).toMatchObject({
    outcome: "overloaded",
    reason: "rate.address",
    retryAfter: 30,
  });
  expect(rules.refuseUnproved(subject({ address: "192.0.2.2" }))).toBeNull();
  time.at += 30_000;
  expect(rules.refuseUnproved(subject())).toBeNull();
});

test("an identity rule follows the caller from address to address", async () => {
  const rules = new RateRules([{ per: "identity", limit: 1, window: 60 }], new Time());
  const ann = await callerNamed("ann");
  const bob = await callerNamed("bob");
  expect(rules.refuseCaller(subject(), ann)).toBeNull();
  expect(rules.refuseCaller(subject({ address: "198.51.100.1" }), ann)).toMatchObject({ reason: "rate.identity" });
  expect(rules.refuseCaller(subject(), bob)).toBeNull();
});

test("callers without identity are counted by address under an identity rule", async () => {
  const rules = new RateRules([{ per: "identity", limit: 1, window: 60 }], new Time());
  const { caller } = (await prove(Visitor, from("192.0.2.1"))).resolve(Visitor);
  expect(rules.refuseCaller(subject(), caller!)).toBeNull();
  expect(rules.refuseCaller(subject(), caller!)).toMatchObject({ outcome: "overloaded" });
  expect(rules.refuseCaller(subject({ address: "192.0.2.9" }), caller!)).toBeNull();
});

test("a connection rule counts each connection by itself and nothing that has none", async () => {
  const rules = new RateRules([{ per: "connection", limit: 1, window: 60 }], new Time());
  const ann = await callerNamed("ann");
  expect(rules.refuse(subject({ connection: "c1" }), ann)).toBeNull();
  expect(rules.refuse(subject({ connection: "c1" }), ann)).toMatchObject({ reason: "rate.connection" });
  expect(rules.refuse(subject({ connection: "c2" }), ann)).toBeNull();
  for (let index = 0; index < 5; index++) expect(rules.refuse(subject(), ann)).toBeNull();
});

test.each<[string, Partial<RateRule>, Partial<RateSubject>]>([
  ["another target", { target: "room" }, { target: "lobby" }],
  ["another kind", { entrypoint: "action" }, { kind: "queue" }],
  ["another name", { entrypoint: ["action:send"] }, { name: "leave" }],
  ["another party", { party: ["Admin"] }, {}],
])("a rule with a selector leaves %s alone", async (_what, selector, other) => {
  const rules = new RateRules([{ per: "address", limit: 1, window: 60, ...selector }], new Time());
  const ann = await callerNamed("ann");
  for (let index = 0; index < 3; index++) expect(rules.refuse(subject(other), ann)).toBeNull();
});

test("a rule for one party counts that party only", async () => {
  const rules = new RateRules([{ per: "address", limit: 1, window: 60, party: "User" }], new Time());
  const ann = await callerNamed("ann");
  expect(rules.refuse(subject(), ann)).toBeNull();
  expect(rules.refuse(subject(), ann)).toMatchObject({ reason: "rate.address" });
  expect(rules.refuseUnproved(subject())).toBeNull();
});

test("failed proofs are counted per address, and refused unread; who presents nothing passes", async () => {
  const time = new Time();
  const failures = new FailedProofs(3, time);
  const by = anyOf(User, Visitor);
  const bases = membersOf(by).map(baseOf);
  const bad = from("192.0.2.1", token({ payload: goodClaims(), secret: OTHER_SECRET }));
  for (let index = 0; index < 3; index++) {
    expect(failures.refuse(bases, bad)).toBeNull();
    failures.note(await prove(by, bad), bad);
  }
  expect(failures.refuse(bases, bad)).toMatchObject({
    outcome: "overloaded",
    reason: "rate.failed_proofs",
    retryAfter: 20,
  });
  const good = from("192.0.2.1", token({ payload: goodClaims() }));
  expect(failures.refuse(bases, good)).toMatchObject({ outcome: "overloaded" });
  expect(failures.refuse(bases, from("192.0.2.1"))).toBeNull();
  expect(failures.refuse(bases, { ...bad, address: "192.0.2.2" })).toBeNull();
  time.at += 20_000;
  expect(failures.refuse(bases, good)).toBeNull();
});

test("good, absent and expired credentials are not counted as failed", async () => {
  const failures = new FailedProofs(1, new Time());
  const given = [
    from("192.0.2.1"),
    from("192.0.2.1", token({ payload: goodClaims() })),
    from("192.0.2.1", token({ payload: goodClaims({ iat: NOW / 1000 - 900, exp: NOW / 1000 - 600 }) })),
  ];
  for (const one of given) failures.note(await prove(User, one), one);
  expect(failures.refuse([User], given[1]!)).toBeNull();
});

test("a credential that nobody could judge is no guess: an outage shuts out no address", async () => {
  const failures = new FailedProofs(1, new Time());
  const Broken = party("Broken", {
    auth: bearer({ secret: "KEY" }),
    identity: {
      "~standard": {
        version: 1,
        vendor: "test",
        validate: () => {
          throw new Error("the directory is down");
        },
      },
    },
  });
  const given = from("192.0.2.1", token({ payload: goodClaims() }));
  const credentials = await prove(Broken, given);
  expect(credentials.failure).toMatchObject({ outcome: "unauthenticated", reason: "verify.threw:Error" });
  failures.note(credentials, given);
  expect(failures.refuse([Broken], given)).toBeNull();
  const guess = from("192.0.2.1", token({ payload: goodClaims(), secret: OTHER_SECRET }));
  failures.note(await prove(Broken, guess), guess);
  expect(failures.refuse([Broken], given)).toMatchObject({ reason: "rate.failed_proofs" });
});

test.each<[unknown, RegExp]>([
  [{}, /a list of rules/],
  [[null], /\[0\] is an object/],
  [[{ per: "user", limit: 1, window: 1 }], /`per`/],
  [[{ per: "address", limit: 0, window: 1 }], /`limit`/],
  [[{ per: "address", limit: 1.5, window: 1 }], /`limit`/],
  [[{ per: "address", limit: 1, window: 0 }], /`window`/],
  [[{ per: "address", limit: 1, window: 90_000 }], /`window`/],
  [[{ per: "address", limit: 1, window: 1, party: [] }], /party/],
  [[{ per: "address", limit: 1, window: 1, burst: 3 }], /unknown key `burst`/],
])("refuses the declaration %j", (rules, message) => {
  const check = (): void => assertRateRules(rules, "limits.rate");
  expect(check).toThrow(ConfigurationError);
  expect(check).toThrow(message);
});
