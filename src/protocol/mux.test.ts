import fc from "fast-check";
import { expect, test } from "vitest";
import { DecodeError } from "./errors.ts";
import { closeText, type Framing, isRawPath, MAX_RECORDS, readClose } from "./mux.ts";
import { binaryFraming } from "./mux-binary.ts";
import { textFraming } from "./mux-text.ts";

const channel = fc.integer({ min: 1, max: 0xff_ff_ff_ff });
const seed = Date.now() % 1_000_000;
const parameters = { seed, numRuns: 300 };

const comesBack = <Wire extends string | Uint8Array>(framing: Framing<Wire>, frame: fc.Arbitrary<Wire>): void => {
  const record = fc.oneof(
    fc.record({ channel, control: fc.constantFrom("/actors/a/b/connect", "!1000 bye", "!3003 ") }),
    fc.record({ channel, control: fc.constant(null), frame }),
  );
  fc.assert(
    fc.property(fc.array(record, { minLength: 1, maxLength: 50 }), (records) => {
      const written = records.map((one) =>
        one.control === null ? framing.frame(one.channel, one.frame) : framing.control(one.channel, one.control),
      );
      expect(framing.read(framing.join(written))).toEqual(records);
    }),
    parameters,
  );
};

test(`records of text come back as they were (seed ${seed})`, () => {
  const frame = fc.json().filter((text) => !text.includes("\n"));
  comesBack(textFraming, frame);
});

test(`records of bytes come back as they were (seed ${seed})`, () => {
  // The first byte of a CBOR map or list: what a frame starts with.
  const frame = fc.uint8Array({ maxLength: 40 }).map((bytes) => new Uint8Array([0xa1, ...bytes]));
  comesBack(binaryFraming, frame);
});

test(`whatever comes is read or refused, and nothing else is thrown (seed ${seed})`, () => {
  const tries = (read: () => unknown): void => {
    try {
      read();
    } catch (error) {
      expect(error).toBeInstanceOf(DecodeError);
    }
  };
  fc.assert(
    fc.property(fc.string(), fc.uint8Array(), (text, bytes) => {
      tries(() => textFraming.read(text));
      tries(() => textFraming.read(bytes));
      tries(() => binaryFraming.read(new Uint8Array(bytes)));
      tries(() => binaryFraming.read(text));
      tries(() => readClose(text));
    }),
    parameters,
  );
});

test("a frame has a bounded number of records, in either form", () => {
  const records = Array.from({ length: MAX_RECORDS + 1 }, () => 1);
  for (const framing of [textFraming, binaryFraming] as Framing[]) {
    const written = records.map((number) => framing.control(number, "/a"));
    expect(framing.read(framing.join(written.slice(1) as never))).toHaveLength(MAX_RECORDS);
    expect(() => framing.read(framing.join(written as never))).toThrow(DecodeError);
  }
});

test("a reason cannot end its record, nor make it long", () => {
  expect(closeText(1000, "one\n2 /actors/a/b/connect")).toBe("!1000 one 2 /actors/a/b/connect");
  expect(readClose(closeText(3000, "x".repeat(500))).reason).toHaveLength(120);
});

test.each(["/a b", "/a?b", "/a#b", "/ä", "/a\r", "/a\u007f"])("%j is no path of a request", (path) => {
  expect(isRawPath(path)).toBe(false);
});
