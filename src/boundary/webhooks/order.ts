/** Owns the promise of an order: where a delivery says its position, and how long a gap may last. */
import { ConfigurationError } from "../errors.ts";
import type { SequenceMark } from "../scheme.ts";
import { type Delivery, readId, readWholeNumber } from "./delivery-fields.ts";
import { type FieldSource, headerName } from "./format.ts";

/** A header, or a claim of the JSON body: names joined by dots, such as `data.sequence`. */
export type DeliveryField = { readonly header: string } | { readonly claim: string };

/**
 * Deliveries carry whole positions, each one more than the last. A delivery ahead of its turn waits or is refused,
 * one behind it is refused; none is run out of order.
 */
export type OrderOptions = DeliveryField & {
  /** What tells sequences apart where a sender has several; absent: one sequence for the party. */
  readonly stream?: DeliveryField;
  /** The position a stream begins with. Absent: whichever delivery succeeds first begins it. */
  readonly start?: number;
  /**
   * A delivery ahead of its turn waits up to `wait`, or is refused at once so that the sender retries. Default
   * `refuse`.
   */
  readonly gaps?: "wait" | "refuse";
  /** Seconds; default 10, at most 60. Only with `gaps: "wait"`. A waiting delivery holds its request open. */
  readonly wait?: number;
};

export interface OrderRule {
  readonly position: FieldSource;
  readonly stream: FieldSource | null;
  readonly start: number | null;
  /** ms */
  readonly maxWait: number;
}

const DEFAULT_WAIT_SECONDS = 10;
const LONGEST_WAIT_SECONDS = 60;

/** @throws ConfigurationError `signature.order`, `signature.field` */
export function readOrder(options: OrderOptions | undefined): OrderRule | null {
  if (options === undefined) return null;
  const { gaps = "refuse", wait = DEFAULT_WAIT_SECONDS, stream, start = null } = options;
  const valid = (gaps === "refuse" && options.wait === undefined) || gaps === "wait";
  if (!valid || !(wait > 0 && wait <= LONGEST_WAIT_SECONDS)) {
    throw new ConfigurationError(
      "signature.order",
      `order: gaps is "wait" or "refuse", and wait (1 to ${LONGEST_WAIT_SECONDS} seconds) goes with "wait".`,
    );
  }
  if (start !== null && (!Number.isSafeInteger(start) || start < 0)) {
    throw new ConfigurationError("signature.order", "order: start is a whole number, 0 or more.");
  }
  return {
    start,
    position: readField(options),
    stream: stream === undefined ? null : readField(stream),
    maxWait: gaps === "wait" ? wait * 1000 : 0,
  };
}

/** @throws ConfigurationError `signature.field` */
export function readField(field: DeliveryField | string): FieldSource {
  const fail = (problem: string): never => {
    throw new ConfigurationError(
      "signature.field",
      `${problem}; give { header: "X-Name" } or { claim: "name.inside.body" }.`,
    );
  };
  if (typeof field === "string") return { from: "header", header: headerName(field, fail) };
  const { header, claim } = field as { header?: unknown; claim?: unknown };
  if ((header === undefined) === (claim === undefined)) return fail("A field has either a header or a claim");
  if (header !== undefined) return { from: "header", header: headerName(header, fail) };
  if (typeof claim !== "string" || claim === "") return fail("A claim is a path of names joined by dots");
  return { from: "body", path: claim.split(".") };
}

/** The delivery's place in its sequence; null where it does not say one. */
export function readSequence(delivery: Delivery, rule: OrderRule, party: string): SequenceMark | null {
  const position = readWholeNumber(delivery.field(rule.position), rule.position);
  const stream = rule.stream === null ? "" : readId(delivery.field(rule.stream));
  if (position === null || stream === null) return null;
  return { stream: `${party}:order:${stream}`, position, start: rule.start, maxWait: rule.maxWait };
}
