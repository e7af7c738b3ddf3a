/** The faults of webhook receivers (field notes §3c), one by one, over real sockets: bytes, times, headers, secrets. */
import { createHmac } from "node:crypto";
import { request as httpRequest } from "node:http";
import { party, service, setup, signature, webhook } from "byward";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { z } from "zod";
import { serveForFile, type TestServer } from "../gate/server.ts";
import { createRig, post } from "./rig.ts";

const SECRET = "a-webhook-secret-of-tests";
process.env["WEBHOOK_TEST_SECRET"] = SECRET;

const Plain = party("Plain", {
  auth: signature({ secret: "WEBHOOK_TEST_SECRET", header: "X-Signature", timestamp: "X-Timestamp", tolerance: 300 }),
});
const Stripe = party("Stripe", { auth: webhook.stripe({ secret: "WEBHOOK_TEST_SECRET" }) });

let seen: Uint8Array[] = [];
const receiver = service({
  by: Plain,
  routes: {
    "POST /plain": {
      handle: async (c) => {
        seen.push(new Uint8Array(await c.request.arrayBuffer()));
        return "ok";
      },
    },
    "POST /parsed": { body: z.object({ a: z.number() }), handle: (c) => c.body.a },
    "POST /stripe": { by: Stripe, handle: () => void seen.push(new Uint8Array()) },
  },
});

let server: TestServer;
beforeAll(async () => {
  server = await serveForFile(setup({ services: { receiver } }));
});
afterAll(() => server.close());
beforeEach(() => {
  seen = [];
});

const mac = (...parts: (string | Uint8Array)[]): string => {
  const hmac = createHmac("sha256", SECRET);
  for (const part of parts) hmac.update(part);
  return hmac.digest("hex");
};
const seconds = (): string => String(Math.floor(Date.now() / 1000));

/** Sends headers exactly as given, repeated ones too. */
function send(
  path: string,
  body: Uint8Array | string,
  headers: readonly (readonly [string, string])[],
): Promise<number> {
  return new Promise((resolve, reject) => {
    const { hostname, port } = new URL(server.url);
    const flat = headers.flat();
    const sent = httpRequest({
      hostname,
      port,
      path,
      method: "POST",
      headers: ["host", `${hostname}:${port}`, ...flat] as never,
    });
    sent.on("response", (answer) => {
      answer.resume();
      answer.on("end", () => resolve(answer.statusCode ?? 0));
    });
    sent.on("error", reject);
    sent.end(body);
  });
}

function signed(body: Uint8Array | string, time = seconds()): [string, string][] {
  return [
    ["X-Signature", mac(`${time}.`, body)],
    ["X-Timestamp", time],
    ["Content-Type", "application/json"],
  ];
}

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const BODIES: [string, Uint8Array][] = [
  ["bytes that are no UTF-8", Uint8Array.of(0x7b, 0xff, 0xfe, 0x00, 0x7d)],
  ["a byte order mark", Uint8Array.of(0xef, 0xbb, 0xbf, ...bytes('{"a":1}'))],
  ["carriage returns", bytes('{\r\n  "a": 1\r\n}\r\n')],
  ["duplicate keys", bytes('{"a":1,"a":2}')],
  ["numbers JSON would rewrite", bytes('{"a":1.0,"b":1e2,"c":"\\u00e4"}')],
  ["nothing", new Uint8Array(0)],
];

test.each(BODIES)("a body with %s is verified and handed on byte by byte", async (_what, body) => {
  expect(await send("/plain", body, signed(body))).toBe(200);
  expect(seen).toEqual([body]);
});

test.each(BODIES.slice(0, 5))("a re-encoding of a body with %s is not what was signed", async (_what, body) => {
  const other = bytes(`${new TextDecoder().decode(body)} `);
  expect(await send("/plain", other, signed(body))).toBe(401);
  expect(seen).toEqual([]);
});

test("the parsed body is that of the signed bytes, and what cannot be parsed is told only to who signed it", async () => {
  const body = Uint8Array.of(0x22, 0xff, 0x22);
  expect(await send("/parsed", body, signed(body))).toBe(400);
  expect(
    await send("/parsed", body, [
      ["X-Signature", mac("x")],
      ["X-Timestamp", seconds()],
    ]),
  ).toBe(401);
  expect(await send("/parsed", '{"a":1,"a":2}', signed('{"a":1,"a":2}'))).toBe(200);
});

test.each<[string, (now: number) => string]>([
  ["milliseconds", (now) => String(now * 1000)],
  ["nothing", () => ""],
  ["a sign", (now) => `+${now}`],
  ["an exponent", () => "1.8e9"],
  ["hexadecimal", (now) => `0x${now.toString(16)}`],
  ["a leading zero", (now) => `0${now}`],
  ["a dot", (now) => `${now}.5`],
  ["a date", (now) => new Date(now * 1000).toISOString()],
  ["a delimiter and more", (now) => `${now}.{}`],
  ["an hour ago", (now) => String(now - 3600)],
  ["an hour ahead", (now) => String(now + 3600)],
])("a time with %s is refused although it was signed", async (_what, time) => {
  const stamp = time(Math.floor(Date.now() / 1000));
  expect(await send("/plain", "{}", signed("{}", stamp))).toBe(401);
  expect(seen).toEqual([]);
});

test.each<[string, (good: string) => [string, string][]]>([
  [
    "twice the same",
    (good) => [
      ["X-Signature", good],
      ["X-Signature", good],
    ],
  ],
  [
    "a bad one before",
    (good) => [
      ["X-Signature", "00"],
      ["X-Signature", good],
    ],
  ],
  [
    "a bad one behind",
    (good) => [
      ["X-Signature", good],
      ["X-Signature", "00"],
    ],
  ],
  ["joined", (good) => [["X-Signature", `${good}, ${good}`]]],
  ["another algorithm's label", (good) => [["X-Signature", `sha1=${good}`]]],
  ["a cut digest", (good) => [["X-Signature", good.slice(0, -2)]]],
  ["a longer digest", (good) => [["X-Signature", `${good}00`]]],
  ["an empty digest", () => [["X-Signature", "sha256="]]],
  ["base64", (good) => [["X-Signature", Buffer.from(good, "hex").toString("base64")]]],
  ["five thousand characters", (good) => [["X-Signature", good.padEnd(5000, "0")]]],
])("a signature header with %s is refused", async (_what, headers) => {
  const time = seconds();
  const sent: [string, string][] = [...headers(mac(`${time}.`, "{}")), ["X-Timestamp", time]];
  expect(await send("/plain", "{}", sent)).toBe(401);
  expect(seen).toEqual([]);
});

test("a time sent twice is refused", async () => {
  const headers = signed("{}");
  expect(await send("/plain", "{}", [...headers, ["X-Timestamp", headers[1]![1]]])).toBe(401);
});

test("a list of digests admits any of them, and never one of an older scheme", async () => {
  const time = seconds();
  const good = mac(`${time}.`, "{}");
  const header = (value: string): [string, string][] => [["Stripe-Signature", value]];
  expect(await send("/stripe", "{}", header(`t=${time},v1=${"0".repeat(64)},v1=${good}`))).toBe(204);
  expect(await send("/stripe", "{}", header(`t=${time},v0=${good}`))).toBe(401);
  expect(await send("/stripe", "{}", header(`t=${time},${`v1=${"0".repeat(64)},`.repeat(60)}v1=${good}`))).toBe(401);
  expect(await send("/stripe", "{}", header(`v1=${good}`))).toBe(401);
  expect(seen).toHaveLength(1);
});

test.each([
  ["an empty secret", ""],
  ["a missing secret", undefined],
])("%s stops the start and is named, not echoed", async (_what, value) => {
  const rig = createRig();
  const registry = setup({
    services: { receiver: service({ by: Plain, routes: { "POST /x": { handle: () => 1 } } }) },
    host: { ...rig.host, env: () => value },
  });
  await expect(registry.fetch(post("/x", "{}"))).rejects.toThrow(/WEBHOOK_TEST_SECRET.*\[secret\.missing\]/);
});
