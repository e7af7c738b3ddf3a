/** The root of `byward/cloudflare` on Workers. `setup` of `byward` uses it by itself: `registry.worker()`. */
export type { WorkerContext, WorkerHandler, WorkerModule } from "../../registry/registry.ts";
export { worker } from "./worker.ts";
