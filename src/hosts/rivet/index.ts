/** The public names of `byward/rivet`. */
export { type Engine, type EngineOptions, launchEngine } from "./launcher.ts";
export type { RivetKit } from "./platform.ts";
export { type RivetOptions, type RivetServed, serveOnRivet } from "./serve.ts";
