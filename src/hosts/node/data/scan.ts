/**
 * Owns the walk over all actors of a file, damaged or not. The index of names leads, each row is fetched and verified by
 * itself; where the index cannot be read, the table is walked too, from both ends and then slot by slot in between, so
 * that everything that can still be read is.
 */
import type { DatabaseSync } from "node:sqlite";
import type { ActorRef } from "../../port.ts";
import { briefly, isCorruption } from "../store/failure.ts";
import { type ActorRow, type Columns, readActor } from "../store/rows.ts";
import { Statements } from "../store/statements.ts";

const PAGE = 500;
/** Slots between two readable ends that are tried one by one. */
const MAX_PROBES = 1_000_000;

/** One actor as found: its verified row, or what is wrong with it. `actor` is null where even the name is gone. */
export type Scanned =
  | { readonly actor: ActorRef; readonly row: ActorRow; readonly damage: null }
  | { readonly actor: ActorRef | null; readonly row: null; readonly damage: string };

interface Place {
  readonly slot: number;
  readonly actor: ActorRef | null;
}

/** All actors of the file in order of name and key; what only the table still knows comes last. */
export function* scanActors(db: DatabaseSync, name?: string): Generator<Scanned> {
  const statements = new Statements(db);
  const seen = new Set<number>();
  const damage: string[] = [];
  for (const place of indexPlaces(statements, name, damage)) {
    if (seen.has(place.slot)) continue;
    const found = fetch(statements, place);
    // An entry that leads elsewhere must not hide the actor that lies there.
    if (found.isAstray) damage.push(`an entry leads astray`);
    else seen.add(place.slot);
    yield found.scanned;
  }
  if (damage.length === 0) {
    const missing = countActors(db, name, "actor_again") - seen.size;
    if (missing <= 0) return;
    damage.push(`${missing} entries are missing`);
  }
  yield { actor: null, row: null, damage: `the index of names is damaged (${damage[0]})` };
  for (const place of tablePlaces(statements)) {
    if (seen.has(place.slot)) continue;
    const { scanned } = fetch(statements, place);
    if (name === undefined || scanned.actor?.name === name) yield scanned;
  }
}

/** How many actors an index holds; 0 where it cannot be counted. */
export function countActors(db: DatabaseSync, name?: string, index: "actor_key" | "actor_again" = "actor_key"): number {
  try {
    const all = `SELECT count(*) AS n FROM actor INDEXED BY ${index}`;
    const row = name === undefined ? db.prepare(all).get() : db.prepare(`${all} WHERE name = ?`).get(name);
    return Number(row?.["n"] ?? 0);
  } catch {
    return 0;
  }
}

interface Fetched {
  readonly scanned: Scanned;
  /** The entry that led here belongs to another place. */
  readonly isAstray: boolean;
}

function fetch(statements: Statements, { slot, actor }: Place): Fetched {
  const damaged = (damage: string, isAstray: boolean): Fetched => ({ scanned: { actor, row: null, damage }, isAstray });
  try {
    const columns = statements.get("SELECT * FROM actor NOT INDEXED WHERE slot = ?").get(slot);
    if (columns === undefined) return damaged("the actor's row is gone", actor !== null);
    const row = readActor(columns);
    const found = { name: row.name, key: row.key };
    if (actor !== null && (actor.name !== found.name || actor.key !== found.key)) {
      return damaged(`its index entry leads to ${found.name}/${found.key}`, true);
    }
    return { scanned: { actor: found, row, damage: null }, isAstray: false };
  } catch (error) {
    return damaged(briefly(error), false);
  }
}

function* indexPlaces(statements: Statements, only: string | undefined, damage: string[]): Generator<Place> {
  const columns = "SELECT name, key, slot FROM actor INDEXED BY actor_key";
  const where = only === undefined ? "" : "name = ? AND";
  const forward = `${columns} WHERE ${where} (name, key) > (?, ?) ORDER BY name, key LIMIT ${PAGE}`;
  const backward = `${columns} WHERE ${where} (name, key) < (?, ?) ORDER BY name DESC, key DESC LIMIT ${PAGE}`;
  const first = only === undefined ? [] : [only];
  const walk = (sql: string, from: readonly string[]) =>
    pages(statements, sql, damage, [...first, ...from], (row) => [...first, String(row["name"]), String(row["key"])]);
  for (const row of walk(forward, ["", ""])) yield placeOf(row);
  if (damage.length === 0) return;
  // Beyond the last text there is: names and keys are valid UTF-8, this sorts after all of them.
  for (const row of walk(backward, ["\u{10ffff}", ""])) yield placeOf(row);
}

function* tablePlaces(statements: Statements): Generator<Place> {
  const damage: string[] = [];
  const columns = "SELECT slot FROM actor NOT INDEXED";
  const after = (row: Columns): readonly number[] => [Number(row["slot"])];
  let low = 0;
  for (const row of pages(statements, `${columns} WHERE slot > ? ORDER BY slot LIMIT ${PAGE}`, damage, [0], after)) {
    low = Number(row["slot"]);
    yield { slot: low, actor: null };
  }
  if (damage.length === 0) return;
  let high = Number.MAX_SAFE_INTEGER;
  const down = `${columns} WHERE slot < ? ORDER BY slot DESC LIMIT ${PAGE}`;
  for (const row of pages(statements, down, damage, [high], after)) {
    high = Number(row["slot"]);
    if (high <= low) return;
    yield { slot: high, actor: null };
  }
  const end = Math.min(high, low + MAX_PROBES);
  for (let slot = low + 1; slot < end; slot += 1) if (exists(statements, slot)) yield { slot, actor: null };
}

/** Pages of a query that takes up after its last row; ends, noting why, where the file cannot be read. */
function* pages(
  statements: Statements,
  sql: string,
  damage: string[],
  start: readonly (string | number)[],
  after: (row: Columns) => readonly (string | number)[],
): Generator<Columns> {
  for (let from = start; ; ) {
    let rows: Columns[];
    try {
      rows = statements.get(sql).all(...from);
    } catch (error) {
      if (!isCorruption(error)) throw error;
      const single = sql.replace(`LIMIT ${PAGE}`, "LIMIT 1");
      if (single !== sql) yield* pages(statements, single, damage, from, after);
      else damage.push(briefly(error));
      return;
    }
    yield* rows;
    const last = rows.at(-1);
    if (last === undefined) return;
    from = after(last);
  }
}

function exists(statements: Statements, slot: number): boolean {
  try {
    return statements.get("SELECT 1 FROM actor NOT INDEXED WHERE slot = ?").get(slot) !== undefined;
  } catch {
    return true;
  }
}

function placeOf(row: Columns): Place {
  return { slot: Number(row["slot"]), actor: { name: String(row["name"]), key: String(row["key"]) } };
}
