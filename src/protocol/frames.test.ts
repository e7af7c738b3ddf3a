import fc from "fast-check";
import { expect, test } from "vitest";
import { FrameError, readClientFrame } from "./client-frames.ts";
import { jsonCodec } from "./codec.ts";
import { DecodeError } from "./errors.ts";
import { readLease, readServerFrame } from "./server-frames.ts";

const readClient = (frame: unknown): unknown => readClientFrame(jsonCodec, JSON.stringify(frame));
const readServer = (frame: unknown): unknown => readServerFrame(jsonCodec, JSON.stringify(frame));

const goodMessages = [
  { t: "hello" },
  { t: "hello", token: "x", params: { a: 1 }, input: null, mode: "get" },
  { t: "action", id: 1, name: "add", args: [1, { a: 2 }] },
  { t: "subscribe", id: 2, name: "news" },
  { t: "unsubscribe", name: "news" },
  { t: "send", id: 3, name: "jobs", body: 1, wait: true, timeout: 0, key: "k" },
  { t: "send", id: 4, name: "jobs" },
  { t: "renew", id: Number.MAX_SAFE_INTEGER, token: "" },
];

test("every message a client may send is read, alone and in a list", () => {
  for (const message of goodMessages) expect(readClient(message)).toStrictEqual([message]);
  expect(readClient(goodMessages)).toStrictEqual(goodMessages);
});

test.each([
  [[], /empty list/],
  [Array.from({ length: 257 }, () => ({ t: "hello" })), /more than 256/],
  [1, /not an object/],
  [null, /not an object/],
  [[[{ t: "hello" }]], /message 0 is not an object/],
  [{}, /no known "t"/],
  [{ t: "constructor" }, /no known "t"/],
  [{ t: "toString", id: 1 }, /no known "t"/],
  [{ t: 1 }, /no known "t"/],
  [{ t: "ready", actor: "a", connection: "b", expiresAt: null, now: 1 }, /no known "t"/],
  [{ t: "hello", admin: true }, /unknown member/],
  [{ t: "hello", token: 1 }, /"token" is not a string/],
  [{ t: "hello", mode: "create" }, /"mode"/],
  [{ t: "action", name: "a", args: [] }, /"id" is missing/],
  [{ t: "action", id: 0, name: "a", args: [] }, /"id" is not a positive/],
  [{ t: "action", id: -1, name: "a", args: [] }, /"id"/],
  [{ t: "action", id: 1.5, name: "a", args: [] }, /"id"/],
  [{ t: "action", id: 2 ** 53, name: "a", args: [] }, /"id"/],
  [{ t: "action", id: "1", name: "a", args: [] }, /"id"/],
  [{ t: "action", id: 1, name: "", args: [] }, /"name"/],
  [{ t: "action", id: 1, name: "x".repeat(257), args: [] }, /"name"/],
  [{ t: "action", id: 1, name: ["a"], args: [] }, /"name"/],
  [{ t: "action", id: 1, name: "a", args: "ab" }, /"args" is not a list/],
  [{ t: "action", id: 1, name: "a", args: { length: 1 } }, /"args"/],
  [{ t: "action", id: 1, name: "a" }, /"args" is missing/],
  [{ t: "send", id: 1, name: "q", wait: 1 }, /"wait"/],
  [{ t: "send", id: 1, name: "q", timeout: -1 }, /"timeout"/],
  [{ t: "send", id: 1, name: "q", key: "" }, /"key"/],
  [{ t: "renew", id: 1 }, /"token" is missing/],
  [{ t: "unsubscribe", id: 1, name: "a" }, /unknown member/],
])("%j is refused whole", (frame, reason) => {
  expect(() => readClient(frame)).toThrow(FrameError);
  expect(() => readClient(frame)).toThrow(reason);
});

test("one bad message refuses the good ones beside it", () => {
  expect(() => readClient([goodMessages[2], { t: "action", id: 0, name: "a", args: [] }])).toThrow(
    /^message 1 \(action\)/,
  );
});

test("members inherited or hidden behind __proto__ are not read", () => {
  expect(() => readClientFrame(jsonCodec, '{"__proto__":{"t":"hello"}}')).toThrow(/no known "t"/);
  expect(() => readClientFrame(jsonCodec, '{"t":"hello","__proto__":{"token":"x"}}')).toThrow(/unknown member/);
  Object.defineProperty(Object.prototype, "token", { value: "inherited", configurable: true });
  try {
    expect(Object.hasOwn(readClientFrame(jsonCodec, '{"t":"hello"}')[0]!, "token")).toBe(false);
    expect(() => readClientFrame(jsonCodec, '{"t":"renew","id":1}')).toThrow(/"token" is missing/);
  } finally {
    Reflect.deleteProperty(Object.prototype, "token");
  }
  Object.defineProperty(Object.prototype, "t", { value: "hello", configurable: true });
  try {
    expect(() => readClientFrame(jsonCodec, "{}")).toThrow(/no known "t"/);
  } finally {
    Reflect.deleteProperty(Object.prototype, "t");
  }
});

test("a tagged value is no message", () => {
  expect(() => readClientFrame(jsonCodec, '["$Map",[["t","hello"]]]')).toThrow(/not an object/);
  expect(() => readClientFrame(jsonCodec, '[["$Map",[["t","hello"]]]]')).toThrow(/not an object/);
});

test("a refusal quotes nothing that was sent", () => {
  const frame = JSON.stringify({ t: "hello", token: { secret: "s3cret" } });
  expect(() => readClientFrame(jsonCodec, frame)).toThrow(/^(?!.*s3cret)/);
  expect(() => readClientFrame(jsonCodec, `${frame}x`)).toThrow(/^not JSON at position \d+$/);
});

test("no text makes the reader throw anything but FrameError", () => {
  const kinds = fc.constantFrom("hello", "action", "subscribe", "send", "renew", "unsubscribe", "__proto__");
  const message = fc.record(
    { t: kinds, id: fc.anything(), name: fc.anything(), args: fc.anything() },
    { requiredKeys: [] },
  );
  const safe = (value: unknown): string => {
    try {
      return JSON.stringify(value) ?? "";
    } catch {
      return "";
    }
  };
  fc.assert(
    fc.property(fc.oneof(fc.json(), fc.string(), message.map(safe), fc.array(message).map(safe)), (text) => {
      try {
        readClientFrame(jsonCodec, text);
      } catch (error) {
        expect(error).toBeInstanceOf(FrameError);
      }
    }),
    { numRuns: 1000 },
  );
});

test("what a server sends is read; what is unknown in it is dropped", () => {
  const ready = { t: "ready", actor: "a", connection: "c", expiresAt: null, now: 5 };
  expect(readServer([ready, { t: "news" }, { ...ready, extra: 1 }, 7])).toStrictEqual([ready, ready]);
  expect(readServer({ t: "result", id: 1, output: { a: 1 } })).toStrictEqual([
    { t: "result", id: 1, output: { a: 1 } },
  ]);
  const error = { t: "error", group: "auth", code: "forbidden", message: "Forbidden", correlationId: "x" };
  expect(readServer(error)).toStrictEqual([error]);
  const full = { ...error, metadata: [1], id: 3, retryAfter: 2, event: "news" };
  expect(readServer(full)).toStrictEqual([full]);
  expect(readServer({ ...error, retryAfter: "soon", event: 1 })).toStrictEqual([error]);
});

test.each([
  { t: "ready", actor: "a", connection: "c", now: 5 },
  { t: "ready", actor: "a", connection: "c", expiresAt: "soon", now: 5 },
  { t: "ready", connection: "c", expiresAt: null, now: 5 },
  { t: "result" },
  { t: "event", name: "a", args: {} },
  { t: "error", group: "auth", code: 1, message: "" },
])("%j is not passed on", (frame) => {
  expect(() => readServer(frame)).toThrow(DecodeError);
});

test("a lease without its end is not one that never ends", () => {
  expect(() => readLease({ now: 1 })).toThrow(DecodeError);
  expect(() => readLease(undefined)).toThrow(DecodeError);
  expect(readLease({ expiresAt: null, now: 1 })).toStrictEqual({ expiresAt: null, now: 1 });
});
