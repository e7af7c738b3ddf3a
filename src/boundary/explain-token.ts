/**
 * Owns explaining a token: which step of `schemes/token.ts` it fails, and the facts of token and party that decide
 * it.
 */
import { decodeBase64Url } from "./base64.ts";
import { type Explanation, explain, type StepDescription } from "./explanation.ts";
import { isJsonObject, type JsonObject, parseStrictJsonBytes } from "./json-strict.ts";
import type { Presentation, SchemeEnvironment } from "./scheme.ts";
import type { BearerScheme } from "./schemes/bearer.ts";
import type { TokenExpectations } from "./schemes/expectations.ts";
import type { OidcScheme } from "./schemes/oidc.ts";
import type { TokenReason } from "./schemes/token.ts";

const STEPS: readonly StepDescription<TokenReason>[] = [
  {
    name: "presented",
    checks: "there is a credential of at most 8 KiB",
    reasons: ["bearer.malformed", "bearer.empty", "jwt.too_long"],
  },
  { name: "format", checks: "three parts of strict base64url", reasons: ["jwt.parts", "jwt.encoding"] },
  {
    name: "header",
    checks: "a strict JSON header with the declared algorithm and type",
    reasons: ["jwt.header", "jwt.algorithm", "jwt.critical", "jwt.b64", "jwt.kid", "jwt.type"],
  },
  { name: "payload", checks: "a strict JSON object", reasons: ["jwt.payload"] },
  {
    name: "signature",
    checks: "signed with a key of the party",
    reasons: ["jwt.signature", "oidc.keys_unavailable", "oidc.key_unknown"],
  },
  {
    name: "claims",
    checks: "registered claims have their types, sub and exp are there",
    reasons: [
      "jwt.exp_missing",
      "jwt.exp_invalid",
      "jwt.nbf_invalid",
      "jwt.iat_invalid",
      "jwt.iss_invalid",
      "jwt.aud_invalid",
      "jwt.sub_invalid",
      "jwt.jti_invalid",
    ],
  },
  { name: "issuer", checks: "iss is one the party accepts", reasons: ["jwt.issuer"] },
  { name: "audience", checks: "aud names this service", reasons: ["jwt.audience"] },
  {
    name: "lifetime",
    checks: "issued in the past, for no longer than allowed",
    reasons: ["jwt.issued_in_future", "jwt.lifetime"],
  },
  { name: "not before", checks: "valid already", reasons: ["jwt.not_yet_valid"] },
  { name: "expiry", checks: "valid still", reasons: ["jwt.expired"] },
];

/** What a sentence may say: header and claims of the token as far as they can be read, the party's rules, the time. */
interface Facts {
  readonly header: JsonObject | null;
  readonly claims: JsonObject | null;
  readonly expects: TokenExpectations;
  readonly secrets: readonly string[];
  readonly now: number;
}

const SENTENCES: Readonly<Record<TokenReason, (facts: Facts) => string>> = {
  "bearer.malformed": () => 'The Authorization header does not begin with "Bearer " and one token.',
  "bearer.empty": () => "The credential is empty.",
  "jwt.too_long": () => "The token is longer than 8 KiB. Move data out of its claims.",
  "jwt.parts": () => "A token has exactly three parts separated by dots: header, payload, signature.",
  "jwt.encoding": () => "A part is not strict base64url: look for padding (=), white space, + or /, or a cut end.",
  "jwt.header": () => "The header is not a JSON object, or has a name twice.",
  "jwt.algorithm": ({ header, expects }) =>
    `The token says alg ${show(header?.["alg"])}; this party accepts ${expects.algorithms.join(", ")} and never asks the token.`,
  "jwt.critical": () => "The header has crit: it names extensions that must be understood, and none is.",
  "jwt.b64": () => "The header has b64, which a JWT does not (RFC 7797 §7).",
  "jwt.kid": () => "The header's kid is not a string.",
  "jwt.type": ({ header, expects }) =>
    `The token says typ ${show(header?.["typ"])}; this party accepts ${expects.type === null ? "JWT or none. Declare type to accept another" : expects.type}.`,
  "jwt.payload": () => "The payload is not a JSON object, has a name twice, is nested too deeply, or is not UTF-8.",
  "jwt.signature": ({ secrets }) =>
    secrets.length === 0
      ? "The signature does not verify: it was made with another key, or the token was changed."
      : `The signature does not verify under ${secrets.join(" or ")}: another secret, a secret with white space around it, or a changed token.`,
  "oidc.keys_unavailable": () => "The provider's keys could not be fetched. Check issuer, jwks, and the network.",
  "oidc.key_unknown": ({ header }) =>
    `The provider publishes no usable key for kid ${show(header?.["kid"])} and alg ${show(header?.["alg"])}, or more than one.`,
  "jwt.exp_missing": () => "The token has no exp. A token without an end is not accepted.",
  "jwt.exp_invalid": ({ claims }) => `exp is ${show(claims?.["exp"])}; it must be a number of seconds.`,
  "jwt.nbf_invalid": ({ claims }) => `nbf is ${show(claims?.["nbf"])}; it must be a number of seconds.`,
  "jwt.iat_invalid": ({ claims }) => `iat is ${show(claims?.["iat"])}; it must be a number of seconds.`,
  "jwt.iss_invalid": () => "iss is not a string.",
  "jwt.aud_invalid": () => "aud is neither a string nor a list of strings.",
  "jwt.sub_invalid": () => "sub is missing, empty or not a string. It is the identity.",
  "jwt.jti_invalid": () => "jti is not a string.",
  "jwt.issuer": ({ claims, expects }) =>
    `iss is ${show(claims?.["iss"])}; this party accepts ${expects.issuers?.join(", ")}.`,
  "jwt.audience": ({ claims, expects }) =>
    `aud is ${show(claims?.["aud"])}; this party accepts ${expects.audiences?.join(", ")}.`,
  "jwt.lifetime": ({ expects }) =>
    `The token lives longer than ${expects.maxLifetime} s. Issue shorter ones, or raise maxLifetime.`,
  "jwt.issued_in_future": ({ claims, now }) =>
    `iat is ${date(claims?.["iat"])}, after now (${iso(now)}): compare the clocks.`,
  "jwt.not_yet_valid": ({ claims, now }) => `Valid from ${date(claims?.["nbf"])}; it is ${iso(now)}.`,
  "jwt.expired": ({ claims, now }) => `Expired at ${date(claims?.["exp"])}; it is ${iso(now)}.`,
};

/**
 * Says step by step why a party accepts or refuses a token. Reads the party's secrets or keys as a start would.
 * @throws ConfigurationError when the party itself could not start
 */
export async function explainToken(
  token: string,
  scheme: BearerScheme | OidcScheme,
  partyName: string,
  environment: SchemeEnvironment,
): Promise<Explanation> {
  const now = environment.now();
  const verifier = await scheme.prepare(partyName, environment);
  const result = await verifier.prove(presentToken(token), now);
  const [header = "", payload = ""] = token.split(".");
  const facts = {
    header: readPart(header),
    claims: readPart(payload),
    expects: scheme.expects,
    secrets: scheme.secretNames,
    now,
  };
  return explain(result, STEPS, (reason) => SENTENCES[reason](facts));
}

function presentToken(token: string): Presentation {
  return {
    channel: { kind: "external" },
    method: "GET",
    url: "",
    header: (name) => (name === "authorization" ? `Bearer ${token}` : null),
    body: null,
    frameToken: null,
  };
}

function readPart(text: string): JsonObject | null {
  const bytes = text.length > 8192 ? null : decodeBase64Url(text);
  const json = bytes === null ? null : parseStrictJsonBytes(bytes);
  return json?.ok === true && isJsonObject(json.value) ? json.value : null;
}

function show(value: unknown): string {
  return value === undefined ? "nothing" : JSON.stringify(value).slice(0, 200);
}

function iso(time: number): string {
  return new Date(time).toISOString();
}

function date(seconds: unknown): string {
  return typeof seconds === "number" ? iso(seconds * 1000) : show(seconds);
}
