/** The root of `byward/cloudflare` everywhere but on Workers: the same names, for tools that load a Worker's modules. */
import { ConfigurationError } from "../../boundary/errors.ts";
import type { Registry, WorkerModule } from "../../registry/registry.ts";

export type { WorkerContext, WorkerHandler, WorkerModule } from "../../registry/registry.ts";

/**
 * A registry as a Worker with Durable Objects: `export default w.handler; export const BywardActor = w.Actor`, with the class
 * bound as `BYWARD_ACTOR`, SQLite-backed. `registry.worker()` is this function.
 *
 * @throws ConfigurationError `host_required` outside of the Workers runtime
 */
export function worker(_registry: Registry): WorkerModule {
  throw new ConfigurationError(
    "host_required",
    "worker() needs the Workers runtime: bundle with the export condition `workerd`, as wrangler does.",
  );
}
