/**
 * Owns the rows of destroyed actors. Destroying takes the actor's own row, so nothing can reach the rest; the rest goes
 * at once when it is little, and in slices between groups when it is much: a queue of a million messages must not hold
 * up everybody's commits.
 */
import { isCorruption } from "./failure.ts";
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

/**
 * Sweeps one slice of whatever is in the trash but the actors in `passedOver`, in its own transaction; true while more is
 * left. An actor whose rows are damaged is passed over from then on: it must not keep the others from being swept.
 * Without `passedOver`, damage is thrown.
 */
export function sweepTrash(statements: Statements, passedOver?: Set<number>): boolean {
  const rows = statements.get("SELECT aid FROM trash ORDER BY aid LIMIT ?").all((passedOver?.size ?? 0) + 1);
  const next = rows.find((row) => passedOver?.has(row["aid"] as number) !== true);
  if (next === undefined) return false;
  const aid = next["aid"] as number;
  try {
    if (sweepActor(statements, aid)) statements.get("DELETE FROM trash WHERE aid = ?").run(aid);
  } catch (error) {
    if (passedOver === undefined || !isCorruption(error)) throw error;
    passedOver.add(aid);
  }
  return true;
}
