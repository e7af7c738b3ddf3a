/** HTTP on services over a real Node server: routing, validators, policies, bodies, streams. */
import { request as httpRequest } from "node:http";
import { connect } from "node:net";
import { anyOf, bearer, party, service, setup, signature, UserError, Visitor } from "byward";
import { afterAll, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import { serveForFile, type TestServer, token } from "../gate/server.ts";
import { HOOK, sign } from "./rig.ts";

process.env["AUTH_JWT_SECRET"] = "a-test-secret-of-at-least-32-bytes!!";
process.env["SERVICE_HOOK_SECRET"] = HOOK;

const User = party("User", { auth: bearer({ secret: "AUTH_JWT_SECRET" }) });
const Hook = party("Hook", {
  auth: signature({ secret: "SERVICE_HOOK_SECRET", header: "X-Signature", timestamp: "X-Timestamp", tolerance: 300 }),
});

let ran = 0;
let timedOut: Promise<unknown> = Promise.resolve();
/** Called when the handler of `/gone` is under way. */
let reached: () => void = () => {};

const api = service({
  by: Visitor,
  limits: { maxBody: 1000 },
  routes: {
    "GET /": { handle: () => ({ home: true }) },
    "GET /items": { handle: () => [1, 2, 3] },
    "POST /items": {
      body: z.object({ name: z.string() }),
      handle: (c) => Response.json({ name: c.body.name }, { status: 201 }),
    },
    "GET /items/new": { handle: () => "new" },
    "GET /items/:id": { handle: (c) => c.params.id },
    "DELETE /items/:id": { handle: () => undefined },
    "GET /numbers/:n": {
      params: z.object({ n: z.coerce.number().int() }),
      query: z.object({
        add: z.coerce.number().default(0),
        tag: z.union([z.string(), z.array(z.string())]).optional(),
      }),
      handle: (c) => ({ sum: c.params.n + c.query.add, tag: c.query.tag ?? null }),
    },
    "PUT /later": {
      body: z.object({ n: z.number().refine(async (n) => n > 0) }),
      handle: (c) => c.body.n,
    },
    "GET /kept": { cache: { maxAge: 60, scope: "public" }, handle: () => "kept" },
    "GET /kept-not": { cache: { maxAge: 60 }, handle: () => new Response("no", { status: 404 }) },
    "GET /own-tag": {
      handle: () =>
        new Response("text", { headers: { etag: '"v1"', "cache-control": "max-age=5", "content-type": "text/plain" } }),
    },
    "GET /missing": { handle: () => new Response(null, { status: 404 }) },
    "GET /null": { handle: () => null },
    "GET /user-error": {
      handle: () => {
        throw new UserError("no such thing", { code: "nothing", metadata: { id: 7 } });
      },
    },
    "GET /throws": {
      handle: () => {
        throw new Error("a secret detail");
      },
    },
    "GET /function": { handle: () => () => 1 },
    "GET /cyclic": {
      handle: () => {
        const loop: { self?: unknown } = {};
        loop.self = loop;
        return loop;
      },
    },
    "GET /big": { handle: () => 1n },
    "POST /raw": {
      handle: async (c) => {
        ran += 1;
        const text = await c.request.text();
        return { length: text.length, type: c.request.headers.get("content-type"), seen: c.header("x-mine") };
      },
    },
    "POST /headers": {
      by: anyOf(User, Visitor),
      handle: (c) => ({
        request: c.request.headers.get("authorization"),
        header: c.header("Authorization"),
        own: c.request.headers.get("byward-params"),
        url: c.url.href,
        method: c.method,
      }),
    },
    "POST /exposed": {
      by: User,
      exposeCredentials: true,
      handle: (c) => [c.request.headers.get("authorization")?.slice(0, 7), c.header("authorization")?.slice(0, 7)],
    },
    "POST /deep": { limits: { maxBody: 5000 }, body: z.unknown(), handle: () => "deep" },
    "POST /form": {
      body: z.object({ a: z.string(), b: z.array(z.string()) }),
      bodyAs: "form",
      handle: (c) => c.body,
    },
    "POST /any": { body: z.object({ a: z.number() }), bodyAs: "any-json", handle: (c) => c.body },
    "POST /text": { body: z.string(), bodyAs: "text", handle: (c) => c.body.length },
    "POST /bytes": { body: z.instanceof(Uint8Array), bodyAs: "bytes", handle: (c) => c.body.byteLength },
    "POST /hook": {
      by: Hook,
      body: z.object({ n: z.number() }),
      handle: async (c) => ({ n: c.body.n, raw: await c.request.text() }),
    },
    "POST /roomy": { limits: { maxBody: 5000 }, body: z.string(), bodyAs: "text", handle: (c) => c.body.length },
    "GET /slow": {
      limits: { timeout: 50 },
      handle: (c) =>
        new Promise((resolve) => {
          timedOut = new Promise((seen) => c.abortSignal.addEventListener("abort", () => seen(c.abortSignal.reason)));
          setTimeout(resolve, 1000);
        }),
    },
    "GET /gone": {
      handle: (c) =>
        new Promise<void>((resolve) => {
          c.abortSignal.addEventListener("abort", () => {
            ran += 1;
            resolve();
          });
          reached();
        }),
    },
  },
});

const strict = service({
  by: anyOf(User, Visitor),
  cors: { origins: ["https://app.example"], maxAge: 600, credentials: true },
  security: { hsts: 3600 },
  problem: ({ part, kind, issues, limit }) => ({
    kind: `${part}.${kind}`,
    at: issues[0]?.path ?? null,
    limit: limit ?? null,
  }),
  limits: { maxBody: 100 },
  routes: {
    "GET /strict": { handle: () => "strict" },
    "PUT /strict": { body: z.object({ a: z.string() }), handle: (c) => c.body.a },
    "PUT /strict/mine": { by: User, body: z.object({ a: z.string() }), handle: (c) => c.body.a },
  },
});

const bare = service({
  by: Visitor,
  security: { nosniff: false },
  cors: { origins: ["*"] },
  routes: { "GET /bare": { handle: () => "bare" } },
});

let server: TestServer;
beforeAll(async () => {
  server = await serveForFile(setup({ services: { api, strict, bare } }));
});
afterAll(() => server.close());

const at = (path: string, init?: RequestInit): Promise<Response> => fetch(`${server.url}${path}`, init);
const json = (body: unknown, headers: Record<string, string> = {}): RequestInit => ({
  method: "POST",
  body: JSON.stringify(body),
  headers: { "content-type": "application/json", ...headers },
});

/** A request line as it stands, past any client that would tidy it up. */
function raw(lines: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const { port } = new URL(server.url);
    const socket = connect(Number(port), "127.0.0.1", () => socket.write(lines.replaceAll("\n", "\r\n")));
    let text = "";
    socket.on("data", (data) => {
      text += data.toString();
    });
    socket.on("error", reject);
    socket.on("close", () => resolve(text));
  });
}
const rawGet = (path: string): Promise<string> => raw(`GET ${path} HTTP/1.1\nhost: localhost\nconnection: close\n\n`);

test.each([
  ["/", { home: true }],
  ["/items", [1, 2, 3]],
  ["/items/", [1, 2, 3]],
  ["/items/new", "new"],
  ["/items/7", "7"],
  ["/items/a%20b%2Fc", "a b/c"],
  ["/numbers/4?add=3", { sum: 7, tag: null }],
  ["/numbers/4?tag=a&tag=b", { sum: 4, tag: ["a", "b"] }],
  ["/null", null],
])("GET %s answers %j", async (path, expected) => {
  const answer = await at(path);
  expect(answer.status).toBe(200);
  expect(answer.headers.get("content-type")).toBe("application/json");
  expect(answer.headers.get("x-content-type-options")).toBe("nosniff");
  expect(await answer.json()).toEqual(expected);
});

test("a handler that returns nothing is 204, one that returns a Response is that response", async () => {
  const gone = await at("/items/7", { method: "DELETE" });
  expect([gone.status, await gone.text()]).toEqual([204, ""]);
  const missing = await at("/missing");
  expect([missing.status, await missing.text()]).toEqual([404, ""]);
  const made = await at("/items", json({ name: "a" }));
  expect([made.status, await made.json()]).toEqual([201, { name: "a" }]);
});

test("double slashes and percent-encoded letters are the same route, over the raw request line", async () => {
  for (const path of ["//items", "/items//7", "/%69tems/7"]) expect(await rawGet(path)).toMatch(/^HTTP\/1.1 200/);
});

test.each(["/items/%", "/items/%zz", "/items/%ff", "/items/..", "/items/%2e%2e/x", "/./items", "/items\\7"])(
  "the raw path %s is malformed",
  async (path) => {
    expect(await rawGet(path)).toMatch(/^HTTP\/1.1 400 .*"request","code":"invalid_request"/s);
  },
);

test("an unknown path is 404, another method of a known one 405 with what is allowed", async () => {
  const unknown = await at("/nowhere");
  expect(unknown.status).toBe(404);
  expect(await unknown.json()).toMatchObject({ group: "request", code: "not_found" });
  const other = await at("/items", { method: "PATCH" });
  expect([other.status, other.headers.get("allow")]).toEqual([405, "GET, HEAD, OPTIONS, POST"]);
  expect(await other.json()).toMatchObject({ group: "request", code: "method_not_allowed" });
  expect((await at("/items/7", { method: "POST" })).headers.get("allow")).toBe("DELETE, GET, HEAD, OPTIONS");
  const options = await at("/items", { method: "OPTIONS" });
  expect([options.status, options.headers.get("allow")]).toEqual([204, "GET, HEAD, OPTIONS, POST"]);
});

test("HEAD says what GET would, without its body", async () => {
  const got = await at("/items");
  const head = await at("/items", { method: "HEAD" });
  expect(head.status).toBe(200);
  for (const name of ["content-type", "etag", "cache-control"])
    expect(head.headers.get(name)).toBe(got.headers.get(name));
  expect(head.headers.get("content-length")).toBe(String((await got.text()).length));
  expect(await head.text()).toBe("");
  expect((await at("/nowhere", { method: "HEAD" })).status).toBe(404);
});

test("a GET has a validator of 64 bits at least, and 304 answers whoever has it", async () => {
  const first = await at("/items");
  const etag = first.headers.get("etag")!;
  expect(etag).toMatch(/^W\/"[0-9a-f]{16,}"$/);
  expect(first.headers.get("cache-control")).toBe("private, no-cache");
  expect((await at("/items")).headers.get("etag")).toBe(etag);
  expect((await at("/items/7")).headers.get("etag")).not.toBe(etag);
  for (const tag of [etag, `"x", ${etag}`, etag.slice(2), "*"]) {
    const again = await at("/items", { headers: { "if-none-match": tag } });
    expect([again.status, again.headers.get("etag"), await again.text()]).toEqual([304, etag, ""]);
  }
  for (const tag of ['"x"', 'W/"0"', etag.slice(0, -2)]) {
    expect((await at("/items", { headers: { "if-none-match": tag } })).status).toBe(200);
  }
});

test("a cache rule is on good answers and their 304, an own header stays", async () => {
  const kept = await at("/kept");
  expect(kept.headers.get("cache-control")).toBe("public, max-age=60");
  const again = await at("/kept", { headers: { "if-none-match": kept.headers.get("etag")! } });
  expect([again.status, again.headers.get("cache-control")]).toEqual([304, "public, max-age=60"]);
  const own = await at("/own-tag");
  expect([own.headers.get("cache-control"), own.headers.get("etag")]).toEqual(["max-age=5", '"v1"']);
  expect((await at("/own-tag", { headers: { "if-none-match": '"v1"' } })).status).toBe(304);
  expect((await at("/throws")).headers.get("cache-control")).toBe("no-store");
  expect((await at("/kept-not")).headers.get("cache-control")).toBeNull();
});

test("a UserError reaches its caller, anything else does not", async () => {
  const user = await at("/user-error");
  expect(user.status).toBe(400);
  expect(await user.json()).toMatchObject({
    group: "user",
    code: "nothing",
    message: "no such thing",
    metadata: { id: 7 },
  });
  for (const path of ["/throws", "/function", "/cyclic", "/big"]) {
    const fault = await at(path);
    const text = await fault.text();
    expect(fault.status, path).toBe(500);
    expect(JSON.parse(text)).toMatchObject({ group: "byward", code: "internal_error" });
    expect(text).not.toContain("secret");
  }
});

test.each([
  ["/numbers/x", {}, "invalid_params"],
  ["/numbers/1?add=x", {}, "invalid_query"],
  ["/items", json({ name: 1 }), "invalid_body"],
  ["/items", json(null), "invalid_body"],
  ["/items", { ...json(1), body: "{" }, "invalid_body"],
  ["/items", { ...json(1), body: "" }, "invalid_body"],
  ["/items", { ...json(1), body: Uint8Array.of(0x22, 0xff, 0x22) }, "invalid_body"],
  ["/deep", { ...json(1), body: "[".repeat(513) + "]".repeat(513) }, "invalid_body"],
  ["/later", { ...json({ n: -1 }), method: "PUT" }, "invalid_body"],
] as [string, RequestInit, string][])("%s with %j is %s", async (path, init, code) => {
  const answer = await at(path, init);
  expect(answer.status).toBe(400);
  expect(await answer.json()).toMatchObject({ group: "request", code });
});

test("an asynchronous schema is waited for", async () => {
  expect((await at("/deep", { ...json(1), body: "[".repeat(512) + "]".repeat(512) })).status).toBe(200);
  expect(await (await at("/later", { ...json({ n: 3 }), method: "PUT" })).json()).toBe(3);
});

test("a body needs its media type, so that no form of another page can send it", async () => {
  for (const type of ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "application/jsonp"]) {
    const answer = await at("/items", json({ name: "a" }, { "content-type": type }));
    expect(answer.status, type).toBe(415);
    expect(await answer.json()).toMatchObject({ code: "unsupported_media_type" });
  }
  for (const type of ["application/json; charset=utf-8", "Application/JSON", "application/merge-patch+json"]) {
    expect((await at("/items", json({ name: "a" }, { "content-type": type }))).status, type).toBe(201);
  }
  const any = { method: "POST", body: '{"a":1}', headers: { "content-type": "text/plain" } };
  expect(await (await at("/any", any)).json()).toEqual({ a: 1 });
});

test("forms, text and bytes are read as declared", async () => {
  const form = { method: "POST", body: new URLSearchParams("a=1&b=2&b=3") };
  expect(await (await at("/form", form)).json()).toEqual({ a: "1", b: ["2", "3"] });
  expect(await (await at("/text", { method: "POST", body: "äh" })).json()).toBe(2);
  expect(await (await at("/bytes", { method: "POST", body: Uint8Array.of(1, 2, 255) })).json()).toBe(3);
});

test("a body over the limit is refused by its length before the gate, and by its bytes where it has none", async () => {
  const long = "x".repeat(1001);
  const stated = await at("/text", { method: "POST", body: long });
  expect([stated.status, (await stated.json()).code]).toEqual([413, "incoming_too_long"]);
  expect((await at("/exposed", { method: "POST", body: long })).status).toBe(413);
  expect((await at("/exposed", { method: "POST", body: "short" })).status).toBe(401);
  const streamed = (path: string): Promise<Response> =>
    at(path, {
      method: "POST",
      headers: { "content-type": "text/plain" },
      body: new ReadableStream({
        start(controller) {
          for (let part = 0; part < 11; part++) controller.enqueue(new TextEncoder().encode("x".repeat(100)));
          controller.close();
        },
      }),
      duplex: "half",
    } as RequestInit);
  expect((await streamed("/text")).status).toBe(413);
  expect((await streamed("/raw")).status).toBe(413);
  expect((await streamed("/roomy")).status).toBe(200);
  expect((await at("/roomy", { method: "POST", body: "x".repeat(5000) })).status).toBe(200);
});

test("a handler that reads the request itself gets its bytes and its headers", async () => {
  const answer = await at("/raw", {
    method: "POST",
    body: "abc",
    headers: { "content-type": "text/x", "x-mine": "1" },
  });
  expect(await answer.json()).toEqual({ length: 3, type: "text/x", seen: "1" });
});

test("credentials and our own headers are not in the request, unless asked for", async () => {
  const credential = { authorization: `Bearer ${await token("ann")}` };
  const answer = await at("/headers?x=1", json({}, { ...credential, "byward-params": "1" }));
  expect(await answer.json()).toEqual({
    request: null,
    header: null,
    own: null,
    url: `${server.url}/headers?x=1`,
    method: "POST",
  });
  expect(await (await at("/exposed", json({}, credential))).json()).toEqual(["Bearer ", "Bearer "]);
});

test("the handler reads the very bytes the signature was verified over", async () => {
  const body = '{ "n" : 1.0,\n  "more": "\\u00e4" }';
  const good = { method: "POST", body, headers: { "content-type": "application/json", ...sign(body, Date.now()) } };
  expect(await (await at("/hook", good)).json()).toEqual({ n: 1, raw: body });
  const other = { ...good, body: '{"n":1.0,"more":"ä"}' };
  expect((await at("/hook", other)).status).toBe(401);
});

test("a handler past its time is given up: 504, and its signal fires", async () => {
  const answer = await at("/slow");
  expect(answer.status).toBe(504);
  expect(await answer.json()).toMatchObject({ group: "request", code: "timed_out" });
  expect(await timedOut).toMatchObject({ outcome: "timeout" });
});

test("the signal fires when the peer goes away", async () => {
  const before = ran;
  const { hostname, port } = new URL(server.url);
  const beingServed = new Promise<void>((resolve) => (reached = resolve));
  const client = httpRequest({ hostname, port, path: "/gone" });
  client.on("error", () => {});
  client.end();
  await beingServed;
  client.destroy();
  await expect.poll(() => ran).toBe(before + 1);
});

test("a preflight is answered before any proof, for the origins of the policy only", async () => {
  const preflight = (origin: string, method = "PUT"): Promise<Response> =>
    at("/strict/mine", { method: "OPTIONS", headers: { origin, "access-control-request-method": method } });
  const good = await preflight("https://app.example");
  expect(good.status).toBe(204);
  expect(Object.fromEntries(good.headers)).toMatchObject({
    "access-control-allow-origin": "https://app.example",
    "access-control-allow-credentials": "true",
    "access-control-allow-methods": "OPTIONS, PUT",
    "access-control-allow-headers": "content-type, authorization",
    "access-control-max-age": "600",
    vary: "Origin",
  });
  const foreign = await preflight("https://evil.example");
  expect(foreign.status).toBe(204);
  expect([...foreign.headers.keys()].filter((name) => name.startsWith("access-control"))).toEqual([]);
});

test("answers of a service carry its policies, refusals too", async () => {
  const origin = { origin: "https://app.example" };
  const answers = await Promise.all([
    at("/strict", { headers: origin }),
    at("/strict", { method: "POST", headers: origin }),
    at("/strict/mine", { method: "PUT", headers: origin }),
    at("/strict", { ...json({}), method: "PUT", headers: { ...origin, "content-type": "application/json" } }),
  ]);
  expect(answers.map(({ status }) => status)).toEqual([200, 405, 401, 400]);
  for (const answer of answers) {
    expect(answer.headers.get("access-control-allow-origin")).toBe("https://app.example");
    expect(answer.headers.get("access-control-allow-credentials")).toBe("true");
    expect(answer.headers.get("strict-transport-security")).toBe("max-age=3600");
    expect(answer.headers.get("x-content-type-options")).toBe("nosniff");
    expect(answer.headers.get("vary")).toContain("Origin");
  }
  const foreign = await at("/strict", { headers: { origin: "https://evil.example" } });
  expect(foreign.headers.get("access-control-allow-origin")).toBeNull();
  expect(foreign.headers.get("vary")).toContain("Origin");
});

test("any origin is said literally, nosniff can be switched off, HSTS is off by itself", async () => {
  const answer = await at("/bare", { headers: { origin: "https://any.example" } });
  expect(answer.headers.get("access-control-allow-origin")).toBe("*");
  expect(answer.headers.get("access-control-allow-credentials")).toBeNull();
  expect(answer.headers.get("x-content-type-options")).toBeNull();
  expect(answer.headers.get("strict-transport-security")).toBeNull();
  const none = await at("/items", { headers: { origin: "https://any.example" } });
  expect(none.headers.get("access-control-allow-origin")).toBeNull();
});

test("a service tells refused payloads in its own words, with the correlation id", async () => {
  const put = (body: string): Promise<Response> =>
    at("/strict", { method: "PUT", body, headers: { "content-type": "application/json" } });
  const cases = [
    ['{"a":1}', 400, { kind: "body.schema", at: ["a"], limit: null }],
    ["{", 400, { kind: "body.malformed", at: null, limit: null }],
    [JSON.stringify({ a: "x".repeat(200) }), 413, { kind: "body.too_large", at: null, limit: 100 }],
  ] as const;
  for (const [body, status, expected] of cases) {
    const answer = await put(body);
    expect(answer.status).toBe(status);
    const told = await answer.json();
    expect(told).toEqual({ ...expected, correlationId: answer.headers.get("byward-correlation-id") });
  }
  const refused = await at("/strict/mine", {
    method: "PUT",
    body: "{",
    headers: { "content-type": "application/json" },
  });
  expect(await refused.json()).toMatchObject({ group: "auth", code: "unauthenticated" });
});
