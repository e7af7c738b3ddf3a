/** The root of `byward` on Node: the portable root with a `setup` whose registries can listen and keep state in SQLite. */
import { type Platform, Registry } from "./registry/registry.ts";
import { type ActorMap, configure, type SetupOptions } from "./registry/setup.ts";

export { type DecisionLogOptions, decisionLog } from "./hosts/node/decision-log/log.ts";
export * from "./index.ts";

/** Sockets, SQLite and the log are loaded when something is served, not by every program that declares an actor. */
const nodePlatform: Platform = {
  serve: async (registry, options) => (await import("./hosts/node/serve.ts")).serveOnNode(registry, options),
};

/**
 * Validates definitions and makes the registry. Does nothing else: it starts with `serve()` or the first `fetch`.
 *
 * @throws ConfigurationError `setup.unguarded`, `setup.name_invalid`, `setup.not_an_actor`, `setup.option_invalid`
 */
export function setup<const Actors extends ActorMap>(options: SetupOptions<Actors>): Registry<Actors> {
  return new Registry<Actors>(configure(options), nodePlatform);
}
