/** Every vector of `docs/wire-vectors.json` against the code: what others build on must not drift. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { cborCodec } from "../protocol/cbor.ts";
import { FrameError, readClientFrame } from "../protocol/client-frames.ts";
import { jsonCodec } from "../protocol/codec.ts";
import { DecodeError } from "../protocol/errors.ts";
import { decode, encode, MAX_DEPTH } from "../protocol/json.ts";
import { keyText, parseKey } from "../protocol/key.ts";
import { type MuxRecord, readClose } from "../protocol/mux.ts";
import { binaryFraming } from "../protocol/mux-binary.ts";
import { textFraming } from "../protocol/mux-text.ts";
import { type ActorRoute, actorPath, parseActorPath } from "../protocol/paths.ts";
import { readServerFrame } from "../protocol/server-frames.ts";
import { dispositionOf } from "./connection/disposition.ts";
import { clientError } from "./errors.ts";
import { readServerSentEvents } from "./server-sent-events.ts";

type Means =
  | { readonly json: unknown }
  | { readonly date: number }
  | { readonly bigint: string }
  | { readonly undefined: true }
  | { readonly list: readonly Means[] }
  | { readonly object: Readonly<Record<string, Means>> }
  | { readonly map: readonly (readonly [Means, Means])[] }
  | { readonly set: readonly Means[] }
  | { readonly bytes: string; readonly type: "ArrayBuffer" | "Uint8Array" | "Uint16Array" | "Float32Array" };

/** A channel, and its control as text or what its frame means. */
type SharedRecord = readonly [channel: number, payload: unknown];

interface Vectors {
  readonly encoding: {
    readonly valid: readonly { name: string; means: Means; json: string; cbor: string }[];
    readonly readable: readonly { name: string; means: Means; json?: string; cbor?: string }[];
    readonly invalidJson: readonly string[];
    readonly invalidCbor: readonly { name: string; cbor: string }[];
    readonly maxDepth: number;
  };
  readonly keys: {
    readonly valid: readonly { key: string[]; text: string }[];
    readonly readable: readonly { key: string[]; text: string }[];
    readonly malformed: readonly string[];
  };
  readonly paths: {
    readonly actors: readonly {
      path: string;
      means: { name: string; key?: string[]; id?: string; route: ActorRoute };
    }[];
    readonly notActors: readonly string[];
    readonly malformed: readonly string[];
  };
  readonly clientFrames: { readonly valid: readonly string[]; readonly malformed: readonly string[] };
  readonly serverFrames: readonly { text: string; kinds: string[] }[];
  readonly closeCodes: readonly { code: number; then: string }[];
  readonly sharedFrames: {
    readonly valid: readonly { text: string; records: SharedRecord[] }[];
    readonly malformed: readonly string[];
    readonly validBinary: readonly { bytes: string; records: SharedRecord[] }[];
    readonly malformedBinary: readonly string[];
    readonly closes: readonly { text: string; code: number; reason: string }[];
    readonly malformedCloses: readonly string[];
  };
  readonly serverSentEvents: { readonly text: string; readonly events: readonly [string, string][] };
}

const vectors: Vectors = JSON.parse(readFileSync(new URL("../../docs/wire-vectors.json", import.meta.url), "utf8"));

const hex = (text: string): Uint8Array<ArrayBuffer> => new Uint8Array(Buffer.from(text, "hex"));

const build = (means: Means): unknown => {
  if ("json" in means) return means.json;
  if ("date" in means) return new Date(means.date);
  if ("bigint" in means) return BigInt(means.bigint);
  if ("list" in means) return means.list.map(build);
  if ("object" in means) return Object.fromEntries(Object.entries(means.object).map(([k, v]) => [k, build(v)]));
  if ("map" in means) return new Map(means.map.map(([key, value]) => [build(key), build(value)]));
  if ("set" in means) return new Set(means.set.map(build));
  if (!("bytes" in means)) return undefined;
  const { buffer } = hex(means.bytes);
  return means.type === "ArrayBuffer" ? buffer : new globalThis[means.type](buffer);
};

test.each(vectors.encoding.valid)("$name has one form in each encoding, and comes back", ({ means, json, cbor }) => {
  const value = build(means);
  expect(encode(value)).toBe(json);
  expect(decode(json)).toStrictEqual(value);
  expect(Buffer.from(cborCodec.encode(value)).toString("hex")).toBe(cbor);
  expect(cborCodec.decode(hex(cbor))).toStrictEqual(value);
});

test.each(vectors.encoding.readable)("$name is read", ({ means, json, cbor }) => {
  if (json !== undefined) expect(decode(json)).toStrictEqual(build(means));
  if (cbor !== undefined) expect(cborCodec.decode(hex(cbor))).toStrictEqual(build(means));
});

test.each(vectors.encoding.invalidJson)("JSON %j is refused", (text) => {
  expect(() => decode(text)).toThrow(DecodeError);
});

test.each(vectors.encoding.invalidCbor)("CBOR with $name is refused", ({ cbor }) => {
  expect(() => cborCodec.decode(hex(cbor))).toThrow(DecodeError);
});

test("the bound of nesting is the documented one", () => {
  expect(vectors.encoding.maxDepth).toBe(MAX_DEPTH);
});

test.each(vectors.keys.valid)("the key $key is $text", ({ key, text }) => {
  expect(keyText(key)).toBe(text);
  expect(parseKey(text)).toStrictEqual(key);
});

test.each(vectors.keys.readable)("$text is the key $key", ({ key, text }) => {
  expect(parseKey(text)).toStrictEqual(key);
});

test.each(vectors.keys.malformed)("the key %j is malformed", (text) => {
  expect(() => parseKey(text)).toThrow(DecodeError);
});

test.each(vectors.paths.actors)("$path is read", ({ path, means: { name, key, id, route } }) => {
  const address = id === undefined ? { by: "key" as const, key: key ?? [] } : { by: "id" as const, id };
  expect(parseActorPath(path)).toStrictEqual({ name, address, route });
  if (route.kind !== "unknown")
    expect(parseActorPath(actorPath(name, address, route))).toStrictEqual(parseActorPath(path));
});

test.each(vectors.paths.notActors)("%s is no actor's", (path) => {
  expect(parseActorPath(path)).toBeNull();
});

test.each(vectors.paths.malformed)("%s is malformed", (path) => {
  expect(() => parseActorPath(path)).toThrow(DecodeError);
});

test.each(vectors.clientFrames.valid)("the frame %s is read", (text) => {
  const frame = decode(text);
  expect(readClientFrame(jsonCodec, text)).toStrictEqual(Array.isArray(frame) ? frame : [frame]);
});

test.each(vectors.clientFrames.malformed)("the frame %s is malformed", (text) => {
  expect(() => readClientFrame(jsonCodec, text)).toThrow(FrameError);
});

test.each(vectors.serverFrames)("a client reads $text", ({ text, kinds }) => {
  expect(readServerFrame(jsonCodec, text).map(({ t }) => t)).toStrictEqual(kinds);
});

test.each(vectors.closeCodes)("after $code a client does: $then", ({ code, then }) => {
  const words = { retry: "reconnect", credential: "once with a fresh credential", terminal: "give up" };
  expect(words[dispositionOf({ code, error: clientError("connection_lost", "") })]).toBe(then);
});

const meaning =
  (read: (frame: unknown) => unknown) =>
  (record: MuxRecord<unknown>): SharedRecord => [
    record.channel,
    record.control === null ? read(record.frame) : record.control,
  ];

test.each(vectors.sharedFrames.valid)("the shared frame $text is read, and written so", ({ text, records }) => {
  expect(textFraming.read(text).map(meaning(jsonCodec.decode))).toStrictEqual(records);
  const written = records.map(([channel, payload]) =>
    typeof payload === "string" ? textFraming.control(channel, payload) : textFraming.frame(channel, encode(payload)),
  );
  expect(textFraming.join(written)).toBe(text);
});

test.each(vectors.sharedFrames.malformed)("the shared frame %j is malformed", (text) => {
  expect(() => textFraming.read(text)).toThrow(DecodeError);
});

test.each(vectors.sharedFrames.validBinary)("the shared frame $bytes is read, and written so", ({ bytes, records }) => {
  expect(binaryFraming.read(hex(bytes)).map(meaning(cborCodec.decode))).toStrictEqual(records);
  const written = records.map(([channel, payload]) =>
    typeof payload === "string"
      ? binaryFraming.control(channel, payload)
      : binaryFraming.frame(channel, cborCodec.encode(payload)),
  );
  expect(Buffer.from(binaryFraming.join(written)).toString("hex")).toBe(bytes);
});

test.each(vectors.sharedFrames.malformedBinary)("the shared frame of bytes %j is malformed", (bytes) => {
  expect(() => binaryFraming.read(hex(bytes))).toThrow(DecodeError);
});

test.each(vectors.sharedFrames.closes)("$text closes a channel", ({ text, code, reason }) => {
  expect(readClose(text)).toStrictEqual({ code, reason });
});

test.each(vectors.sharedFrames.malformedCloses)("%s closes nothing", (text) => {
  expect(() => readClose(text)).toThrow(DecodeError);
});

test("a stream of events is read", async () => {
  const { text, events } = vectors.serverSentEvents;
  const seen: unknown[] = [];
  for await (const { type, data } of readServerSentEvents(new Blob([text]).stream())) seen.push([type, data]);
  expect(seen).toStrictEqual(events);
});
