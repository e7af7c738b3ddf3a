/**
 * Owns `byward data backup`: a consistent copy of a data directory, made while a server works on it. The copy is a data
 * directory itself: to restore, stop the server and put it in the place of the damaged one.
 */
import { closeSync, fsyncSync, mkdirSync, openSync, readdirSync, renameSync, rmSync, statSync } from "node:fs";
import { resolve } from "node:path";
import { backup, DatabaseSync } from "node:sqlite";
import { ConfigurationError } from "../../../boundary/errors.ts";
import { syncDirectory } from "../lock.ts";
import { damaged, toStoreError } from "../store/failure.ts";
import { type DataOptions, dataFile, openData } from "./data-directory.ts";

/** Pages a step; between steps the process does other work. */
const RATE = 500;

export interface BackupReport {
  readonly bytes: number;
}

/**
 * Copies the directory's data into `target`, which must not exist or be empty. What was acknowledged before the call is
 * in the copy. The copy gets its name only when it is complete, checked and durable.
 * @throws ConfigurationError `data.none`, `data.target-taken`
 * @throws StoreError `damaged` when the data is (the copy is not kept), `full` without enough room
 */
export async function backupData(directory: string, target: string, options: DataOptions = {}): Promise<BackupReport> {
  const source = openData(directory);
  const partial = `${dataFile(target)}.partial`;
  try {
    takeTarget(target);
    // An open read transaction keeps one snapshot; without it every commit of the server would start the copy anew.
    source.exec("BEGIN");
    source.prepare("SELECT count(*) FROM trash").get();
    await backup(source, partial, {
      rate: RATE,
      progress: ({ totalPages, remainingPages }) => {
        options.onProgress?.({ stage: "copy", done: totalPages - remainingPages, total: totalPages });
      },
    });
    checkCopy(partial);
    syncFile(partial);
    renameSync(partial, dataFile(target));
    syncDirectory(target);
    return { bytes: statSync(dataFile(target)).size };
  } catch (error) {
    for (const suffix of ["", "-wal", "-shm", "-journal"]) rmSync(`${partial}${suffix}`, { force: true });
    throw error instanceof ConfigurationError ? error : toStoreError(error, dataFile(directory));
  } finally {
    source.close();
  }
}

function takeTarget(target: string): void {
  mkdirSync(target, { recursive: true, mode: 0o700 });
  if (readdirSync(target).length > 0) {
    throw new ConfigurationError(
      "data.target-taken",
      `${resolve(target)} is not empty: give the backup a directory of its own`,
    );
  }
}

function checkCopy(path: string): void {
  const copy = new DatabaseSync(path);
  try {
    const line = copy.prepare("PRAGMA quick_check(1)").get();
    const answer = String(Object.values(line ?? {})[0]);
    if (answer !== "ok") throw damaged("the data directory", answer);
    copy.exec("PRAGMA journal_mode = DELETE");
  } finally {
    copy.close();
  }
}

function syncFile(path: string): void {
  const file = openSync(path, "r+");
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}
