import fc from "fast-check";
import { expect, test } from "vitest";
import { DecodeError, EncodeError } from "./errors.ts";
import { keyText, MAX_KEY_TEXT, parseKey, toKey } from "./key.ts";

test.each([
  [[], "~"],
  [["lobby"], "lobby"],
  [["org 1", "room,2"], "org%201,room%2C2"],
  [[""], "~0"],
  [["", ""], "~0,~0"],
  [["a", ""], "a,~0"],
  [["~"], "~~"],
  [["~0"], "~~0"],
  [["@id"], "%40id"],
  [["a%2fb"], "a%252fb"],
  [["..", "a"], "..,a"],
  [["é😀"], "%C3%A9%F0%9F%98%80"],
])("%j is written %s, and read back", (key, text) => {
  expect(keyText(key)).toBe(text);
  expect(parseKey(text)).toStrictEqual(key);
});

test("what a user writes becomes a key", () => {
  expect(toKey(undefined)).toStrictEqual([]);
  expect(toKey("a,b")).toStrictEqual(["a,b"]);
  expect(toKey(["a", "b"])).toStrictEqual(["a", "b"]);
});

test.each([
  "",
  ".",
  "..",
  "%2e",
  "%2E.",
  "a%2Fb",
  "a%2fb",
  "a%5Cb",
  "a\\b",
  "a/b",
  "a%00",
  "a%0Ab",
  "a,",
  ",",
  "~x",
  "a,~",
  "%",
  "%zz",
  "%C3",
  "%ED%A0%80",
  "x".repeat(MAX_KEY_TEXT + 1),
])("%j is malformed", (text) => {
  expect(() => parseKey(text)).toThrow(DecodeError);
});

test.each([
  ["a slash", ["a/b"], "key[0]"],
  ["a backslash", ["x", "a\\b"], "key[1]"],
  ["a control character", ["a\n"], "key[0]"],
  ["a dot segment", [".."], "key[0]"],
  ["half a surrogate pair", ["\ud800"], "key[0]"],
  ["a number", [1 as unknown as string], "key[0]"],
  ["too much", ["x".repeat(MAX_KEY_TEXT + 1)], "key"],
])("%s has no spelling", (_, key, path) => {
  expect(() => keyText(key)).toThrow(EncodeError);
  expect(() => keyText(key)).toThrow(`cannot encode ${path}: `);
});

const component = fc.oneof(fc.string({ unit: "grapheme" }), fc.constantFrom("", "~", "~0", "@", ",", ".", "..", "%7E"));
const spelled = (key: string[]): string | null => {
  try {
    return keyText(key);
  } catch {
    return null;
  }
};

test("different keys have different texts, each is one segment, and a normalising proxy changes none", () => {
  fc.assert(
    fc.property(fc.array(component, { maxLength: 4 }), (key) => {
      const text = spelled(key);
      fc.pre(text !== null);
      expect(parseKey(text)).toStrictEqual(key);
      expect(keyText(parseKey(text))).toBe(text);
      expect(new URL(`http://h/actors/a/${text}/connect`).pathname).toBe(`/actors/a/${text}/connect`);
      // RFC 3986 §6.2.2.2: a proxy may decode what is unreserved, and write hex digits in either case.
      const unreserved = text.replace(/%(2D|2E|5F|7E|[46][1-9A-F]|[57][0-9A])/g, (code) => decodeURIComponent(code));
      expect(parseKey(unreserved)).toStrictEqual(key);
      expect(parseKey(text.replace(/%../g, (code) => code.toLowerCase()))).toStrictEqual(key);
    }),
    { numRuns: 1000 },
  );
});
