import fc from "fast-check";
import { expect, test } from "vitest";
import { fitsUtf8, utf8Length } from "./utf8-length.ts";

test("counts what TextEncoder writes, lone surrogates included", () => {
  const text = fc.string({
    unit: fc.oneof(
      fc.integer({ min: 0, max: 0xffff }).map((unit) => String.fromCharCode(unit)),
      fc.string({ unit: "grapheme" }),
    ),
  });
  fc.assert(
    fc.property(text, fc.nat(40), (given, limit) => {
      const bytes = new TextEncoder().encode(given).length;
      expect(utf8Length(given)).toBe(bytes);
      expect(fitsUtf8(given, limit)).toBe(bytes <= limit);
    }),
    { seed: 7, numRuns: 2000 },
  );
});
