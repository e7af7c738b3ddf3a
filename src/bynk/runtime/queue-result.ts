/** Owns `QueueResult` of Bynk: what a queue's handler answers. */

export type QueueResult = { readonly tag: "Ack" } | { readonly tag: "Retry"; readonly reason: string };

export const QueueResult = Object.freeze({
  /** The message is handled and never comes again. */
  Ack: Object.freeze({ tag: "Ack" }) as QueueResult,
  /** The message is to come again; the reason is logged. */
  Retry: (reason: string): QueueResult => ({ tag: "Retry", reason }),
});
