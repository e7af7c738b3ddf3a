/**
 * Owns the worker threads' entry: opens the file for its role, then answers requests. One writer, one reader; each
 * blocks on the disk here so that the event loop never does.
 */
import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import type { DatabaseSync } from "node:sqlite";
import { isMainThread, type MessagePort, parentPort, receiveMessageOnPort, workerData } from "node:worker_threads";
import { ConfigurationError } from "../../../boundary/errors.ts";
import { type DirectoryLock, lockDirectory, syncDirectory } from "../lock.ts";
import { toStoreError } from "./failure.ts";
import type { ReadCall, ReadResult, Reply, Request, WorkerOptions, Write } from "./messages.ts";
import { unpackWrites } from "./messages.ts";
import { Reader } from "./reader.ts";
import { FILE_NAME, migrate, openFile } from "./schema.ts";
import { Writer } from "./writer.ts";

const WRITER_CACHE_KIB = 32_768;
const READER_CACHE_KIB = 16_384;
/** A group ends here even when more is waiting, so that the first in it does not wait for too many others. */
const GROUP_LIMIT = 4096;

if (isMainThread || parentPort === null) throw new Error("this file runs as a worker thread of the store");
start(parentPort, workerData as WorkerOptions);

function start(port: MessagePort, options: WorkerOptions): void {
  try {
    if (options.role === "writer") serveWrites(port, options);
    else serveReads(port, options);
  } catch (error) {
    const configuration = error instanceof ConfigurationError;
    const code = configuration ? error.code : toStoreError(error, null).code;
    const message = error instanceof Error ? error.message : String(error);
    send(port, { kind: "ready", error: { code, configuration, message }, unclean: false });
    port.close();
  }
}

function serveWrites(port: MessagePort, options: WorkerOptions): void {
  const lock = lockDirectory(options.directory);
  let db: DatabaseSync;
  try {
    db = openForWriting(options, lock);
  } catch (error) {
    // The file was not touched by us; how the previous owner stopped stays as it was.
    lock.release(!lock.unclean);
    throw error;
  }
  const writer = new Writer(db);
  writer.faults.arm(options.faults);
  let settled = 0;
  let sweeping = true;
  const pending: Write[] = [];

  const runGroups = (): void => {
    while (pending.length > 0) {
      const group = pending.splice(0, GROUP_LIMIT);
      const failed = writer.run(group, settled + 1);
      settled += group.length;
      if (group.some((write) => write.mode === "destroy")) sweeping = true;
      send(port, { kind: "group", settled, failed, failures: writer.failures });
      takeWaiting();
    }
    if (sweeping) setImmediate(sweepSlice);
  };
  const sweepSlice = (): void => {
    sweeping = writer.sweep();
    if (sweeping) setImmediate(sweepSlice);
  };
  const takeWaiting = (): void => {
    while (pending.length < GROUP_LIMIT) {
      const received = receiveMessageOnPort(port);
      if (received === undefined) return;
      take(received.message as Request);
    }
  };
  const take = (request: Request): void => {
    if (request.kind === "write") pending.push(...unpackWrites(request.flat));
    else if (request.kind === "faults") writer.faults.arm(request.faults);
    else if (request.kind === "close") close();
  };
  const close = (): void => {
    db.exec("PRAGMA wal_checkpoint(TRUNCATE)");
    db.close();
    lock.release(true);
    send(port, { kind: "closed" });
    port.close();
  };
  port.on("message", (request: Request) => {
    take(request);
    takeWaiting();
    runGroups();
  });
  send(port, { kind: "ready", error: null, unclean: lock.unclean });
}

function openForWriting(options: WorkerOptions, lock: DirectoryLock): DatabaseSync {
  const path = join(options.directory, FILE_NAME);
  if (lock.initialised && (!existsSync(path) || statSync(path).size === 0)) {
    throw new ConfigurationError(
      "store.data-gone",
      `${path} is gone or empty, though this directory held data. Restore it from a backup; to start anew, remove the whole directory`,
    );
  }
  const db = openFile({ path, readOnly: false, cacheKib: WRITER_CACHE_KIB });
  try {
    migrate(db, path);
    db.exec(`PRAGMA wal_autocheckpoint = ${options.checkpointPages}`);
    if (!lock.initialised) {
      syncDirectory(options.directory);
      lock.markInitialised();
    }
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

function serveReads(port: MessagePort, options: WorkerOptions): void {
  const db = openFile({ path: join(options.directory, FILE_NAME), readOnly: true, cacheKib: READER_CACHE_KIB });
  const reader = new Reader(db);
  port.on("message", (request: Request) => {
    if (request.kind === "read") {
      send(port, { kind: "read", results: request.calls.map((call) => answer(reader, call)) });
    } else if (request.kind === "close") {
      db.close();
      send(port, { kind: "closed" });
      port.close();
    }
  });
  send(port, { kind: "ready", error: null, unclean: false });
}

function answer(reader: Reader, [id, method, args]: ReadCall): ReadResult {
  try {
    // The cast holds because calls come from `SqliteStore` alone, which names methods of `Reader`.
    const read = reader[method as keyof Reader] as (...args: readonly unknown[]) => unknown;
    return { id, value: read.apply(reader, [...args]) };
  } catch (error) {
    const { code, message } = toStoreError(error, actorOfCall(args));
    return { id, code, message };
  }
}

function actorOfCall(args: readonly unknown[]): string | null {
  const first = args[0];
  if (typeof first !== "object" || first === null) return null;
  const { name, key } = first as { name?: unknown; key?: unknown };
  return typeof name === "string" && typeof key === "string" ? `${name}/${key}` : null;
}

function send(port: MessagePort, reply: Reply): void {
  port.postMessage(reply);
}
