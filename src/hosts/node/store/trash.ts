/**
 * Owns the rows of destroyed actors. Destroying takes the actor's own row, so nothing can reach the rest; the rest goes
 * at once when it is little, and in slices between groups when it is much: a queue of a million messages must not hold
 * up everybody's commits.
 */
import type { Statements } from "./statements.ts";

/** Tables with rows by `aid`, and what names a row within an actor. */
export const TRASH_TABLES = [
  ["queue", "id"],
  ["schedule", "id"],
  ["connection", "id"],
  ["kv", "key"],
  ["replay", "id"],
] as const;

/** Rows a slice may take; some 5 ms. */
const SLICE = 1000;

/** Deletes one slice of an actor's rows; true when none are left. */
export function sweepActor(statements: Statements, aid: number): boolean {
  for (const [table, id] of TRASH_TABLES) {
    const sql = `DELETE FROM ${table} WHERE aid = ?1 AND ${id} IN (SELECT ${id} FROM ${table} WHERE aid = ?1 LIMIT ${SLICE})`;
    if (Number(statements.get(sql).run(aid).changes) === SLICE) return false;
  }
  return true;
}

/** Sweeps one slice of whatever is in the trash, in its own transaction; true while more is left. */
export function sweepTrash(statements: Statements): boolean {
  const row = statements.get("SELECT aid FROM trash LIMIT 1").get();
  if (row === undefined) return false;
  const aid = row["aid"] as number;
  if (sweepActor(statements, aid)) statements.get("DELETE FROM trash WHERE aid = ?").run(aid);
  return true;
}
