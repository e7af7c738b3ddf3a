/** The root of `byward/cloudflare`. `setup` of `byward` on Workers uses it by itself: `registry.worker()`. */
export type { WorkerContext, WorkerHandler, WorkerModule } from "../../registry/registry.ts";
export { type WorkerOptions, worker } from "./worker.ts";
