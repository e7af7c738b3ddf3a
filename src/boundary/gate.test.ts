import { expect, test } from "vitest";
import { nodeEnvironment, presentation } from "../../tests/vectors/environment.ts";
import { goodClaims, NOW, SECRET, token } from "../../tests/vectors/tokens.ts";
import { VirtualClock } from "../hosts/memory/clock.ts";
import { Refusal, UserError } from "./errors.ts";
import { Admission, type Passage, pass, passOwn } from "./gate.ts";
import { type By, baseOf, membersOf, Producer, party, Visitor } from "./party.ts";
import { bearer } from "./schemes/bearer.ts";
import { Boundary, type Credentials } from "./verify.ts";

const User = party("User", { auth: bearer({ secret: "KEY" }) });

async function prove(by: By, headers: Record<string, string> = {}): Promise<Credentials> {
  const bases = membersOf(by).map(baseOf);
  const boundary = await Boundary.prepare(bases, nodeEnvironment({ secrets: { KEY: SECRET }, skew: 0 }));
  return boundary.prove(bases, presentation({ headers }), NOW);
}

const good = { Authorization: `Bearer ${token({ payload: goodClaims() })}` };

/** Everything that was asked, in order. */
function passage(credentials: Credentials, parts: Partial<Passage<string, object>> = {}) {
  const asked: string[] = [];
  const whole: Passage<string, object> = {
    target: "x",
    by: User,
    credentials,
    clock: new VirtualClock(),
    leaseEnd: () => {
      asked.push("lease");
      return null;
    },
    overLimit: () => {
      asked.push("limits");
      return null;
    },
    createContext: (caller) => {
      asked.push(`context ${caller.party}`);
      return {};
    },
    beginDecision: () => void asked.push("begin"),
    endDecision: (_context, keep) => void asked.push(keep ? "keep" : "drop"),
    canInvoke: () => {
      asked.push("canInvoke");
      return true;
    },
    canInvokeTimeout: 5000,
    lookUp: () => {
      asked.push("name");
      return null;
    },
    ...parts,
  };
  return { asked, whole };
}

test("asks lease, caller, limits, canInvoke, lease, name, in this order and synchronously", async () => {
  const { asked, whole } = passage(await prove(User, good));
  const verdict = pass(whole);
  expect(verdict).toBeInstanceOf(Admission);
  expect(asked).toEqual(["lease", "limits", "context User", "begin", "canInvoke", "lease", "name", "keep"]);
});

test("nothing behind a refused party is asked", async () => {
  const { asked, whole } = passage(await prove(User));
  expect(pass(whole)).toMatchObject({ outcome: "unauthenticated" });
  expect(asked).toEqual(["lease"]);
});

test.each<[string, Partial<Passage<string, object>>, string, readonly string[]]>([
  ["a dead lease", { leaseEnd: () => "expired" }, "expired lease.expired", []],
  ["a revoked lease", { leaseEnd: () => "revoked" }, "unauthenticated lease.revoked", []],
  ["a limit", { overLimit: () => new Refusal("overloaded", { reason: "rate" }) }, "overloaded rate", ["lease"]],
  ["false", { canInvoke: () => false }, "forbidden can_invoke.false", ["drop"]],
  ["undefined", { canInvoke: () => undefined }, "fault can_invoke.not_boolean:undefined", ["drop"]],
  ["a truthy text", { canInvoke: () => "true" }, "fault can_invoke.not_boolean:string", ["drop"]],
  ["a Boolean object", { canInvoke: () => Object(true) }, "fault can_invoke.not_boolean:object", ["drop"]],
  ["a promise of 1", { canInvoke: async () => 1 }, "fault can_invoke.not_boolean:number", ["drop"]],
  [
    "a throw",
    {
      canInvoke: () => {
        throw new Error("x");
      },
    },
    "fault can_invoke.threw",
    ["drop"],
  ],
  ["a rejection", { canInvoke: () => Promise.reject(new Error("x")) }, "fault can_invoke.threw", ["drop"]],
  [
    "a getter that throws",
    {
      canInvoke: () =>
        new Proxy(
          {},
          {
            get: () => {
              throw new Error("x");
            },
          },
        ),
    },
    "fault can_invoke.threw",
    ["drop"],
  ],
  ["an unknown name", { lookUp: () => new Refusal("not_found", { reason: "unknown" }) }, "not_found unknown", ["drop"]],
])("%s denies", async (_what, parts, expected, last) => {
  const { asked, whole } = passage(await prove(User, good), parts);
  const verdict = await pass(whole);
  if (!(verdict instanceof Refusal)) throw new Error("it must deny");
  expect(`${verdict.outcome} ${verdict.reason}`).toBe(expected);
  expect(asked.slice(-1)).toEqual(last.slice(-1));
});

test("a UserError of canInvoke denies and is told", async () => {
  const { whole } = passage(await prove(User, good), {
    canInvoke: () => {
      throw new UserError("not today");
    },
  });
  expect(pass(whole)).toBeInstanceOf(UserError);
});

test("a canInvoke that hangs denies at its deadline, and a late yes changes nothing", async () => {
  const clock = new VirtualClock();
  let answer: (verdict: boolean) => void = () => {};
  const { whole } = passage(await prove(User, good), {
    clock,
    canInvoke: () =>
      new Promise<boolean>((resolve) => {
        answer = resolve;
      }),
  });
  const deciding = Promise.resolve(pass(whole));
  await clock.advance(5000);
  answer(true);
  expect(await deciding).toMatchObject({ outcome: "fault", reason: "can_invoke.deadline" });
});

test("a lease that dies while canInvoke thinks is dead", async () => {
  let isDead = false;
  const { whole } = passage(await prove(User, good), {
    leaseEnd: () => (isDead ? "revoked" : null),
    canInvoke: async () => {
      isDead = true;
      return true;
    },
  });
  expect(await pass(whole)).toMatchObject({ outcome: "unauthenticated", reason: "lease.revoked" });
});

test("own deliveries pass by their party alone, and only by their channel", async () => {
  const own = { target: "x", by: Producer, createContext: () => ({}) };
  expect(passOwn({ ...own, credentials: await prove(Producer) })).toMatchObject({ outcome: "forbidden" });
  const bases = [Producer];
  const boundary = await Boundary.prepare(bases, nodeEnvironment({ secrets: {}, skew: 0 }));
  const channel = { kind: "producer", subject: "jobs/work" } as const;
  const credentials = await boundary.prove(bases, { ...presentation({}), channel }, NOW);
  expect(passOwn({ ...own, credentials })).toBeInstanceOf(Admission);
});

test("an admission is good once, and cannot be made elsewhere", async () => {
  const verdict = await pass(passage(await prove(Visitor), { by: Visitor }).whole);
  if (!(verdict instanceof Admission)) throw new Error("a visitor may come");
  Admission.spend(verdict);
  expect(() => Admission.spend(verdict)).toThrow(expect.objectContaining({ code: "gate.no_admission" }));
  const fresh = await pass(passage(await prove(Visitor), { by: Visitor }).whole);
  for (const forged of [{}, { ...fresh }, Object.create(fresh as object), Object.create(Admission.prototype)]) {
    expect(() => Admission.spend(forged as Admission)).toThrow(expect.objectContaining({ code: "gate.no_admission" }));
  }
  expect(() => new Admission(Symbol("byward.gate"), "x", verdict.caller, {})).toThrow(
    expect.objectContaining({ code: "gate.forged" }),
  );
});
