import fc from "fast-check";
import { expect, test } from "vitest";
import { decodeBase64, decodeBase64Url, encodeBase64, encodeBase64Url } from "./base64.ts";
import { equalBytes } from "./constant-time.ts";
import { decodeHex, encodeHex } from "./hex.ts";

const bytes = fc.uint8Array({ maxLength: 70 });
const plain = (value: Uint8Array | null): number[] | null => (value === null ? null : [...value]);

test("both base64 forms and hexadecimal agree with Buffer in both directions", () => {
  fc.assert(
    fc.property(bytes, (value) => {
      expect(encodeBase64Url(value)).toBe(Buffer.from(value).toString("base64url"));
      expect(encodeBase64(value)).toBe(Buffer.from(value).toString("base64"));
      expect(encodeHex(value)).toBe(Buffer.from(value).toString("hex"));
      expect(plain(decodeBase64Url(encodeBase64Url(value)))).toEqual([...value]);
      expect(plain(decodeBase64(encodeBase64(value)))).toEqual([...value]);
      expect(plain(decodeHex(encodeHex(value).toUpperCase()))).toEqual([...value]);
    }),
    { verbose: true },
  );
});

test("each byte string has exactly one base64url text", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary-ascii", maxLength: 12 }), (text) => {
      const value = decodeBase64Url(text);
      if (value !== null) expect(encodeBase64Url(value)).toBe(text);
    }),
    { numRuns: 5_000, verbose: true },
  );
});

test("base64url refuses padding, white space, the other alphabet, a lone sextet and trailing bits", () => {
  for (const text of ["Zg==", "Zm8=", "Zm 9", "Zm9\n", "+/+/", "Z", "Zm9vY", "Zh", "Zm9", "Zm9vé", "\u0141m9v"]) {
    expect([text, decodeBase64Url(text)]).toEqual([text, null]);
  }
  expect(plain(decodeBase64Url(""))).toEqual([]);
  expect(plain(decodeBase64Url("Zg"))).toEqual([0x66]);
});

test("base64 refuses missing or surplus padding unless padding is optional", () => {
  for (const text of ["Zg", "Zg=", "Zg===", "Zm9v=", "====", "=", "Zm9v====", "-_-_", "Zh=="]) {
    expect([text, decodeBase64(text)]).toEqual([text, null]);
  }
  expect(plain(decodeBase64("Zg", "optional"))).toEqual([0x66]);
  expect(plain(decodeBase64("Zg==", "optional"))).toEqual([0x66]);
  expect(decodeBase64("Zg=", "optional")).toBeNull();
  expect(decodeBase64("Zh", "optional")).toBeNull();
});

test("hexadecimal refuses odd lengths, mixed case and any other character", () => {
  for (const text of ["0", "0g", "g0", "0x", " 00", "00 ", "\u01300", "0\u0130", "é0", "aB", "bcDE"]) {
    expect([text, decodeHex(text)]).toEqual([text, null]);
  }
});

test("equalBytes compares length and every byte", () => {
  fc.assert(
    fc.property(bytes, bytes, (left, right) => {
      expect(equalBytes(left, right)).toBe(Buffer.compare(left, right) === 0);
      expect(equalBytes(left, left.slice())).toBe(true);
    }),
    { verbose: true },
  );
});
