/**
 * Owns the contexts handlers of services receive: one light object an invocation, the very one `canInvoke` saw. G5:
 * `c.caller` is the only place identity reaches code, and no code can put another one there: contexts are frozen.
 */
import { HIDDEN_HEADER, urlOf } from "../actors/inbound.ts";
import type { ContextClient } from "../actors/types.ts";
import { recordOf, type SealedCaller } from "../boundary/caller.ts";
import type { CallerRecord, InternalCaller } from "../boundary/scheme.ts";
import type { InboundRequest, Logger } from "../hosts/port.ts";
import type { LazyAbort } from "./abort.ts";
import type { ServiceEntry } from "./entrypoints.ts";
import { handlerRequest } from "./handler-request.ts";
import type { CallRef, QueueRef, ServiceContext, ServiceHost, ServiceReceipt, ServiceSendOptions } from "./types.ts";

/** What contexts need of the runtime. */
export interface ContextSource {
  readonly serviceHost: ServiceHost;
  logOf(entry: ServiceEntry): Logger;
  client(caller: InternalCaller): unknown;
  call(ref: CallRef, caller: InternalCaller, args: readonly unknown[]): Promise<unknown>;
  send(ref: QueueRef, caller: InternalCaller, message: unknown, id: string | undefined): Promise<ServiceReceipt>;
  waitUntil(promise: Promise<unknown>, entry: ServiceEntry): void;
}

export interface InvocationParts {
  readonly source: ContextSource;
  readonly entry: ServiceEntry;
  readonly caller: SealedCaller;
  readonly correlationId: string;
  readonly abort: LazyAbort;
  /** The id of a remembered delivery; what it sends carries it on. */
  readonly deliveryId: string | null;
}

export class Invocation implements ServiceContext<SealedCaller> {
  readonly #parts: InvocationParts;
  #sends = 0;

  constructor(parts: InvocationParts) {
    this.#parts = parts;
  }

  get caller(): SealedCaller {
    return this.#parts.caller;
  }
  get correlationId(): string {
    return this.#parts.correlationId;
  }
  get service(): string {
    return this.#parts.entry.service.name;
  }
  get log(): Logger {
    return this.#parts.source.logOf(this.#parts.entry);
  }
  get host(): ServiceHost {
    return this.#parts.source.serviceHost;
  }
  get abortSignal(): AbortSignal {
    return this.#parts.abort.signal;
  }
  get deliveryId(): string | null {
    return this.#parts.deliveryId;
  }

  client<Registry = unknown>(): ContextClient<Registry> {
    return this.#parts.source.client(this.#asCaller()) as ContextClient<Registry>;
  }

  call<Args extends readonly unknown[], Result>(ref: CallRef<Args, Result>): (...args: Args) => Promise<Result> {
    const { source } = this.#parts;
    return (...args) => source.call(ref as CallRef, this.#asCaller(), args) as Promise<Result>;
  }

  send<Message>(ref: QueueRef<Message>, message: Message, options: ServiceSendOptions = {}): Promise<ServiceReceipt> {
    const { source, deliveryId } = this.#parts;
    this.#sends += 1;
    // A delivery that runs again after a crash sends the same messages in the same order: each is one message (ruling 22).
    const id = options.id ?? (deliveryId === null ? undefined : shortId(deliveryId, this.#sends));
    return source.send(ref as QueueRef, this.#asCaller(), message, id);
  }

  waitUntil(promise: Promise<unknown>): void {
    this.#parts.source.waitUntil(promise, this.#parts.entry);
  }

  /** This service, acting for whoever called it from outside (ruling 11). */
  #asCaller(): InternalCaller {
    const onBehalfOf = originalOf(this.caller);
    return { name: this.service, ...(onBehalfOf === null ? {} : { onBehalfOf }) };
  }
}

const LONGEST_ID = 256;

function shortId(deliveryId: string, ordinal: number): string {
  const suffix = `#${ordinal}`;
  return `${deliveryId.slice(-(LONGEST_ID - suffix.length))}${suffix}`;
}

function originalOf(caller: SealedCaller): CallerRecord | null {
  if (caller.onBehalfOf !== null) return caller.onBehalfOf;
  const isInternal = caller.source !== null || caller.party === "Scheduler" || caller.party === "Producer";
  return !isInternal && caller.identity !== undefined ? recordOf(caller) : null;
}

/** What the gate has read of a request's payload; filled in after the decision. */
export interface RoutePayload {
  params: unknown;
  query: unknown;
  body: unknown;
}

export interface RouteParts extends InvocationParts {
  readonly inbound: InboundRequest;
  readonly payload: RoutePayload;
  readonly exposeCredentials: boolean;
  /** Bytes. */
  readonly maxBody: number;
}

export class RouteInvocation extends Invocation {
  readonly #route: RouteParts;
  #request: Request | null = null;

  constructor(parts: RouteParts) {
    super(parts);
    this.#route = parts;
  }

  get method(): string {
    return this.#route.inbound.method;
  }
  get params(): unknown {
    return this.#route.payload.params;
  }
  get query(): unknown {
    return this.#route.payload.query;
  }
  get body(): unknown {
    return this.#route.payload.body;
  }
  get url(): URL {
    return new URL(urlOf(this.#route.inbound));
  }
  header(name: string): string | null {
    const lower = name.toLowerCase();
    if (HIDDEN_HEADER.test(lower) && !(this.#route.exposeCredentials && lower === "authorization")) return null;
    return this.#route.inbound.header(lower);
  }
  get request(): Request {
    this.#request ??= handlerRequest(this.#route.inbound, this.#route);
    return this.#request;
  }
}

const NO_PARAMS: Readonly<Record<string, string>> = Object.freeze({});

export class CallInvocation extends Invocation {
  /** Calls have no path; `canInvoke` reads contexts of both kinds. */
  get params(): Readonly<Record<string, string>> {
    return NO_PARAMS;
  }

  header(_name: string): null {
    return null;
  }
}

export class CronInvocation extends Invocation {
  readonly #scheduledAt: number;

  constructor(parts: InvocationParts, scheduledAt: number) {
    super(parts);
    this.#scheduledAt = scheduledAt;
  }

  get scheduledAt(): number {
    return this.#scheduledAt;
  }
}

export class MessageInvocation extends Invocation {}
