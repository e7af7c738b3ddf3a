import fc from "fast-check";
import { expect, test } from "vitest";
import { jsonCodec } from "./codec.ts";
import { decode, encode } from "./json.ts";
import { readActionText, readResultText, writeActionText, writeResultText } from "./json-shortcuts.ts";
import { MAX_DEPTH } from "./limits.ts";
import { readServerFrame } from "./server-frames.ts";

const nested = (levels: number): unknown => {
  let value: unknown = 1;
  for (let level = 0; level < levels; level++) value = [value];
  return value;
};

const value = fc.oneof(
  fc.jsonValue(),
  fc.constantFrom<unknown>(["$Date", 1], "$", "\u0024", [["$", 1]], new Date(5), 1n, undefined, Number.NaN),
);
const id = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER });
const name = fc.oneof(fc.string(), fc.constantFrom("a", "", "é", 'q"', "b\\", "x".repeat(257)));

/** What an attempt gave, or that it failed. */
const attempt = (run: () => unknown): unknown => {
  try {
    return run();
  } catch {
    return "refused";
  }
};

test("what the short way writes, the general way writes too", () => {
  fc.assert(
    fc.property(id, name, fc.array(value), value, (number, action, args, output) => {
      const shortAction = writeActionText(number, action, args);
      if (shortAction !== null) expect(shortAction).toBe(encode({ t: "action", id: number, name: action, args }));
      const shortResult = writeResultText(number, output);
      if (shortResult !== null) expect(shortResult).toBe(encode({ t: "result", id: number, output }));
    }),
  );
});

test("what the short way reads, the general way reads alike", () => {
  const piece = fc.oneof(
    fc.constantFrom(
      '{"t":"action","id":',
      '{"t":"result","id":',
      ',"name":"a"',
      ',"args":[',
      ',"output":',
      "]",
      "}",
      "[",
      "1",
      "01",
      "9007199254740993",
      "-1",
      " ",
      '"$Date"',
      '"\\u0024"',
      ",",
    ),
    fc.json(),
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 8 }), (pieces) => {
      const text = pieces.join("");
      const action = readActionText(text);
      if (action !== null) expect(decode(text)).toStrictEqual(action);
      const result = readResultText(text);
      if (result !== null) expect(readServerFrame(jsonCodec, text)).toStrictEqual([result]);
    }),
    { numRuns: 2000 },
  );
});

test("an ordinary message is read the short way", () => {
  expect(readActionText('{"t":"action","id":7,"name":"add","args":[1,{"a":"b"}]}')).toStrictEqual({
    t: "action",
    id: 7,
    name: "add",
    args: [1, { a: "b" }],
  });
  expect(readActionText('{"t":"action","id":7,"name":"add","args":[]}')?.args).toStrictEqual([]);
  expect(readResultText('{"t":"result","id":7,"output":{"a":[1]}}')?.output).toStrictEqual({ a: [1] });
  expect(readResultText('{"t":"result","id":7}')).toStrictEqual({ t: "result", id: 7, output: undefined });
});

test.each([
  ["a second member of the same name", '{"t":"action","id":1,"name":"a","args":[1],"args":[2]}'],
  ["a member more", '{"t":"action","id":1,"name":"a","args":[1],"x":2}'],
  ["arguments that are no list", '{"t":"action","id":1,"name":"a","args":{}}'],
  ["id zero", '{"t":"action","id":0,"name":"a","args":[]}'],
  ["a leading zero", '{"t":"action","id":07,"name":"a","args":[]}'],
  ["an id past the safe integers", '{"t":"action","id":9007199254740993,"name":"a","args":[]}'],
  ["no id", '{"t":"action","id":,"name":"a","args":[]}'],
  ["an escape in the name", '{"t":"action","id":1,"name":"a\\n","args":[]}'],
  ["no name", '{"t":"action","id":1,"name":"","args":[]}'],
  ["a name too long", `{"t":"action","id":1,"name":"${"x".repeat(257)}","args":[]}`],
  ["what may be a tag", '{"t":"action","id":1,"name":"a","args":[["$Date",1]]}'],
  ["what may be a tag, escaped", '{"t":"action","id":1,"name":"a","args":[["\\u0024Date",1]]}'],
  ["text cut short", '{"t":"action","id":1,"name":"a","args":[1'],
  ["text after the end", '{"t":"action","id":1,"name":"a","args":[1]}}'],
  ["nesting too deep", `{"t":"action","id":1,"name":"a","args":[${"[".repeat(MAX_DEPTH)}${"]".repeat(MAX_DEPTH)}]}`],
])("%s is left to the general way", (_what, text) => {
  expect(readActionText(text)).toBeNull();
});

test.each([
  ["just deep enough", MAX_DEPTH - 1],
  ["one level too deep", MAX_DEPTH],
])("nesting is bounded as on the general way: %s", (_what, levels) => {
  const short = attempt(
    () => writeResultText(1, nested(levels)) ?? encode({ t: "result", id: 1, output: nested(levels) }),
  );
  expect(short).toBe(attempt(() => encode({ t: "result", id: 1, output: nested(levels) })));
  const text = `{"t":"result","id":1,"output":${JSON.stringify(nested(levels))}}`;
  const read = attempt(() => readResultText(text) ?? (readServerFrame(jsonCodec, text)[0] as object));
  expect(read).toStrictEqual(attempt(() => readServerFrame(jsonCodec, text)[0] as object));
});

test("numbers that JSON makes infinite are not read the short way", () => {
  for (const number of ["1e999", "-1E+400", "9".repeat(310), "1.0e309"]) {
    expect(readActionText(`{"t":"action","id":1,"name":"a","args":[${number}]}`)).toBeNull();
    expect(readResultText(`{"t":"result","id":1,"output":${number}}`)).toBeNull();
  }
  expect(readActionText('{"t":"action","id":1,"name":"a","args":[1e3]}')).toMatchObject({ args: [1000] });
});
