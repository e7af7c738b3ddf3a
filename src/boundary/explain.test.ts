import { expect, test } from "vitest";
import { nodeEnvironment } from "../../tests/vectors/environment.ts";
import { goodClaims, NOW, NOW_SECONDS, OTHER_SECRET, SECRET, token } from "../../tests/vectors/tokens.ts";
import { explainDelivery } from "./explain-delivery.ts";
import { explainToken } from "./explain-token.ts";
import type { Explanation } from "./explanation.ts";
import { createTokenKey, mintBearer, mintSigned } from "./mint.ts";
import { bearer } from "./schemes/bearer.ts";
import { oidc } from "./schemes/oidc.ts";
import { presentDelivery, signDelivery } from "./sign.ts";
import { WEBHOOK_FORMATS, webhook } from "./webhooks/webhook.ts";

const environment = nodeEnvironment({ secrets: { KEY: SECRET }, now: () => NOW });
const failing = ({ steps }: Explanation): string =>
  steps.map(({ name, status, says }) => (status === "failed" ? `${name}: ${says}` : "")).join("");
const statuses = ({ steps }: Explanation): string => steps.map(({ status }) => status[0]).join("");

test("a good token passes every step", async () => {
  const minted = await mintBearer({ secret: SECRET, subject: "alice", now: NOW });
  const explanation = await explainToken(minted, bearer({ secret: "KEY" }), "User", environment);
  expect(explanation).toMatchObject({ verdict: "accepted", reason: null });
  expect(statuses(explanation)).toMatch(/^p+$/);
});

test("a bad token names the step it fails, the facts that decide it, and what was not reached", async () => {
  const scheme = bearer({ secret: "KEY", audience: "app", issuer: "me" });
  const explained = (credential: string) => explainToken(credential, scheme, "User", environment);
  const claims = (change: Record<string, unknown>) =>
    token({ payload: goodClaims({ aud: "app", iss: "me", ...change }) });
  const expired = await explained(claims({ exp: NOW_SECONDS - 60 }));
  expect(expired).toMatchObject({ verdict: "expired", reason: "jwt.expired" });
  expect(failing(expired)).toContain(`Expired at ${new Date(NOW - 60_000).toISOString()}`);
  expect(statuses(expired)).toMatch(/^p+f$/);
  expect(failing(await explained(claims({ aud: ["a", "b"] })))).toBe(
    'audience: aud is ["a","b"]; this party accepts app.',
  );
  expect(failing(await explained(token({ header: { alg: "RS256" } })))).toMatch(/^header: .*"RS256".*HS256/);
  const forged = await explained(token({ secret: OTHER_SECRET }));
  expect(failing(forged)).toMatch(/^signature: .*KEY/);
  expect(statuses(forged)).toMatch(/^ppppfn+$/);
  expect(failing(await explained("abc"))).toMatch(/^format: /);
});

test("no explanation holds the secret or the signature", async () => {
  const bad = token({ secret: OTHER_SECRET, payload: goodClaims({ exp: 1 }) });
  const text = JSON.stringify(await explainToken(bad, bearer({ secret: "KEY" }), "User", environment));
  expect(text).not.toContain(SECRET);
  expect(text).not.toContain(bad.split(".")[2]);
});

test("a token of a provider is explained, and a provider that does not answer too", async () => {
  const key = await createTokenKey("EdDSA", "k1");
  const issuer = "https://login.example";
  const scheme = oidc({ issuer, audience: "app", jwks: `${issuer}/keys` });
  const minted = await mintSigned({ key, subject: "alice", now: NOW, issuer, audience: "app" });
  const serving = nodeEnvironment({ now: () => NOW, fetch: async () => Response.json({ keys: [key.publicJwk] }) });
  expect(await explainToken(minted, scheme, "Member", serving)).toMatchObject({ verdict: "accepted" });
  const down = await explainToken(minted, scheme, "Member", environment);
  expect(down).toMatchObject({ verdict: "unauthenticated", reason: "oidc.keys_unavailable" });
});

test("a delivery is explained step by step", async () => {
  const body = '{"id":"evt_1"}';
  const scheme = webhook.stripe({ secret: "KEY" });
  const headers = await signDelivery(WEBHOOK_FORMATS.stripe, { secret: SECRET, body, now: NOW });
  const explained = (sent: Record<string, string>, bytes = body, now = NOW) =>
    explainDelivery(presentDelivery({ body: bytes }, sent), scheme, "Payments", { ...environment, now: () => now });
  expect(await explained(headers)).toMatchObject({ verdict: "accepted", reason: null });
  expect(await explained({})).toEqual({ verdict: "absent", reason: null, steps: [] });
  const late = await explained(headers, body, NOW + 301_000);
  expect(late).toMatchObject({ verdict: "replayed", reason: "signature.outside_tolerance" });
  expect(failing(late)).toMatch(/^window: .*301 s.*300 s/);
  const reencoded = await explained(headers, '{"id": "evt_1"}');
  expect(failing(reencoded)).toMatch(/^signature: .*KEY.*15 bytes/);
  expect(JSON.stringify(reencoded)).not.toContain(SECRET);
  expect(failing(await explained({ "Stripe-Signature": "garbage" }))).toMatch(/^header: .*v1=<hex>/);
  expect(failing(await explained({ "Stripe-Signature": "t=1,v0=00" }))).toMatch(/^header: .*v1/);
});

test("a party that could not start is not explained but refused as at start", async () => {
  await expect(explainToken("a.b.c", bearer({ secret: "ABSENT" }), "User", environment)).rejects.toThrow(
    "secret.missing",
  );
});
