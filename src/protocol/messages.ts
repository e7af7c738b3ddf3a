/**
 * Owns the frames of the RPC connection (`GET /actors/{name}/{key}/connect`, subprotocol `byward.v1`), version 1.
 * A frame is one message or a list of messages, in order; either side may batch. `docs/wire.md` is this file in prose.
 */

export const SUBPROTOCOL = "byward.v1";
export const SUBPROTOCOL_CBOR = "byward.v1.cbor";

/** First frame of every connection, within 10 s. `token` travels here and never in a URL. */
export interface HelloMessage {
  readonly t: "hello";
  readonly token?: string;
  readonly params?: unknown;
  /** Input for the actor if this connection creates it. */
  readonly input?: unknown;
  /** `get` refuses to create; default `getOrCreate`. */
  readonly mode?: "get" | "getOrCreate";
}
export interface ActionMessage {
  readonly t: "action";
  readonly id: number;
  readonly name: string;
  readonly args: readonly unknown[];
}
export interface SubscribeMessage {
  readonly t: "subscribe";
  readonly id: number;
  readonly name: string;
}
export interface UnsubscribeMessage {
  readonly t: "unsubscribe";
  readonly name: string;
}
export interface SendMessage {
  readonly t: "send";
  readonly id: number;
  readonly name: string;
  readonly body: unknown;
  readonly wait?: boolean;
  /** ms */
  readonly timeout?: number;
  /** Idempotency id: the same id twice is one message. */
  readonly key?: string;
}
/** Renews the lease in band with a fresh token of the same subject. */
export interface RenewMessage {
  readonly t: "renew";
  readonly id: number;
  readonly token: string;
}
export type ClientMessage =
  | HelloMessage
  | ActionMessage
  | SubscribeMessage
  | UnsubscribeMessage
  | SendMessage
  | RenewMessage;

export interface ReadyMessage {
  readonly t: "ready";
  readonly actor: string;
  readonly connection: string;
  /** Epoch ms at which the lease ends, or null; the client renews before it. */
  readonly expiresAt: number | null;
  /** Server time, epoch ms, so that a client with a wrong clock still renews in time. */
  readonly now: number;
}
/** Answer to `action`, `subscribe`, `send` and `renew`. */
export interface ResultMessage {
  readonly t: "result";
  readonly id: number;
  readonly output?: unknown;
}
export interface EventMessage {
  readonly t: "event";
  readonly name: string;
  readonly args: readonly unknown[];
}
/** A refusal. With `id`: of that message only. Without: the connection is about to close. */
export interface ErrorMessage {
  readonly t: "error";
  readonly id?: number;
  readonly group: string;
  readonly code: string;
  readonly message: string;
  readonly metadata?: unknown;
  /** Seconds. */
  readonly retryAfter?: number;
  readonly correlationId: string;
  /** The event whose subscription was refused or ended. */
  readonly event?: string;
}
export type ServerMessage = ReadyMessage | ResultMessage | EventMessage | ErrorMessage;

/** Reserved ids start at 1: id 0 is never used, so that no error can be mistaken for a connection-level one. */
export const FIRST_MESSAGE_ID = 1;
