/**
 * Wycheproof (C2SP/wycheproof, testvectors_v1) through the code that verifies callers: nothing that must fail
 * verifies.
 */
import { describe, expect, test } from "vitest";
import { parseJws } from "../../src/boundary/jwt.ts";
import {
  type PublicKey,
  type PublicKeyAlgorithm,
  readKeySet,
  selectKeys,
  verifyWithKey,
} from "../../src/boundary/jwt-keys.ts";
import { createHs256Check, MIN_HS256_KEY_BYTES } from "../../src/boundary/schemes/hs256.ts";
import type { WebhookFormat } from "../../src/boundary/webhooks/format.ts";
import { webhook } from "../../src/boundary/webhooks/webhook.ts";
import { nodeEnvironment, presentation, webEnvironment } from "./environment.ts";
import {
  hasWycheproof,
  Tally,
  type WycheproofGroup,
  type WycheproofTest,
  wycheproofGroups,
} from "./wycheproof-files.ts";

const bytes = (hex: unknown): Uint8Array<ArrayBuffer> => Uint8Array.from(Buffer.from(hex as string, "hex"));
const ENVIRONMENTS = [nodeEnvironment, webEnvironment];

/** A delivery signed in hexadecimal over the body alone. */
const delivery = (algorithm: "hmac-sha256" | "ed25519"): WebhookFormat => ({
  name: "vector",
  header: "X-Sig",
  grammar: { form: "single" },
  variants: [{ label: "", algorithm, digest: "hex", key: { encoding: "hex" } }],
  signed: "{body}",
});

async function verifiesDelivery(
  format: WebhookFormat,
  key: string,
  message: string,
  signature: string,
): Promise<boolean> {
  const verdicts = ENVIRONMENTS.map(async (environment) => {
    const scheme = webhook.custom(format, { secret: "KEY" });
    const verifier = await scheme.prepare("Vector", environment({ secrets: { KEY: key } }));
    const shown = presentation({ headers: { "X-Sig": signature }, body: bytes(message) });
    return (await verifier.prove(shown, 0)).status === "proved";
  });
  const [node, web] = await Promise.all(verdicts);
  expect(node).toBe(web);
  return node as boolean;
}

describe.runIf(hasWycheproof)("with the files", () => {
  test("HMAC-SHA256, as a signed delivery", async () => {
    const tally = new Tally("hmac_sha256");
    for (const group of wycheproofGroups("hmac_sha256_test.json")) {
      for (const item of group.tests) {
        if (item["key"] === "") {
          tally.skip("an empty key is refused at start");
          continue;
        }
        const verified = await verifiesDelivery(
          delivery("hmac-sha256"),
          item["key"] as string,
          item["msg"] as string,
          item["tag"] as string,
        );
        tally.note(item, verified, group["tagSize"] === 256 ? null : "truncated tags are not accepted");
      }
    }
    tally.print();
    expect(tally.accepted).toBeGreaterThan(20);
  });

  test("Ed25519, as a signed delivery", async () => {
    const tally = new Tally("ed25519");
    for (const group of wycheproofGroups("ed25519_test.json")) {
      const { pk } = group["publicKey"] as { pk: string };
      for (const item of group.tests) {
        const verified = await verifiesDelivery(delivery("ed25519"), pk, item["msg"] as string, item["sig"] as string);
        tally.note(item, verified, null);
      }
    }
    tally.print();
    expect(tally.accepted).toBeGreaterThan(50);
  });

  test.each([
    ["ecdsa_secp256r1_sha256_p1363", "ES256"],
    ["rsa_signature_2048_sha256", "RS256"],
    ["rsa_pss_2048_sha256_mgf1_32", "PS256"],
  ] as const)("%s, as the signature of a provider", async (file, algorithm) => {
    const tally = new Tally(file);
    for (const group of wycheproofGroups(`${file}_test.json`)) {
      const key = publicKeyOf(group, algorithm);
      for (const item of group.tests) {
        const verified = key !== null && (await verifyWithKey(key, algorithm, bytes(item["sig"]), bytes(item["msg"])));
        tally.note(item, verified, key === null ? "the key is not accepted in a key set" : null);
      }
    }
    tally.print();
    expect(tally.accepted).toBeGreaterThan(5);
    expect(tally.stricter.size).toBe(0);
  });

  test.each(["json_web_signature", "json_web_crypto", "json_web_key"])(
    "%s, through the reader of tokens",
    async (file) => {
      const tally = new Tally(file);
      for (const group of wycheproofGroups(`${file}_test.json`)) {
        for (const item of group.tests) await judgeToken(tally, group, item);
      }
      tally.print();
      expect(tally.accepted).toBeGreaterThan(1);
      const reasons = [...tally.stricter.keys()];
      expect(reasons.filter((reason) => !(reason in EXPECTED_STRICTER))).toEqual([]);
      for (const [reason, ids] of tally.stricter) {
        expect([reason, ids]).toEqual([reason, (EXPECTED_STRICTER[reason] as Record<string, number[]>)[file]]);
      }
    },
  );
});

/** Every valid case that is refused, by reason and file: the list is exact, so that a new refusal is noticed. */
const EXPECTED_STRICTER: Readonly<Record<string, Readonly<Record<string, readonly number[]>>>> = {
  "algorithm not offered": {
    json_web_signature: [
      264, 265, 266, 267, 268, 269, 270, 271, 320, 321, 322, 323, 325, 326, 327, 328, 346, 347, 350, 351,
    ],
    json_web_key: [14, 15],
  },
  "a character outside base64url": { json_web_signature: [372, 373] },
  "symmetric keys in a key set": { json_web_crypto: [48], json_web_key: [2] },
};

function publicKeyOf(group: WycheproofGroup, algorithm: PublicKeyAlgorithm): PublicKey | null {
  const publicKey = group["publicKey"] as Record<string, unknown>;
  const base64url = (hex: unknown): string => Buffer.from(bytes(hex)).toString("base64url");
  const strip = (hex: string): string => hex.replace(/^(00)+(?=..)/, "");
  let jwk: Record<string, string>;
  if (algorithm === "ES256") {
    const point = publicKey["uncompressed"] as string;
    jwk = { kty: "EC", crv: "P-256", x: base64url(point.slice(2, 66)), y: base64url(point.slice(66)) };
  } else {
    const { modulus, publicExponent } = publicKey as Record<string, string>;
    const even = (hex: string): string => (hex.length % 2 === 0 ? hex : `0${hex}`);
    jwk = { kty: "RSA", n: base64url(strip(even(modulus as string))), e: base64url(even(publicExponent as string)) };
  }
  return readKeySet(Buffer.from(JSON.stringify({ keys: [jwk] })))?.keys[0] ?? null;
}

interface VectorJwk {
  readonly kty: string;
  readonly alg?: string;
  readonly k?: string;
}

async function judgeToken(tally: Tally, group: WycheproofGroup, item: WycheproofTest): Promise<void> {
  const given = (group["public"] ?? group["private"]) as (VectorJwk & { keys?: readonly VectorJwk[] }) | undefined;
  if (given === undefined || item["jws"] === undefined) return tally.skip("encryption, which no party does");
  const token = typeof item["jws"] === "string" ? item["jws"] : JSON.stringify(item["jws"]);
  if (
    item.result === "invalid" &&
    group.tests.some((other) => other.result === "valid" && other["jws"] === item["jws"])
  ) {
    return tally.skip("byte for byte a valid case of the same key, C2SP/wycheproof#236");
  }
  const keys = given.keys ?? [given];
  const [only] = keys as [VectorJwk];
  const symmetric = keys.length === 1 && only.kty === "oct";
  if (symmetric && !only.alg?.startsWith("HS")) {
    return tally.skip("a bearer secret is text, not a JWK that could be of another algorithm");
  }
  const verified = symmetric ? await verifiesSymmetric(only, token) : await verifiesPublic(keys, token);
  tally.note(item, verified, item.result === "valid" ? whyStricter(keys, token) : null);
}

function whyStricter(keys: readonly VectorJwk[], token: string): string | null {
  if (/[^A-Za-z0-9_.-]/.test(token)) return "a character outside base64url";
  if (keys.length > 1 && keys.every(({ kty }) => kty === "oct")) return "symmetric keys in a key set";
  const { alg } = JSON.parse(Buffer.from(token.split(".")[0] as string, "base64url").toString()) as { alg: string };
  return ["HS256", "RS256", "PS256", "ES256", "EdDSA"].includes(alg) ? null : "algorithm not offered";
}

async function verifiesSymmetric(key: VectorJwk, token: string): Promise<boolean> {
  const secret = Uint8Array.from(Buffer.from(key.k as string, "base64url"));
  // Refused when the party is prepared (RFC 7518 §3.2).
  if (secret.length < MIN_HS256_KEY_BYTES) return false;
  const jws = parseJws(token, { algorithms: ["HS256"], type: null });
  const verdicts = ENVIRONMENTS.map(async (environment) => {
    const check = await createHs256Check([secret], environment());
    return typeof jws !== "string" && (await check.check(jws, token, 0)) === null;
  });
  const [node, web] = await Promise.all(verdicts);
  expect(node).toBe(web);
  return node as boolean;
}

async function verifiesPublic(keys: readonly VectorJwk[], token: string): Promise<boolean> {
  const set = readKeySet(Buffer.from(JSON.stringify({ keys })));
  const jws = parseJws(token, { algorithms: ["RS256", "PS256", "ES256", "EdDSA"], type: null });
  if (set === null || typeof jws === "string") return false;
  for (const candidate of selectKeys(set, jws.algorithm, jws.kid)) {
    const signed = new TextEncoder().encode(jws.signedText);
    if (await verifyWithKey(candidate, jws.algorithm, jws.signature, signed)) return true;
  }
  return false;
}
