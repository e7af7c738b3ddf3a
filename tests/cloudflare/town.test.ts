/** Objects that call each other, services in front of them, what cannot be reached from outside, and an alarm that fails. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { mintBearer } from "../../src/boundary/mint.ts";
import { party } from "../../src/boundary/party.ts";
import { type SignatureScheme, signature } from "../../src/boundary/schemes/signature.ts";
import { signDelivery } from "../../src/boundary/sign.ts";
import { hasWorkerd, startWorker, type Workerd } from "./workerd.ts";

const SECRET = "town-secret-of-at-least-thirty-two-bytes";
const HOOK_SECRET = "hook-secret-of-at-least-32-bytes-000000";
const Hook = party("Hook", {
  auth: signature({ secret: "HOOK_SECRET", header: "x-signature", id: "x-delivery" }),
});
const entry = fileURLToPath(new URL("town.worker.ts", import.meta.url));

let workerd: Workerd;
beforeAll(async () => {
  if (hasWorkerd) workerd = await startWorker({ entry, env: { AUTH_JWT_SECRET: SECRET, HOOK_SECRET } });
});
afterAll(async () => {
  if (process.env["BYWARD_SHOW"] === "1") console.log(workerd.output());
  await workerd?.stop();
});

const post = (path: string, body: unknown = [], headers: Record<string, string> = {}): Promise<Response> =>
  fetch(workerd.url + path, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify(body),
  });
const act = async (actor: string, action: string, ...args: unknown[]): Promise<unknown> =>
  ((await (await post(`/actors/${actor}/actions/${action}`, args)).json()) as { output?: unknown }).output;
const until = (check: () => Promise<unknown>, timeout = 10_000) => expect.poll(check, { timeout, interval: 50 });

describe.skipIf(!hasWorkerd)("on workerd", () => {
  test("an actor calls another in its object: answers, user errors with code and metadata, faults without detail", async () => {
    expect(await act("buyer/a", "buy", "s1", "tea")).toBe("tea");
    expect(await act("shop/s1", "orders")).toEqual(["tea"]);
    expect(await act("buyer/a", "buy", "s1", "nothing")).toEqual({
      group: "user",
      code: "empty",
      message: "Order something.",
      metadata: { item: "nothing" },
    });
    const fault = (await act("buyer/a", "buy", "s1", "fault")) as Record<string, unknown>;
    expect(fault).toMatchObject({ group: "byward", code: "internal_error" });
    expect(JSON.stringify(fault)).not.toContain("secret detail");
    expect(await act("buyer/a", "find", "never")).toMatchObject({ group: "actor", code: "not_found" });
  });

  test("the callee sees the calling actor, by id and over a connection too, and raw requests carry no header of ours", async () => {
    expect(await act("buyer/a", "ask", "s2")).toBe("buyer/a");
    const [id, orders] = (await act("buyer/a", "byId", "s2")) as [string, unknown];
    expect(id).toMatch(/^[0-9a-f]{64}-[0-9a-f]+$/);
    expect(orders).toEqual([]);
    expect(await act("buyer/a", "listen", "s2")).toBe("over a connection");
    const seen = (await act("buyer/a", "raw", "s2")) as string[];
    expect(seen.filter((name) => name.startsWith("x-byward"))).toEqual([]);
  });

  test("nothing from outside is an internal call: headers are taken off, reserved objects have no path", async () => {
    const claim = { "x-byward-caller": '{"name":"buyer"}', "x-byward-envelope": "1" };
    const answer = await post("/actors/shop/s3/actions/inside", [], claim);
    expect([answer.status, ((await answer.json()) as { code: string }).code]).toEqual([403, "forbidden"]);
    const raw = await fetch(`${workerd.url}/actors/shop/s3/request/headers`, { headers: claim });
    expect(((await raw.json()) as string[]).filter((name) => name.startsWith("x-byward"))).toEqual([]);
    const reserved = ["$directory", "%24directory", "$directory/~", "$queue%2Foffice%2Fmail/~", "$replay/office"];
    for (const path of reserved) {
      const { status } = await post(`/actors/${path}/actions/since`, [0]);
      expect([400, 404], path).toContain(status);
    }
  });

  test("an id leads to its actor, and one that is nobody's says no more than an unknown key", async () => {
    await post("/actors/shop/s4/actions/orders");
    const made = await fetch(`${workerd.url}/actors/shop/s4`);
    const { actor } = (await made.json()) as { actor: string };
    expect((await post(`/actors/shop/@${actor}/actions/orders`)).status).toBe(200);
    const unknown = await post("/actors/shop/s5/actions/orders", [], { "byward-mode": "get" });
    const expected = [unknown.status, ((await unknown.json()) as { code: string }).code];
    for (const id of [`${"0".repeat(64)}-00`, "nobody", `${actor}00`]) {
      const answer = await post(`/actors/shop/@${id}/actions/orders`);
      expect([answer.status, ((await answer.json()) as { code: string }).code], id).toEqual(expected);
    }
  });

  test("who does not prove himself is refused in front: no object is made for him", async () => {
    const objects = (): number =>
      readdirSync(join(workerd.dataDir, "byward")).filter((name) => /^[0-9a-f]{64}\.sqlite$/.test(name)).length;
    const before = objects();
    const answer = await post("/actors/shop/unwoken/actions/orders", [], { authorization: "Bearer forged" });
    expect(answer.status).toBe(401);
    expect(objects()).toBe(before);
    const other = await post("/actors/shop/unwoken/actions/orders");
    expect(other.status).toBe(200);
    expect(objects()).toBe(before + 1);
  });

  test("a Worker whose secret is missing serves nobody, and says which in its log, every time", async () => {
    const lacking = await startWorker({ entry, env: { HOOK_SECRET } });
    onTestFinished(() => lacking.stop());
    for (const path of ["/actors/shop/a", "/office/log"]) {
      const answer = await fetch(lacking.url + path);
      expect([answer.status, ((await answer.json()) as { code: string }).code]).toEqual([500, "internal_error"]);
    }
    await until(async () => lacking.output().match(/AUTH_JWT_SECRET/g)?.length ?? 0).toBeGreaterThanOrEqual(2);
  });

  test("services run in front: routes, calls of actors, durable queues, dead letters", async () => {
    expect(await (await post("/office/orders/ink")).json()).toBe("ink");
    expect(await act("shop/office", "orders")).toEqual(["ink"]);
    for (const expected of [false, true]) {
      expect(await (await post("/office/mail/hello")).json()).toEqual({ duplicate: expected });
    }
    await post("/office/mail/poison");
    const log = async (): Promise<unknown> => (await fetch(`${workerd.url}/office/log`)).json();
    await until(log).toContain("mail hello Producer");
    await until(async () => (await fetch(`${workerd.url}/platform/dead`)).json()).toEqual(["poison"]);
    expect(((await log()) as string[]).filter((line) => line.startsWith("mail hello"))).toHaveLength(1);
  });

  test("a webhook delivery that a service remembers runs once, however many come at once, and after a restart", async () => {
    const format = (Hook.scheme as unknown as SignatureScheme).format;
    const signed = await signDelivery(format, { secret: HOOK_SECRET, body: "{}", now: Date.now(), id: "delivery-1" });
    const deliver = async (): Promise<string> => {
      const answer = await fetch(`${workerd.url}/office/hook`, {
        method: "POST",
        headers: { ...signed, "content-type": "application/json" },
        body: "{}",
      });
      return `${answer.status} ${answer.headers.get("byward-duplicate") ?? ""}`.trim();
    };
    const first = await Promise.all([1, 2, 3, 4].map(deliver));
    expect(first.toSorted()).toEqual(["200", "409", "409", "409"]);
    expect(await deliver()).toBe("200 true");
    const log = (await (await fetch(`${workerd.url}/office/log`)).json()) as string[];
    expect(log.filter((line) => line === "hook")).toHaveLength(1);
    await workerd.restart();
    expect(await deliver()).toBe("200 true");
  });

  test("the platform's crons and queues reach the services that declare them", async () => {
    await fetch(`${workerd.url}/platform/cron`);
    expect(await (await fetch(`${workerd.url}/office/log`)).json()).toContain("cron 5");
    expect(await (await fetch(`${workerd.url}/platform/queue`)).json()).toEqual(["ack one", "retry poison"]);
  });

  test("an alarm whose work fails again and again is tried until it succeeds, and the schedule fires once", async () => {
    await act("stubborn/3", "plan", 600);
    // Failures are told in the log: a call would wake the object by itself.
    await until(async () => workerd.output().match(/not yet/g)?.length ?? 0, 30_000).toBeGreaterThanOrEqual(3);
    await until(() => act("stubborn/3", "fired"), 30_000).toBe(1);
    await new Promise((resolve) => setTimeout(resolve, 3000));
    expect(await act("stubborn/3", "fired")).toBe(1);
  });

  test("a revocation is in force for calls at once where it was made, and after a restart", async () => {
    const token = await mintBearer({ secret: SECRET, subject: "eve", now: Date.now(), expiresIn: 600 });
    const call = async (): Promise<number> =>
      (await post("/actors/shop/s6/actions/orders", [], { authorization: `Bearer ${token}` })).status;
    expect(await call()).toBe(200);
    const answer = await post("/operator/revoke", { party: "User", identity: "eve" });
    expect(answer.status).toBe(200);
    expect(await call()).toBe(401);
    await workerd.restart();
    expect(await call()).toBe(401);
  });
});
