import { createHmac, generateKeyPairSync, randomBytes } from "node:crypto";
import fc from "fast-check";
import { expect, test } from "vitest";
import {
  nodeEnvironment,
  type PresentationParts,
  presentation,
  webEnvironment,
} from "../../../tests/vectors/environment.ts";
import { NOW, NOW_SECONDS } from "../../../tests/vectors/tokens.ts";
import type { Evidence, ProofResult, SchemeVerifier } from "../scheme.ts";
import { type DeliveryToSign, signDelivery } from "../sign.ts";
import type { WebhookFormat } from "../webhooks/format.ts";
import { WEBHOOK_FORMATS, type WebhookName, webhook } from "../webhooks/webhook.ts";
import { type DeliveryOptions, type SignatureOptions, type SignatureScheme, signature } from "./signature.ts";

const HMAC_SECRET = "a secret of the sender, 32 bytes";
const ENVIRONMENTS = { node: nodeEnvironment, web: webEnvironment };
type Platform = keyof typeof ENVIRONMENTS;

const show = (result: ProofResult): string =>
  result.status === "failed" ? `${result.outcome} ${result.reason}` : result.status;
const prepare = async (scheme: SignatureScheme, secrets: Record<string, string>, platform: Platform = "node") =>
  await scheme.prepare("Hook", ENVIRONMENTS[platform]({ secrets, skew: 30_000 }));
const ask = async (verifier: SchemeVerifier, parts: PresentationParts, now = NOW): Promise<string> =>
  show(await verifier.prove(presentation(parts), now));
const evidenceOf = async (verifier: SchemeVerifier, parts: PresentationParts, now = NOW): Promise<Evidence> => {
  const result = await verifier.prove(presentation(parts), now);
  if (result.status !== "proved") throw new Error(show(result));
  return result.evidence;
};

/** A sender of one format: what it holds, what the party holds, and a delivery it would send. */
interface Sender {
  readonly secret: string;
  readonly partySecret: string;
  readonly otherPartySecret: string;
  readonly delivery: Omit<DeliveryToSign, "secret" | "now">;
}

const ed25519 = (): { seed: Buffer; publicKey: Buffer } => {
  const { privateKey } = generateKeyPairSync("ed25519");
  const jwk = privateKey.export({ format: "jwk" });
  return { seed: Buffer.from(jwk.d as string, "base64url"), publicKey: Buffer.from(jwk.x as string, "base64url") };
};
const shared = (body: string, more: Partial<Sender["delivery"]> = {}): Sender => ({
  secret: HMAC_SECRET,
  partySecret: HMAC_SECRET,
  otherPartySecret: `another ${HMAC_SECRET}`,
  delivery: { body, ...more },
});
const [discordKey, otherDiscordKey] = [ed25519(), ed25519()];
const whsec = `whsec_${randomBytes(24).toString("base64")}`;
const standard: Sender = {
  secret: whsec,
  partySecret: whsec,
  otherPartySecret: `whsec_${randomBytes(24).toString("base64")}`,
  delivery: { body: '{"type":"x","n":1}', id: "msg_1" },
};
const linearBody = (time: number | string): string => `{"action":"create","webhookTimestamp":${time},"data":{}}`;
const form = "Body=Hello+there&From=%2B14158675309&To=%2B18005551212";
const SENDERS: Readonly<Record<WebhookName, Sender>> = {
  plain: shared('{"n":1}'),
  github: shared('{"zen":"x"}', { id: "72d3162e-cc78-11e3-81ab-4c9367dc0958" }),
  stripe: shared('{"id":"evt_1","type":"charge"}'),
  slack: shared('{"type":"event_callback","event_id":"Ev1"}'),
  shopify: shared('{"id":820982911946154508}', { id: "98880550-7158-44d4-b7cd-2c97c8a091b5" }),
  standard,
  svix: standard,
  twilio: shared(form, {
    url: "https://app.example/sms?x=1",
    headers: { "content-type": "application/x-www-form-urlencoded" },
  }),
  paddle: shared('{"event_id":"evt_01","event_type":"x"}'),
  linear: shared(linearBody(NOW)),
  discord: {
    secret: discordKey.seed.toString("hex"),
    partySecret: discordKey.publicKey.toString("hex"),
    otherPartySecret: otherDiscordKey.publicKey.toString("hex"),
    delivery: { body: '{"id":"1","type":1}' },
  },
};
const NAMES = Object.keys(SENDERS) as WebhookName[];
const TIMED = NAMES.filter((name) => WEBHOOK_FORMATS[name].time !== undefined);

const partsOf = async (
  name: WebhookName,
  now = NOW,
  change: Partial<DeliveryToSign> = {},
): Promise<Required<Pick<PresentationParts, "headers" | "body" | "url">>> => {
  const { secret, delivery } = SENDERS[name];
  const complete = { secret, now, ...delivery, ...change };
  const headers = await signDelivery(WEBHOOK_FORMATS[name], complete);
  return {
    headers: { ...complete.headers, ...headers },
    body: complete.body,
    url: complete.url ?? "https://app.example/hook",
  };
};
const verifierOf = (name: WebhookName, platform: Platform = "node", options: Partial<DeliveryOptions> = {}) =>
  prepare(
    webhook[name]({ secret: "SECRET", ...options }),
    { SECRET: SENDERS[name].partySecret, OTHER: SENDERS[name].otherPartySecret },
    platform,
  );

test.each(NAMES)("%s: what the sender signs is proved, on Node and with WebCrypto alone", async (name) => {
  const parts = await partsOf(name);
  for (const platform of ["node", "web"] as const) {
    expect(await ask(await verifierOf(name, platform), parts)).toBe("proved");
  }
});

test.each(NAMES)("%s: absent, wrong key, wrong body, wrong header → outcome", async (name) => {
  const parts = await partsOf(name);
  const { header } = WEBHOOK_FORMATS[name];
  const { [header]: _signature, ...others } = parts.headers;
  for (const platform of ["node", "web"] as const) {
    const verifier = await verifierOf(name, platform);
    expect(await ask(verifier, { ...parts, headers: others })).toBe("absent");
    expect(await ask(await verifierOf(name, platform, { secret: "OTHER" }), parts)).toBe(
      "unauthenticated signature.mismatch",
    );
    expect(await ask(await verifierOf(name, platform, { secret: ["OTHER", "SECRET"] }), parts)).toBe("proved");
    expect(await ask(verifier, { ...parts, body: `${parts.body}0` })).toBe("unauthenticated signature.mismatch");
    expect(await ask(verifier, { ...parts, body: null })).toBe("unauthenticated signature.body_missing");
    for (const value of ["", " ", "x", "v1=", "sha256=", "t=1", "=", ",", "é"]) {
      const outcome = await ask(verifier, { ...parts, headers: { ...others, [header]: value } });
      expect([value, outcome]).toEqual([
        value,
        expect.stringMatching(/^unauthenticated signature\.(malformed|missing|mismatch)$/),
      ]);
    }
    const long = { ...others, [header]: `${parts.headers[header]}${" ".repeat(4096)}` };
    expect(await ask(verifier, { ...parts, headers: long })).toBe("unauthenticated signature.too_long");
  }
});

test.each(NAMES)("%s: a header repeated and joined by a proxy is refused", async (name) => {
  const parts = await partsOf(name);
  const verifier = await verifierOf(name);
  const { header, time } = WEBHOOK_FORMATS[name];
  const joined = [header, ...(time?.from === "header" ? [time.header.toLowerCase()] : [])];
  for (const field of joined) {
    for (const glue of [", ", ","]) {
      const value = `${parts.headers[field]}${glue}${parts.headers[field]}`;
      expect(await ask(verifier, { ...parts, headers: { ...parts.headers, [field]: value } })).toMatch(
        /^unauthenticated /,
      );
    }
  }
});

test.each(TIMED)("%s: outside the window both ways is replayed, inside is not, to the millisecond", async (name) => {
  const declared = WEBHOOK_FORMATS[name].tolerance ?? 300;
  for (const tolerance of [declared, 7]) {
    const verifier = await verifierOf(name, "node", tolerance === declared ? {} : { tolerance });
    const parts = await partsOf(name);
    for (const offset of [-tolerance * 1000, 0, tolerance * 1000]) {
      expect([offset, await ask(verifier, parts, NOW + offset)]).toEqual([offset, "proved"]);
    }
    for (const offset of [-tolerance * 1000 - 1, tolerance * 1000 + 1, 86_400_000]) {
      expect([offset, await ask(verifier, parts, NOW + offset)]).toEqual([
        offset,
        "replayed signature.outside_tolerance",
      ]);
    }
  }
});

test.each(TIMED)("%s: an old delivery with a bad signature is unauthenticated, not replayed", async (name) => {
  const verifier = await verifierOf(name, "node", { secret: "OTHER" });
  expect(await ask(verifier, await partsOf(name), NOW + 86_400_000)).toBe("unauthenticated signature.mismatch");
});

test.each(TIMED.filter((name) => WEBHOOK_FORMATS[name].time?.from === "header"))(
  "%s: a missing, empty or non-canonical time is never a time",
  async (name) => {
    const verifier = await verifierOf(name);
    const source = WEBHOOK_FORMATS[name].time;
    const field = source?.from === "header" ? source.header.toLowerCase() : "";
    const parts = await partsOf(name);
    const { [field]: sent, ...without } = parts.headers;
    expect(sent).toBe(String(NOW_SECONDS));
    expect(await ask(verifier, { ...parts, headers: without })).toBe("unauthenticated signature.timestamp_missing");
    const bad = [
      "",
      " ",
      "0x6B49D200",
      "1.8e9",
      `+${sent}`,
      `-${sent}`,
      `0${sent}`,
      `${sent}.0`,
      `${sent} `,
      "NaN",
      "Infinity",
    ];
    bad.push("9".repeat(30), "１８００００００００");
    for (const time of bad) {
      const headers = { ...parts.headers, [field]: time };
      expect([time, await ask(verifier, { ...parts, headers })]).toEqual([time, "unauthenticated signature.timestamp"]);
    }
    const milliseconds = await ask(verifier, { ...parts, headers: { ...parts.headers, [field]: String(NOW) } });
    expect(milliseconds).toBe("unauthenticated signature.mismatch");
  },
);

test("a signed time in milliseconds where seconds are declared is outside every window", async () => {
  const at = String(NOW);
  const digest = createHmac("sha256", HMAC_SECRET).update(`${at}.{}`).digest("hex");
  const scheme = signature({ secret: "SECRET", header: "X-Sig", timestamp: "X-Time" });
  const verifier = await prepare(scheme, { SECRET: HMAC_SECRET });
  const outcome = await ask(verifier, { headers: { "X-Sig": digest, "X-Time": at }, body: "{}" });
  expect(outcome).toBe("replayed signature.outside_tolerance");
});

test("Linear: the time inside the body is read from the verified bytes, canonically", async () => {
  const verifier = await verifierOf("linear");
  const outcome = async (body: string): Promise<string> => ask(verifier, await partsOf("linear", NOW, { body }));
  expect(await outcome(linearBody(NOW - 60_000))).toBe("proved");
  expect(await outcome(linearBody(NOW - 60_001))).toBe("replayed signature.outside_tolerance");
  expect(await outcome(linearBody(`"${NOW}"`))).toBe("proved");
  for (const body of [
    "{}",
    "",
    "[]",
    "null",
    '{"data":{"webhookTimestamp":1}}',
    "not json",
    '{"__proto__":{"webhookTimestamp":1}}',
  ]) {
    expect([body, await outcome(body)]).toEqual([body, "unauthenticated signature.timestamp_missing"]);
  }
  for (const time of ["null", "1.5", "-1", "1e400", '""', "[1]", "true", `"0${NOW}"`]) {
    const verdict = await outcome(linearBody(time));
    expect([time, verdict]).toEqual([time, expect.stringMatching(/^unauthenticated signature\.timestamp/)]);
  }
});

const BODIES: Readonly<Record<string, Uint8Array>> = {
  empty: new Uint8Array(),
  "invalid UTF-8": Uint8Array.of(0xff, 0xfe, 0x7b, 0x80),
  "byte order mark": Uint8Array.of(0xef, 0xbb, 0xbf, 0x7b, 0x7d),
  CRLF: Buffer.from('{\r\n"a": 1\r\n}'),
  "duplicate names": Buffer.from('{"a":1,"a":2}'),
  "escapes a re-encoding would change": Buffer.from('{"a":"\\u00e9\\/", "n": 1.0, "big": 12345678901234567890}'),
  NUL: Uint8Array.of(0, 0, 0),
};

test.each(Object.keys(BODIES))("the exact bytes are what is verified: %s", async (name) => {
  const body = BODIES[name] as Uint8Array;
  const verifier = await prepare(signature({ secret: "SECRET", header: "X-Sig" }), { SECRET: HMAC_SECRET });
  const digest = createHmac("sha256", HMAC_SECRET).update(body).digest("hex");
  expect(await ask(verifier, { headers: { "x-sig": digest }, body })).toBe("proved");
  const reencoded = new TextEncoder().encode(new TextDecoder("utf-8").decode(body));
  if (Buffer.compare(reencoded, body) !== 0) {
    expect(await ask(verifier, { headers: { "x-sig": digest }, body: reencoded })).toBe(
      "unauthenticated signature.mismatch",
    );
  }
});

test("plain: bare hexadecimal in one case or sha256=, over the body or over time.body", async () => {
  const timed = signature({ secret: "SECRET", header: "X-Sig", timestamp: "X-Time", tolerance: 10 });
  const verifier = await prepare(timed, { SECRET: HMAC_SECRET });
  const digest = (text: string): string => createHmac("sha256", HMAC_SECRET).update(text).digest("hex");
  const send = (sig: string, at: string | null = String(NOW_SECONDS)): Promise<string> =>
    ask(verifier, { body: "{}", headers: { "X-Sig": sig, ...(at === null ? {} : { "X-Time": at }) } });
  const good = digest(`${NOW_SECONDS}.{}`);
  expect(await send(good)).toBe("proved");
  expect(await send(`sha256=${good}`)).toBe("proved");
  expect(await send(good.toUpperCase())).toBe("proved");
  expect(await send(good.slice(0, 10).toUpperCase() + good.slice(10))).toBe("unauthenticated signature.malformed");
  for (const bad of [
    `sha1=${good}`,
    `SHA256=${good}`,
    `sha256=sha256=${good}`,
    good.slice(2),
    `${good}00`,
    Buffer.from(good, "hex").toString("base64"),
  ]) {
    expect([bad, await send(bad)]).toEqual([
      bad,
      expect.stringMatching(/^unauthenticated signature\.(malformed|mismatch)$/),
    ]);
  }
  // The hole of a signature without time: the body alone is signed, and no time is sent.
  expect(await send(digest("{}"), null)).toBe("unauthenticated signature.timestamp_missing");
  expect(await send(digest("{}"))).toBe("unauthenticated signature.mismatch");
});

test("Stripe: any of several v1 counts, v0 and unknown schemes never do, the list is capped", async () => {
  const verifier = await verifierOf("stripe");
  const { body, headers } = await partsOf("stripe");
  const [time, v1] = (headers["Stripe-Signature"] as string).split(",") as [string, string];
  const bad = `v1=${"0".repeat(64)}`;
  const send = (...items: string[]): Promise<string> =>
    ask(verifier, { body, headers: { "Stripe-Signature": items.join(",") } });
  expect(await send(time, bad, v1)).toBe("proved");
  expect(await send(time, v1, bad)).toBe("proved");
  expect(await send(v1, time, "v0=zzzz", "v9=!")).toBe("proved");
  expect(await send(time, v1.replace("v1", "v0"))).toBe("unauthenticated signature.missing");
  expect(await send(time, v1.replace("v1", "v2"))).toBe("unauthenticated signature.missing");
  expect(await send(v1)).toBe("unauthenticated signature.timestamp_missing");
  expect(await send(time, time, v1)).toBe("unauthenticated signature.malformed");
  expect(await send(time, v1, "v1=xyz")).toBe("unauthenticated signature.malformed");
  expect(await send(time, ` ${v1}`)).toBe("unauthenticated signature.malformed");
  expect(await send(time, ...Array.from({ length: 8 }, () => bad), v1)).toBe("unauthenticated signature.too_many");
  expect(await send(time, ...Array.from({ length: 40 }, (_, index) => `x${index}=1`), v1)).toBe(
    "unauthenticated signature.too_many",
  );
});

test("a digest of one variant is never tried with a key of another", async () => {
  const format: WebhookFormat = {
    name: "two",
    header: "X-Sig",
    grammar: { form: "pairs", separator: "," },
    variants: [
      { label: "v1", algorithm: "hmac-sha256", digest: "hex", key: { encoding: "utf8", prefix: "new_" } },
      { label: "v0", algorithm: "hmac-sha1", digest: "hex", key: { encoding: "utf8", prefix: "old_" } },
    ],
    signed: "{body}",
  };
  const mac = (hash: string): string => createHmac(hash, HMAC_SECRET).update("{}").digest("hex");
  const verifier = await prepare(webhook.custom(format, { secret: "SECRET" }), { SECRET: `new_${HMAC_SECRET}` });
  const send = (value: string): Promise<string> => ask(verifier, { body: "{}", headers: { "x-sig": value } });
  expect(await send(`v1=${mac("sha256")}`)).toBe("proved");
  for (const value of [`v0=${mac("sha1")}`, `v0=${mac("sha256")}`, `v1=${mac("sha1")}`]) {
    expect([value, await send(value)]).toEqual([value, "unauthenticated signature.mismatch"]);
  }
});

test("a key belongs to its variant, though another has the same algorithm", async () => {
  const variant = (label: string, prefix: string) =>
    ({ label, algorithm: "hmac-sha256", digest: "hex", key: { encoding: "utf8", prefix } }) as const;
  const format: WebhookFormat = {
    name: "two",
    header: "X-Sig",
    grammar: { form: "pairs", separator: "," },
    variants: [variant("live", "live_"), variant("test", "test_")],
    signed: "{body}",
  };
  const mac = createHmac("sha256", HMAC_SECRET).update("{}").digest("hex");
  for (const platform of ["node", "web"] as const) {
    const scheme = webhook.custom(format, { secret: "SECRET" });
    const verifier = await prepare(scheme, { SECRET: `test_${HMAC_SECRET}` }, platform);
    const send = (value: string): Promise<string> => ask(verifier, { body: "{}", headers: { "x-sig": value } });
    expect(await send(`test=${mac}`)).toBe("proved");
    expect(await send(`live=${mac}`)).toBe("unauthenticated signature.mismatch");
  }
});

test("an id or header with the delimiter in it cannot make two deliveries share one signed string", async () => {
  const verifier = await verifierOf("standard");
  const parts = await partsOf("standard", NOW, { id: "a", body: "1.b" });
  expect(await ask(verifier, parts)).toBe("proved");
  const shifted = { ...parts.headers, "webhook-id": `a.${NOW_SECONDS}` };
  expect(await ask(verifier, { ...parts, headers: shifted, body: "b" })).toBe("unauthenticated signature.delimiter");
  for (const id of ["", "a b", "a,b", "é", "x".repeat(257)]) {
    const headers = { ...parts.headers, "webhook-id": id };
    expect([id, await ask(verifier, { ...parts, headers })]).toEqual([id, "unauthenticated signature.id"]);
  }
  const { "webhook-id": _id, ...without } = parts.headers;
  expect(await ask(verifier, { ...parts, headers: without })).toBe("unauthenticated signature.id");
});

test("Twilio: a JSON body counts only with its digest in the signed URL", async () => {
  const verifier = await verifierOf("twilio");
  const body = '{"a":1}';
  const digest = Buffer.from(await crypto.subtle.digest("SHA-256", Buffer.from(body))).toString("hex");
  const url = `https://app.example/sms?bodySHA256=${digest}`;
  const headers = { "content-type": "application/json" };
  const signed = await partsOf("twilio", NOW, { body, url, headers });
  expect(await ask(verifier, signed)).toBe("proved");
  expect(await ask(verifier, { ...signed, body: '{"a":2}' })).toBe("unauthenticated signature.body_digest");
  const bare = await partsOf("twilio", NOW, { body: "", headers });
  expect(await ask(verifier, bare)).toBe("proved");
  expect(await ask(verifier, { ...bare, body })).toBe("unauthenticated signature.form");
  expect(await ask(verifier, { ...bare, body, headers: { ...bare.headers, "content-type": "text/plain" } })).toBe(
    "unauthenticated signature.form",
  );
  const twice = await partsOf("twilio", NOW, { body, url: `${url}&bodySHA256=${digest}`, headers });
  expect(await ask(verifier, twice)).toBe("unauthenticated signature.body_digest");
  for (const form of ["a=%ff", "a=%zz", "a=b c", "a=\u00e9", "a=1\r\n"]) {
    const outcome = await ask(verifier, { ...(await partsOf("twilio")), body: form });
    expect([form, outcome]).toEqual([form, "unauthenticated signature.form"]);
  }
});

const parametersOf = (body: string): string => JSON.stringify([...new URLSearchParams(body)].sort());

test("changing one byte of a body, signature, time or id never verifies", async () => {
  for (const name of NAMES) {
    const verifier = await verifierOf(name);
    const parts = await partsOf(name);
    const bytes = new TextEncoder().encode(parts.body as string);
    const names = Object.keys(parts.headers).filter((field) => field !== "content-type" && !isUnsignedId(name, field));
    const place = fc.constantFrom("body", ...names);
    await fc.assert(
      fc.asyncProperty(place, fc.nat(), fc.integer({ min: 1, max: 255 }), async (where, at, flip) => {
        const original = where === "body" ? bytes : Buffer.from(parts.headers[where] as string, "latin1");
        const changed = Uint8Array.from(original);
        changed[at % changed.length]! ^= flip;
        const text = Buffer.from(changed).toString("latin1");
        // Forms with the same parameters are the same to Twilio, which signs nothing else of the body.
        fc.pre(name !== "twilio" || where !== "body" || parametersOf(text) !== parametersOf(parts.body as string));
        const sent =
          where === "body" ? { ...parts, body: changed } : { ...parts, headers: { ...parts.headers, [where]: text } };
        expect(await ask(verifier, sent)).toMatch(/^unauthenticated /);
      }),
      { numRuns: 300, verbose: true },
    );
  }
});

/** Ids that are not inside the signed bytes are not read at all. */
const isUnsignedId = (name: WebhookName, field: string): boolean => {
  const { id, signed } = WEBHOOK_FORMATS[name];
  return id?.from === "header" && id.header.toLowerCase() === field && !signed.includes("{id}");
};

test("verification is synchronous where the host lends an HMAC", async () => {
  for (const name of NAMES.filter((each) => each !== "discord")) {
    const parts = await partsOf(name);
    const verifier = await verifierOf(name);
    expect(verifier.prove(presentation(parts), NOW)).toMatchObject({ status: "proved" });
  }
});

test("nothing is remembered without an id, and the mark covers the whole window and the skew", async () => {
  const plain = await evidenceOf(await verifierOf("plain"), await partsOf("plain"));
  expect(plain).toMatchObject({ replay: null, expiresAt: null, issuedAt: NOW, subject: undefined });
  const early = NOW + 300_000;
  const stripe = await evidenceOf(await verifierOf("stripe"), await partsOf("stripe", early));
  expect(stripe.replay).toEqual({ id: "Hook:id:evt_1", keepUntil: early + 300_000 + 30_000, sequence: null });
  const github = await evidenceOf(await verifierOf("github"), await partsOf("github"));
  expect(github.replay?.keepUntil).toBe(NOW + 86_400_000);
  const kept = await evidenceOf(await verifierOf("stripe", "node", { keep: 3_600 }), await partsOf("stripe"));
  expect(kept.replay?.keepUntil).toBe(NOW + 3_600_000);
});

test("a delivery is remembered until it no longer verifies", async () => {
  const verifier = await verifierOf("stripe");
  const parts = await partsOf("stripe", NOW);
  for (let now = NOW - 300_000; now <= NOW + 300_000; now += 50_000) {
    const { replay } = await evidenceOf(verifier, parts, now);
    expect(await ask(verifier, parts, (replay?.keepUntil as number) - 29_999)).toBe(
      "replayed signature.outside_tolerance",
    );
  }
});

test("an id outside the signed bytes is not trusted: the digest of the signed bytes is remembered", async () => {
  for (const name of ["github", "shopify", "linear", "twilio"] as const) {
    for (const platform of ["node", "web"] as const) {
      const verifier = await verifierOf(name, platform);
      const parts = await partsOf(name);
      const first = await evidenceOf(verifier, parts);
      expect(first.replay?.id).toMatch(/^Hook:digest:[0-9a-f]{64}$/);
      const source = WEBHOOK_FORMATS[name].id;
      const field = source?.from === "header" ? source.header : "";
      const forged = await evidenceOf(verifier, {
        ...parts,
        headers: { ...parts.headers, [field.toLowerCase()]: "fresh" },
      });
      expect(forged.replay?.id).toBe(first.replay?.id);
    }
  }
});

test("the digest does not depend on which of several secrets signed", async () => {
  const verifier = await verifierOf("github", "node", { secret: ["SECRET", "OTHER"] });
  const one = await evidenceOf(verifier, await partsOf("github"));
  const other = await evidenceOf(verifier, await partsOf("github", NOW, { secret: SENDERS.github.otherPartySecret }));
  expect(other.replay?.id).toBe(one.replay?.id);
});

test("a signed id keeps naming the delivery over retries with a new time", async () => {
  for (const name of ["standard", "svix", "stripe", "paddle", "slack", "discord"] as const) {
    const verifier = await verifierOf(name);
    const first = await evidenceOf(verifier, await partsOf(name, NOW));
    const retry = await evidenceOf(verifier, await partsOf(name, NOW + 5_000), NOW + 5_000);
    expect(retry.replay?.id).toBe(first.replay?.id);
    expect(first.replay?.id).toMatch(/^Hook:id:/);
  }
});

test("a body without the id, or with a wrong one, is remembered by digest", async () => {
  const verifier = await verifierOf("slack");
  for (const body of [
    "token=x&command=%2Fy",
    '{"event_id":""}',
    '{"event_id":{"a":1}}',
    '{"event_id":"a b"}',
    '{"__proto__":{"event_id":"a"}}',
  ]) {
    const { replay } = await evidenceOf(verifier, await partsOf("slack", NOW, { body }));
    expect([body, replay?.id]).toEqual([body, expect.stringMatching(/^Hook:digest:/)]);
  }
});

test("an id cannot be spelled like a digest, nor one party's like another's", async () => {
  const body = JSON.stringify({ id: "x" });
  const named = await evidenceOf(await verifierOf("stripe"), await partsOf("stripe", NOW, { body }));
  expect(named.replay?.id).toBe("Hook:id:x");
  const other = await webhook
    .stripe({ secret: "SECRET" })
    .prepare("Other", nodeEnvironment({ secrets: { SECRET: HMAC_SECRET } }));
  expect((await evidenceOf(other, await partsOf("stripe", NOW, { body }))).replay?.id).toBe("Other:id:x");
});

test("order: the position is read from a header or the body, and a delivery without one is refused", async () => {
  const declare = (order: DeliveryOptions["order"], id?: SignatureOptions["id"]) =>
    signature({
      secret: "SECRET",
      header: "X-Sig",
      ...(order === undefined ? {} : { order }),
      ...(id === undefined ? {} : { id }),
    });
  const send = async (scheme: SignatureScheme, body: string, headers: Record<string, string> = {}) => {
    const digest = createHmac("sha256", HMAC_SECRET).update(body).digest("hex");
    const verifier = await prepare(scheme, { SECRET: HMAC_SECRET });
    const result = await verifier.prove(presentation({ body, headers: { "X-Sig": digest, ...headers } }), NOW);
    return result.status === "proved" ? result.evidence.replay : show(result);
  };
  const claim = declare({ claim: "data.seq" });
  expect(await send(claim, '{"data":{"seq":7}}')).toEqual({
    id: "Hook:order:|7",
    keepUntil: NOW + 86_400_000,
    sequence: { stream: "Hook:order:", position: 7, start: null, maxWait: 0 },
  });
  for (const body of ["{}", '{"data":{"seq":-1}}', '{"data":{"seq":1.5}}', '{"data":{"seq":"07"}}', "[]"]) {
    expect([body, await send(claim, body)]).toEqual([body, "unauthenticated signature.order_missing"]);
  }
  const header = declare(
    { header: "X-Seq", gaps: "wait", wait: 5, start: 1, stream: { claim: "customer" } },
    { claim: "id" },
  );
  expect(await send(header, '{"id":"d1","customer":"c9"}', { "X-Seq": "3" })).toMatchObject({
    id: "Hook:id:d1",
    sequence: { stream: "Hook:order:c9", position: 3, start: 1, maxWait: 5_000 },
  });
  expect(await send(header, '{"id":"d1"}', { "X-Seq": "3" })).toBe("unauthenticated signature.order_missing");
  expect(await send(header, '{"id":"d1","customer":"c9"}')).toBe("unauthenticated signature.order_missing");
  expect(await send(header, '{"id":"d1","customer":"c9"}', { "X-Seq": "3, 4" })).toBe(
    "unauthenticated signature.order_missing",
  );
});

test("a position in an unsigned header is pointed out at start", async () => {
  const warnings: string[] = [];
  const environment = nodeEnvironment({ secrets: { SECRET: HMAC_SECRET }, warnings });
  await signature({ secret: "SECRET", header: "X-Sig", order: { header: "X-Seq" } }).prepare("Hook", environment);
  expect(warnings).toEqual([expect.stringContaining("x-seq")]);
  await signature({ secret: "SECRET", header: "X-Sig", order: { claim: "seq" } }).prepare("Hook", environment);
  expect(warnings).toHaveLength(1);
});

test("a webhook secret: empty is refused, short is pointed out, a key document is refused, a wrong form is refused", async () => {
  const start = async (scheme: SignatureScheme, SECRET: string) => {
    const warnings: string[] = [];
    await scheme.prepare("Hook", nodeEnvironment({ secrets: { SECRET }, warnings }));
    return warnings;
  };
  const github = webhook.github({ secret: "SECRET" });
  await expect(start(github, "")).rejects.toThrow("secret.missing");
  expect(await start(github, "x".repeat(15))).toEqual([expect.stringMatching(/SECRET.*Hook.*15 bytes/)]);
  expect(await start(github, "x".repeat(16))).toEqual([]);
  const pem = generateKeyPairSync("rsa", { modulusLength: 2048 })
    .publicKey.export({ type: "spki", format: "pem" })
    .toString();
  await expect(start(github, `x${pem}`)).rejects.toThrow("secret.key_document");
  const wrong = start(webhook.standard({ secret: "SECRET" }), "not base64!");
  await expect(wrong).rejects.toThrow(/SECRET.*base64.*secret\.format/);
  await expect(wrong).rejects.not.toThrow("not base64!");
  await expect(start(webhook.standard({ secret: "SECRET" }), "whsec_")).rejects.toThrow("secret.format");
  await expect(start(webhook.discord({ secret: "SECRET" }), "00".repeat(31))).rejects.toThrow("secret.format");
});

test("options that cannot hold stop the declaration", () => {
  const declare = (options: object) => () =>
    signature({ secret: "SECRET", header: "X-Sig", ...options } as SignatureOptions);
  expect(declare({ tolerence: 5 })).toThrow(/tolerence.*signature\.option/);
  expect(declare({ tolerance: 5 })).toThrow("signature.tolerance");
  expect(declare({ timestamp: "X-Time", tolerance: 0 })).toThrow("signature.tolerance");
  expect(declare({ timestamp: "X-Time", tolerance: -5 })).toThrow("signature.tolerance");
  expect(declare({ timestamp: "X-Time", tolerance: 86_401 })).toThrow("signature.tolerance");
  expect(declare({ timestamp: 5 })).toThrow("webhook.format");
  expect(declare({ header: "X Sig" })).toThrow("webhook.format");
  expect(declare({ header: undefined })).toThrow("webhook.format");
  expect(declare({ keep: 0 })).toThrow("signature.keep");
  expect(declare({ id: {} })).toThrow("signature.field");
  expect(declare({ id: { header: "A", claim: "b" } })).toThrow("signature.field");
  expect(declare({ order: { header: "X-Seq", wait: 5 } })).toThrow("signature.order");
  expect(declare({ order: { header: "X-Seq", gaps: "wait", wait: 500 } })).toThrow("signature.order");
  expect(declare({ order: { header: "X-Seq", start: -1 } })).toThrow("signature.order");
  expect(declare({ order: {} })).toThrow("signature.field");
  expect(() => webhook.github({ secret: "SECRET", tolerance: 5 })).toThrow("signature.tolerance");
});

test("presented means the signature header is there, even empty", () => {
  const scheme = webhook.github({ secret: "SECRET" });
  expect(scheme.isPresented(presentation({ headers: { "x-hub-signature-256": "" } }))).toBe(true);
  expect(scheme.isPresented(presentation({ headers: { "x-hub-signature": "sha1=00" } }))).toBe(false);
});
