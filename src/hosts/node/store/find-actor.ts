/**
 * Owns the way from an actor's name and key to its row. SQLite follows a damaged index without a word: an entry may lead
 * to the row of another actor, or be hidden, and then the actor would be created anew over its own data. So the row that
 * was found is held against what was asked for, and one that was not found is looked for in the second index.
 */
import { StoreError } from "../../port.ts";
import { damaged } from "./failure.ts";
import { type Columns, readActor } from "./rows.ts";
import type { Statements } from "./statements.ts";

// In two steps: in one, SQLite takes name and key from the index, which is what they are to be held against.
const WHERE = "WHERE slot = (SELECT slot FROM actor INDEXED BY actor_key WHERE name = ? AND key = ?)";
const WHOLE = `SELECT * FROM actor NOT INDEXED ${WHERE}`;
const PLACE = `SELECT slot, aid, counts, name, key FROM actor NOT INDEXED ${WHERE}`;
const AGAIN = "SELECT slot FROM actor INDEXED BY actor_again WHERE key = ? AND name = ?";

/**
 * Every column of the actor's row, its checksum not yet looked at; undefined when there is no such actor.
 * @throws StoreError `damaged`
 */
export function findRow(statements: Statements, name: string, key: string): Columns | undefined {
  return found(statements, statements.get(WHOLE).get(name, key), name, key);
}

/** As `findRow`, but only the columns that say where the actor's rows are: `slot`, `aid`, `counts`. */
export function findPlace(statements: Statements, name: string, key: string): Columns | undefined {
  return found(statements, statements.get(PLACE).get(name, key), name, key);
}

/**
 * True when the actor's rows are filed under the number its row says. A new row lies in the slot of that number; one that
 * was moved since proves itself by its checksum, which covers its state.
 */
export function isFiledRight(statements: Statements, place: Columns): boolean {
  if (place["slot"] === place["aid"]) return true;
  const columns = statements.get("SELECT * FROM actor NOT INDEXED WHERE slot = ?").get(place["slot"] as number);
  try {
    return columns !== undefined && readActor(columns).aid === place["aid"];
  } catch (error) {
    if (error instanceof StoreError) return false;
    throw error;
  }
}

function found(statements: Statements, row: Columns | undefined, name: string, key: string): Columns | undefined {
  if (row === undefined) {
    if (statements.get(AGAIN).get(key, name) === undefined) return undefined;
  } else if (row["name"] === name && row["key"] === key) return row;
  throw damaged(`${name}/${key}`, "the index of actors is damaged near its name");
}
