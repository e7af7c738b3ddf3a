/**
 * Owns running SQL in an object, within the platform's limits. Local `workerd` takes what Cloudflare refuses, so they are
 * held here, before a statement runs: rows and values up to 2 MB, 100 bound values, statements up to 100 KB
 * (Durable Objects, platform limits).
 */
import { StoreError } from "../port.ts";
import type { ObjectStorage, SqlValue } from "./platform.ts";

/** Bytes of one row, text or blob. */
export const MAX_ROW_BYTES = 2_000_000;
export const MAX_BINDINGS = 100;
export const MAX_STATEMENT_BYTES = 100_000;
/** One UTF-16 unit is at most three bytes of UTF-8. */
const WORST_BYTES_PER_UNIT = 3;

export type Binding = string | number | null | Uint8Array;
export type Row = Readonly<Record<string, SqlValue>>;

export class Sql {
  readonly #storage: ObjectStorage;

  constructor(storage: ObjectStorage) {
    this.#storage = storage;
  }

  /** Runs a statement that returns nothing. @throws StoreError `failed` past a limit */
  run(query: string, ...bindings: Binding[]): void {
    assertWithinLimits(query, bindings);
    this.#storage.sql.exec(query, ...bindings);
  }

  all<Found = Row>(query: string, ...bindings: Binding[]): Found[] {
    assertWithinLimits(query, bindings);
    return this.#storage.sql.exec<Found>(query, ...bindings).toArray();
  }

  first<Found = Row>(query: string, ...bindings: Binding[]): Found | null {
    return this.all<Found>(query, ...bindings)[0] ?? null;
  }

  /** All of it or nothing. What it wrote is durable before anything that is sent after leaves the object: the output gate. */
  transaction<T>(run: () => T): T {
    return this.#storage.transactionSync(run);
  }
}

/** @throws StoreError `failed` */
export function assertWithinLimits(query: string, bindings: readonly Binding[]): void {
  if (bindings.length > MAX_BINDINGS) throw beyond(`${bindings.length} bound values`, `${MAX_BINDINGS}`);
  if (query.length > MAX_STATEMENT_BYTES)
    throw beyond(`a statement of ${query.length} bytes`, `${MAX_STATEMENT_BYTES}`);
  let most = 0;
  for (const value of bindings) {
    if (typeof value === "string") most += value.length * WORST_BYTES_PER_UNIT;
    else if (value instanceof Uint8Array) most += value.byteLength;
  }
  if (most <= MAX_ROW_BYTES) return;
  const size = bindings.reduce((sum: number, value) => sum + bytesOf(value), 0);
  if (size > MAX_ROW_BYTES) throw beyond(`a row of ${size} bytes`, `${MAX_ROW_BYTES}`);
}

const utf8 = new TextEncoder();

function bytesOf(value: Binding): number {
  if (typeof value === "string") return utf8.encode(value).byteLength;
  return value instanceof Uint8Array ? value.byteLength : 8;
}

function beyond(what: string, limit: string): StoreError {
  return new StoreError("failed", `Refused: ${what}; a Durable Object takes at most ${limit}`);
}
