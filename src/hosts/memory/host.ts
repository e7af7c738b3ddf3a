/**
 * Owns the memory host: actors that live as long as the process. For tests, and for registries that promise no
 * durability. Uses the web platform only.
 */
import type { ActorStore, Clock, Host, Logger, Timer } from "../port.ts";
import { MemoryStore } from "./store.ts";

export interface MemoryHostOptions {
  readonly clock?: Clock;
  readonly store?: ActorStore;
  readonly log?: Logger;
  /** Secrets and settings by name. Default: the platform's environment, where it has one. */
  readonly env?: Readonly<Record<string, string | undefined>> | ((name: string) => string | undefined);
  readonly random?: (bytes: number) => Uint8Array;
  readonly fetch?: Host["fetch"];
  readonly hmac?: Host["hmac"];
  readonly sha256?: Host["sha256"];
}

const SILENT: Logger = {
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: () => {},
  child: () => SILENT,
};

const webClock: Clock = {
  now: () => Date.now(),
  after(delay: number, task: () => void): Timer {
    const timer = setTimeout(task, Math.min(delay, 2 ** 31 - 1));
    // Node's timers can keep a process alive; browsers' are plain numbers.
    if (typeof timer === "object") (timer as { unref?: () => void }).unref?.();
    return { cancel: () => clearTimeout(timer) };
  },
};

/** A host without durability: everything is gone with the process. */
export function memory(options: MemoryHostOptions = {}): Host {
  const { env } = options;
  const lookup =
    typeof env === "function"
      ? env
      : (name: string) => (env !== undefined && Object.hasOwn(env, name) ? env[name] : platformEnv(name));
  return {
    kind: "memory",
    clock: options.clock ?? webClock,
    store: options.store ?? new MemoryStore(),
    log: options.log ?? SILENT,
    random: options.random ?? ((bytes) => crypto.getRandomValues(new Uint8Array(bytes))),
    env: lookup,
    fetch: options.fetch ?? ((input, init) => fetch(input, init)),
    ...(options.hmac === undefined ? {} : { hmac: options.hmac }),
    ...(options.sha256 === undefined ? {} : { sha256: options.sha256 }),
  };
}

function platformEnv(name: string): string | undefined {
  const { process } = globalThis as { process?: { env?: Record<string, string | undefined> } };
  return process?.env?.[name];
}
