/** Compiled services behind the gate: each way in, with every outcome it can have. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { memory, setup } from "byward";
import { afterAll, expect, onTestFinished, test } from "vitest";
import { type ContextModule, emit, writeFiles } from "./support/compiled.ts";
import { bearerToken, signatureOf } from "./support/credentials.ts";

const root = fileURLToPath(new URL("../../..", import.meta.url));
const SECRET = "a secret of thirty-two bytes or more";
const PAYMENTS = "the secret of the payment provider";
const env = { AUTH_JWT_SECRET: SECRET, PAYMENTS_SECRET: PAYMENTS };

const sources = Object.fromEntries(
  ["words", "pricing", "api"].map((name) => {
    const path = `src/shop/${name}.bynk`;
    return [path, readFileSync(join(root, "examples/bynk-api", path), "utf8")];
  }),
);

interface Answer {
  readonly status: number;
  readonly text: string;
}

interface Call {
  readonly method?: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

type Server = (call: Call) => Promise<Answer>;

function requestOf(origin: string, { method = "GET", path, headers = {}, body }: Call): Request {
  const init = { method, headers, ...(body === undefined ? {} : { body: textOf(body) }) };
  return new Request(`${origin}${path}`, init);
}

const textOf = (body: unknown): string => (typeof body === "string" ? body : JSON.stringify(body));
const as = async (claims: Readonly<Record<string, unknown>>): Promise<Readonly<Record<string, string>>> => ({
  authorization: `Bearer ${await bearerToken(SECRET, claims)}`,
});

async function signed(body: unknown, secondsAgo = 0, secret = PAYMENTS): Promise<Readonly<Record<string, string>>> {
  const time = String(Math.floor(Date.now() / 1000) - secondsAgo);
  return { "x-timestamp": time, "x-signature": `sha256=${await signatureOf(secret, `${time}.${textOf(body)}`)}` };
}

async function loadShop(): Promise<ContextModule> {
  const folder = writeFiles(emit(sources));
  return (await import(pathToFileURL(join(folder, "shop/api.ts")).href)) as ContextModule;
}

/** The module's bare `fetch(request, env)`, as a Worker calls it. */
async function asModule(): Promise<Server> {
  const shop = await loadShop();
  return async (call) => {
    const response = await shop.default.fetch(requestOf("https://shop.example", call), env);
    return { status: response.status, text: await response.text() };
  };
}

let child: ChildProcess | undefined;
afterAll(() => void child?.kill());
let url: Promise<string> | undefined;

/** A real Node process that takes the types away and serves the registry over HTTP. */
async function onNode(): Promise<Server> {
  url ??= startNode();
  const origin = await url;
  return async (call) => {
    const response = await fetch(requestOf(origin, call));
    return { status: response.status, text: await response.text() };
  };
}

function startNode(): Promise<string> {
  const main = `import { setup } from "byward";
import { definition as api } from "./shop/api.ts";
import { definition as pricing } from "./shop/pricing.ts";
const served = await setup({ services: { ...api, ...pricing } }).serve({ port: 0, dataDir: process.argv[2] });
process.stdout.write(served.url + "\\n");
`;
  const folder = writeLasting({ ...emit(sources), "main.ts": main, "package.json": '{ "type": "module" }' });
  const hooks = join(root, "tests/cli/use-source.ts");
  const started = spawn(process.execPath, ["--import", hooks, join(folder, "main.ts"), join(folder, "data")], {
    env: { ...process.env, ...env, BYWARD_LOG: "silent" },
    stdio: ["ignore", "pipe", "inherit"],
  });
  child = started;
  return new Promise((found, fail) => {
    let printed = "";
    started.stdout.on("data", (text: Buffer) => {
      printed += text;
      const line = /^(http\S+)\n/m.exec(printed);
      if (line?.[1] !== undefined) found(line[1]);
    });
    started.once("exit", (code) => fail(new Error(`the server ended with ${code}`)));
  });
}

const lasting = mkdtempSync(join(tmpdir(), "byward-shop-"));
afterAll(() => rmSync(lasting, { recursive: true, force: true }));

function writeLasting(files: Readonly<Record<string, string>>): string {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(lasting, path)), { recursive: true });
    writeFileSync(join(lasting, path), text);
  }
  return lasting;
}

const platforms = { "a module's bare fetch": asModule, "a Node process over HTTP": onNode };

for (const [platform, serve] of Object.entries(platforms)) {
  test(`${platform}: the profile is for verified users`, async () => {
    const call = await serve();
    const good = await as({ sub: "ada" });
    expect((await call({ path: "/me" })).status).toBe(401);
    expect((await call({ path: "/me", headers: { authorization: `${good["authorization"]}x` } })).status).toBe(401);
    expect((await call({ path: "/me", headers: await as({ sub: "ada", exp: 1000 }) })).status).toBe(401);
    expect((await call({ path: "/me", headers: await as({ sub: "ada", exp: undefined }) })).status).toBe(401);
    expect((await call({ path: "/me", headers: await as({ sub: "" }) })).status).toBe(401);
    const answer = await call({ path: "/me", headers: good });
    expect(answer.status).toBe(200);
    expect(JSON.parse(answer.text)).toEqual({ id: "ada", greeting: "hello ada" });
  });

  test(`${platform}: a refinement is 401 for nobody, 403 without the claim, and lets the rest in`, async () => {
    const call = await serve();
    const remove = async (headers: Readonly<Record<string, string>>): Promise<number> =>
      (await call({ method: "DELETE", path: "/users/eve", headers })).status;
    expect(await remove({})).toBe(401);
    expect(await remove(await as({ sub: "ada" }))).toBe(403);
    expect(await remove(await as({ sub: "ada", admin: false }))).toBe(403);
    expect(await remove(await as({ sub: "ada", admin: true }))).toBe(204);
  });

  test(`${platform}: a path parameter is read after the caller was let in`, async () => {
    const call = await serve();
    const path = `/users/${"x".repeat(65)}`;
    expect((await call({ method: "DELETE", path })).status).toBe(401);
    const answer = await call({ method: "DELETE", path, headers: await as({ sub: "ada", admin: true }) });
    expect(answer.status).toBe(400);
    expect(JSON.parse(answer.text)).toMatchObject({
      kind: "RefinementViolation",
      path: "path.id",
      violation: { field: "UserId" },
    });
  });

  test(`${platform}: a webhook is believed when signed, of this moment, and over these bytes`, async () => {
    const call = await serve();
    const body = { order: "o-1", cents: 450 };
    const pay = async (headers: Readonly<Record<string, string>>, sent: unknown = body): Promise<number> =>
      (await call({ method: "POST", path: "/payments", headers, body: sent })).status;
    const good = await signed(body);
    expect(await pay(good)).toBe(200);
    expect(await pay({})).toBe(401);
    expect(await pay(await signed(body, 0, "the secret of somebody else"))).toBe(401);
    expect(await pay(good, { order: "o-1", cents: 1 })).toBe(401);
    expect(await pay(await signed(body, 3600))).toBe(401);
    const { "x-timestamp": _time, ...withoutTime } = good;
    expect(await pay(withoutTime)).toBe(401);
  });

  test(`${platform}: a body is read after its signature, and an inline predicate is enforced`, async () => {
    const call = await serve();
    const body = { order: "o-1", cents: 0 };
    const unsigned = await call({ method: "POST", path: "/payments", body });
    expect(unsigned.status).toBe(401);
    const answer = await call({ method: "POST", path: "/payments", headers: await signed(body), body });
    expect(answer.status).toBe(400);
    expect(JSON.parse(answer.text)).toMatchObject({
      kind: "RefinementViolation",
      path: "$.cents",
      violation: { field: "cents", message: "must be positive" },
    });
    const broken = await call({ method: "POST", path: "/payments", headers: await signed("{"), body: "{" });
    expect(JSON.parse(broken.text)).toMatchObject({ kind: "MalformedJson" });
  });

  test(`${platform}: of several callers the first that is proved is the caller`, async () => {
    const call = await serve();
    const body = { to: "ada", text: "hello" };
    const note = async (headers: Readonly<Record<string, string>>): Promise<Answer> =>
      call({ method: "POST", path: "/notes", headers, body });
    expect(await note(await signed(body))).toMatchObject({ status: 200, text: '"noted for the provider"' });
    expect(await note(await as({ sub: "ada" }))).toMatchObject({ status: 200, text: '"noted for yourself"' });
    expect((await note(await as({ sub: "eve" }))).status).toBe(403);
    expect(await note({})).toMatchObject({ status: 202, text: '"noted for nobody"' });
  });

  test(`${platform}: a credential that is verified nowhere is 401 and never a visitor`, async () => {
    const call = await serve();
    const body = { to: "ada", text: "hello" };
    const note = async (headers: Readonly<Record<string, string>>): Promise<number> =>
      (await call({ method: "POST", path: "/notes", headers, body })).status;
    expect(await note({ authorization: "Bearer nonsense" })).toBe(401);
    expect(await note(await signed(body, 3600))).toBe(401);
    expect(await note({ ...(await signed(body)), authorization: "Bearer nonsense" })).toBe(200);
    const { "x-timestamp": _time, ...withoutTime } = await signed(body);
    expect(await note(withoutTime)).toBe(401);
  });

  test(`${platform}: another context is called as this context, and no request reaches it`, async () => {
    const call = await serve();
    const order = async (sku: string): Promise<Answer> =>
      call({ method: "POST", path: "/orders", headers: await as({ sub: "ada" }), body: { sku, amount: 3 } });
    const receipt = await order("TE-0001");
    expect(receipt.status).toBe(201);
    expect(JSON.parse(receipt.text)).toMatchObject({ total: { cents: 1350, currency: "EUR" } });
    expect(await order("TE-0002")).toMatchObject({ status: 422, text: '{"error":"nothing is called TE-0002"}' });
    for (const path of ["/_bynk/call/quote", "/quote", "/shop.pricing/quote"]) {
      const body = { sku: "TE-0001", amount: 1 };
      const headers = { "x-bynk-caller": "shop.api", "content-type": "application/json" };
      expect((await call({ method: "POST", path, headers, body })).status, path).toBe(404);
    }
  });

  test(`${platform}: answers on known routes carry the service's policies, refusals too`, async () => {
    const shop = platform === "a module's bare fetch" ? await loadShop() : undefined;
    const origin = url === undefined ? "https://shop.example" : await url;
    const request = requestOf(shop === undefined ? origin : "https://shop.example", { path: "/me" });
    const response = shop === undefined ? await fetch(request) : await shop.default.fetch(request, env);
    expect(response.status).toBe(401);
    expect(response.headers.get("x-content-type-options")).toBe("nosniff");
    expect(response.headers.get("strict-transport-security")).toBe("max-age=15552000");
  });

  test(`${platform}: a path that cannot be decoded is 400`, async () => {
    const call = await serve();
    const headers = await as({ sub: "ada", admin: true });
    expect((await call({ method: "DELETE", path: "/users/%E0%A4%A", headers })).status).toBe(400);
  });
}

test("a schedule runs as the scheduler when the platform says it is time", async () => {
  const shop = await loadShop();
  await shop.default.scheduled({ cron: "0 3 * * *", scheduledTime: 1000 }, env);
  await shop.default.scheduled({ cron: "1 1 1 1 1", scheduledTime: 1000 }, env);
});

test("a platform's message is handled, retried on request, and retried when it does not fit", async () => {
  const shop = await loadShop();
  const outcomes: string[] = [];
  const message = (id: string, body: unknown): object => ({
    id,
    body,
    timestamp: new Date(),
    attempts: 1,
    ack: () => outcomes.push(`${id} acknowledged`),
    retry: () => outcomes.push(`${id} retried`),
  });
  const messages = [
    message("a", { to: "ada", text: "hello" }),
    message("b", { to: "ada", text: "will bounce" }),
    message("c", { to: "ada", text: "" }),
  ];
  await shop.default.queue({ queue: "mails", messages }, env);
  expect(outcomes).toEqual(["a acknowledged", "b retried", "c retried"]);
});

test("a module without its secrets answers 500 and runs nothing", async () => {
  const shop = await loadShop();
  const response = await shop.default.fetch(new Request("https://shop.example/me"), { PAYMENTS_SECRET: PAYMENTS });
  expect(response.status).toBe(500);
});

test("handlers reached around the gate refuse to run", async () => {
  const shop = await loadShop();
  const [api] = shop["definition"]["shop.api"];
  const { handle } = api.config.routes["GET /me"];
  await expect(handle({ caller: { party: "User", identity: "eve" } })).rejects.toMatchObject({ outcome: "forbidden" });
  await expect(handle(undefined)).rejects.toMatchObject({ outcome: "forbidden" });
});

test("a compiled context stands in a registry beside others, and in its matrix", async () => {
  const folder = writeFiles(emit(sources));
  const import_ = async (path: string): Promise<ContextModule> => import(pathToFileURL(join(folder, path)).href);
  const [api, pricing] = await Promise.all([import_("shop/api.ts"), import_("shop/pricing.ts")]);
  const registry = setup({
    services: { ...api["definition"], ...pricing["definition"] },
    host: memory({ env }),
  });
  onTestFinished(() => registry.close());
  const entries = registry.config.services.flatMap(({ name, routes, calls, queues, crons }) =>
    [...routes, ...calls.values(), ...queues.values(), ...crons].map((entry) => `${name} ${entry.kind} ${entry.name}`),
  );
  expect(entries).toContain("shop.api http GET /me");
  expect(entries).toContain("shop.api cron nightly");
  expect(entries).toContain("shop.api message mails");
  expect(entries).toContain("shop.pricing call quote");
  const response = await registry.fetch(
    requestOf("https://shop.example", { path: "/me", headers: await as({ sub: "ada" }) }),
  );
  expect(response.status).toBe(200);
});
