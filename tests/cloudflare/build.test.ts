/** What `byward build --cloudflare` writes runs on workerd with the classes, bindings and triggers of its `wrangler.jsonc`. */
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { bearerToken, signatureOf } from "../bynk/emit/support/credentials.ts";
import { byward } from "../cli/process.ts";
import { hasWorkerd, type Workerd } from "./workerd.ts";
import { readConfig, startWranglers } from "./wrangler.ts";

// A build and a bundle take their time on a busy machine.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 120_000 });

const SECRET = "a secret of thirty-two bytes or more";
const PAYMENTS = "the secret of the payment provider";
const from = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url));
const out = mkdtempSync(join(tmpdir(), "byward-build-"));
afterAll(() => rmSync(out, { recursive: true, force: true }));

async function build(entry: string, folder: string): Promise<void> {
  const { code, stderr } = await byward(["build", "--cloudflare", from(entry), "--out", folder, "--queues"]);
  expect(stderr).toBe("");
  expect(code).toBe(0);
}

const post = (url: string, body: unknown, headers: Readonly<Record<string, string>> = {}): Promise<Response> =>
  fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: typeof body === "string" ? body : JSON.stringify(body),
  });

describe.skipIf(!hasWorkerd)("a registry", () => {
  const folder = join(out, "registry");
  let workerd: Workerd;
  let url: string;
  let headers: Record<string, string>;
  beforeAll(async () => {
    await build("tests/fixtures/cloudflare/registry.ts", folder);
    workerd = await startWranglers([folder], { AUTH_JWT_SECRET: SECRET });
    url = workerd.urlOf(readConfig(folder).name);
    headers = { authorization: `Bearer ${await bearerToken(SECRET, { sub: "ada" })}` };
  });
  afterAll(() => workerd?.stop());

  const read = async (key: string): Promise<unknown> =>
    ((await (await post(`${url}/actors/counter/${key}/actions/read`, [], headers)).json()) as { output: unknown })
      .output;

  test("serves its actors and services, and keeps what was acknowledged over a kill", async () => {
    expect((await post(`${url}/actors/counter/a/actions/add`, [2])).status).toBe(401);
    expect((await post(`${url}/actors/counter/a/actions/add`, [2], headers)).status).toBe(200);
    expect(await (await fetch(`${url}/health`)).text()).toBe('"up"');
    await workerd.restart();
    url = workerd.urlOf(readConfig(folder).name);
    expect(await read("a")).toBe(2);
  });

  test("each trigger of the configuration runs its crons, also where it is spelled otherwise there", async () => {
    const { name, triggers } = readConfig(folder);
    expect(triggers?.crons).toEqual(["30 4 * * MON,TUE,WED,THU,FRI", "0 * * * *"]);
    for (const cron of triggers!.crons) {
      const event = { cron, scheduledTime: Date.now() };
      expect(await (await post(`${workerd.url}/${name}/scheduled`, event)).json()).toMatchObject({ outcome: "ok" });
    }
    expect([await read("weekly"), await read("hourly")]).toEqual([1, 1]);
  });

  test("a message of the platform's queue reaches the service's, and one of another shape comes again", async () => {
    const { name, queues } = readConfig(folder);
    expect(queues).toEqual({ consumers: [{ queue: "sums" }] });
    const answer = await post(`${workerd.url}/${name}/queue`, { queue: "sums", messages: [3, "four"] });
    expect(await answer.json()).toEqual({ outcome: "ok", retries: 1, all: false });
    expect(await read("sums")).toBe(3);
  });
});

describe.skipIf(!hasWorkerd)("Bynk contexts", () => {
  const folder = join(out, "bynk");
  const api = join(folder, "workers/shop-api");
  const pricing = join(folder, "workers/shop-pricing");
  let workerd: Workerd;
  let url: string;
  let inner: string;
  beforeAll(async () => {
    await build("examples/bynk-api", folder);
    workerd = await startWranglers([api, pricing], { AUTH_JWT_SECRET: SECRET, PAYMENTS_SECRET: PAYMENTS });
    url = workerd.urlOf("shop-api");
    inner = workerd.urlOf("shop-pricing");
  });
  afterAll(async () => {
    if (process.env["BYWARD_SHOW"] === "1") console.log(workerd.output());
    await workerd?.stop();
  });

  const as = async (claims: Readonly<Record<string, unknown>>): Promise<Readonly<Record<string, string>>> => ({
    authorization: `Bearer ${await bearerToken(SECRET, claims)}`,
  });
  async function signed(body: string, secret = PAYMENTS): Promise<Readonly<Record<string, string>>> {
    const time = String(Math.floor(Date.now() / 1000));
    return { "x-timestamp": time, "x-signature": `sha256=${await signatureOf(secret, `${time}.${body}`)}` };
  }

  test("GET /me: 401 without a token, 200 with one", async () => {
    expect((await fetch(`${url}/me`)).status).toBe(401);
    const answer = await fetch(`${url}/me`, { headers: await as({ sub: "ada" }) });
    expect([answer.status, await answer.json()]).toEqual([200, { id: "ada", greeting: "hello ada" }]);
  });

  test("an order reaches the other context over the binding, which sees who calls; its errors come back as values", async () => {
    const headers = await as({ sub: "ada" });
    const answer = await post(`${url}/orders`, { sku: "TE-0001", amount: 3 }, headers);
    expect([answer.status, await answer.json()]).toEqual([
      201,
      { total: { cents: 1350, currency: "EUR" }, at: expect.any(Number) },
    ]);
    expect((await post(`${url}/orders`, { sku: "XX-0001", amount: 3 }, headers)).status).toBe(422);
    expect((await post(`${url}/orders`, { sku: "TE-0001", amount: 3 })).status).toBe(401);
  });

  test("the called context answers nothing from outside, whatever a request claims to be", async () => {
    expect(readConfig(pricing)).toMatchObject({ workers_dev: false });
    const claims = {
      "x-byward-caller": "shop.api",
      "x-byward-envelope": "1",
      "x-bynk-caller": "shop.api",
      ...(await as({ sub: "ada" })),
    };
    const paths = ["/", "/quote", "/_bynk/quote", "/_byward/ticket/x", "/calls/quote", "/shop.pricing/quote", "/call"];
    for (const path of paths) {
      const answer = await post(`${inner}${path}`, ["TE-0001", 3], claims);
      expect([path, answer.status]).toEqual([path, 404]);
      expect(await answer.text()).not.toContain("450");
    }
    expect(
      (await fetch(`${url}/me`, { headers: { "x-byward-caller": "shop.api", "x-byward-party": "User" } })).status,
    ).toBe(401);
  });

  test("DELETE needs the claim", async () => {
    const ask = async (claims: Readonly<Record<string, unknown>>): Promise<number> =>
      (await fetch(`${url}/users/bob`, { method: "DELETE", headers: await as(claims) })).status;
    expect([await ask({ sub: "ada" }), await ask({ sub: "ada", admin: true })]).toEqual([403, 204]);
  });

  test("a signed delivery is taken, one signed otherwise is not", async () => {
    const body = JSON.stringify({ order: "o1", cents: 5 });
    expect((await post(`${url}/payments`, body, await signed(body, "another secret of some length"))).status).toBe(401);
    const answer = await post(`${url}/payments`, body, await signed(body));
    expect([answer.status, await answer.text()]).toEqual([200, '"paid 5"']);
  });

  test("schedules and messages of the platform reach their handlers", async () => {
    const { triggers } = readConfig(api);
    const event = { cron: triggers!.crons[0], scheduledTime: 1_700_000_000_000 };
    expect(await (await post(`${workerd.url}/shop-api/scheduled`, event)).json()).toMatchObject({ outcome: "ok" });
    await expect.poll(() => workerd.output()).toContain("closing the books of 1700000000000");
    const messages = [
      { to: "ada", text: "hello" },
      { to: "bob", text: "bounce" },
    ];
    const answer = await post(`${workerd.url}/shop-api/queue`, { queue: "mails", messages });
    expect(await answer.json()).toEqual({ outcome: "ok", retries: 1, all: false });
    await expect.poll(() => workerd.output()).toContain("mail to ada");
  });

  test("who calls is what the binding states: another name is another caller, and none is nobody", async () => {
    const order = async (what: string, instead: string, logged = ""): Promise<number> => {
      const other = mkdtempSync(join(out, "bynk-"));
      cpSync(folder, other, { recursive: true });
      const file = join(other, "workers/shop-api/wrangler.jsonc");
      const text = readFileSync(file, "utf8");
      const changed = text.replace(what, instead);
      expect(changed).not.toBe(text);
      writeFileSync(file, changed);
      const folders = ["shop-api", "shop-pricing"].map((name) => join(other, "workers", name));
      const running = await startWranglers(folders, { AUTH_JWT_SECRET: SECRET, PAYMENTS_SECRET: PAYMENTS });
      const body = { sku: "TE-0001", amount: 3 };
      const answer = await post(`${running.urlOf("shop-api")}/orders`, body, await as({ sub: "ada" }));
      await expect.poll(() => running.output()).toContain(logged);
      await running.stop();
      return answer.status;
    };
    const caller = '"caller": "shop.api"';
    // shop.pricing knows prices for shop.api alone.
    expect(await order(caller, '"caller": "shop.other"')).toBe(422);
    expect(await order(caller, "")).toBe(401);
    expect(await order("CONTEXT_shop__pricing", "OTHER", "cloudflare.binding_missing")).toBe(500);
  });
});
