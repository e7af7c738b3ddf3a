/**
 * Owns verifying a signed delivery, for every webhook format:
 *
 *   header present? → caps, grammar → time and id canonical → signed bytes → any key verifies → window → replay mark
 *
 * A good signature outside the window is `replayed`; everything else that fails is `unauthenticated`. A declared time
 * that is missing never falls back to a signature without time. Nothing of a body is parsed before its signature is
 * verified.
 */
import { equalBytes } from "../constant-time.ts";
import { decodeHex, encodeHex } from "../hex.ts";
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
import type { CheckedFormat, TimeSource } from "../webhooks/format.ts";
import { type OrderRule, readSequence } from "../webhooks/order.ts";
import { readSignatureHeader, type SignatureHeaderReason } from "../webhooks/signature-header.ts";
import { buildSigned, createScratchJoin, type JoinBytes } from "../webhooks/template.ts";
import { otherPortForm, queryParameter } from "../webhooks/url-forms.ts";

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

const EMPTY_CLAIMS = Object.freeze(Object.create(null)) as Readonly<Record<string, never>>;

export class SignatureVerifier implements SchemeVerifier {
  readonly #party: string;
  readonly #rule: DeliveryRule;
  readonly #keys: readonly DeliveryKey[];
  readonly #environment: SchemeEnvironment;
  readonly #join: JoinBytes | undefined;

  constructor(party: string, rule: DeliveryRule, keys: readonly DeliveryKey[], environment: SchemeEnvironment) {
    this.#party = party;
    this.#rule = rule;
    this.#keys = keys;
    this.#environment = environment;
    // Where a key or the digest of an id is asynchronous, the signed bytes must outlive this call.
    const synchronous = keys.every((key) => key.synchronous) && environment.sha256 !== undefined;
    this.#join = synchronous ? createScratchJoin() : undefined;
  }

  prove(presentation: Presentation, now: number): MaybePromise<ProofResult> {
    const { format } = this.#rule;
    const header = presentation.header(format.header);
    if (header === null) return ABSENT;
    if (presentation.body === null) return refuse("signature.body_missing");
    const signature = readSignatureHeader(header, format.grammar, format.variants);
    if (typeof signature === "string") return refuse(signature);
    const delivery = new Delivery(presentation, signature, presentation.body);
    const reason = readSignedValues(format, delivery);
    if (reason !== null) return refuse(reason);
    return this.#verify(delivery, now, format.template.has.url ? otherPortForm(delivery.url) : null);
  }

  /** Tries the URL as received, and then as `otherUrl` where the format signs it. */
  #verify(delivery: Delivery, now: number, otherUrl: string | null): MaybePromise<ProofResult> {
    const signed = buildSigned(this.#rule.format.template, delivery, this.#join);
    if (signed === null) return refuse("signature.delimiter");
    const verified = verifyWithAny(this.#keys, signed, delivery.signature.digests);
    if (!isPromise(verified)) return this.#judge(verified, delivery, signed, now, otherUrl);
    return verified.then((settled) => this.#judge(settled, delivery, signed, now, otherUrl));
  }

  #judge(
    verified: boolean,
    delivery: Delivery,
    signed: Uint8Array,
    now: number,
    otherUrl: string | null,
  ): MaybePromise<ProofResult> {
    if (!verified) {
      if (otherUrl === null) return refuse("signature.mismatch");
      delivery.url = otherUrl;
      return this.#verify(delivery, now, null);
    }
    if (this.#rule.format.time?.from === "body") {
      const reason = readTime(this.#rule.format.time, delivery);
      if (reason !== null) return refuse(reason);
    }
    const covered = this.#isBodyCovered(delivery);
    if (!isPromise(covered)) return this.#conclude(covered, delivery, signed, now);
    return covered.then((settled) => this.#conclude(settled, delivery, signed, now));
  }

  /** Window and replay mark, once the bytes are known to be the sender's. */
  #conclude(covered: boolean, delivery: Delivery, signed: Uint8Array, now: number): MaybePromise<ProofResult> {
    if (!covered) return refuse("signature.body_digest");
    const { time } = delivery;
    const { tolerance } = this.#rule;
    if (time !== null && tolerance !== null && Math.abs(now - time) > tolerance) {
      return refuse("signature.outside_tolerance");
    }
    const mark = this.#readMark(delivery, signed, now);
    return isPromise(mark) ? mark.then((settled) => proved(time, settled)) : proved(time, mark);
  }

  #isBodyCovered(delivery: Delivery): MaybePromise<boolean> {
    const { bodyDigest } = this.#rule.format;
    const declared = bodyDigest === undefined ? null : queryParameter(delivery.url, bodyDigest.query);
    if (declared === null) return true;
    const expected = decodeHex(declared);
    return expected !== null && andThen(this.#sha256(delivery.body), (digest) => equalBytes(digest, expected));
  }

  #readMark(delivery: Delivery, signed: Uint8Array, now: number): MaybePromise<ReplayMark | null | DeliveryReason> {
    const { format, order } = this.#rule;
    const sequence = order === null ? null : readSequence(delivery, order, this.#party);
    if (order !== null && sequence === null) return "signature.order_missing";
    if (format.id === undefined && sequence === null) return null;
    const keepUntil = this.#keepUntil(delivery.time, now);
    const own = format.id !== undefined && format.idIsSigned ? readId(delivery.field(format.id)) : null;
    if (own !== null) return { id: `${this.#party}:id:${own}`, keepUntil, sequence };
    if (format.id === undefined && sequence !== null) {
      return { id: positionRowId(sequence), keepUntil, sequence };
    }
    return andThen(this.#sha256(signed), (digest) => {
      return { id: `${this.#party}:digest:${encodeHex(digest)}`, keepUntil, sequence };
    });
  }

  /**
   * A delivery verifies until its time leaves the window: it has to be remembered for as long, by any clock within
   * skew.
   */
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

/**
 * Reads what stands in the signed string beside the body into the delivery; a string is the reason why it cannot be.
 */
function readSignedValues(format: CheckedFormat, delivery: Delivery): DeliveryReason | null {
  const { has } = format.template;
  if (format.time !== undefined && format.time.from !== "body") {
    const reason = readTime(format.time, delivery);
    if (reason !== null) return reason;
  }
  if (has.id && format.id !== undefined) {
    delivery.id = readId(delivery.field(format.id));
    if (delivery.id === null) return "signature.id";
  }
  if (has.form) {
    const form = readForm(format, delivery);
    if (form === null) return "signature.form";
    delivery.form = form;
  }
  return null;
}

/**
 * Reads the declared time into the delivery: the number, and the text that was signed. A string is the reason why it
 * is none.
 */
function readTime(source: TimeSource, delivery: Delivery): DeliveryReason | null {
  const field = delivery.field(source);
  if (field === undefined) return "signature.timestamp_missing";
  const value = readWholeNumber(field, source);
  if (value === null) return "signature.timestamp";
  delivery.time = toEpochMs(value, source);
  // Exactly as it was sent; it is canonical, so there is no other spelling of it.
  delivery.timestamp = String(field);
  return null;
}

/** The joined form parameters; "" where the body is covered otherwise, null where it is not covered at all. */
function readForm(format: CheckedFormat, delivery: Delivery): string | null {
  if (delivery.body.length === 0) return "";
  if (format.bodyDigest !== undefined && queryParameter(delivery.url, format.bodyDigest.query) !== null) return "";
  return isFormType(delivery.header("content-type")) ? joinFormParameters(delivery.body) : null;
}

function refuse(reason: DeliveryReason): ProofResult {
  return failed(reason, reason === "signature.outside_tolerance" ? "replayed" : "unauthenticated");
}

function proved(time: number | null, replay: ReplayMark | null | DeliveryReason): ProofResult {
  if (typeof replay === "string") return refuse(replay);
  return {
    status: "proved",
    evidence: { subject: undefined, claims: EMPTY_CLAIMS, expiresAt: null, issuedAt: time, tokenId: null, replay },
  };
}
