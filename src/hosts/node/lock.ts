/**
 * Owns the one-writer rule of a data directory. Node has no `flock`; an exclusive lock on a small SQLite file beside the
 * data does the same, and the kernel drops it when the process dies in whatever way.
 *
 * L1 While a lock is held, no other process and no other store of this process gets it. L2 A process that died leaves
 * `owner.json` behind: that is how the next owner knows of an unclean stop. Do not put the directory on NFS.
 */
import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { hostname } from "node:os";
import { join, resolve } from "node:path";
import { ConfigurationError } from "../../boundary/errors.ts";
import { lockFile } from "./lock-file.ts";

const LOCK_FILE = "lock.sqlite";
const OWNER_FILE = "owner.json";

export interface DirectoryLock {
  /** The previous owner did not release the lock. */
  readonly unclean: boolean;
  /** The directory has held data before: a missing data file is a loss, not a beginning. */
  readonly initialised: boolean;
  markInitialised(): void;
  /** `clean` leaves no trace; otherwise the next owner sees an unclean stop. */
  release(clean: boolean): void;
}

/**
 * Takes the directory, creating it (mode 0700) when it is not there.
 * @throws ConfigurationError `store.locked` naming the directory and, where known, the process that holds it;
 * `store.lock-damaged`
 */
export function lockDirectory(directory: string): DirectoryLock {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const db = lockFile(join(directory, LOCK_FILE));
  if (db === null) throw new ConfigurationError("store.locked", lockedMessage(directory));
  const owner = join(directory, OWNER_FILE);
  // A file that says nothing was left behind as well.
  const unclean = existsSync(owner);
  const initialised = Number(db.prepare("PRAGMA user_version").get()?.["user_version"]) > 0;
  try {
    writeOwner(owner, directory);
  } catch (error) {
    db.close();
    throw error;
  }
  return {
    unclean,
    initialised,
    markInitialised() {
      db.exec("PRAGMA user_version = 1; COMMIT; BEGIN EXCLUSIVE");
    },
    release(clean) {
      if (clean) rmSync(owner, { force: true });
      db.close();
    },
  };
}

interface Owner {
  readonly pid: number;
  readonly host: string;
  readonly since: string;
}

function lockedMessage(directory: string): string {
  const owner = readOwner(directory);
  const who = owner === null ? "another process" : `process ${owner.pid} on ${owner.host} (since ${owner.since})`;
  return `The data directory ${resolve(directory)} is in use by ${who}: one process owns a directory at a time. Stop that process, or give this one a directory of its own`;
}

function readOwner(directory: string): Owner | null {
  try {
    return JSON.parse(readFileSync(join(directory, OWNER_FILE), "utf8"));
  } catch {
    // Absent after a clean stop.
    return null;
  }
}

/** Whole or not at all: a full disk must not empty the file by which the next owner knows of an unclean stop. */
function writeOwner(path: string, directory: string): void {
  const owner: Owner = { pid: process.pid, host: hostname(), since: new Date().toISOString() };
  const temporary = `${path}.new`;
  const file = openSync(temporary, "w", 0o600);
  try {
    writeFileSync(file, JSON.stringify(owner));
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(temporary, path);
  syncDirectory(directory);
}

/** Makes the names in a directory durable. */
export function syncDirectory(directory: string): void {
  const handle = openSync(directory, "r");
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}
