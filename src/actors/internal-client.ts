/**
 * Owns `c.client()`: calls from one actor, or service, to another of the same registry. They go through the callee's gate
 * with the caller minted by this channel (ruling 6, 11): function calls, never requests or headers, so nothing from
 * outside can claim to be one (ruling 24).
 */
import { Refusal, UserError } from "../boundary/errors.ts";
import type { MaybePromise } from "../boundary/maybe-promise.ts";
import type { InternalCaller } from "../boundary/scheme.ts";
import { withActions, withNames } from "../client/action-proxy.ts";
import { ActorError } from "../client/errors.ts";
import type { Target } from "../client/target.ts";
import { toKey } from "../protocol/key.ts";
import { copy } from "./callee.ts";
import type { Callee, InternalTarget } from "./callee-port.ts";
import { toWireFailure } from "./failure.ts";
import { failureResponse } from "./inbound.ts";
import { InternalSockets } from "./internal-sockets.ts";
import type { OutgoingLinks } from "./outgoing.ts";
import type { Runtime } from "./runtime.ts";
import type { Address } from "./stateless.ts";

/** One client: whom it calls as, and what of it is open. */
interface ClientParts {
  readonly runtime: Runtime;
  readonly caller: InternalCaller;
  /** Made when the first connection is. */
  readonly sockets: () => InternalSockets;
}

interface HandleState extends ClientParts, AccessOptions {
  readonly name: string;
  address: Address;
  mode: "get" | "getOrCreate";
  readonly input?: unknown;
}

interface AccessOptions {
  readonly params?: unknown;
  readonly getParams?: () => unknown;
  readonly signal?: AbortSignal;
  readonly createWithInput?: unknown;
  readonly input?: unknown;
}

interface SendOptions {
  readonly wait?: boolean;
  readonly timeout?: number;
  readonly id?: string;
  readonly signal?: AbortSignal;
}

type Key = string | readonly string[] | undefined;

/** A client whose every call carries `caller`; what it opens belongs to `outgoing`, and ends with it. */
export function createInternalClient(runtime: Runtime, caller: InternalCaller, outgoing: OutgoingLinks): object {
  let sockets: InternalSockets | null = null;
  const parts: ClientParts = {
    runtime,
    caller,
    sockets: () => {
      sockets ??= new InternalSockets(runtime, caller, outgoing);
      return sockets;
    },
  };
  const members = {
    get: (name: string, ...rest: [Key?, AccessOptions?]) => accessor(parts, name).get(...rest),
    getOrCreate: (name: string, ...rest: [Key?, AccessOptions?]) => accessor(parts, name).getOrCreate(...rest),
    getForId: (name: string, id: string, options?: AccessOptions) => accessor(parts, name).getForId(id, options),
    create: (name: string, ...rest: [Key?, AccessOptions?]) => accessor(parts, name).create(...rest),
    dispose: async () => sockets?.dispose(),
  };
  return withNames(members, (name) => accessor(parts, name));
}

function accessor(parts: ClientParts, name: string) {
  const at = (key: Key, mode: HandleState["mode"], options: AccessOptions, input?: unknown): object =>
    handle({ ...parts, ...options, name, address: { key: toKey(key) }, mode, input });
  return {
    get: (key?: Key, options: AccessOptions = {}) => at(key, "get", options),
    getOrCreate: (key?: Key, options: AccessOptions = {}) => at(key, "getOrCreate", options, options.createWithInput),
    getForId: (id: string, options: AccessOptions = {}) =>
      handle({ ...parts, ...options, name, address: { id }, mode: "get", input: undefined }),
    create: async (key?: Key, options: AccessOptions = {}) => {
      const made: HandleState = { ...parts, ...options, name, address: { key: toKey(key) }, mode: "getOrCreate" };
      const { id, created } = await asClient(made, undefined, () => open(made));
      if (!created) throw new ActorError("actor", "duplicate_key", "The actor exists");
      return handle({ ...made, address: { id }, mode: "get", input: undefined });
    },
  };
}

interface ActionCall {
  readonly name: string;
  readonly args?: readonly unknown[];
  readonly signal?: AbortSignal;
}

function handle(state: HandleState): object {
  return withActions({
    action: ({ name, args = [], signal }: ActionCall) => asClient(state, signal, () => call(state, name, args)),
    send: (queue: string, body: unknown, options: SendOptions = {}) =>
      asClient(state, options.signal, () => send(state, queue, body, options)),
    fetch: (input: string | URL | Request, init?: RequestInit) =>
      asClient(state, init?.signal ?? undefined, () => fetchRaw(state, input, init)),
    webSocket: (path?: string, protocols?: string | readonly string[]) =>
      state.sockets().webSocket(targetOf(state), path, protocols),
    connect: () => state.sockets().connect(targetOf(state)),
    resolve: () => asClient(state, undefined, () => resolve(state)),
    $events: (name: string, options: { readonly signal?: AbortSignal } = {}) =>
      state.sockets().events(targetOf(state), name, options.signal, (signal) => openEvents(state, name, signal)),
    $name: state.name,
    $key: "key" in state.address ? state.address.key : undefined,
  });
}

/** The same actor, as the client's code means it. */
function targetOf({ name, address, mode, input, params, getParams, signal }: HandleState): Target {
  const at = "id" in address ? ({ by: "id", id: address.id } as const) : ({ by: "key", key: address.key } as const);
  return { name, address: at, mode, input, params, getParams, signal };
}

/** From then on the handle stays with that very actor. */
async function resolve(state: HandleState): Promise<string> {
  if ("id" in state.address) return state.address.id;
  const { id } = await open(state);
  state.address = { id };
  state.mode = "get";
  return id;
}

/**
 * What the callee answered with is an error of this call, as any client would see it: it must not pass for a refusal of
 * the caller's own invocation, and what went wrong inside the callee is for the log. A signal ends the waiting, not the call.
 */
async function asClient<T>(state: HandleState, given: AbortSignal | undefined, run: () => Promise<T>): Promise<T> {
  const signals = [state.signal, given].filter((signal) => signal !== undefined);
  for (const signal of signals) signal.throwIfAborted();
  const answer = run().catch((error: unknown) => {
    throw errorOfCallee(state, error);
  });
  if (signals.length === 0) return answer;
  return new Promise((settle, reject) => {
    const stop = (event: Event): void => reject((event.target as AbortSignal).reason);
    for (const signal of signals) signal.addEventListener("abort", stop, { once: true });
    const over = (): void => {
      for (const signal of signals) signal.removeEventListener("abort", stop);
    };
    answer.finally(over).then(settle, reject);
  });
}

function errorOfCallee({ runtime, name }: HandleState, error: unknown): ActorError {
  const told = toWireFailure(runtime.host, error, { actor: name });
  const { group, code, message, metadata, retryAfter, correlationId } = told;
  const cause = error instanceof Refusal || error instanceof UserError ? error : undefined;
  return new ActorError(group, code, message, { metadata, retryAfter, correlationId, cause });
}

async function call(state: HandleState, name: string, args: readonly unknown[]): Promise<unknown> {
  const given = copy(args, "args");
  return (await calleeOf(state)).action(await internalTarget(state), name, given);
}

async function send(state: HandleState, queue: string, body: unknown, options: SendOptions): Promise<unknown> {
  const given = copy(body, "body");
  const { wait, timeout, id } = options;
  return (await calleeOf(state)).send(await internalTarget(state), queue, given, { wait, timeout, id });
}

async function fetchRaw(state: HandleState, input: string | URL | Request, init?: RequestInit): Promise<Response> {
  const given = new URL(input instanceof Request ? input.url : input, "http://actor/");
  const url = new URL(`${given.pathname}${given.search}`, "http://actor/");
  const request = new Request(url, input instanceof Request ? new Request(input, init) : init);
  return (await calleeOf(state)).fetch(await internalTarget(state), request);
}

/** One stream of one event, answered as over HTTP. */
async function openEvents(state: HandleState, name: string, signal: AbortSignal): Promise<Response> {
  try {
    return await (await calleeOf(state)).events(await internalTarget(state), name, signal);
  } catch (error) {
    const { status, headers, body } = failureResponse(state.runtime, error, state.name);
    return new Response(body as string, { status, headers: headers as [string, string][] });
  }
}

async function open(state: HandleState): Promise<{ readonly id: string; readonly created: boolean }> {
  return (await calleeOf(state)).open(await internalTarget(state));
}

/** Who runs calls to this actor. */
function calleeOf({ runtime, name, address }: HandleState): MaybePromise<Callee> {
  if (!runtime.actors.has(name)) throw new Refusal("not_found", { reason: "actor.unknown_type" });
  return runtime.calleeOf(name, address);
}

async function internalTarget(state: HandleState): Promise<InternalTarget> {
  const { caller, name, address, mode, params, getParams } = state;
  const input = copy(state.input, "input");
  return {
    caller,
    name,
    address,
    mode,
    input,
    params: copy(getParams === undefined ? params : await getParams(), "params"),
  };
}
