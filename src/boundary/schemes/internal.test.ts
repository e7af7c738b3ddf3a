import { expect, test } from "vitest";
import type { Channel, Presentation, Scheme, SchemeEnvironment, SchemeVerifier } from "../scheme.ts";
import { internal } from "./internal.ts";
import { none } from "./none.ts";

const through = (channel: Channel): Presentation => ({
  channel,
  method: "POST",
  url: "https://x.example/",
  header: (name) => (name.startsWith("x-byward") || name === "authorization" ? "Bearer matchmaker" : null),
  body: null,
  frameToken: null,
});
const prove = (scheme: Scheme, channel: Channel) =>
  (scheme.prepare("P", {} as SchemeEnvironment) as SchemeVerifier).prove(through(channel), 0);

const CALLER: Channel = { kind: "caller", caller: { name: "matchmaker", key: ["eu", "a/b"] } };
const SCHEDULER: Channel = { kind: "scheduler", subject: "clean-up" };
const PRODUCER: Channel = { kind: "producer", subject: "jobs" };
const EXTERNAL: Channel = { kind: "external" };

test("each internal scheme is proved by its own channel and absent on every other", () => {
  const channels = { caller: CALLER, scheduler: SCHEDULER, producer: PRODUCER, external: EXTERNAL };
  for (const own of ["caller", "scheduler", "producer"] as const) {
    const scheme = internal({ channel: own });
    for (const [name, channel] of Object.entries(channels)) {
      expect(scheme.isPresented(through(channel))).toBe(name === own);
      expect(prove(scheme, channel)).toMatchObject({ status: name === own ? "proved" : "absent" });
    }
  }
});

test("no header makes an external call internal", () => {
  expect(prove(internal(), EXTERNAL)).toEqual({ status: "absent" });
});

test("the subject is the qualified name, written so that no other actor can spell it", () => {
  const subject = (name: string, key?: readonly string[]): unknown => {
    const result = prove(internal(), { kind: "caller", caller: key === undefined ? { name } : { name, key } });
    return result instanceof Promise || result.status !== "proved" ? null : result.evidence.subject;
  };
  expect(subject("matchmaker", ["eu", "a/b"])).toBe("matchmaker/eu,a%2Fb");
  expect(subject("matchmaker", ["eu,a"])).not.toBe(subject("matchmaker", ["eu", "a"]));
  expect(subject("matchmaker", [])).toBe("matchmaker/~");
  expect(subject("matchmaker", ["~"])).toBe("matchmaker/~~");
  expect(subject("matchmaker", [""])).toBe("matchmaker/~0");
  expect(subject("billing")).toBe("billing");
});

test("from narrows who may call", () => {
  const scheme = internal({ from: ["billing"] });
  expect(prove(scheme, CALLER)).toEqual({ status: "failed", outcome: "unauthenticated", reason: "internal.from" });
  expect(prove(scheme, { kind: "caller", caller: { name: "billing" } })).toMatchObject({ status: "proved" });
  for (const from of [[], "", [""], [1]]) expect(() => internal({ from: from as never })).toThrow("internal.from");
  expect(() => internal({ channel: "producer", from: "billing" })).toThrow("internal.from");
  expect(() => internal({ channel: "external" as never })).toThrow("internal.channel");
});

test("none proves outsiders and never an internal call", () => {
  expect(prove(none(), EXTERNAL)).toMatchObject({
    status: "proved",
    evidence: { subject: undefined, expiresAt: null },
  });
  for (const channel of [CALLER, SCHEDULER, PRODUCER]) expect(prove(none(), channel)).toEqual({ status: "absent" });
  expect(none().isPresented(through(EXTERNAL))).toBe(false);
});
