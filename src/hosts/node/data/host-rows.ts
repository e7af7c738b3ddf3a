/** Owns the look at whether all rows that belong to no actor are there: revocations and the policy epoch. */
import type { DatabaseSync } from "node:sqlite";
import { assertAllRevocations, assertEpoch } from "../store/cross-check.ts";
import { FORMAT, pragma } from "../store/schema.ts";
import { Statements } from "../store/statements.ts";

/** Files of older formats hold nothing to compare with. @throws StoreError `damaged` */
export function assertAllRevoked(db: DatabaseSync): void {
  if (pragma(db, "user_version") < FORMAT) return;
  // All columns: with fewer, SQLite reads the index even so.
  const always = -Number.MAX_SAFE_INTEGER;
  const rows = db.prepare("SELECT * FROM revocation NOT INDEXED WHERE keep_until >= ?").all(always);
  assertAllRevocations(new Statements(db), always, rows);
}

/** As `assertAllRevoked`. @throws StoreError `damaged` */
export function assertEpochThere(db: DatabaseSync): void {
  if (pragma(db, "user_version") < FORMAT) return;
  const row = db.prepare("SELECT * FROM host NOT INDEXED WHERE name = 'epoch'").get();
  assertEpoch(new Statements(db), row?.["value"]);
}
