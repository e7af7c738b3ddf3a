import fc from "fast-check";
import { expect, test } from "vitest";
import { parseStrictJson, parseStrictJsonBytes } from "./json-strict.ts";

const reasonOf = (text: string, depth = 16): string => {
  const result = parseStrictJson(text, { depth });
  return result.ok ? "ok" : result.reason;
};

test("agrees with JSON.parse on every value it accepts", () => {
  fc.assert(
    fc.property(fc.json({ maxDepth: 6, stringUnit: "grapheme" }), (text) => {
      const result = parseStrictJson(text);
      // fast-check may generate ill-formed strings or duplicate-free objects only; ill-formed ones are refused here.
      if (!result.ok) return result.reason === "json.string";
      expect(JSON.stringify(result.value)).toBe(JSON.stringify(JSON.parse(text)));
      return true;
    }),
    { verbose: true },
  );
});

test("accepts nothing that JSON.parse refuses", () => {
  const characters = fc.constantFrom(...'{}[]",:\\u019-+.eE tfn\ttruefalsenull'.split(""));
  fc.assert(
    fc.property(fc.string({ unit: characters, maxLength: 24 }), (text) => {
      if (!parseStrictJson(text).ok) return;
      expect(() => JSON.parse(text)).not.toThrow();
    }),
    { numRuns: 5_000, verbose: true },
  );
});

test("refuses what is not RFC 8259 JSON", () => {
  const bad = ["", " ", "{", "[1,]", '{"a":1,}', "{a:1}", "'a'", "01", "1.", ".5", "+1", "-", "0x1", "NaN", "Infinity"];
  bad.push(
    "undefined",
    "tru",
    "nullx",
    '"\n"',
    '"\\x"',
    '"\\u12g4"',
    '"abc',
    "[1 2]",
    '{"a" 1}',
    "1 2",
    "\u00a01",
    "//\n1",
  );
  for (const text of bad) expect([text, reasonOf(text)]).toEqual([text, "json.syntax"]);
});

test("refuses duplicate names, also when they are escaped differently", () => {
  expect(reasonOf('{"exp":1,"exp":2}')).toBe("json.duplicate_name");
  expect(reasonOf('{"exp":1,"\\u0065xp":2}')).toBe("json.duplicate_name");
  expect(reasonOf('{"a":{"x":1,"x":1}}')).toBe("json.duplicate_name");
  expect(reasonOf('{"__proto__":1,"__proto__":2}')).toBe("json.duplicate_name");
  expect(reasonOf('{"a":{"x":1},"b":{"x":1}}')).toBe("ok");
});

test("caps the depth without exhausting the stack", () => {
  expect(reasonOf("[[1]]", 2)).toBe("ok");
  expect(reasonOf("[[[1]]]", 2)).toBe("json.depth");
  expect(reasonOf('[{"a":[]},{"a":[]}]', 3)).toBe("ok");
  expect(reasonOf("[".repeat(1_000_000))).toBe("json.depth");
});

test("refuses numbers that are not finite and strings that are not well-formed", () => {
  expect(reasonOf("1e999")).toBe("json.number");
  expect(reasonOf("-1e999")).toBe("json.number");
  expect(reasonOf('"\\ud800"')).toBe("json.string");
  expect(reasonOf('{"\\udc00":1}')).toBe("json.string");
  expect(reasonOf('"\\ud83d\\ude00"')).toBe("ok");
  expect(reasonOf('"\ud83d"')).toBe("json.string");
});

test("__proto__ and constructor are names like any other", () => {
  const result = parseStrictJson('{"__proto__":{"admin":true},"constructor":1}');
  const value = (result.ok ? result.value : null) as Record<string, unknown>;
  expect(value["admin"]).toBeUndefined();
  expect(Object.keys(value)).toEqual(["__proto__", "constructor"]);
  const prototype = Object.getPrototypeOf(value);
  expect([Object.getPrototypeOf(prototype), Reflect.ownKeys(prototype), Object.isFrozen(prototype)]).toEqual([
    null,
    [],
    true,
  ]);
  expect(({} as Record<string, unknown>)["admin"]).toBeUndefined();
});

test("values are frozen, inside too", () => {
  const result = parseStrictJson('{"a":[{"b":1}]}');
  const value = (result.ok ? result.value : null) as { a: { b: number }[] };
  expect(() => value.a.push({ b: 2 })).toThrow(TypeError);
  expect(() => {
    value.a[0]!.b = 2;
  }).toThrow(TypeError);
});

test("bytes must be UTF-8 without a byte order mark", () => {
  const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);
  expect(parseStrictJsonBytes(bytes(0x22, 0xff, 0x22))).toEqual({ ok: false, reason: "json.string" });
  expect(parseStrictJsonBytes(bytes(0x22, 0xc0, 0x80, 0x22))).toEqual({ ok: false, reason: "json.string" });
  expect(parseStrictJsonBytes(bytes(0xef, 0xbb, 0xbf, 0x31))).toEqual({ ok: false, reason: "json.syntax" });
  expect(parseStrictJsonBytes(bytes(0x31))).toEqual({ ok: true, value: 1 });
});
