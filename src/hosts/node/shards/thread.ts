/**
 * Owns the entry of a shard's thread: runs the program's module, in which the registry takes the seat of this thread, by
 * `serve()` or, where the module only exports it, from here. What keeps the module from loading is told, not thrown.
 */
import { parentPort } from "node:worker_threads";
import type { Registry } from "../../../registry/registry.ts";
import type { ThreadReport } from "./pool.ts";
import { seatHere } from "./seat.ts";

const seat = seatHere();
if (seat === null || parentPort === null) throw new Error("this file runs as the thread of a shard");
const report = (said: ThreadReport): void => parentPort?.postMessage(said);

try {
  const module: Readonly<Record<string, unknown>> = await import(seat.module);
  // Without a registry among its exports it may still serve one, by and by: the main thread waits a while.
  for (const exported of [module["registry"], module["default"]]) {
    if (isRegistry(exported)) void exported.serve();
  }
  report({ kind: "loaded" });
} catch (error) {
  report({ kind: "failed", why: error instanceof Error ? (error.stack ?? error.message) : String(error) });
}

/** Told by shape: the program may have another copy of this package than the thread. */
function isRegistry(value: unknown): value is Registry {
  if (typeof value !== "object" || value === null) return false;
  const { serve, config } = value as Partial<Registry>;
  return typeof serve === "function" && config?.actors instanceof Map;
}
