/**
 * Owns what an internal call asks of whoever holds the actor, here or elsewhere. The caller is data minted by the calling
 * side, and what carries it is a call between runtimes: no request and no header can be mistaken for one (ruling 24).
 */
import type { InternalCaller } from "../boundary/scheme.ts";
import type { Socket } from "../hosts/port.ts";
import type { Address } from "./stateless.ts";

/** Whom a call is for, and as whom it comes. */
export interface InternalTarget {
  readonly caller: InternalCaller;
  readonly name: string;
  readonly address: Address;
  readonly mode: "get" | "getOrCreate";
  readonly input: unknown;
  readonly params: unknown;
}

/** How a message is sent. */
export interface InternalSend {
  readonly wait?: boolean | undefined;
  readonly timeout?: number | undefined;
  readonly id?: string | undefined;
}

/** Runs internal calls through the gate of the runtime that holds the actor. Values it is given are copies already. */
export interface Callee {
  action(target: InternalTarget, name: string, args: readonly unknown[]): Promise<unknown>;
  send(target: InternalTarget, queue: string, body: unknown, options: InternalSend): Promise<unknown>;
  fetch(target: InternalTarget, request: Request): Promise<Response>;
  /** An event stream, answered as over HTTP, refusals too. */
  events(target: InternalTarget, name: string, signal: AbortSignal): Promise<Response>;
  open(target: InternalTarget): Promise<{ readonly id: string; readonly created: boolean }>;
  /** Serves a socket as a connection to a raw path with its query; what is wrong is said on the socket. */
  connect(caller: InternalCaller, path: string, offered: readonly string[], socket: Socket): void;
}
