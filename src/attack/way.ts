/**
 * Owns what a way in is: an entrypoint over one transport, as something that can be attempted. An attempt says what is presented
 * and what is asked for; what comes of it is one of a few verdicts, whatever the transport.
 */
import type { MatrixRow } from "../access/matrix.ts";
import type { CompiledActor } from "../actors/entrypoints.ts";
import type { AnyParty, By } from "../boundary/party.ts";
import type { Present } from "./holders.ts";
import type { Frame, HeaderList, Wire } from "./wire.ts";
import type { Ran } from "./witness.ts";

/**
 * `http` a request, `sse` a stream of events, `rpc` a message on a connection, `raw` a raw socket with `Authorization`,
 * `raw-hello` one with a first frame.
 */
export type Transport = "http" | "sse" | "rpc" | "raw" | "raw-hello";

export interface Attempt {
  readonly present: Present;
  /** Key text of the actor; default one that all attempts share. */
  readonly key?: string;
  /** In place of the declared name, such as `constructor`. */
  readonly name?: string;
  readonly method?: string;
  /** In place of the whole path. */
  readonly path?: string;
  readonly query?: string;
  readonly headers?: HeaderList;
  readonly body?: string | Uint8Array;
}

/**
 * `refused` by the gate; `passed` it, whatever came after; `turned` away as something else than a refusal of the caller (400,
 * 404, …) where the gate was not necessarily reached; `fault` a 5xx; `broken` no answer.
 */
export type Verdict = "refused" | "passed" | "turned" | "fault" | "broken";

export interface Result {
  readonly verdict: Verdict;
  /** HTTP status or close code; 0 where there is none. */
  readonly status: number;
  /** As a person reads it. */
  readonly came: string;
  readonly text: string;
  readonly headers: HeaderList;
  /** What of the user's code ran for it. */
  readonly ran: readonly Ran[];
  readonly ms: number;
}

/** What an attempt is made with. */
export interface WayParts {
  readonly wire: Wire;
  /** Public origin that signatures are made over. */
  readonly origin: string;
  readonly ran: (owner: string, key: string) => () => readonly Ran[];
}

export interface Way {
  readonly row: MatrixRow;
  readonly transport: Transport;
  /** `chatRoom action ban`. */
  readonly entrypoint: string;
  readonly by: By;
  /** Parties whose credentials are read on this way. */
  readonly bases: readonly AnyParty[];
  /** The actor; null for routes of services. */
  readonly actor: CompiledActor | null;
  /** Bytes past which a body must not be read. */
  readonly maxBody: number;
  attempt(attempt: Attempt): Promise<Result>;
}

/** The key that attempts share unless they name another. */
export const SHARED_KEY = "byward-attack";
/** A name that nobody declares. */
export const UNDECLARED = "byward-attack-undeclared";

/** Bodies that entrypoints accept, by entrypoint: `POST /orders`, `chatRoom action ban`. */
export type Samples = Readonly<Record<string, unknown>>;

/** True for what the gate says to those it does not let in. */
export function isRefusal(group: unknown, code: unknown): boolean {
  return group === "auth" || (group === "byward" && (code === "overloaded" || code === "unavailable"));
}

/** The error of a frame, if it is one. */
export function errorOf(frames: readonly Frame[], id?: number): Frame | undefined {
  return frames.find((frame) => frame["t"] === "error" && (id === undefined || frame["id"] === id));
}
