/**
 * Owns a definition compiled for one registry: every entrypoint with the parties that may reach it, options with their
 * defaults, and the lists of base parties to try. The gate, the matrix and the attack suite read entrypoints from here,
 * so none can be forgotten.
 */
import type { StandardSchemaV1 } from "@standard-schema/spec";
import { type AnyParty, type By, baseOf, DEFAULT_BY, membersOf } from "../boundary/party.ts";
import { isPure } from "../boundary/pure.ts";
import type { AnyAction, AnyActorDefinition, RuntimeConfig } from "./define.ts";
import { asEventToken, asQueueToken, type EventToken, type QueueToken } from "./tokens.ts";
import type { ActorOptions } from "./types.ts";

export interface ActionEntry {
  readonly name: string;
  readonly by: By;
  readonly handler: AnyAction;
  readonly input: StandardSchemaV1 | null;
  readonly atomic: boolean;
  readonly serial: boolean;
}
export interface EventEntrypoint {
  readonly name: string;
  readonly by: By;
  readonly token: EventToken;
}
export interface QueueEntrypoint {
  readonly name: string;
  readonly by: By;
  readonly token: QueueToken;
}

/** Defaults of the reference §1.3 and §A; times in ms, sizes in bytes. */
export const DEFAULT_OPTIONS = {
  createVarsTimeout: 5000,
  createConnStateTimeout: 5000,
  onBeforeConnectTimeout: 5000,
  onConnectTimeout: 5000,
  onSleepTimeout: 5000,
  onDestroyTimeout: 5000,
  canInvokeTimeout: 5000,
  actionTimeout: 60_000,
  waitUntilTimeout: 15_000,
  runStopTimeout: 15_000,
  sleepTimeout: 30_000,
  stateSaveInterval: 10_000,
  maxQueueSize: 1000,
  maxQueueMessageSize: 1_048_576,
  maxStateSize: 8 * 1024 * 1024,
  noSleep: false,
  durability: "durable",
} as const satisfies ActorOptions;

export type ResolvedOptions = {
  readonly [Key in keyof typeof DEFAULT_OPTIONS]-?: NonNullable<ActorOptions[Key]>;
} & Pick<ActorOptions, "name" | "icon" | "canHibernateWebSocket">;

export interface CompiledActor {
  readonly name: string;
  readonly config: RuntimeConfig;
  readonly options: ResolvedOptions;
  /** The actor's own `by`; the default sum where only `canInvoke` is declared (ruling 5). */
  readonly by: By;
  /** False when neither a party nor `canInvoke` is declared, which only `access: "open"` lets start. */
  readonly isGuarded: boolean;
  /** True where `canInvoke` is `pure`: connections keep its answers. */
  readonly isPure: boolean;
  readonly actions: ReadonlyMap<string, ActionEntry>;
  /** Null where the actor declares no `events` key: names are open (ruling 1). */
  readonly events: ReadonlyMap<string, EventEntrypoint> | null;
  readonly queues: ReadonlyMap<string, QueueEntrypoint> | null;
  readonly requestBy: By;
  readonly websocketBy: By;
  /** Every `by` of the actor and its guards, without repeats; the actor's own first. */
  readonly allBy: readonly By[];
  /** Every base party reachable on the actor: what a connection's credential is tried against (ruling 8). */
  readonly bases: readonly AnyParty[];
}

export function compileActor(name: string, definition: AnyActorDefinition): CompiledActor {
  const { config } = definition;
  const by = config.by ?? DEFAULT_BY;
  const guards = config.guards;
  const actions = new Map<string, ActionEntry>();
  for (const [action, handler] of Object.entries(config.actions ?? {})) {
    const guard = own(guards?.actions, action);
    actions.set(action, {
      name: action,
      handler,
      by: guard?.by ?? by,
      input: guard?.input ?? null,
      atomic: guard?.atomic ?? false,
      serial: guard?.serial ?? false,
    });
  }
  const events = compileEntries(config.events, guards?.events, by, asEventToken);
  const queues = compileEntries(config.queues, guards?.queues, by, asQueueToken);
  const requestBy = guards?.request?.by ?? by;
  const websocketBy = guards?.websocket?.by ?? by;
  const allBy = [
    ...new Set<By>([
      by,
      ...[...actions.values()].map((entry) => entry.by),
      ...[...(events?.values() ?? [])].map((entry) => entry.by),
      ...[...(queues?.values() ?? [])].map((entry) => entry.by),
      requestBy,
      websocketBy,
    ]),
  ];
  return {
    name,
    config,
    options: { ...DEFAULT_OPTIONS, ...config.options },
    by,
    isGuarded: config.by !== undefined || config.canInvoke !== undefined,
    isPure: isPure(config.canInvoke),
    actions,
    events,
    queues,
    requestBy,
    websocketBy,
    allBy,
    bases: [...new Set(allBy.flatMap(basesOf))],
  };
}

const baseLists = new WeakMap<By, readonly AnyParty[]>();

/** The base parties a `by` needs proved, in order; remembered per `by`. */
export function basesOf(by: By): readonly AnyParty[] {
  let bases = baseLists.get(by);
  if (bases === undefined) {
    bases = [...new Set(membersOf(by).map(baseOf))];
    baseLists.set(by, bases);
  }
  return bases;
}

/** True when a party of this `by` verifies over the body, so that the body is read before the gate. */
export function needsBody(by: By): boolean {
  return basesOf(by).some((base) => base.scheme.needsBody);
}

function compileEntries<Token>(
  declared: Readonly<Record<string, unknown>> | undefined,
  guards: Readonly<Record<string, { readonly by?: By }>> | undefined,
  by: By,
  asToken: (entry: unknown) => Token | null,
): ReadonlyMap<string, { readonly name: string; readonly by: By; readonly token: Token }> | null {
  if (declared === undefined) return null;
  const entries = new Map<string, { readonly name: string; readonly by: By; readonly token: Token }>();
  for (const [name, entry] of Object.entries(declared)) {
    const token = asToken(entry);
    if (token !== null) entries.set(name, { name, by: own(guards, name)?.by ?? by, token });
  }
  return entries;
}

function own<T>(map: Readonly<Record<string, T>> | undefined, key: string): T | undefined {
  return map !== undefined && Object.hasOwn(map, key) ? map[key] : undefined;
}
