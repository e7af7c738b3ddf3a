/** Owns the Cloudflare host: the platform's clock, randomness, settings and network around a store. */
import type { ActorStore, Clock, Host, Logger } from "../port.ts";
import { platformClock } from "./clock.ts";
import type { WorkerEnv } from "./platform.ts";

const POOL_SIZE = 4096;

/** Random bytes from a pool; each byte is handed out once. */
function pooledRandom(): (bytes: number) => Uint8Array {
  let pool = new Uint8Array(0);
  let at = 0;
  return (count) => {
    if (count > POOL_SIZE) return crypto.getRandomValues(new Uint8Array(count));
    if (at + count > pool.length) {
      pool = crypto.getRandomValues(new Uint8Array(POOL_SIZE));
      at = 0;
    }
    const bytes = pool.slice(at, at + count);
    pool.fill(0, at, at + count);
    at += count;
    return bytes;
  };
}

export interface CloudflareHostParts {
  readonly store: ActorStore;
  readonly env: WorkerEnv;
  readonly log: Logger;
  readonly clock?: Clock;
  readonly fetch?: Host["fetch"];
}

export function cloudflareHost({ store, env, log, clock = platformClock, fetch: own }: CloudflareHostParts): Host {
  return {
    kind: "cloudflare",
    clock,
    store,
    log,
    random: pooledRandom(),
    env: (name) => {
      const value = Object.hasOwn(env, name) ? env[name] : undefined;
      return typeof value === "string" ? value : undefined;
    },
    fetch: own ?? ((input, init) => fetch(input, init)),
  };
}
