/**
 * Owns `actor()`: the typed configuration and its immediate, strict validation. What is accepted here is a definition; it
 * does nothing until `setup` takes it. G11: whether anybody may reach it at all is checked by `setup`.
 */
import type { StandardSchemaV1 } from "@standard-schema/spec";
import { ConfigurationError } from "../boundary/errors.ts";
import type { MaybePromise } from "../boundary/maybe-promise.ts";
import { type By, isBy } from "../boundary/party.ts";
import { asEventToken, asQueueToken, type EventEntry, isSchema, type QueueEntry } from "./tokens.ts";
import type {
  ActionArgs,
  ActionContext,
  ActionGuard,
  ActorOptions,
  AnyCallerOf,
  AnyShape,
  BaseContext,
  CallerAt,
  CallerAtRaw,
  CallersOf,
  Conn,
  ConnContext,
  ConnInitContext,
  EntryGuard,
  InvokeTarget,
  NameOf,
  RawSocket,
  RequestContext,
  RunContext,
  Shape,
  WebSocketContext,
} from "./types.ts";

// biome-ignore lint/suspicious/noExplicitAny: the constraint of a handler map; every member is checked against its own context
export type AnyAction = (c: any, ...args: any[]) => any;

type Guards<ActionName extends string, Events, Queues> = {
  readonly actions?: { readonly [Name in ActionName]?: ActionGuard };
  readonly events?: { readonly [Name in keyof Events]?: EntryGuard };
  readonly queues?: { readonly [Name in keyof Queues]?: EntryGuard };
  readonly request?: EntryGuard;
  readonly websocket?: EntryGuard;
};

/** Keys of `G` that are no kind of entrypoint. */
type NoOtherKeys<G> = {
  readonly [Key in Exclude<keyof G, "actions" | "events" | "queues" | "request" | "websocket">]: never;
};
/** Names guarded but not declared. */
type NoOtherNames<G, Kind extends "actions" | "events" | "queues", Names> = G extends {
  readonly [K in Kind]: infer Map;
}
  ? { readonly [K in Kind]?: { readonly [Name in Exclude<keyof Map, Names>]: never } }
  : unknown;

/** What `types` may say. */
export interface DeclaredTypes {
  readonly state?: unknown;
  readonly vars?: unknown;
  readonly connState?: unknown;
  readonly params?: unknown;
  readonly input?: unknown;
}
type InputOf<T> = T extends { readonly input: infer Input } ? Input : unknown;

/**
 * The types of an actor where its connections are not known yet. The contexts of hooks that declare `params`, `input` or the
 * connection's state must not mention those: the compiler settles what a context mentions when it meets the hook, in the order
 * of the keys, and would find nothing.
 */
export type EarlyShape<State, Vars, Events, Queues> = Shape<State, Vars, unknown, unknown, unknown, Events, Queues>;

/** What `actor()` takes. */
export interface ActorConfig<
  B extends By | undefined,
  State,
  Vars,
  ConnState,
  Params,
  Input,
  Events,
  Queues,
  Actions,
  ActionName extends string,
  G,
  T extends DeclaredTypes,
  Asked,
  S extends AnyShape = Shape<State, Vars, ConnState, Params, Input, Events, Queues>,
> {
  /** Who may reach this actor at all. Each entrypoint may narrow it under `guards`. */
  readonly by?: B;
  readonly state?: State;
  /** Runs once, at creation, before `onCreate`. */
  readonly createState?: (
    c: BaseContext<EarlyShape<never, never, Events, Queues>>,
    input: Input,
  ) => MaybePromise<State>;
  readonly vars?: Vars;
  readonly createVars?: (c: BaseContext<EarlyShape<State, never, Events, Queues>>, host: unknown) => MaybePromise<Vars>;
  readonly connState?: ConnState;
  readonly createConnState?: (
    c: ConnInitContext<EarlyShape<State, Vars, Events, Queues>, CallersOf<B>>,
    params: Params,
  ) => MaybePromise<ConnState>;
  readonly events?: Events;
  readonly queues?: Queues;
  readonly guards?: G &
    Guards<ActionName, Events, Queues> &
    NoOtherKeys<G> &
    NoOtherNames<G, "actions", ActionName> &
    NoOtherNames<G, "events", keyof Events> &
    NoOtherNames<G, "queues", keyof Queues>;
  /** Validates state when it is created and when it is loaded. */
  readonly schema?: StandardSchemaV1<unknown, State>;
  /** The version of the state's shape and how to bring an older one up to it. */
  readonly migrate?: { readonly version: number; readonly up: (state: unknown, from: number) => MaybePromise<State> };
  /** Type-only: `types: {} as { input: Seed }` says what no function of the definition says, or says only further down. */
  readonly types?: T & {
    readonly state?: State;
    readonly vars?: Vars;
    readonly connState?: ConnState;
    readonly params?: Params;
    readonly input?: Input;
  };
  readonly options?: ActorOptions;

  /**
   * Who may create it: asked before `createState`, beside `by`. A strict boolean. Nothing has looked at `input` by then: it is
   * unknown, unless `types` or the parameter says what it is taken for.
   */
  readonly canCreate?: (request: {
    readonly caller: CallersOf<B>;
    readonly key: readonly string[];
    readonly input: Asked & InputOf<T>;
  }) => MaybePromise<boolean>;
  /** The decision for every inbound entrypoint. `true` allows, `false` denies with `forbidden`, anything else is an error. */
  readonly canInvoke?: (
    c: ConnContext<S, AnyCallerOf<B, G>>,
    invoke: InvokeTarget<[ActionName] extends [never] ? string : ActionName, NameOf<Queues>, NameOf<Events>>,
  ) => MaybePromise<boolean>;

  readonly onCreate?: (c: BaseContext<EarlyShape<State, Vars, Events, Queues>>, input: Input) => MaybePromise<void>;
  readonly onWake?: (c: BaseContext<S>) => MaybePromise<void>;
  readonly onSleep?: (c: BaseContext<S>) => MaybePromise<void>;
  readonly onDestroy?: (c: BaseContext<S>) => MaybePromise<void>;
  readonly onStateChange?: (c: BaseContext<S>, state: State) => void;
  readonly onBeforeConnect?: (
    c: ConnInitContext<EarlyShape<State, Vars, Events, Queues>, CallersOf<B>>,
    params: Params,
  ) => MaybePromise<void>;
  readonly onConnect?: (c: ConnContext<S, AnyCallerOf<B, G>>, conn: Conn<S, AnyCallerOf<B, G>>) => MaybePromise<void>;
  readonly onDisconnect?: (c: BaseContext<S>, conn: Conn<S, AnyCallerOf<B, G>>) => MaybePromise<void>;
  readonly onBeforeActionResponse?: (c: BaseContext<S>, name: string, args: unknown[], output: unknown) => unknown;
  readonly onRequest?: (c: RequestContext<S, CallerAtRaw<B, G, "request">>, request: Request) => MaybePromise<Response>;
  readonly onWebSocket?: (
    c: WebSocketContext<S, CallerAtRaw<B, G, "websocket">>,
    socket: RawSocket,
  ) => MaybePromise<void>;
  readonly run?:
    | ((c: RunContext<S>) => MaybePromise<void>)
    | { readonly run: (c: RunContext<S>) => MaybePromise<void>; readonly name?: string; readonly icon?: string };

  readonly actions?: {
    [Name in ActionName]: (
      c: ActionContext<S, CallerAt<B, G, "actions", Name>>,
      ...args: ActionArgs<G, Name>
    ) => unknown;
  } & Actions;
}

/** An actor's definition: configuration and types. */
export interface ActorDefinition<S extends AnyShape = AnyShape, Actions = unknown, Caller = unknown> {
  readonly type: "actor";
  readonly config: RuntimeConfig;
  readonly "~types"?: {
    readonly actions: Actions;
    readonly events: S["Events"];
    readonly queues: S["Queues"];
    readonly params: S["Params"];
    readonly input: S["Input"];
    readonly connState: S["ConnState"];
    readonly state: S["State"];
    readonly vars: S["Vars"];
    readonly caller: Caller;
    readonly shape: S;
  };
}
export type AnyActorDefinition = ActorDefinition<AnyShape, unknown, unknown>;

type Hook<Args extends unknown[], Result> = (...args: Args) => Result;

/** The configuration as the runtime reads it, after validation; types of user code are erased here. */
export interface RuntimeConfig {
  readonly by?: By;
  readonly state?: unknown;
  readonly createState?: Hook<[unknown, unknown], unknown>;
  readonly vars?: unknown;
  readonly createVars?: Hook<[unknown, unknown], unknown>;
  readonly connState?: unknown;
  readonly createConnState?: Hook<[unknown, unknown], unknown>;
  readonly events?: Readonly<Record<string, unknown>>;
  readonly queues?: Readonly<Record<string, unknown>>;
  readonly guards?: {
    readonly actions?: Readonly<Record<string, ActionGuard>>;
    readonly events?: Readonly<Record<string, EntryGuard>>;
    readonly queues?: Readonly<Record<string, EntryGuard>>;
    readonly request?: EntryGuard;
    readonly websocket?: EntryGuard;
  };
  readonly schema?: StandardSchemaV1;
  readonly migrate?: { readonly version: number; readonly up: (state: unknown, from: number) => unknown };
  readonly options?: ActorOptions;
  readonly canCreate?: Hook<[unknown], unknown>;
  readonly canInvoke?: Hook<[unknown, InvokeTarget], unknown>;
  readonly onCreate?: Hook<[unknown, unknown], unknown>;
  readonly onWake?: Hook<[unknown], unknown>;
  readonly onSleep?: Hook<[unknown], unknown>;
  readonly onDestroy?: Hook<[unknown], unknown>;
  readonly onStateChange?: Hook<[unknown, unknown], void>;
  readonly onBeforeConnect?: Hook<[unknown, unknown], unknown>;
  readonly onConnect?: Hook<[unknown, unknown], unknown>;
  readonly onDisconnect?: Hook<[unknown, unknown], unknown>;
  readonly onBeforeActionResponse?: Hook<[unknown, string, unknown[], unknown], unknown>;
  readonly onRequest?: Hook<[unknown, Request], unknown>;
  readonly onWebSocket?: Hook<[unknown, RawSocket], unknown>;
  readonly run?: Hook<[unknown], unknown> | { readonly run: Hook<[unknown], unknown> };
  readonly actions?: Readonly<Record<string, AnyAction>>;
}

const FUNCTIONS = [
  "createState",
  "createVars",
  "createConnState",
  "canCreate",
  "canInvoke",
  "onCreate",
  "onWake",
  "onSleep",
  "onDestroy",
  "onStateChange",
  "onBeforeConnect",
  "onConnect",
  "onDisconnect",
  "onBeforeActionResponse",
  "onRequest",
  "onWebSocket",
] as const;
const VALUES = [
  "by",
  "state",
  "vars",
  "connState",
  "events",
  "queues",
  "guards",
  "schema",
  "migrate",
  "types",
  "options",
  "run",
  "actions",
] as const;
const KEYS: ReadonlySet<string> = new Set([...FUNCTIONS, ...VALUES]);
const PAIRS = [
  ["state", "createState"],
  ["vars", "createVars"],
  ["connState", "createConnState"],
] as const;
const NUMBER_OPTIONS = [
  "createVarsTimeout",
  "createConnStateTimeout",
  "onBeforeConnectTimeout",
  "onConnectTimeout",
  "onSleepTimeout",
  "onDestroyTimeout",
  "canInvokeTimeout",
  "actionTimeout",
  "waitUntilTimeout",
  "runStopTimeout",
  "sleepTimeout",
  "stateSaveInterval",
  "connectionLivenessTimeout",
  "connectionLivenessInterval",
  "maxQueueSize",
  "maxQueueMessageSize",
  "maxStateSize",
] as const;
const OPTION_KEYS: ReadonlySet<string> = new Set([
  ...NUMBER_OPTIONS,
  "name",
  "icon",
  "noSleep",
  "canHibernateWebSocket",
  "durability",
]);

/**
 * Defines an actor. Nothing of it runs before `setup` has accepted it and a caller has passed its gate.
 *
 * @throws ConfigurationError `actor.unknown_key`, `actor.not_a_function`, `actor.both_of_a_pair`, `actor.option_invalid`,
 *   `actor.guard_unknown`, `actor.entry_invalid`, `actor.by_invalid`
 */
export function actor<
  State,
  Vars,
  ConnState,
  Params,
  Input,
  Events extends Record<string, EventEntry> = Record<never, never>,
  Queues extends Record<string, QueueEntry> = Record<never, never>,
  Actions extends Record<string, AnyAction> = Record<never, never>,
  ActionName extends string = never,
  const G = Record<never, never>,
  B extends By | undefined = undefined,
  T extends DeclaredTypes = Record<never, never>,
  Asked = unknown,
>(
  config: ActorConfig<B, State, Vars, ConnState, Params, Input, Events, Queues, Actions, ActionName, G, T, Asked>,
): ActorDefinition<Shape<State, Vars, ConnState, Params, Input, Events, Queues>, Actions, AnyCallerOf<B, G>> {
  // The runtime reads the same object with user types erased; everything it relies on is checked below.
  const runtime = config as unknown as RuntimeConfig;
  assertConfig(runtime);
  return Object.freeze({ type: "actor" as const, config: runtime });
}

function refuse(code: string, message: string): never {
  throw new ConfigurationError(`actor.${code}`, message);
}

function assertConfig(config: RuntimeConfig): void {
  if (typeof config !== "object" || config === null) refuse("unknown_key", "actor() takes one configuration object.");
  for (const key of Object.keys(config)) {
    if (!KEYS.has(key)) {
      refuse("unknown_key", `actor(): unknown key \`${key}\`. Known keys: ${[...KEYS].join(", ")}.`);
    }
  }
  for (const key of FUNCTIONS) {
    if (config[key] !== undefined && typeof config[key] !== "function") {
      refuse("not_a_function", `actor(): \`${key}\` must be a function.`);
    }
  }
  for (const [constant, create] of PAIRS) {
    if (config[constant] !== undefined && config[create] !== undefined) {
      refuse("both_of_a_pair", `actor(): give either \`${constant}\` or \`${create}\`, not both.`);
    }
  }
  if (config.by !== undefined && !isBy(config.by)) {
    refuse("by_invalid", "actor(): `by` must be a party, a refinement or anyOf(…).");
  }
  assertRun(config.run);
  assertActions(config.actions);
  assertEntries(config);
  assertGuards(config);
  assertOptions(config.options);
}

function assertRun(run: RuntimeConfig["run"]): void {
  const body = typeof run === "object" && run !== null ? run.run : run;
  if (body !== undefined && typeof body !== "function") {
    refuse("not_a_function", "actor(): `run` must be a function, or an object with a function `run`.");
  }
}

function assertActions(actions: RuntimeConfig["actions"]): void {
  for (const [name, handler] of Object.entries(actions ?? {})) {
    if (typeof handler !== "function") refuse("not_a_function", `actor(): action \`${name}\` must be a function.`);
  }
}

function assertEntries(config: RuntimeConfig): void {
  for (const [name, entry] of Object.entries(config.events ?? {})) {
    if (asEventToken(entry) === null) {
      refuse("entry_invalid", `actor(): event \`${name}\` must be event<T>() or a Standard Schema.`);
    }
  }
  for (const [name, entry] of Object.entries(config.queues ?? {})) {
    if (asQueueToken(entry) === null) {
      refuse("entry_invalid", `actor(): queue \`${name}\` must be queue<T>() or a Standard Schema.`);
    }
  }
}

const GUARD_KINDS = ["actions", "events", "queues"] as const;
const GUARD_KEYS: ReadonlySet<string> = new Set([...GUARD_KINDS, "request", "websocket"]);
const ACTION_GUARD_KEYS: ReadonlySet<string> = new Set(["by", "input", "atomic", "serial"]);

function assertGuards(config: RuntimeConfig): void {
  const guards = config.guards;
  if (guards === undefined) return;
  for (const key of Object.keys(guards)) {
    if (!GUARD_KEYS.has(key)) {
      refuse("guard_unknown", `actor(): guards.${key} is no kind of entrypoint. Known: ${[...GUARD_KEYS].join(", ")}.`);
    }
  }
  for (const kind of GUARD_KINDS) {
    for (const [name, guard] of Object.entries(guards[kind] ?? {})) {
      if (!Object.hasOwn(config[kind] ?? {}, name)) {
        refuse("guard_unknown", `actor(): guards.${kind}.${name} guards nothing: no such name under \`${kind}\`.`);
      }
      assertGuard(`guards.${kind}.${name}`, guard, kind === "actions");
    }
  }
  for (const kind of ["request", "websocket"] as const) {
    const guard = guards[kind];
    if (guard !== undefined) assertGuard(`guards.${kind}`, guard, false);
  }
}

function assertGuard(place: string, guard: ActionGuard, isAction: boolean): void {
  if (typeof guard !== "object" || guard === null) refuse("guard_unknown", `actor(): ${place} must be an object.`);
  for (const key of Object.keys(guard)) {
    if (key !== "by" && !(isAction && ACTION_GUARD_KEYS.has(key))) {
      refuse("guard_unknown", `actor(): ${place}.${key} is not known there.`);
    }
  }
  if (guard.by !== undefined && !isBy(guard.by)) {
    refuse("by_invalid", `actor(): ${place}.by must be a party, a refinement or anyOf(…).`);
  }
  if (guard.input !== undefined && !isSchema(guard.input)) {
    refuse("entry_invalid", `actor(): ${place}.input must be a Standard Schema.`);
  }
}

function assertOptions(options: ActorOptions | undefined): void {
  if (options === undefined) return;
  for (const key of Object.keys(options)) {
    if (!OPTION_KEYS.has(key)) {
      refuse("option_invalid", `actor(): unknown option \`${key}\`. Known: ${[...OPTION_KEYS].join(", ")}.`);
    }
  }
  for (const key of NUMBER_OPTIONS) {
    const value = options[key];
    if (value !== undefined && !(typeof value === "number" && value > 0)) {
      refuse("option_invalid", `actor(): option \`${key}\` must be a number above 0.`);
    }
  }
  if (options.durability !== undefined && options.durability !== "durable" && options.durability !== "relaxed") {
    refuse("option_invalid", 'actor(): option `durability` is "durable" or "relaxed".');
  }
}
