import fc from "fast-check";
import { expect, test } from "vitest";
import { DecodeError, decode, EncodeError, encode, MAX_DEPTH } from "./json.ts";

const trip = (value: unknown): unknown => decode(encode(value));

const nested = (levels: number): unknown => {
  let value: unknown = [];
  for (let i = 1; i < levels; i++) value = [value];
  return value;
};

test("plain JSON is written as JSON.stringify writes it", () => {
  const value = { a: [1, "x", null, true], b: { c: -1.5 }, "": 0 };
  expect(encode(value)).toBe(JSON.stringify(value));
});

test.each([
  ["a date", new Date(1_700_000_000_000), '["$Date",1700000000000]'],
  ["a map", new Map([["a", 1]]), '["$Map",[["a",1]]]'],
  ["a set", new Set([1, "x"]), '["$Set",[1,"x"]]'],
  ["bytes", new Uint8Array([1, 2, 255]), '["$Uint8Array","AQL/"]'],
  ["wide elements, little-endian", new Uint16Array([1, 0x0203]), '["$Uint16Array","AQADAg=="]'],
  ["a buffer", new Uint8Array([7]).buffer, '["$ArrayBuffer","Bw=="]'],
  ["a bigint", -(2n ** 70n), '["$BigInt","-1180591620717411303424"]'],
  ["undefined", undefined, '["$Undefined",0]'],
  ["undefined in a list", [undefined, 1, undefined], '[["$Undefined",0],1,["$Undefined",0]]'],
  ["a look-alike of a tag", ["$Date", 1], '["$$Date",1]'],
  ["an escaped look-alike", ["$$", "$"], '["$$$","$"]'],
  ["three elements after a dollar", ["$Date", 1, 2], '["$Date",1,2]'],
  ["a map entry that starts with a dollar", new Map([["$a", 1n]]), '["$Map",[["$a",["$BigInt","1"]]]]'],
  ["a set of two that starts with a dollar", new Set(["$a", "b"]), '["$Set",["$a","b"]]'],
])("%s has its form and comes back", (_, value, text) => {
  expect(encode(value)).toBe(text);
  expect(decode(text)).toStrictEqual(value);
});

test("members that are undefined are left out, on both paths", () => {
  expect(encode({ a: undefined, b: 1 })).toBe('{"b":1}');
  expect(encode({ a: undefined, b: 1n })).toBe('{"b":["$BigInt","1"]}');
});

test("a view into a larger buffer carries its own bytes only", () => {
  const view = new Uint8Array([9, 1, 2, 9]).subarray(1, 3);
  expect(trip(view)).toStrictEqual(new Uint8Array([1, 2]));
  expect(trip(Buffer.from("hi"))).toStrictEqual(new Uint8Array([104, 105]));
});

test("bytes longer than one call's arguments come back", () => {
  const bytes = new Uint8Array(200_001).map((_, i) => i * 7);
  expect(trip(bytes)).toStrictEqual(bytes);
});

class Account {
  balance = 1;
}
class Registry extends Map {}
const loop: Record<string, unknown> = {};
loop["self"] = { back: [loop] };

test.each([
  ["state.users[3].fn", { users: [0, 1, 2, { fn: () => 1 }] }, "function"],
  ["state.s", { s: Symbol("x") }, "symbol"],
  ["state", Number.NaN, "NaN"],
  ["state[0]", [Number.NEGATIVE_INFINITY], "-Infinity"],
  ["state.a", { a: new Account() }, "Account"],
  ["state.r", { r: new Registry() }, "Registry"],
  ["state.p", { p: Promise.resolve() }, "await"],
  ["state.w", { w: new WeakMap() }, "WeakMap"],
  ["state.d", { d: new Date(Number.NaN) }, "invalid Date"],
  ["state.x", { x: /a/ }, "RegExp"],
  ["state.self.back[0]", loop, "itself"],
  [
    "state.m.entries()[1][1]",
    {
      m: new Map<string, unknown>([
        ["a", 1],
        ["b", () => 1],
      ]),
    },
    "function",
  ],
  ["state.m.values()[0]", { m: new Set([Number.NaN]) }, "NaN"],
  ['state["two words"]', { "two words": () => 1 }, "function"],
  ["state[1]", ["$x", () => 1], "function"],
])("%s is refused by its path", (path, value, reason) => {
  const attempt = (): string => encode(value, "state");
  expect(attempt).toThrow(EncodeError);
  expect(attempt).toThrow(`cannot encode ${path}: `);
  expect(attempt).toThrow(reason);
});

test("the deepest value that is written can be read, and one level more is refused by both", () => {
  expect(trip(nested(MAX_DEPTH))).toStrictEqual(nested(MAX_DEPTH));
  expect(() => encode(nested(MAX_DEPTH + 1))).toThrow(EncodeError);
  const text = "[".repeat(MAX_DEPTH + 1) + "]".repeat(MAX_DEPTH + 1);
  expect(() => decode(text)).toThrow(DecodeError);
  expect(() => decode("[".repeat(1_000_000))).toThrow(DecodeError);
});

test("maps and sets count the brackets they write", () => {
  let value: unknown = new Map();
  while (true) {
    const deeper = new Map([[0, new Set([value])]]);
    try {
      encode(deeper);
    } catch (error) {
      expect(error).toBeInstanceOf(EncodeError);
      break;
    }
    value = deeper;
  }
  expect(encode(trip(value))).toBe(encode(value));
});

test("a number that JSON makes infinite is refused wherever it stands", () => {
  for (const number of ["1e999", "-1E+400", "1.0e309", "9".repeat(310)]) {
    for (const text of [number, `[${number}]`, `{"a":[{"b":${number}}]}`, `["$Map",[["a",${number}]]]`]) {
      expect(() => decode(text), text.slice(0, 40)).toThrow(DecodeError);
    }
  }
  expect(decode("[1.7976931348623157e308]")).toEqual([Number.MAX_VALUE]);
});

test("brackets inside strings do not count as nesting", () => {
  const value = { a: `\\"${"[".repeat(5000)}`, b: "\\" };
  expect(trip(value)).toStrictEqual(value);
});

test("a __proto__ member stays a member and changes no prototype", () => {
  const text = '{"__proto__":{"admin":true},"d":["$Date",1]}';
  const value = decode(text) as Record<string, unknown>;
  expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
  expect(value["admin"]).toBeUndefined();
  expect(Object.hasOwn(value, "__proto__")).toBe(true);
  expect(encode(value)).toBe(text);
  const tagged = decode('{"__proto__":["$Map",[]]}') as object;
  expect(Object.getPrototypeOf(tagged)).toBe(Object.prototype);
  expect(({} as Record<string, unknown>)["admin"]).toBeUndefined();
});

test("a tag counts however its dollar is spelled", () => {
  expect(decode('["\\u0024Date",5]')).toStrictEqual(new Date(5));
  expect(decode('["\\u0024$Date",5]')).toStrictEqual(["$Date", 5]);
});

test.each([
  '["$Nope",1]',
  '["$constructor","AA=="]',
  '["$__proto__","AA=="]',
  '["$Date","now"]',
  '["$Date",9e15]',
  '["$Date",null]',
  '["$Map",[1]]',
  '["$Map",[[1]]]',
  '["$Map",{}]',
  '["$Set",1]',
  '["$BigInt","0x10"]',
  '["$BigInt",""]',
  `["$BigInt","${"9".repeat(5000)}"]`,
  '["$Undefined",1]',
  '["$Uint8Array","A"]',
  '["$Uint8Array","A A="]',
  '["$Uint8Array",[1]]',
  '["$Uint16Array","AQ=="]',
  "",
  "{",
  "nul",
  '{"a":1}x',
])("%s is not read", (text) => {
  expect(() => decode(text)).toThrow(DecodeError);
});

test("an error never quotes the text", () => {
  const text = '{"token":"s3cret-value" oops}';
  expect(() => decode(text)).toThrow(/^not JSON at position \d+$/);
});

const anyValue = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 5 },
    fc.oneof(
      fc.string(),
      fc.constantFrom("$", "$$", "$Date", "__proto__", "constructor", "toJSON"),
      fc.double({ noNaN: true, noDefaultInfinity: true }).map((n) => n + 0),
      fc.boolean(),
      fc.constant(null),
      fc.constant(undefined),
      fc.bigInt(),
      fc.date({ noInvalidDate: true }),
      fc.uint8Array(),
      fc.float32Array(),
    ),
    fc.array(tie("value"), { maxLength: 4 }),
    fc.tuple(fc.constantFrom("$", "$Map", "$$Set"), tie("value")),
    fc.array(fc.tuple(tie("value"), tie("value")), { maxLength: 3 }).map((entries) => new Map(entries)),
    fc.array(tie("value"), { maxLength: 3 }).map((members) => new Set(members)),
    fc
      .array(fc.tuple(fc.oneof(fc.string(), fc.constant("__proto__")), tie("value")), { maxLength: 4 })
      .map((entries) => Object.fromEntries(entries.filter(([, member]) => member !== undefined))),
  ),
})).value;

test("every value of the set comes back equal, and its text is stable", () => {
  fc.assert(
    fc.property(anyValue, (value) => {
      const text = encode(value);
      const back = decode(text);
      expect(encode(back)).toBe(text);
      expect(back).toStrictEqual(value);
    }),
    { numRuns: 500 },
  );
});

test("no text makes decode throw anything but DecodeError", () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.json(),
        fc.string(),
        fc.string().map((s) => `["$${s}`),
      ),
      (text) => {
        try {
          decode(text);
        } catch (error) {
          expect(error).toBeInstanceOf(DecodeError);
        }
      },
    ),
    { numRuns: 500 },
  );
});
