/**
 * Owns verifying a signed delivery, for every webhook format:
 *
 *   header present? → caps, grammar → time and id canonical → signed bytes → any key verifies → window → replay mark
 *
 * A good signature outside the window is `replayed`; everything else that fails is `unauthenticated`. A declared time that is
 * missing never falls back to a signature without time. Nothing of a body is parsed before its signature is verified.
 */
import { encodeBase64Url } from "../base64.ts";
import { equalBytes } from "../constant-time.ts";
import { decodeHex } from "../hex.ts";
import { andThen, isPromise, type MaybePromise } from "../maybe-promise.ts";
import { positionRowId } from "../replay-order.ts";
import {
  ABSENT,
  failed,
  type Presentation,
  type ProofResult,
  type ReplayMark,
  type SchemeEnvironment,
  type SchemeVerifier,
} from "../scheme.ts";
import { Delivery, readId, readWholeNumber, toEpochMs } from "../webhooks/delivery-fields.ts";
import { asBufferSource, type DeliveryKey, verifyWithAny } from "../webhooks/delivery-keys.ts";
import { isFormType, joinFormParameters } from "../webhooks/form-parameters.ts";
import type { CheckedFormat } from "../webhooks/format.ts";
import { type OrderRule, readSequence } from "../webhooks/order.ts";
import { readSignatureHeader, type SignatureHeaderReason } from "../webhooks/signature-header.ts";
import { buildSigned } from "../webhooks/template.ts";
import { queryParameter, urlForms } from "../webhooks/url-forms.ts";

/** What a signature party declared. Times in ms. */
export interface DeliveryRule {
  readonly format: CheckedFormat;
  /** Null for formats that sign no time. */
  readonly tolerance: number | null;
  /** How long an id is remembered at least, from now. */
  readonly keep: number;
  readonly order: OrderRule | null;
}

/** Every reason for which a signature party refuses a delivery, for the log. */
export type DeliveryReason =
  | SignatureHeaderReason
  | "signature.body_missing"
  | "signature.timestamp_missing"
  | "signature.timestamp"
  | "signature.id"
  | "signature.form"
  | "signature.delimiter"
  | "signature.mismatch"
  | "signature.body_digest"
  | "signature.outside_tolerance"
  | "signature.order_missing";

/** A step's answer: a value, or the reason of refusal. */
type Step<Value> = { readonly value: Value } | { readonly reason: DeliveryReason };

const EMPTY_CLAIMS = Object.freeze(Object.create(null)) as Readonly<Record<string, never>>;

export class SignatureVerifier implements SchemeVerifier {
  readonly #party: string;
  readonly #rule: DeliveryRule;
  readonly #keys: readonly DeliveryKey[];
  readonly #environment: SchemeEnvironment;

  constructor(party: string, rule: DeliveryRule, keys: readonly DeliveryKey[], environment: SchemeEnvironment) {
    this.#party = party;
    this.#rule = rule;
    this.#keys = keys;
    this.#environment = environment;
  }

  prove(presentation: Presentation, now: number): MaybePromise<ProofResult> {
    const { format } = this.#rule;
    const header = presentation.header(format.header);
    if (header === null) return ABSENT;
    if (presentation.body === null) return refuse("signature.body_missing");
    const signature = readSignatureHeader(header, format.grammar, format.variants);
    if (typeof signature === "string") return refuse(signature);
    const delivery = new Delivery(presentation, signature, presentation.body);
    const candidates = signedCandidates(format, delivery, presentation);
    if ("reason" in candidates) return refuse(candidates.reason);
    return andThen(this.#findVerified(candidates.value, delivery), (signed) =>
      signed === null ? refuse("signature.mismatch") : this.#conclude(presentation, delivery, signed, now),
    );
  }

  /** The signed bytes that a key verifies, or null. */
  #findVerified(candidates: readonly Uint8Array[], delivery: Delivery, start = 0): MaybePromise<Uint8Array | null> {
    for (let index = start; index < candidates.length; index++) {
      const signed = candidates[index] as Uint8Array;
      const verified = verifyWithAny(this.#keys, signed, delivery.signature.digests);
      if (verified === true) return signed;
      if (isPromise(verified)) {
        return verified.then((settled) => (settled ? signed : this.#findVerified(candidates, delivery, index + 1)));
      }
    }
    return null;
  }

  /** Everything that is judged once the bytes are known to be the sender's. */
  #conclude(
    presentation: Presentation,
    delivery: Delivery,
    signed: Uint8Array,
    now: number,
  ): MaybePromise<ProofResult> {
    return andThen(this.#isBodyCovered(presentation, delivery), (covered) => {
      if (!covered) return refuse("signature.body_digest");
      const time = readTime(this.#rule.format, delivery);
      if ("reason" in time) return refuse(time.reason);
      const { tolerance } = this.#rule;
      if (time.value !== null && tolerance !== null && Math.abs(now - time.value) > tolerance) {
        return refuse("signature.outside_tolerance");
      }
      return andThen(this.#readMark(delivery, signed, time.value, now), (mark) =>
        "reason" in mark ? refuse(mark.reason) : proved(time.value, mark.value),
      );
    });
  }

  #isBodyCovered(presentation: Presentation, delivery: Delivery): MaybePromise<boolean> {
    const { bodyDigest } = this.#rule.format;
    const declared = bodyDigest === undefined ? null : queryParameter(presentation.url, bodyDigest.query);
    if (declared === null) return true;
    const expected = decodeHex(declared);
    return expected !== null && andThen(this.#sha256(delivery.body), (digest) => equalBytes(digest, expected));
  }

  #readMark(
    delivery: Delivery,
    signed: Uint8Array,
    time: number | null,
    now: number,
  ): MaybePromise<Step<ReplayMark | null>> {
    const { format, order } = this.#rule;
    const sequence = order === null ? null : readSequence(delivery, order, this.#party);
    if (order !== null && sequence === null) return { reason: "signature.order_missing" };
    if (format.id === undefined && sequence === null) return { value: null };
    const keepUntil = this.#keepUntil(time, now);
    const own = format.id !== undefined && format.idIsSigned ? readId(delivery.field(format.id)) : null;
    if (own !== null) return { value: { id: `${this.#party}:id:${own}`, keepUntil, sequence } };
    if (format.id === undefined && sequence !== null) {
      return { value: { id: positionRowId(sequence), keepUntil, sequence } };
    }
    return andThen(this.#sha256(signed), (digest) => {
      return { value: { id: `${this.#party}:digest:${encodeBase64Url(digest)}`, keepUntil, sequence } };
    });
  }

  /** A delivery verifies until its time leaves the window: it has to be remembered for as long, by any clock within skew. */
  #keepUntil(time: number | null, now: number): number {
    const { tolerance, keep } = this.#rule;
    const windowEnd = time === null || tolerance === null ? 0 : time + tolerance + this.#environment.skew;
    return Math.max(windowEnd, now + keep);
  }

  #sha256(bytes: Uint8Array): MaybePromise<Uint8Array> {
    const { sha256 } = this.#environment;
    if (sha256 !== undefined) return sha256(bytes);
    return crypto.subtle.digest("SHA-256", asBufferSource(bytes)).then((digest) => new Uint8Array(digest));
  }
}

/** The byte strings the sender may have signed: one, or two where a URL is part of them. */
function signedCandidates(
  format: CheckedFormat,
  delivery: Delivery,
  presentation: Presentation,
): Step<readonly Uint8Array[]> {
  const time = format.time !== undefined && format.time.from !== "body" ? readTime(format, delivery) : NO_TIME;
  if ("reason" in time) return time;
  const id = format.template.places.has("id") && format.id !== undefined ? readId(delivery.field(format.id)) : "";
  if (id === null) return { reason: "signature.id" };
  const form = readForm(format, delivery, presentation);
  if (form === null) return { reason: "signature.form" };
  // The time stands in the signed string exactly as it was sent; it is canonical, so it has one spelling.
  const timestamp = format.time === undefined ? null : (delivery.field(format.time) as string);
  const urls = format.template.places.has("url") ? urlForms(presentation.url) : [""];
  const candidates = urls.map((url) =>
    buildSigned(format.template, {
      timestamp,
      id,
      url,
      form,
      body: delivery.body,
      header: (name) => delivery.header(name),
    }),
  );
  const built = candidates.filter((candidate) => candidate !== null);
  return built.length === 0 ? { reason: "signature.delimiter" } : { value: built };
}

const NO_TIME: Step<number | null> = { value: null };

/** The declared time, epoch ms; null where the format has none. */
function readTime(format: CheckedFormat, delivery: Delivery): Step<number | null> {
  const { time } = format;
  if (time === undefined) return NO_TIME;
  const field = delivery.field(time);
  if (field === undefined) return { reason: "signature.timestamp_missing" };
  const value = readWholeNumber(field, time);
  return value === null ? { reason: "signature.timestamp" } : { value: toEpochMs(value, time) };
}

/** The joined form parameters; "" where the body is covered otherwise, null where it is not covered at all. */
function readForm(format: CheckedFormat, delivery: Delivery, presentation: Presentation): string | null {
  if (!format.template.places.has("form")) return "";
  if (delivery.body.length === 0) return "";
  if (format.bodyDigest !== undefined && queryParameter(presentation.url, format.bodyDigest.query) !== null) return "";
  return isFormType(presentation.header("content-type")) ? joinFormParameters(delivery.body) : null;
}

function refuse(reason: DeliveryReason): ProofResult {
  return failed(reason, reason === "signature.outside_tolerance" ? "replayed" : "unauthenticated");
}

function proved(time: number | null, replay: ReplayMark | null): ProofResult {
  return {
    status: "proved",
    evidence: { subject: undefined, claims: EMPTY_CLAIMS, expiresAt: null, issuedAt: time, tokenId: null, replay },
  };
}
