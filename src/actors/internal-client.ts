/**
 * Owns `c.client()`: calls from one actor, or service, to another of the same registry. They go through the callee's gate
 * with the caller minted by this channel (ruling 6, 11): function calls, never requests or headers, so nothing from
 * outside can claim to be one (ruling 24).
 */
import { recordOf } from "../boundary/caller.ts";
import { Refusal, UserError } from "../boundary/errors.ts";
import { andThen } from "../boundary/maybe-promise.ts";
import type { InternalCaller, Presentation } from "../boundary/scheme.ts";
import { ActorError } from "../client/errors.ts";
import { decode, encode } from "../protocol/json.ts";
import { toKey } from "../protocol/key.ts";
import { Admission, partiesOf } from "./gate.ts";
import { wireReceipt } from "./rpc.ts";
import type { Runtime } from "./runtime.ts";
import { openStanding } from "./standing.ts";
import { type Address, invokeStateless } from "./stateless.ts";
import type { InvokeTarget } from "./types.ts";

interface HandleState {
  readonly runtime: Runtime;
  readonly caller: InternalCaller;
  readonly name: string;
  readonly address: Address;
  readonly mode: "get" | "getOrCreate";
  readonly input: unknown;
  readonly params: unknown;
}

interface AccessOptions {
  readonly params?: unknown;
  readonly createWithInput?: unknown;
  readonly input?: unknown;
}

type Key = string | readonly string[] | undefined;

/** A client whose every call carries `caller`. */
export function createInternalClient(runtime: Runtime, caller: InternalCaller): object {
  const accessor = (name: string): object => ({
    get: (key?: Key, options: AccessOptions = {}) => handle(state(name, { key: toKey(key) }, "get", options)),
    getOrCreate: (key?: Key, options: AccessOptions = {}) =>
      handle(state(name, { key: toKey(key) }, "getOrCreate", options)),
    getForId: (id: string, options: AccessOptions = {}) => handle(state(name, { id }, "get", options)),
    create: async (key?: Key, options: AccessOptions = {}) => {
      const made = state(name, { key: toKey(key) }, "getOrCreate", { ...options, createWithInput: options.input });
      const { id, created } = await asClient(() => open(made));
      if (!created) throw new ActorError("actor", "duplicate_key", "The actor exists");
      return handle({ ...made, address: { id }, mode: "get" });
    },
  });
  const state = (
    name: string,
    address: Address,
    mode: HandleState["mode"],
    { params, createWithInput }: AccessOptions,
  ): HandleState => ({ runtime, caller, name, address, mode, input: createWithInput, params });

  const generic = {
    get: (name: string, ...rest: [Key?, AccessOptions?]) => own(accessor(name), "get")(...rest),
    getOrCreate: (name: string, ...rest: [Key?, AccessOptions?]) => own(accessor(name), "getOrCreate")(...rest),
    getForId: (name: string, ...rest: [string, AccessOptions?]) => own(accessor(name), "getForId")(...rest),
    create: (name: string, ...rest: [Key?, AccessOptions?]) => own(accessor(name), "create")(...rest),
    dispose: async () => {},
  };
  return new Proxy(generic, {
    get: (target, name) => {
      if (typeof name !== "string" || name === "then") return undefined;
      return Object.hasOwn(target, name) ? target[name as keyof typeof generic] : accessor(name);
    },
  });
}

function own(accessor: object, member: string): (...args: unknown[]) => unknown {
  return (accessor as Record<string, (...args: unknown[]) => unknown>)[member]!;
}

function handle(state: HandleState): object {
  const members = {
    action: ({ name, args = [] }: { name: string; args?: readonly unknown[] }) =>
      asClient(() => call(state, name, args)),
    send: (queue: string, body: unknown, options: { wait?: boolean; timeout?: number; id?: string } = {}) =>
      asClient(() => send(state, queue, body, options)),
    fetch: (input: string | URL | Request, init?: RequestInit) => asClient(() => fetchRaw(state, input, init)),
    resolve: () => asClient(async () => (await open(state)).id),
  };
  return new Proxy(members, {
    get: (target, name) => {
      if (typeof name !== "string" || name === "then") return undefined;
      if (Object.hasOwn(target, name)) return target[name as keyof typeof members];
      return (...args: unknown[]) => asClient(() => call(state, name, args));
    },
  });
}

/** Values cross between actors by copy, exactly as they would over the wire. */
function copy<T>(value: T, what: string): T {
  return decode(encode(value, what)) as T;
}

function presentation(caller: InternalCaller): Presentation {
  return { channel: { kind: "caller", caller }, method: "", url: "", header: () => null, body: null, frameToken: null };
}

function stateless(state: HandleState, target: InvokeTarget, request: (() => Request) | null) {
  const { runtime, caller, name } = state;
  const compiled = runtime.actors.get(name);
  if (compiled === undefined) throw new Refusal("not_found", { reason: "actor.unknown_type" });
  return {
    compiled,
    address: state.address,
    target,
    by: partiesOf(compiled, target),
    kind: "stateless" as const,
    presentation: presentation(caller),
    mode: state.mode,
    input: copy(state.input, "input"),
    params: copy(state.params, "params"),
    request,
    keepConnection: false,
  };
}

/**
 * What the callee refused is an error of this call, as any client would see it; it must not pass for a refusal of the
 * caller's own invocation.
 */
async function asClient<T>(run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    if (error instanceof UserError)
      throw new ActorError("user", error.code, error.message, { metadata: error.metadata });
    if (!(error instanceof Refusal)) throw error;
    const { group, code, message, metadata, retryAfter } = error;
    throw new ActorError(group, code, message, { metadata, retryAfter, cause: error });
  }
}

async function call(state: HandleState, name: string, args: readonly unknown[]): Promise<unknown> {
  const given = copy(args, "args");
  const request = stateless(state, { kind: "action", name }, null);
  return invokeStateless(state.runtime, request, async (admission, instance, connection) => {
    const output = await andThen(instance.invocations.runAction(admission, given, connection), (value) =>
      copy(value, "output"),
    );
    if (!instance.outbox.idle) await instance.outbox.durable();
    return output;
  });
}

async function send(
  state: HandleState,
  queue: string,
  body: unknown,
  options: { readonly wait?: boolean; readonly timeout?: number; readonly id?: string },
): Promise<unknown> {
  const given = copy(body, "body");
  const request = stateless(state, { kind: "queue", name: queue }, null);
  const receipt = await invokeStateless(state.runtime, request, (admission, instance) => {
    Admission.spend(admission);
    const sent = instance.queues.enqueue({
      name: queue,
      body: given,
      caller: recordOf(admission.caller),
      wait: options.wait,
      timeout: options.timeout,
      id: options.id,
    });
    instance.outbox.settle();
    return sent;
  });
  return options.wait === true ? wireReceipt(receipt) : undefined;
}

async function fetchRaw(state: HandleState, input: string | URL | Request, init?: RequestInit): Promise<Response> {
  const given = new URL(input instanceof Request ? input.url : input, "http://actor/");
  const url = new URL(`${given.pathname}${given.search}`, "http://actor/");
  const request = new Request(url, input instanceof Request ? new Request(input, init) : init);
  const target = { kind: "request", method: request.method, path: given.pathname } as const;
  return invokeStateless(
    state.runtime,
    stateless(state, target, () => request),
    async (admission, instance) => {
      const response = await instance.invocations.runRequest(admission, request);
      if (!instance.outbox.idle) await instance.outbox.durable();
      return response;
    },
  );
}

async function open(state: HandleState): Promise<{ readonly id: string; readonly created: boolean }> {
  const { runtime, caller } = state;
  const compiled = runtime.actors.get(state.name);
  if (compiled === undefined) throw new Refusal("not_found", { reason: "actor.unknown_type" });
  const { instance, connection, created } = await openStanding(runtime, {
    compiled,
    address: state.address,
    kind: "stateless",
    presentation: presentation(caller),
    mode: state.mode,
    input: copy(state.input, "input"),
    params: copy(state.params, "params"),
    request: null,
  });
  connection.lost();
  return { id: instance.id, created };
}
