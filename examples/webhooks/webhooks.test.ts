import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setupTest, type TestKit, type TestScope } from "byward/testing";
import { expect, test } from "vitest";
import { byward, paste, start } from "../../tests/cli/process.ts";
import { GitHub, Stripe, Warehouse } from "./hooks.ts";
import { Clerk } from "./order-book.ts";
import { registry } from "./registry.ts";

type Kit = TestKit<typeof registry>;

const SENDERS = { stripe: Stripe, github: GitHub, warehouse: Warehouse };
type Sender = keyof typeof SENDERS;
const paid = (id: string, amount = 4200): string =>
  JSON.stringify({ id, type: "payment_intent.succeeded", data: { object: { order: "A-1", amount } } });

const deliver = (kit: Kit, route: Sender, body: string, headers: Record<string, string>) =>
  kit.fetch(`/hooks/${route}`, { method: "POST", body, headers: { "content-type": "application/json", ...headers } });
async function signed(kit: Kit, route: Sender, body: string, id = "d-1"): Promise<Response> {
  return deliver(kit, route, body, await kit.sign(SENDERS[route], body, { id }));
}
const bookOf = (kit: Kit) => kit.as(Clerk).orderBook.getOrCreate("main").read();
const begin = (scope: TestScope): Promise<Kit> => setupTest(scope, registry, { host: "sqlite" });

test("three senders fill one book", async ({ onTestFinished }) => {
  const kit = await begin({ onTestFinished });
  expect((await signed(kit, "stripe", paid("evt_1"))).status).toBe(202);
  expect((await signed(kit, "warehouse", JSON.stringify({ order: "A-1", parcel: "P-9" }))).status).toBe(202);
  expect((await signed(kit, "github", JSON.stringify({ release: { tag_name: "v2" } }))).status).toBe(202);
  await kit.clock.advance(100);
  expect(await bookOf(kit)).toEqual({ orders: { "A-1": { cents: 4200, parcel: "P-9" } }, version: "v2", handled: 3 });
});

test("a delivery sent again is answered as done, and counted once, after a crash too", async ({ onTestFinished }) => {
  const kit = await begin({ onTestFinished });
  expect((await signed(kit, "stripe", paid("evt_1"))).status).toBe(202);
  const again = await signed(kit, "stripe", paid("evt_1"));
  expect([again.status, again.headers.get("byward-duplicate")]).toEqual([200, "true"]);
  await kit.crash();
  const later = await signed(kit, "stripe", paid("evt_1"));
  expect([later.status, later.headers.get("byward-duplicate")]).toEqual([200, "true"]);
  await kit.clock.advance(100);
  expect(await bookOf(kit)).toMatchObject({ handled: 1, orders: { "A-1": { cents: 4200 } } });
});

test("what is not signed, signed for other bytes, by another sender or too long ago changes nothing", async ({
  onTestFinished,
}) => {
  const kit = await begin({ onTestFinished });
  const headers = await kit.sign(Stripe, paid("evt_1"));
  expect((await deliver(kit, "stripe", paid("evt_1"), {})).status).toBe(401);
  expect((await deliver(kit, "stripe", paid("evt_1", 4_200_000), headers)).status).toBe(401);
  expect((await deliver(kit, "warehouse", paid("evt_1"), headers)).status).toBe(401);
  await kit.clock.advance(301_000);
  const late = await deliver(kit, "stripe", paid("evt_1"), headers);
  expect([late.status, await late.json()]).toMatchObject([401, { code: "replayed" }]);
  expect(await bookOf(kit)).toMatchObject({ handled: 0, orders: {} });
});

test("a body of another shape is refused, and may come again mended", async ({ onTestFinished }) => {
  const kit = await begin({ onTestFinished });
  expect((await signed(kit, "warehouse", JSON.stringify({ order: 7 }))).status).toBe(400);
  expect((await signed(kit, "warehouse", JSON.stringify({ order: "B", parcel: "P" }))).status).toBe(202);
});

test("nobody but the hooks may write into the book", async ({ onTestFinished }) => {
  const kit = await begin({ onTestFinished });
  const entry = { what: "paid", order: "A", cents: 1 } as const;
  await expect(kit.client.orderBook.getOrCreate("main").send("entries", entry)).rejects.toMatchObject({
    code: "forbidden",
  });
  await expect(kit.as(Clerk).orderBook.getOrCreate("main").send("entries", entry)).rejects.toMatchObject({
    code: "forbidden",
  });
  expect(await bookOf(kit)).toMatchObject({ handled: 0 });
});

test("the lines of the README do what it says", async () => {
  const dataDir = await mkdtemp(join(tmpdir(), "byward-webhooks-"));
  const dev = start("src/cli/main.ts", ["dev", "examples/webhooks/registry.ts", "--port", "0", "--data-dir", dataDir]);
  try {
    const [url = ""] = await dev.waitFor(/http:\/\/127\.0\.0\.1:\d+/);
    const readme = await readFile(new URL("README.md", import.meta.url), "utf8");
    const [, body = ""] = /^body='(.*)'$/m.exec(readme) ?? [];
    const flags = ["--secret", "STRIPE_SECRET", "--body", body, "--data-dir", dataDir];
    const { stdout } = await byward(["sign", "stripe", ...flags]);
    const headers = stdout
      .trim()
      .split("\n")
      .map((line) => `-H '${line}'`)
      .join(" ");
    const post = `curl -si ${url}/hooks/stripe ${headers} -H 'Content-Type: application/json' -d '${body}'`;
    expect((await paste(post)).stdout).toMatch(/^HTTP\/1\.1 202 /);
    expect((await paste(post)).stdout).toMatch(/^HTTP\/1\.1 200 [\s\S]*byward-duplicate: true/i);
    expect((await paste(post.replace("4200", "9999"))).stdout).toMatch(/^HTTP\/1\.1 401 /);
    const token = (await byward(["token", "clerk", "--data-dir", dataDir])).stdout.trim();
    const read = `curl -s ${url}/actors/orderBook/main/actions/read -H 'Content-Type: application/json' -d '[]' -H 'Authorization: Bearer ${token}'`;
    expect(JSON.parse((await paste(read)).stdout)).toMatchObject({
      output: { orders: { "A-1": { cents: 4200, parcel: null } }, handled: 1 },
    });
  } finally {
    await dev.stop();
    await rm(dataDir, { recursive: true });
  }
});
