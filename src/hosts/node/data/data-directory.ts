/**
 * Owns how the tools of `byward data` open a data directory: read-only, beside a running server or without one, and as
 * far as possible when the file is damaged. A tool that writes takes the directory's lock first.
 */
import { existsSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import type { DatabaseSync } from "node:sqlite";
import { ConfigurationError } from "../../../boundary/errors.ts";
import { toStoreError } from "../store/failure.ts";
import { FILE_NAME, FORMAT, openFile, readFormat } from "../store/schema.ts";

const CACHE_KIB = 16_384;
/**
 * For what reads every format there was: a copy belongs before an upgrade, and what damage keeps from being brought up to
 * date must still come out. Files of older formats lack the indexes that later ones added.
 */
export const OLDEST = 1;

/** How far a long piece of work has come. `total` is 0 while it is not known. */
export interface Progress {
  readonly stage: string;
  readonly done: number;
  readonly total: number;
}

export interface DataOptions {
  /** Called now and then during long work. */
  readonly onProgress?: (progress: Progress) => void;
}

export function dataFile(directory: string): string {
  return join(directory, FILE_NAME);
}

/**
 * Opens the file for reading. `oldest` is the oldest format the caller can work on, the current one unless told otherwise.
 * @throws ConfigurationError `data.none` where there is no data; `store.newer-format`, `store.older-format`, `store.not-byward`
 */
export function openData(directory: string, oldest: number = FORMAT): DatabaseSync {
  const path = dataFile(directory);
  if (!existsSync(path) || statSync(path).size === 0) {
    throw new ConfigurationError(
      "data.none",
      `${resolve(directory)} is not a data directory: it holds no ${FILE_NAME}`,
    );
  }
  let db: DatabaseSync;
  try {
    db = openFile({ path, readOnly: true, cacheKib: CACHE_KIB, salvage: true });
  } catch (error) {
    throw toStoreError(error, path);
  }
  try {
    const format = readFormat(db, path);
    if (format < oldest) {
      throw new ConfigurationError(
        "store.older-format",
        `${path} has format ${format}, this version works on ${FORMAT}: make a backup (\`byward data backup\`), then start the server once, it migrates the file. Where damage keeps it from that, \`byward data export\` reads the file as it is`,
      );
    }
    return db;
  } catch (error) {
    db.close();
    throw error instanceof ConfigurationError ? error : toStoreError(error, path);
  }
}

/** Runs `work` on one snapshot of the file: what is written meanwhile is not seen. */
export async function* inSnapshot<Item>(
  directory: string,
  work: (db: DatabaseSync) => AsyncGenerator<Item>,
  oldest: number = FORMAT,
): AsyncGenerator<Item> {
  const db = openData(directory, oldest);
  try {
    db.exec("BEGIN");
    yield* work(db);
  } finally {
    db.close();
  }
}

/** Lets other work of the process run. */
export function breathe(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
