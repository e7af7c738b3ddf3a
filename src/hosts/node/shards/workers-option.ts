/**
 * Owns what `serve({ workers, module })` asks for: how many threads, and which module they run. Where threads cannot be had,
 * it says why, in words for the log.
 */
import { existsSync, realpathSync } from "node:fs";
import { availableParallelism } from "node:os";
import { resolve, sep } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { isMainThread } from "node:worker_threads";
import { ConfigurationError } from "../../../boundary/errors.ts";
import type { ServeOptions } from "../../../registry/registry.ts";

const MAX_WORKERS = 128;
/** Threads that are busy in any case: the one that listens, and the one that writes to the disk. */
const BUSY_THREADS = 2;

/** How many threads run actors. @throws ConfigurationError `serve.workers_invalid` */
export function workersFor(workers: ServeOptions["workers"]): number {
  if (workers === undefined) return 1;
  if (workers === "auto") return Math.min(MAX_WORKERS, Math.max(1, availableParallelism() - BUSY_THREADS));
  if (Number.isSafeInteger(workers) && workers >= 1 && workers <= MAX_WORKERS) return workers;
  throw new ConfigurationError(
    "serve.workers_invalid",
    `serve(): \`workers\` is "auto" or a whole number from 1 to ${MAX_WORKERS}.`,
  );
}

/** The module the threads run, as a URL; or why there is none. */
export function moduleFor(module: ServeOptions["module"]): { readonly url: string } | { readonly why: string } {
  if (module !== undefined) return existing(module);
  const entry = process.argv[1];
  if (!isMainThread)
    return { why: "serve() was called in a worker thread: name the `module` that builds the registry" };
  if (process.env["NODE_TEST_CONTEXT"] !== undefined) {
    return { why: "the program is a test: name the `module` that builds the registry" };
  }
  if (entry === undefined || isEvaluated(process.execArgv)) {
    return { why: "the program was not started from a file: name the `module` that builds the registry" };
  }
  const found = existing(entry);
  // A test runner or another tool: running it again in each thread would not build this registry.
  if ("url" in found && realpathSync(fileURLToPath(found.url)).includes(`${sep}node_modules${sep}`)) {
    return { why: "the program was started by a package's command: name the `module` that builds the registry" };
  }
  return found;
}

function existing(module: string | URL): { readonly url: string } | { readonly why: string } {
  const isUrl = module instanceof URL || module.startsWith("file:");
  const path = isUrl ? fileURLToPath(module) : resolve(module);
  return existsSync(path) ? { url: pathToFileURL(path).href } : { why: `there is no module ${path}` };
}

function isEvaluated(flags: readonly string[]): boolean {
  return flags.some((flag) => /^(-e|-p|-pe|--eval|--print|--test)(=|$)/.test(flag));
}
