/**
 * Every scheme × everything that can be wrong with a credential → outcome. The table is typed over both, so no cell
 * can be forgotten.
 */
import { expect, test } from "vitest";
import {
  nodeEnvironment,
  type PresentationParts,
  presentation,
  webEnvironment,
} from "../../../tests/vectors/environment.ts";
import { goodClaims, NOW, NOW_SECONDS, OTHER_SECRET, SECRET, token } from "../../../tests/vectors/tokens.ts";
import { createTokenKey, mintSigned, type SignedMint, type TokenKey } from "../mint.ts";
import { ReplayLedger } from "../replay.ts";
import type { ReplayRecord } from "../replay-rows.ts";
import type { Channel, Scheme } from "../scheme.ts";
import { signDelivery } from "../sign.ts";
import { WEBHOOK_FORMATS, webhook } from "../webhooks/webhook.ts";
import { bearer } from "./bearer.ts";
import { internal } from "./internal.ts";
import { none } from "./none.ts";
import { oidc } from "./oidc.ts";

const FAULTS = [
  "nothing",
  "absent",
  "malformed",
  "wrong key",
  "wrong algorithm",
  "expired",
  "not yet valid",
  "wrong audience",
  "wrong issuer",
  "replayed",
  "oversized",
  "sent twice",
] as const;
type Fault = (typeof FAULTS)[number];
type Verdict = "proved" | "absent" | "unauthenticated" | "expired" | "replayed" | "duplicate";
interface Case {
  readonly parts: PresentationParts;
  readonly verdict: Verdict;
  /** ms after now */
  readonly later?: number;
}
/** `inapplicable` carries the reason why the fault cannot exist for the scheme. */
type Cell = Case | { readonly inapplicable: string };
type Row = Readonly<Record<Fault, Cell>>;

const withToken = (credential: string): PresentationParts => ({ headers: { authorization: `Bearer ${credential}` } });
const cell = (parts: PresentationParts, verdict: Verdict, later = 0): Case => ({ parts, verdict, later });

const claims = (change: Record<string, unknown> = {}) =>
  goodClaims({ aud: "app", iss: "https://login.example", ...change });
const jwt = (change: Record<string, unknown>, secret = SECRET): PresentationParts =>
  withToken(token({ payload: claims(change), secret }));

const bearerRow = (): Row => ({
  nothing: cell(jwt({}), "proved"),
  absent: cell({}, "absent"),
  malformed: cell(withToken("not.a.token"), "unauthenticated"),
  "wrong key": cell(jwt({}, OTHER_SECRET), "unauthenticated"),
  "wrong algorithm": cell(withToken(token({ header: { alg: "none" }, payload: claims() })), "unauthenticated"),
  expired: cell(jwt({ exp: NOW_SECONDS }), "expired"),
  "not yet valid": cell(jwt({ nbf: NOW_SECONDS + 1 }), "unauthenticated"),
  "wrong audience": cell(jwt({ aud: "other" }), "unauthenticated"),
  "wrong issuer": cell(jwt({ iss: "https://evil.example" }), "unauthenticated"),
  replayed: { inapplicable: "a bearer token may be used until it expires" },
  oversized: cell(jwt({ filler: "x".repeat(8_000) }), "unauthenticated"),
  "sent twice": cell(jwt({}), "proved"),
});

const oidcRow = async (key: TokenKey, other: TokenKey): Promise<Row> => {
  const mint = async (change: Partial<SignedMint> = {}): Promise<PresentationParts> =>
    withToken(
      await mintSigned({
        key,
        subject: "alice",
        now: NOW,
        issuer: "https://login.example",
        audience: "app",
        ...change,
      }),
    );
  return {
    nothing: cell(await mint(), "proved"),
    absent: cell({}, "absent"),
    malformed: cell(withToken("a.b.c"), "unauthenticated"),
    "wrong key": cell(await mint({ key: other }), "unauthenticated"),
    "wrong algorithm": cell(
      withToken(token({ payload: claims(), secret: JSON.stringify(key.publicJwk) })),
      "unauthenticated",
    ),
    expired: cell(await mint({ expiresIn: 0 }), "expired"),
    "not yet valid": cell(await mint({ notBeforeIn: 1 }), "unauthenticated"),
    "wrong audience": cell(await mint({ audience: "other" }), "unauthenticated"),
    "wrong issuer": cell(await mint({ issuer: "https://evil.example" }), "unauthenticated"),
    replayed: { inapplicable: "a token may be used until it expires" },
    oversized: cell(await mint({ claims: { filler: "x".repeat(8_000) } }), "unauthenticated"),
    "sent twice": cell(await mint(), "proved"),
  };
};

const BODY = '{"id":"evt_1"}';
const signatureRow = async (): Promise<Row> => {
  const send = async (secret = SECRET, now = NOW): Promise<Required<Pick<PresentationParts, "headers" | "body">>> => ({
    headers: await signDelivery(WEBHOOK_FORMATS.stripe, { secret, now, body: BODY }),
    body: BODY,
  });
  const good = await send();
  const header = good.headers["Stripe-Signature"] as string;
  const withHeader = (value: string): PresentationParts => ({ ...good, headers: { "Stripe-Signature": value } });
  return {
    nothing: cell(good, "proved"),
    absent: cell({ body: BODY }, "absent"),
    malformed: cell(withHeader("t=now,v1=xyz"), "unauthenticated"),
    "wrong key": cell(await send(OTHER_SECRET), "unauthenticated"),
    "wrong algorithm": cell(withHeader(header.replace("v1=", "v0=")), "unauthenticated"),
    expired: { inapplicable: "a delivery has an age, see replayed" },
    "not yet valid": cell(await send(SECRET, NOW + 301_000), "replayed"),
    "wrong audience": { inapplicable: "a delivery names none" },
    "wrong issuer": { inapplicable: "the secret is the sender's" },
    replayed: cell(good, "replayed", 300_001),
    oversized: cell(withHeader(`${header},v0=${"0".repeat(4_096)}`), "unauthenticated"),
    "sent twice": cell(good, "duplicate"),
  };
};

const channelRow = (verdict: Verdict): Row => {
  const same = cell(jwt({}), verdict);
  const inapplicable = { inapplicable: "the channel is the proof; nothing is presented" };
  return {
    nothing: same,
    absent: cell({}, verdict),
    malformed: inapplicable,
    "wrong key": inapplicable,
    "wrong algorithm": inapplicable,
    expired: inapplicable,
    "not yet valid": inapplicable,
    "wrong audience": inapplicable,
    "wrong issuer": inapplicable,
    replayed: inapplicable,
    oversized: inapplicable,
    "sent twice": same,
  };
};

/** Proves a case as often as its fault says, each time through a replay ledger where the evidence asks for one. */
async function judge(
  scheme: Scheme,
  platform: typeof nodeEnvironment,
  fault: Fault,
  given: Case,
  channel: Channel,
  keys: TokenKey,
): Promise<Verdict> {
  const fetch = async (): Promise<Response> => Response.json({ keys: [keys.publicJwk] });
  const verifier = await scheme.prepare("Party", platform({ secrets: { KEY: SECRET }, fetch }));
  const held = new Map<string, ReplayRecord>();
  const now = NOW + (given.later ?? 0);
  const ledger = new ReplayLedger(
    { get: (id) => held.get(id) ?? null, count: () => held.size, prune: () => {} },
    { now: () => now, after: () => ({ cancel: () => {} }) },
  );
  const once = async (): Promise<Verdict> => {
    const result = await verifier.prove({ ...presentation(given.parts), channel }, now);
    if (result.status !== "proved") return result.status === "failed" ? result.outcome : "absent";
    if (result.evidence.replay === null) return "proved";
    const decision = await ledger.begin(result.evidence.replay);
    if (decision.kind !== "run") return decision.kind === "duplicate" ? "duplicate" : "replayed";
    for (const row of decision.ticket.settle("done")) held.set(row.id, row);
    decision.ticket.release(true);
    return "proved";
  };
  const first = await once();
  return fault === "sent twice" ? once() : first;
}

const EXTERNAL: Channel = { kind: "external" };
const CALLER: Channel = { kind: "caller", caller: { name: "billing" } };

test("each scheme answers each fault with its outcome, on Node and with WebCrypto alone", async () => {
  const [key, other] = [await createTokenKey("ES256", "k1"), await createTokenKey("ES256", "k1")];
  const tokens = { issuer: "https://login.example", audience: "app" };
  const table: readonly [name: string, scheme: Scheme, row: Row, channel: Channel][] = [
    ["bearer", bearer({ secret: "KEY", ...tokens }), bearerRow(), EXTERNAL],
    ["oidc", oidc({ ...tokens, jwks: "https://login.example/keys" }), await oidcRow(key, other), EXTERNAL],
    ["signature", webhook.stripe({ secret: "KEY" }), await signatureRow(), EXTERNAL],
    ["internal, from inside", internal(), channelRow("proved"), CALLER],
    ["internal, from outside", internal(), channelRow("absent"), EXTERNAL],
    ["none", none(), channelRow("proved"), EXTERNAL],
    ["none, from inside", none(), channelRow("absent"), CALLER],
  ];
  let judged = 0;
  for (const [name, scheme, row, channel] of table) {
    for (const fault of FAULTS) {
      const given = row[fault];
      if ("inapplicable" in given) continue;
      for (const platform of [nodeEnvironment, webEnvironment]) {
        const verdict = await judge(scheme, platform, fault, given, channel, key);
        expect([name, fault, verdict]).toEqual([name, fault, given.verdict]);
        judged++;
      }
    }
  }
  expect(judged).toBeGreaterThan(80);
});
