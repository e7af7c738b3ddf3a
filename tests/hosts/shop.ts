/**
 * The shop written in Bynk, from outside, the same on every host: each way in with each of its outcomes, a call between
 * contexts, expiry, revocation, a restart. Rejects with what is wrong.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { RunningHost } from "byward/testing";
import { mintBearer } from "../../src/boundary/mint.ts";
import { signatureOf } from "../bynk/emit/support/credentials.ts";

export const SHOP_SECRETS = {
  AUTH_JWT_SECRET: "the-secret-of-the-shop-of-32-bytes-or-more",
  PAYMENTS_SECRET: "the secret of the payment provider",
} as const;

/** The example's sources, by path. */
export const shopSources: Readonly<Record<string, string>> = Object.fromEntries(
  ["words", "pricing", "api"].map((name) => {
    const path = `src/shop/${name}.bynk`;
    const file = fileURLToPath(new URL(`../../examples/bynk-api/${path}`, import.meta.url));
    return [path, readFileSync(file, "utf8")];
  }),
);

export async function driveShop(host: RunningHost): Promise<void> {
  const bearer = async (sub: string, claims: Record<string, unknown> = {}, seconds = 600) => {
    const options = { secret: SHOP_SECRETS.AUTH_JWT_SECRET, subject: sub, now: host.now(), expiresIn: seconds, claims };
    const minted = mintBearer(options);
    return { authorization: `Bearer ${await (host.track?.(minted) ?? minted)}` };
  };
  const call = async (method: string, path: string, headers: Record<string, string> = {}, body?: unknown) => {
    const sent = body === undefined ? {} : { body: JSON.stringify(body) };
    const type: Record<string, string> = body === undefined ? {} : { "content-type": "application/json" };
    const answer = await host.fetch(path, { method, headers: { ...type, ...headers }, ...sent });
    const text = await answer.text();
    return { status: answer.status, text };
  };
  const signed = async (body: unknown, secondsAgo = 0) => {
    const time = String(Math.floor(host.now() / 1000) - secondsAgo);
    const made = signatureOf(SHOP_SECRETS.PAYMENTS_SECRET, `${time}.${JSON.stringify(body)}`);
    return { "x-timestamp": time, "x-signature": `sha256=${await (host.track?.(made) ?? made)}` };
  };
  const status = async (expected: number, what: string, ...args: Parameters<typeof call>) => {
    const answer = await call(...args);
    assert.equal(answer.status, expected, `${what}: ${answer.text}`);
    return answer.text;
  };

  const alice = await bearer("alice");
  await status(200, "everybody asks for health", "GET", "/health");
  await status(401, "nobody has a profile", "GET", "/me");
  await status(401, "a token that is none", "GET", "/me", { authorization: "Bearer not.a.token" });
  await status(401, "an expired token", "GET", "/me", await bearer("alice", {}, -60));
  assert.match(await status(200, "a user has a profile", "GET", "/me", alice), /hello alice/);

  await status(403, "a user removes nobody", "DELETE", "/users/bob", alice);
  await status(204, "an admin does", "DELETE", "/users/bob", await bearer("root", { admin: true }));

  const order = { sku: "TE-0001", amount: 2 };
  await status(401, "nobody orders", "POST", "/orders", {}, order);
  assert.match(await status(201, "pricing is asked", "POST", "/orders", alice, order), /900/);
  await status(422, "pricing knows no such thing", "POST", "/orders", alice, { ...order, sku: "XX-9999" });
  const claim = { "x-byward-caller": "shop.api" };
  await status(404, "nothing outside reaches a call", "POST", "/quote", { ...alice, ...claim }, order);

  const payment = { order: "1", cents: 5 };
  await status(401, "an unsigned payment", "POST", "/payments", {}, payment);
  await status(401, "a stale one", "POST", "/payments", await signed(payment, 3600), payment);
  await status(401, "one that was changed", "POST", "/payments", await signed(payment), { ...payment, cents: 6 });
  assert.match(await status(200, "a signed one", "POST", "/payments", await signed(payment), payment), /paid 5/);

  const note = { to: "alice", text: "hello" };
  assert.match(await status(202, "anybody notes", "POST", "/notes", {}, note), /nobody/);
  assert.match(await status(200, "a user notes for himself", "POST", "/notes", alice, note), /yourself/);
  await status(403, "and for nobody else", "POST", "/notes", alice, { ...note, to: "bob" });

  // Issued before: what is issued after a revocation is a new proof.
  const dave = await bearer("dave");
  await status(200, "a user", "GET", "/me", dave);
  await host.revoke({ party: "User", identity: "dave" });
  await status(401, "a revoked user", "GET", "/me", dave);
  await host.restart();
  await status(200, "after a restart", "GET", "/me", alice);
  await status(401, "still revoked", "GET", "/me", dave);
}
