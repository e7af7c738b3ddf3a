/**
 * Owns the errors of the client. Few classes, many codes: every rejection is an `ActorError`, but for a caller's own
 * `signal`, whose reason is passed on as it is. Group `client` is what happened on this side of the wire.
 */
import { type ErrorBody, readErrorBody } from "../protocol/error-body.ts";
import type { ErrorMessage } from "../protocol/messages.ts";

/** Codes of group `client`. */
export type ClientErrorCode =
  /** The request or its reply broke. An action may have run. */
  | "network_failed"
  /** The link broke while the action was under way. It may have run. */
  | "connection_lost"
  /** The server did not answer `hello` in time. */
  | "connect_timeout"
  /** What came back is not of this protocol. */
  | "malformed_response"
  /** `token()` threw, or took too long. */
  | "token_failed"
  /** `getParams()` threw, or took too long. */
  | "params_failed"
  /** An argument, body, key or name cannot be written; the message says which. */
  | "not_encodable"
  /** More calls than `maxBuffered` wait for the link. */
  | "buffer_full"
  /** The connection or its client was disposed. */
  | "disposed"
  /** The endpoint, or a subprotocol, is not valid. */
  | "invalid_endpoint"
  /** A listener threw; the error is the `cause`. */
  | "listener_failed";

export interface ActorErrorDetails {
  readonly metadata?: unknown;
  readonly correlationId?: string | undefined;
  /** Seconds the server asked to wait. */
  readonly retryAfter?: number | undefined;
  readonly cause?: unknown;
}

/** What a call rejects with. `group` and `code` are stable; the message is for people. */
export class ActorError extends Error {
  override readonly name: string = "ActorError";
  readonly group: string;
  readonly code: string;
  readonly metadata: unknown;
  /** Finds the entry in the server's log. Undefined where no server answered. */
  readonly correlationId: string | undefined;
  readonly retryAfter: number | undefined;

  constructor(group: string, code: string, message: string, details: ActorErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.group = group;
    this.code = code;
    this.metadata = details.metadata;
    this.correlationId = details.correlationId || undefined;
    this.retryAfter = details.retryAfter;
  }
}

/** The connection was disposed: `client/disposed`. */
export class ActorConnDisposed extends ActorError {
  override readonly name = "ActorConnDisposed";
  constructor() {
    super("client", "disposed", "The connection was disposed.");
  }
}

/** The link failed below the protocol: `client/network_failed`. */
export class HttpRequestError extends ActorError {
  override readonly name = "HttpRequestError";
  constructor(message: string, cause?: unknown) {
    super("client", "network_failed", message, { cause });
  }
}

/** What came back is not of this protocol: `client/malformed_response`. */
export class MalformedResponseMessage extends ActorError {
  override readonly name = "MalformedResponseMessage";
  constructor(message: string, cause?: unknown) {
    super("client", "malformed_response", message, { cause });
  }
}

export const clientError = (code: ClientErrorCode, message: string, cause?: unknown): ActorError =>
  new ActorError("client", code, message, { cause });

export const errorOfMessage = (message: ErrorMessage): ActorError => errorOfBody(message, message.retryAfter);

/** The error of an answer that is none of success. `what` says what came, for people. */
export const errorOfReply = (what: string, body: unknown, retryAfter?: number): ActorError => {
  const read = readErrorBody(body);
  return read === null ? new HttpRequestError(`${what} without an error body.`) : errorOfBody(read, retryAfter);
};

const errorOfBody = (body: ErrorBody, retryAfter?: number): ActorError =>
  new ActorError(body.group, body.code, body.message, { ...body, retryAfter });

/** Runs what writes a value, key or path; what it refuses becomes `client/not_encodable`. */
export const encoding = <T>(write: () => T): T => {
  try {
    return write();
  } catch (error) {
    throw clientError("not_encodable", error instanceof Error ? error.message : String(error), error);
  }
};

/** The credential was refused: a fresh one may do. */
export const isCredentialRefusal = (error: ActorError): boolean =>
  error.group === "auth" && (error.code === "unauthenticated" || error.code === "expired");
