/**
 * Owns `byward data backup`: a consistent copy of a data directory, made while a server works on it. The copy is a data
 * directory itself: to restore, stop the server and put it in the place of the damaged one.
 */
import { closeSync, fsyncSync, mkdirSync, openSync, readdirSync, renameSync, rmSync, statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { backup, DatabaseSync } from "node:sqlite";
import { ConfigurationError } from "../../../boundary/errors.ts";
import { syncDirectory } from "../lock.ts";
import { damaged, toStoreError } from "../store/failure.ts";
import { readFormat } from "../store/schema.ts";
import { type DataOptions, dataFile, OLDEST, openData } from "./data-directory.ts";

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
  const source = openData(directory, OLDEST);
  try {
    return await copyTo(takeTarget(target), source, target, options);
  } catch (error) {
    throw error instanceof ConfigurationError ? error : toStoreError(error, dataFile(directory));
  } finally {
    source.close();
  }
}

async function copyTo(
  partial: string,
  source: DatabaseSync,
  target: string,
  options: DataOptions,
): Promise<BackupReport> {
  try {
    // An open read transaction keeps one snapshot; without it every commit of the server would start the copy anew.
    source.exec("BEGIN");
    source.prepare("SELECT count(*) FROM trash").get();
    await backup(source, partial, {
      rate: RATE,
      progress: ({ totalPages, remainingPages }) => {
        options.onProgress?.({ stage: "copy", done: totalPages - remainingPages, total: totalPages });
      },
    });
    checkCopy(partial, readFormat(source, partial));
    syncFile(partial);
    renameSync(partial, dataFile(target));
    syncDirectory(target);
    syncDirectory(dirname(resolve(target)));
    return { bytes: statSync(dataFile(target)).size };
  } catch (error) {
    for (const suffix of ["", "-wal", "-shm", "-journal"]) rmSync(`${partial}${suffix}`, { force: true });
    throw error;
  }
}

/** Makes the file that will become the copy. It belongs to whoever made it: another backup under way is left alone. */
function takeTarget(target: string): string {
  const partial = `${dataFile(target)}.partial`;
  mkdirSync(target, { recursive: true, mode: 0o700 });
  if (readdirSync(target).length > 0) throw taken(target);
  try {
    closeSync(openSync(partial, "wx", 0o600));
  } catch (error) {
    throw (error as NodeJS.ErrnoException).code === "EEXIST" ? taken(target) : error;
  }
  return partial;
}

function taken(target: string): ConfigurationError {
  return new ConfigurationError(
    "data.target-taken",
    `${resolve(target)} is not empty: give the backup a directory of its own`,
  );
}

function checkCopy(path: string, format: number): void {
  const copy = new DatabaseSync(path);
  try {
    const line = copy.prepare("PRAGMA quick_check(1)").get();
    const answer = String(Object.values(line ?? {})[0]);
    if (answer !== "ok") throw damaged("the data directory", answer);
    // An empty file is a sound one, too.
    if (readFormat(copy, path) !== format) throw damaged("the copy", "it holds no tables");
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
