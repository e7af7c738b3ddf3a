/**
 * Owns the entry of the store's threads: one file, a role each. Every thread blocks on the disk so that the event loop of
 * the main thread never does. What keeps a thread from starting is told to the main thread, not thrown.
 */
import { isMainThread, type MessagePort, parentPort, workerData } from "node:worker_threads";
import { ConfigurationError } from "../../../boundary/errors.ts";
import { StoreError } from "../../port.ts";
import { toStoreError } from "./failure.ts";
import { serveKeeping } from "./keeper-thread.ts";
import type { Reply, Request, WorkerOptions } from "./messages.ts";
import { serveReads } from "./reader-thread.ts";
import { serveWrites } from "./writer-thread.ts";

if (isMainThread || parentPort === null) throw new Error("this file runs as a worker thread of the store");
start(parentPort, workerData as WorkerOptions);

function start(port: MessagePort, options: WorkerOptions): void {
  if (options.role === "writer") attempt(port, options, () => serveWrites(port, options));
  else if (options.role === "keeper") serveKeeping(port, options);
  // The reader loads its code beside the writer, and opens the file once the writer has made it ready.
  else port.once("message", (request: Request) => openReader(port, options, request));
}

function openReader(port: MessagePort, options: WorkerOptions, request: Request): void {
  if (request.kind === "close") {
    port.postMessage({ kind: "closed" } satisfies Reply);
    port.close();
    return;
  }
  attempt(port, options, () => {
    serveReads(port, options);
    port.postMessage({ kind: "ready", error: null, unclean: false } satisfies Reply);
  });
}

/** A full disk heals by itself while a store is open; one that could not be opened has to be opened again. */
function toOpeningError(error: unknown, directory: string): StoreError {
  const failure = toStoreError(error, `the data directory ${directory}`);
  if (failure.code !== "full") return failure;
  const cause = error instanceof Error ? error.message : String(error);
  return new StoreError(
    "full",
    `There is no room to open the data directory ${directory}: ${cause}. Nothing was changed; free some space and start again`,
  );
}

function attempt(port: MessagePort, options: WorkerOptions, work: () => void): void {
  try {
    work();
  } catch (error) {
    const configuration = error instanceof ConfigurationError;
    const { code, message } = configuration ? error : toOpeningError(error, options.directory);
    port.postMessage({ kind: "ready", error: { code, configuration, message }, unclean: false } satisfies Reply);
    port.close();
  }
}
