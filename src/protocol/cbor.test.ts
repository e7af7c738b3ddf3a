import fc from "fast-check";
import { expect, test } from "vitest";
import { cborCodec } from "./cbor.ts";
import { DecodeError, decode, EncodeError, encode, MAX_DEPTH } from "./json.ts";

const hex = (text: string): Uint8Array => Uint8Array.from(text.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
const toHex = (bytes: Uint8Array): string => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");

test.each([
  ["bytes are bare", new Uint8Array([1, 2]), "420102"],
  ["other bytes are tagged byte strings", new Uint16Array([1]), "826c2455696e7431364172726179420100"],
  ["a date", new Date(5), "8265244461746505"],
  ["an integer", -4_000_000_000, "3aee6b27ff"],
  ["a list", [1, "a", null, true], "84016161f6f5"],
  ["a member", { a: [] }, "a1616180"],
])("%s", (_, value, text) => {
  expect(cborCodec.decode(hex(text))).toStrictEqual(value);
  expect(cborCodec.decode(cborCodec.encode(value))).toStrictEqual(value);
});

test("bytes and lists are written as other readers expect", () => {
  expect(toHex(cborCodec.encode([new Uint8Array([1, 2])]))).toBe("81420102");
  const parts = Array.from({ length: 30 }, (_, i) => cborCodec.encode(i));
  expect(cborCodec.decode(cborCodec.list(parts))).toStrictEqual(parts.map((_, i) => i));
  expect(cborCodec.decode(cborCodec.list([cborCodec.encode({ t: 1 })]))).toStrictEqual([{ t: 1 }]);
});

test.each([
  ["a tag", "c11a514b67b0", /tags/],
  ["an indefinite list", "9f01ff", /indefinite/],
  ["an indefinite string", "7f6161ff", /indefinite/],
  ["undefined", "f7", /simple/],
  ["NaN, half", "f97e00", /finite/],
  ["infinity, single", "fa7f800000", /finite/],
  ["infinity, double", "fb7ff0000000000000", /finite/],
  ["a key that is no text", "a10102", /not text/],
  ["a key twice", "a2616101616102", /twice/],
  ["a key twice, its length spelled otherwise", "a261610178016102", /twice/],
  ["an integer past 2^53", "1b0020000000000000", /2\^53/],
  ["a negative past 2^53", "3b001fffffffffffff", /2\^53/],
  ["a list that claims millions", "9a00ffffff", /ends early/],
  ["a map that claims millions", "ba00ffffff", /ends early/],
  ["a string past the end", "7a0000ffff61", /ends early/],
  ["nothing", "", /ends early/],
  ["trailing bytes", "0102", /follow/],
  ["a reserved length", "1c", /reserved/],
])("%s is refused before anything is built", (_, text, reason) => {
  expect(() => cborCodec.decode(hex(text))).toThrow(DecodeError);
  expect(() => cborCodec.decode(hex(text))).toThrow(reason);
});

test("nesting is bounded without exhausting the stack", () => {
  const bytes = new Uint8Array(100_000).fill(0x81);
  expect(() => cborCodec.decode(bytes)).toThrow(/deeper/);
  const deepest = new Uint8Array(MAX_DEPTH).fill(0x81);
  deepest[MAX_DEPTH - 1] = 0x80;
  expect(() => cborCodec.decode(deepest)).not.toThrow();
});

test("text frames are refused", () => {
  expect(() => cborCodec.decode("{}")).toThrow(DecodeError);
});

test("what has no CBOR encoding is refused by its path", () => {
  expect(() => cborCodec.encode({ a: { ["__proto__"]: 1 } }, "body")).toThrow(/cannot encode body\.a: .*__proto__/);
  expect(() => cborCodec.encode(["\ud800"], "args")).toThrow(/cannot encode args\[0\]: .*surrogate/);
  expect(() => cborCodec.encode({ a: () => 1 }, "args")).toThrow(EncodeError);
});

const leaf = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.constantFrom("$", "$$Date", "$Map"),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((n) => n + 0),
  fc.maxSafeInteger(),
  fc.constantFrom(2 ** 31, 2 ** 32, -(2 ** 31) - 1, -(2 ** 32) - 1, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER),
  fc.constantFrom(null, undefined, true, false),
  fc.bigInt(),
  fc.date({ noInvalidDate: true }),
  fc.uint8Array({ maxLength: 300 }),
  fc.float64Array(),
);
const value = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 5 },
    leaf,
    fc.array(tie("value"), { maxLength: 30 }),
    fc.tuple(fc.constantFrom("$", "$Map"), tie("value")),
    fc.array(fc.tuple(tie("value"), tie("value")), { maxLength: 3 }).map((entries) => new Map(entries)),
    fc.array(tie("value"), { maxLength: 3 }).map((members) => new Set(members)),
    fc.dictionary(
      fc.string().filter((key) => key !== "__proto__"),
      tie("value").filter((member) => member !== undefined),
      { maxKeys: 4, noNullPrototype: true },
    ),
  ),
})).value;

test("both encodings give back the same value", () => {
  fc.assert(
    fc.property(value, (original) => {
      const back = cborCodec.decode(cborCodec.encode(original));
      expect(back).toStrictEqual(original);
      expect(back).toStrictEqual(decode(encode(original)));
    }),
    { numRuns: 500 },
  );
});

test("no bytes make decode throw anything but DecodeError", () => {
  const start = cborCodec.encode({ a: [new Date(1), new Map([["k", new Uint8Array(3)]]), 2 ** 40] });
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), fc.nat(start.length), (noise, at) => {
      for (const bytes of [noise, Uint8Array.from([...start.subarray(0, at), ...noise])]) {
        try {
          cborCodec.decode(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(DecodeError);
        }
      }
    }),
    { numRuns: 1000 },
  );
});
