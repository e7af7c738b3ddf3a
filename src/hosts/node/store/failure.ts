/**
 * Owns the reading of SQLite's result codes: which failure of a statement means a full disk, a damaged file, or a fault
 * of ours. Codes: https://www.sqlite.org/rescode.html
 */
import { StoreError, type StoreFailure } from "../../port.ts";

const PRIMARY = 0xff;
const SQLITE_BUSY = 5;
const SQLITE_IOERR = 10;
const SQLITE_CORRUPT = 11;
const SQLITE_FULL = 13;
const SQLITE_CONSTRAINT = 19;
const SQLITE_NOTADB = 26;
/** Reads that gave fewer bytes than the page has: the file is shorter than its header says. */
const IOERR_SHORT_READ = 522;
const IOERR_READ = 266;
const IOERR_CORRUPTFS = 8458;
const IOERR_DATA = 8202;

const READ_FAILURES: ReadonlySet<number> = new Set([IOERR_SHORT_READ, IOERR_READ, IOERR_CORRUPTFS, IOERR_DATA]);

/** SQLite's extended result code of an error, or null when it is not one of SQLite's. */
export function sqliteCode(error: unknown): number | null {
  if (typeof error !== "object" || error === null) return null;
  const { code, errcode } = error as { code?: unknown; errcode?: unknown };
  return code === "ERR_SQLITE_ERROR" && typeof errcode === "number" ? errcode : null;
}

export function isCorruption(error: unknown): boolean {
  const code = sqliteCode(error);
  if (code === null) return false;
  const primary = code & PRIMARY;
  return primary === SQLITE_CORRUPT || primary === SQLITE_NOTADB || READ_FAILURES.has(code);
}

export function isUniqueViolation(error: unknown): boolean {
  const code = sqliteCode(error);
  return code !== null && (code & PRIMARY) === SQLITE_CONSTRAINT;
}

export function isBusy(error: unknown): boolean {
  const code = sqliteCode(error);
  return code !== null && (code & PRIMARY) === SQLITE_BUSY;
}

function failureOf(error: unknown): StoreFailure {
  if (isCorruption(error)) return "damaged";
  const code = sqliteCode(error);
  const primary = code === null ? null : code & PRIMARY;
  if (primary === SQLITE_FULL || primary === SQLITE_IOERR) return "full";
  if (primary === SQLITE_CONSTRAINT) return "conflict";
  return "failed";
}

/** Any error of a statement as the port's error. `actor` is for people: `name/key`. */
export function toStoreError(error: unknown, actor: string | null): StoreError {
  if (error instanceof StoreError) return error;
  const code = failureOf(error);
  const about = actor === null ? "" : ` of ${actor}`;
  const cause = error instanceof Error ? error.message : String(error);
  if (code === "damaged") return damaged(actor ?? "the store", cause);
  if (code === "full")
    return new StoreError(
      "full",
      `The disk took no write${about}: ${cause}. Free some space; writing resumes by itself`,
    );
  return new StoreError(code, `A write or read${about} failed: ${cause}`, { cause: error });
}

/** Names the damaged actor and says what to do. The cause is what is wrong, in a few words. */
export function damaged(actor: string, what: string): StoreError {
  return new StoreError(
    "damaged",
    `The stored rows of ${actor} are damaged (${what}). Run \`byward data verify\` to see all damage, then restore the data directory from a backup`,
    { cause: what },
  );
}

/** An error in a few words, for reports that say elsewhere whom it is about and what to do. */
export function briefly(error: unknown): string {
  if (error instanceof StoreError && typeof error.cause === "string") return error.cause;
  return error instanceof Error ? error.message : String(error);
}
