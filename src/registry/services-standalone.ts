/**
 * Owns running guarded code without a registry: parties prepared once per environment on what the platform itself gives. Such a
 * floor keeps nothing: no revocations, no ids of deliveries, no queues (ruling 24).
 */
import { DecisionRing } from "../actors/decisions.ts";
import { basesOf } from "../actors/entrypoints.ts";
import { DEFAULT_LIMITS } from "../actors/limits.ts";
import { andThen } from "../boundary/maybe-promise.ts";
import type { AnyParty } from "../boundary/party.ts";
import { FailedProofs, RateRules } from "../boundary/rate.ts";
import { Boundary } from "../boundary/verify.ts";
import { memory } from "../hosts/memory/host.ts";
import type { Host, Logger } from "../hosts/port.ts";
import type { ServiceFloor } from "../services/floor.ts";

/** What a platform hands to `fetch` beside the request: settings and secrets by name, and whatever else it likes. */
export type PlatformEnv = Readonly<Record<string, unknown>>;

/** Seconds as in `setup`. */
const SKEW_MS = 5000;

/** Floors by environment: one isolate may serve several. */
export class StandaloneFloors<Made> {
  readonly #make: (floor: ServiceFloor) => Made;
  readonly #bases: readonly AnyParty[];
  readonly #host: ((env: PlatformEnv | undefined) => Host) | null;
  readonly #byEnv = new WeakMap<object, Promise<Made>>();
  #withoutEnv: Promise<Made> | null = null;

  /** `make` builds what stands on a floor, once for each. */
  constructor(
    bases: readonly AnyParty[],
    host: Host | ((env: PlatformEnv | undefined) => Host) | undefined,
    make: (floor: ServiceFloor) => Made,
  ) {
    this.#bases = bases;
    this.#host = host === undefined ? null : typeof host === "function" ? host : () => host;
    this.#make = make;
  }

  /** What stands on the floor of this environment. Rejects with ConfigurationError where a secret is missing; asked again then. */
  of(env: PlatformEnv | undefined): Promise<Made> {
    const known = env === undefined ? this.#withoutEnv : this.#byEnv.get(env);
    if (known != null) return known;
    const made = this.#start(env);
    if (env === undefined) this.#withoutEnv = made;
    else this.#byEnv.set(env, made);
    made.catch(() => {
      if (env === undefined) this.#withoutEnv = null;
      else this.#byEnv.delete(env);
    });
    return made;
  }

  /** The host of this environment, for what is said before its floor stands. */
  hostOf(env: PlatformEnv | undefined): Host {
    return this.#host?.(env) ?? platformHost(env);
  }

  async #start(env: PlatformEnv | undefined): Promise<Made> {
    const host = this.hostOf(env);
    const boundary = await Boundary.prepare(this.#bases, {
      secret: (name) => host.env(name),
      now: () => host.clock.now(),
      after: (delay, task) => host.clock.after(delay, task),
      fetch: (input, init) => host.fetch(input, init),
      hmac: host.hmac,
      sha256: host.sha256,
      warn: (message) => host.log.warn({}, message),
      skew: SKEW_MS,
    });
    const failedProofs = new FailedProofs(DEFAULT_LIMITS.maxFailedAuthentications, host.clock);
    return this.#make({
      host,
      decisions: new DecisionRing(),
      rates: new RateRules([], host.clock),
      failedProofs,
      limits: DEFAULT_LIMITS,
      prove(by, presentation) {
        return andThen(boundary.prove(basesOf(by), presentation, host.clock.now()), (credentials) => {
          failedProofs.note(credentials, presentation);
          return credentials;
        });
      },
      refuseRevoked: () => null,
    });
  }
}

/** The host of a platform that hands its settings over with each request; falls back to the process environment. */
function platformHost(env: PlatformEnv | undefined): Host {
  if (env === undefined) return memory({ log: consoleLog });
  const own = (name: string): string | undefined => {
    const value = Object.hasOwn(env, name) ? env[name] : undefined;
    return typeof value === "string" ? value : undefined;
  };
  return memory({ env: own, log: consoleLog });
}

/** Lines of JSON on the console: where there is no registry there is no other log. */
const consoleLog: Logger = createConsoleLog({});

function createConsoleLog(bound: object): Logger {
  const line = (fields: object, message: string): string =>
    JSON.stringify({ ...bound, ...fields, message }, (_key, value: unknown) =>
      value instanceof Error ? { name: value.name, message: value.message, stack: value.stack } : value,
    );
  return {
    debug: () => {},
    info: (fields, message) => console.info(line(fields, message)),
    warn: (fields, message) => console.warn(line(fields, message)),
    error: (fields, message) => console.error(line(fields, message)),
    child: (fields) => createConsoleLog({ ...bound, ...fields }),
  };
}
