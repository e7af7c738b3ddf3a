/**
 * Owns the lock of one file: what Node has no `flock` for, a small SQLite file does, and the kernel drops it when the
 * process dies in whatever way. SQLite is asked for when something is locked: a program that only imports Byward does not
 * load it.
 */
import { closeSync, openSync } from "node:fs";
import { resolve } from "node:path";
import type { DatabaseSync } from "node:sqlite";
import { ConfigurationError } from "../../boundary/errors.ts";
import { isBusy, isCorruption } from "./store/failure.ts";

/** A process that is just ending may need a moment to let go. */
const PATIENCE_MS = 500;

/**
 * Locks a small file, made where there is none, until the connection is closed or the process dies. Null when somebody else
 * holds it.
 * @throws ConfigurationError `store.lock-damaged`
 */
export function lockFile(path: string): DatabaseSync | null {
  createPrivate(path);
  const { DatabaseSync } = process.getBuiltinModule("node:sqlite");
  const db = new DatabaseSync(path, { timeout: PATIENCE_MS });
  try {
    // Exclusive locking mode: a commit does not let go of the file lock, only closing does.
    db.exec("PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE");
    return db;
  } catch (error) {
    db.close();
    if (isBusy(error)) return null;
    if (isCorruption(error)) throw new ConfigurationError("store.lock-damaged", damagedMessage(path));
    throw error;
  }
}

/**
 * Makes an empty file that only its owner may read, where there is none: SQLite itself would let everybody read it, and
 * gives the files beside it the same mode. One that is there is not even opened: closing it would drop the locks that this
 * process holds on it.
 */
export function createPrivate(path: string): void {
  try {
    closeSync(openSync(path, "wx", 0o600));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
}

function damagedMessage(path: string): string {
  return `${resolve(path)} is not the lock of a data directory, or is damaged. It holds no data: make sure that no process uses the directory, remove it and start again`;
}
