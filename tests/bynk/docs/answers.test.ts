/** The programs of the pages, compiled and behind real requests, answer what the pages' tables say. */
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { type ContextModule, load } from "../emit/support/compiled.ts";
import { bearerToken, signatureOf } from "../emit/support/credentials.ts";
import { projectNamed } from "./pages.ts";

const SECRET = "a secret of thirty-two bytes or more";
const OTHER = "another secret of thirty-two bytes or more";
const now = (): number => Math.floor(Date.now() / 1000);

/** What the programs logged: their way of doing something. */
const logged: string[] = [];
beforeEach(() => {
  logged.length = 0;
  for (const level of ["info", "warn", "error"] as const) {
    vi.spyOn(console, level).mockImplementation((line: string) => void logged.push(line));
  }
});
afterEach(() => void vi.restoreAllMocks());
const timesLogged = (text: string): number => logged.filter((line) => line.includes(text)).length;

type Headers = Readonly<Record<string, string>>;

interface Sent {
  readonly headers?: Headers;
  readonly body?: string;
}

/** Sends requests such as `GET /me` to the module of a page's context. */
class Served {
  readonly module: ContextModule;
  readonly #env: Headers;

  constructor(module: ContextModule, env: Headers) {
    this.module = module;
    this.#env = env;
  }

  async send(route: string, { headers = {}, body }: Sent = {}): Promise<Response> {
    const [method = "", path = ""] = route.split(" ");
    const init = body === undefined ? { method, headers } : { method, headers, body };
    return this.module.default.fetch(new Request(`https://bynk.example${path}`, init), this.#env);
  }

  async status(route: string, sent?: Sent): Promise<number> {
    return (await this.send(route, sent)).status;
  }
}

async function serve(page: string, module: string, env: Headers): Promise<Served> {
  return new Served(await load(projectNamed(page), module), env);
}

async function token(claims: Readonly<Record<string, unknown>> = {}, secret = SECRET): Promise<Headers> {
  return { authorization: `Bearer ${await bearerToken(secret, { sub: "ada", ...claims })}` };
}

async function signed(names: readonly [string, string], body: string, at = now(), secret = SECRET): Promise<Headers> {
  const [signature, time] = names;
  return { [signature]: `sha256=${await signatureOf(secret, `${at}.${body}`)}`, [time]: String(at) };
}

test("the tour's program runs for a verified user and for nobody else", async () => {
  const { module } = await serve("README", "profile.ts", {});
  const served = new Served(module, { AUTH_JWT_SECRET: SECRET });
  const good = await served.send("GET /me", { headers: await token() });
  expect(good.status).toBe(200);
  expect(await good.json()).toEqual({ id: "ada", greeting: "hello ada" });
  expect(await served.status("GET /me")).toBe(401);
  expect(await served.status("GET /me", { headers: await token({}, OTHER) })).toBe(401);
  expect(await served.status("GET /me", { headers: await token({ exp: now() - 120 }) })).toBe(401);
  expect(await served.status("GET /me", { headers: await token({ sub: "x".repeat(65) }) })).toBe(401);
  expect(Object.keys(module)).not.toContain("getMe");
  const bare = new Served(module, { NODE_ENV: "test" });
  expect(await bare.status("GET /me", { headers: await token() })).toBe(500);
  expect(timesLogged("AUTH_JWT_SECRET")).toBe(1);
});

test("public and authenticated routes", async () => {
  const served = await serve("public-and-authenticated-routes", "notes.ts", { NOTES_JWT_SECRET: SECRET });
  const headers = await token();
  expect(await served.status("GET /")).toBe(200);
  expect(await served.status("GET /about", { headers: { authorization: "Bearer nonsense" } })).toBe(200);
  expect(await served.status("GET /notes/ab12")).toBe(401);
  expect(await served.status("GET /notes/ab12", { headers: await token({ nbf: now() + 300 }) })).toBe(401);
  expect(await served.status("GET /notes/ab12", { headers: await token({ exp: now() + 90_000, iat: now() }) })).toBe(
    401,
  );
  const good = await served.send("GET /notes/ab12", { headers });
  expect([good.status, await good.json()]).toEqual([200, { id: "ab12", owner: "ada", text: "buy milk" }]);
  expect(await served.status("GET /notes/NOT-AN-ID")).toBe(401);
  const refused = await served.send("GET /notes/NOT-AN-ID", { headers });
  expect(refused.status).toBe(400);
  expect(await refused.json()).toMatchObject({ kind: "RefinementViolation", path: "path.id" });
  const empty = await served.send("POST /notes", { headers, body: "{}" });
  expect(empty.status).toBe(400);
  expect(await empty.json()).toMatchObject({ path: "$.text" });
  expect(await served.status("POST /notes", { headers, body: '{"text":"milk"}' })).toBe(201);
  expect(await served.status("PUT /notes", { headers, body: "{}" })).toBe(405);
});

test("webhooks", async () => {
  const served = await serve("webhooks", "payments.ts", { BANK_HOOK_SECRET: SECRET });
  const names = ["X-Bank-Signature", "X-Bank-Timestamp"] as const;
  const deliver = async (body: string, headers: Headers): Promise<number> =>
    served.status("POST /hooks/payments", { body, headers });
  const body = '{"id":"p1","cents":5}';
  expect(await deliver(body, await signed(names, body))).toBe(204);
  expect(await deliver(body, await signed(names, body))).toBe(204);
  expect(await deliver(body, {})).toBe(401);
  expect(await deliver(body, await signed(names, body, now(), OTHER))).toBe(401);
  expect(await deliver(body.replace("5", "6"), await signed(names, body))).toBe(401);
  expect(await deliver(body, { [names[0]]: await signatureOf(SECRET, body) })).toBe(401);
  expect(await deliver(body, await signed(names, body, now() - 310))).toBe(401);
  expect(await deliver("{", await signed(names, "{"))).toBe(400);
  expect(await deliver('{"id":"p1","cents":0}', await signed(names, '{"id":"p1","cents":0}'))).toBe(400);
  expect(await deliver("{", await signed(names, body))).toBe(401);
  expect(timesLogged('"payment p1"'), "the handler ran for another delivery than the good ones").toBe(2);
});

test("several callers", async () => {
  const served = await serve("several-callers", "stock.ts", { STOCK_JWT_SECRET: SECRET, SCANNER_SECRET: OTHER });
  const body = '{"sku":"tea","amount":3}';
  const scan = await signed(["X-Scan-Signature", "X-Scan-Time"], body, now(), OTHER);
  const badScan = await signed(["X-Scan-Signature", "X-Scan-Time"], body, now(), SECRET);
  const user = await token();
  const badUser = await token({}, OTHER);
  const put = async (headers: Headers): Promise<unknown> => {
    const response = await served.send("PUT /stock", { body, headers });
    return response.status === 202 ? await response.json() : response.status;
  };
  expect(await put(scan)).toBe("counted by a machine");
  expect(await put(user)).toBe("counted by ada");
  expect(await put({ ...scan, ...badUser })).toBe("counted by a machine");
  expect(await put({ ...badScan, ...user })).toBe("counted by ada");
  expect(await put(badUser)).toBe(401);
  expect(await put({})).toBe(403);
  expect(await (await served.send("GET /stock/tea")).json()).toBe("tea");
  expect(await served.status("GET /stock/tea", { headers: badUser })).toBe(401);
});

test("authorisation", async () => {
  const served = await serve("authorisation", "accounts.ts", { ACCOUNTS_JWT_SECRET: SECRET });
  const remove = async (headers: Headers): Promise<number> => served.status("DELETE /accounts/eve", { headers });
  expect(await remove({})).toBe(401);
  expect(await remove(await token({ admin: true }, OTHER))).toBe(401);
  expect(await remove(await token())).toBe(403);
  for (const nothing of [false, 0, "", null]) expect(await remove(await token({ admin: nothing }))).toBe(403);
  expect(await remove(await token({ admin: true, status: "suspended" }))).toBe(403);
  expect(await remove(await token({ admin: true }))).toBe(204);
  const ada = await served.status("DELETE /accounts/ada", { headers: await token({ admin: true }) });
  expect(ada).toBe(409);
  expect(await served.status("GET /audit", { headers: await token({ team: "finance" }) })).toBe(200);
  expect(await served.status("GET /audit", { headers: await token({ team: "sales" }) })).toBe(403);
  expect(await served.status("GET /accounts/eve", { headers: await token() })).toBe(404);
  expect(await served.status("GET /accounts/ada", { headers: await token() })).toBe(200);
});

test("cross-context callers: a call is known by its context, and nobody outside can make one", async () => {
  const served = await serve("cross-context-callers", "shop.ts", { SHOP_JWT_SECRET: SECRET });
  const headers = await token();
  const tea = await served.send("GET /price/tea", { headers });
  expect([tea.status, await tea.json()]).toEqual([200, { sku: "tea", cents: 250, askedBy: "shop" }]);
  expect(await served.status("GET /price/rum", { headers })).toBe(404);
  expect(await served.status("GET /price/tea")).toBe(401);
  const forged = { ...headers, "x-bynk-caller": "shop" };
  expect(await served.status("POST /_bynk/call/quote", { headers: forged, body: '"tea"' })).toBe(404);
  const pricing = await serve("cross-context-callers", "pricing.ts", {});
  expect(await pricing.status("POST /_bynk/call/quote", { headers: forged, body: '"tea"' })).toBe(404);
});

test("schedules and queues: a tick runs, a message is acknowledged or comes again", async () => {
  const { module } = await serve("cross-context-callers", "nightly.ts", {});
  await module.default.scheduled({ cron: "0 3 * * *", scheduledTime: 5 }, {});
  const told: string[] = [];
  const message = (id: string, body: object): object => ({
    ...{ id, body, timestamp: new Date(), attempts: 1 },
    ack: () => told.push(`${id} ack`),
    retry: () => told.push(`${id} retry`),
  });
  const messages = [message("a", { to: "ada", subject: "hi" }), message("b", { to: "ada", subject: "" })];
  await module.default.queue({ queue: "mails", messages }, {});
  expect(told).toEqual(["a ack", "b retry"]);
  expect([timesLogged("due at 5"), timesLogged("to ada"), timesLogged("no subject")]).toEqual([1, 2, 1]);
});

test("an OIDC route refuses whoever presents nothing, or no token at all, without asking the provider", async () => {
  const served = await serve("oidc", "portal.ts", { PROBE_SECRET: OTHER });
  expect(await served.status("GET /session")).toBe(401);
  expect(await served.status("GET /reports", { headers: { authorization: "Bearer nonsense" } })).toBe(401);
  const body = '"up"';
  const headers = await signed(["X-Probe-Signature", "X-Probe-Time"], body, now(), OTHER);
  expect(await served.status("POST /health", { body, headers })).toBe(202);
});
