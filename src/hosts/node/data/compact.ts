/** Owns `byward data compact`: gives back the room of deleted rows and lays the rest out afresh. */
import { existsSync, statSync } from "node:fs";
import { lockDirectory } from "../lock.ts";
import { toStoreError } from "../store/failure.ts";
import { migrate, openFile } from "../store/schema.ts";
import { Statements } from "../store/statements.ts";
import { sweepTrash } from "../store/trash.ts";
import { breathe, type DataOptions, dataFile, openData } from "./data-directory.ts";

const CACHE_KIB = 65_536;

export interface CompactReport {
  /** Bytes of the file and its log. */
  readonly before: number;
  readonly after: number;
}

/**
 * Rewrites the file. Needs the directory for itself, and room for a second copy while it works; when it fails the file
 * is as it was.
 * @throws ConfigurationError `store.locked` while a server uses the directory, `data.none`
 * @throws StoreError `full` without enough room, `damaged` when the file is: restore it first
 */
export async function compactData(directory: string, options: DataOptions = {}): Promise<CompactReport> {
  openData(directory).close();
  const lock = lockDirectory(directory);
  let clean = !lock.unclean;
  try {
    const before = sizeOf(directory);
    const path = dataFile(directory);
    const db = openFile({ path, readOnly: false, cacheKib: CACHE_KIB });
    try {
      migrate(db, path);
      const statements = new Statements(db);
      for (let done = 0; sweepTrash(statements); done += 1) {
        options.onProgress?.({ stage: "sweep", done, total: 0 });
        await breathe();
      }
      options.onProgress?.({ stage: "rewrite", done: 0, total: before });
      await breathe();
      db.exec("PRAGMA wal_checkpoint(TRUNCATE); VACUUM; PRAGMA wal_checkpoint(TRUNCATE)");
    } finally {
      db.close();
    }
    // Every page was read and written: what an unclean stop might have left is settled.
    clean = true;
    const after = sizeOf(directory);
    options.onProgress?.({ stage: "rewrite", done: before, total: before });
    return { before, after };
  } catch (error) {
    throw toStoreError(error, dataFile(directory));
  } finally {
    lock.release(clean);
  }
}

function sizeOf(directory: string): number {
  const path = dataFile(directory);
  return [path, `${path}-wal`].reduce((sum, file) => sum + (existsSync(file) ? statSync(file).size : 0), 0);
}
