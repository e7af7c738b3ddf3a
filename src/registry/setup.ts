/**
 * Owns `setup()`: definitions and configuration become a registry. Validates synchronously, throws, has no side effects
 * (ruling 24): nothing listens, opens a file or reads a secret before the registry is first served or fetched.
 * G11: an actor that declares neither a party nor `canInvoke` does not get past here.
 */
import type { DecisionSink } from "../actors/decisions.ts";
import type { AnyActorDefinition } from "../actors/define.ts";
import { type CompiledActor, compileActor } from "../actors/entrypoints.ts";
import { DEFAULT_LIMITS, type RegistryLimits } from "../actors/limits.ts";
import { ConfigurationError } from "../boundary/errors.ts";
import { assertRateRules, type RateRule } from "../boundary/rate.ts";
import type { Host } from "../hosts/port.ts";
import { Registry, type RegistryConfig } from "./registry.ts";
import { compileServices, type ServiceMap } from "./services-setup.ts";

/** Named definitions of a registry. */
export type ActorMap = Readonly<Record<string, AnyActorDefinition>>;

export interface SetupOptions<Actors extends ActorMap = ActorMap> {
  /** Actors by type name; the names are public. */
  readonly use?: Actors;
  /** `strict` (default): an actor without party and `canInvoke` does not start. `open`: it is reachable by everybody. */
  readonly access?: "strict" | "open";
  /** Services by name: what they are called by those they call, and in the log. */
  readonly services?: ServiceMap;
  readonly limits?: Partial<RegistryLimits> & {
    /** How often callers may come, over all entrypoints of the registry or those a rule selects. Default: no rule. */
    readonly rate?: readonly RateRule[];
  };
  /** Pages of other origins that may call. Default: same origin only. `["*"]` allows any, without credentials. */
  readonly cors?: { readonly origins: readonly string[] };
  /** Prefix under which `fetch` serves, such as `/api`. Default none. */
  readonly basePath?: string;
  /** The public origin, such as `https://chat.example`, when a proxy changes it. */
  readonly publicUrl?: string;
  /** Proxies whose `X-Forwarded-For` and `X-Forwarded-Proto` are believed: addresses or CIDR ranges. Default none. */
  readonly trustProxy?: readonly string[];
  /** Extra `Host` names accepted on loopback. */
  readonly hosts?: readonly string[];
  /** Clock skew allowed on token times, seconds. Default 5, at most 30. */
  readonly skew?: number;
  /** Where decisions of the gate go beside memory: a sink, or several, such as `decisionLog({ directory })`. Default nowhere. */
  readonly decisions?: DecisionSink | readonly DecisionSink[];
  /** Where actors run when no command line or platform says otherwise, such as `memory()`. */
  readonly host?: Host | (() => Host);
}

/** Makes a registry from a host-specific constructor; each composition root binds its own. */
export type Setup = <const Actors extends ActorMap>(options: SetupOptions<Actors>) => Registry<Actors>;

/**
 * Validates definitions and makes the registry.
 *
 * @throws ConfigurationError `setup.unguarded`, `setup.name_invalid`, `setup.name_taken`, `setup.not_an_actor`,
 *   `setup.not_a_service`, `setup.option_invalid`, `service.route_duplicate`, `rate.rule_invalid`
 */
export function configure(options: SetupOptions): RegistryConfig {
  assertOptions(options);
  const actors = new Map<string, CompiledActor>();
  for (const [name, definition] of Object.entries(options.use ?? {})) {
    assertName(name);
    if (definition?.type !== "actor") {
      throw new ConfigurationError(
        "setup.not_an_actor",
        `setup(): use.${name} is not an actor definition. Pass what actor({ … }) returns.`,
      );
    }
    const compiled = compileActor(name, definition);
    if (!compiled.isGuarded && (options.access ?? "strict") === "strict") throw unguarded(name);
    actors.set(name, compiled);
  }
  const { rate, ...limits } = options.limits ?? {};
  return {
    actors,
    services: compileServices(options.services, actors),
    limits: { ...DEFAULT_LIMITS, ...limits },
    rate: rate ?? [],
    access: options.access ?? "strict",
    corsOrigins: options.cors?.origins ?? [],
    basePath: (options.basePath ?? "").replace(/\/+$/, ""),
    publicUrl: options.publicUrl === undefined ? null : new URL(options.publicUrl).origin,
    trustProxy: options.trustProxy ?? [],
    hosts: options.hosts ?? [],
    skew: (options.skew ?? 5) * 1000,
    host: options.host ?? null,
    decisions: sinksOf(options),
  };
}

/** The registry of the portable root: `fetch` with an explicit host, `serve` nowhere. */
export function setup<const Actors extends ActorMap>(options: SetupOptions<Actors>): Registry<Actors> {
  return new Registry<Actors>(configure(options), null);
}

function unguarded(name: string): ConfigurationError {
  return new ConfigurationError(
    "setup.unguarded",
    `setup(): actor "${name}" declares neither a party nor canInvoke, so nobody has said who may reach it. ` +
      `Either give it a party (\`by: User\`, or \`by: Visitor\` to make it public), ` +
      `or a decision (\`canInvoke: (c, invoke) => …\` ending in \`return false\`).`,
  );
}

const RESERVED = new Set(["get", "getOrCreate", "getForId", "create", "dispose", "then"]);

function assertName(name: string): void {
  if (!/^[A-Za-z][A-Za-z0-9_-]{0,63}$/.test(name)) {
    throw new ConfigurationError(
      "setup.name_invalid",
      `setup(): actor name ${JSON.stringify(name)} must start with a letter, have letters, digits, _ or -, and at most 64 characters.`,
    );
  }
  if (RESERVED.has(name)) {
    throw new ConfigurationError(
      "setup.name_invalid",
      `setup(): an actor cannot be called "${name}": clients use that name.`,
    );
  }
}

function sinksOf({ decisions = [] }: SetupOptions): readonly DecisionSink[] {
  return Array.isArray(decisions) ? decisions : [decisions as DecisionSink];
}

const OPTION_KEYS: ReadonlySet<string> = new Set([
  "use",
  "services",
  "access",
  "limits",
  "cors",
  "basePath",
  "publicUrl",
  "trustProxy",
  "hosts",
  "skew",
  "host",
  "decisions",
]);

function assertOptions(options: SetupOptions): void {
  const refuse = (message: string): never => {
    throw new ConfigurationError("setup.option_invalid", `setup(): ${message}`);
  };
  if (typeof options !== "object" || options === null) refuse("takes one options object.");
  for (const key of Object.keys(options)) {
    if (!OPTION_KEYS.has(key)) refuse(`unknown option \`${key}\`. Known: ${[...OPTION_KEYS].join(", ")}.`);
  }
  if (options.access !== undefined && options.access !== "strict" && options.access !== "open") {
    refuse('`access` is "strict" or "open".');
  }
  const { rate, ...limits } = options.limits ?? {};
  if (rate !== undefined) assertRateRules(rate, "setup(): limits.rate");
  for (const [name, value] of Object.entries(limits)) {
    if (!Object.hasOwn(DEFAULT_LIMITS, name)) {
      refuse(`unknown limit \`${name}\`. Known: rate, ${Object.keys(DEFAULT_LIMITS).join(", ")}.`);
    }
    if (!(typeof value === "number" && value > 0)) refuse(`limit \`${name}\` must be a number above 0.`);
  }
  if (sinksOf(options).some((sink) => typeof sink?.record !== "function")) {
    refuse("`decisions` is a sink, such as what decisionLog({ directory }) returns.");
  }
  if (options.skew !== undefined && !(options.skew >= 0 && options.skew <= 30)) {
    refuse("`skew` is in seconds, from 0 to 30.");
  }
  for (const origin of options.cors?.origins ?? []) assertOrigin(origin, refuse);
  if (options.publicUrl !== undefined && !URL.canParse(options.publicUrl)) refuse("`publicUrl` is not a URL.");
}

function assertOrigin(origin: string, refuse: (message: string) => never): void {
  if (origin === "*") return;
  if (!URL.canParse(origin) || new URL(origin).origin !== origin) {
    refuse(
      `cors.origins: ${JSON.stringify(origin)} is not an origin such as "https://chat.example" (no path, no slash).`,
    );
  }
}
