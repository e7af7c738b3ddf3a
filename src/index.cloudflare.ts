/** The root of `byward` on Workers: the portable root with a `setup` whose registries are Workers with Durable Objects. */
import { cloudflarePlatform } from "./hosts/cloudflare/worker.ts";
import { Registry } from "./registry/registry.ts";
import { type ActorMap, configure, type SetupOptions } from "./registry/setup.ts";

export * from "./index.ts";

/**
 * Validates definitions and makes the registry. Does nothing else: `registry.worker()` is what the Worker exports.
 *
 * @throws ConfigurationError `setup.unguarded`, `setup.name_invalid`, `setup.not_an_actor`, `setup.option_invalid`
 */
export function setup<const Actors extends ActorMap>(options: SetupOptions<Actors>): Registry<Actors> {
  return new Registry<Actors>(configure(options), cloudflarePlatform);
}
