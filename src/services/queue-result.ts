/** Owns what a queue consumer answers. */
import type { QueueResult } from "./types.ts";

const ACK: QueueResult = Object.freeze({ status: "ack" });

/** The message is handled and never comes again. What a consumer that returns nothing says. */
export function ack(): QueueResult {
  return ACK;
}

/** The message is to come again, after a pause that grows with each attempt; `reason` is for the log. */
export function retry(reason: string): QueueResult {
  return Object.freeze({ status: "retry", reason });
}
