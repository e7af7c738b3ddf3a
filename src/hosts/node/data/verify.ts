/**
 * Owns `byward data verify`: the structure of the file as SQLite sees it, and every row's checksum as we do. Works beside
 * a running server, on one snapshot, and on files too damaged to serve from.
 */
import type { DatabaseSync } from "node:sqlite";
import type { ActorRef } from "../../port.ts";
import { hostSum } from "../store/checksum.ts";
import { briefly } from "../store/failure.ts";
import { readRevocation } from "../store/rows.ts";
import { TRASH_TABLES } from "../store/trash.ts";
import { ActorRows } from "./actor-rows.ts";
import { breathe, type DataOptions, OLDEST, openData } from "./data-directory.ts";
import { assertAllRevoked, assertEpochThere } from "./host-rows.ts";
import { countActors, scanActors } from "./scan.ts";

export interface Damage {
  /** Null for what belongs to no actor, or where the name is gone. */
  readonly actor: ActorRef | null;
  readonly what: string;
}

export interface VerifyReport {
  /** True when nothing is wrong. */
  readonly sound: boolean;
  readonly actors: number;
  /** Rows whose checksums were computed. */
  readonly rows: number;
  readonly damaged: readonly Damage[];
  /** SQLite's own complaints about the structure of the file, at most {@link MAX_STRUCTURE}. */
  readonly structure: readonly string[];
}

const MAX_STRUCTURE = 100;
const BATCH = 200;

/** Reads all of the file. Changes nothing. */
export async function verifyData(directory: string, options: DataOptions = {}): Promise<VerifyReport> {
  const db = openData(directory, OLDEST);
  try {
    db.exec("BEGIN");
    options.onProgress?.({ stage: "structure", done: 0, total: 0 });
    await breathe();
    const structure = checkStructure(db);
    const found = await verifyActors(db, options);
    const damaged = [...found.damaged, ...verifyHost(db), ...verifyOrphans(db, found.aids)];
    const sound = damaged.length === 0 && structure.length === 0;
    return { sound, actors: found.aids.size, rows: found.rows, damaged, structure };
  } finally {
    db.close();
  }
}

function checkStructure(db: DatabaseSync): readonly string[] {
  try {
    const lines = db.prepare(`PRAGMA integrity_check(${MAX_STRUCTURE})`).all();
    return lines.map((line) => String(Object.values(line)[0])).filter((line) => line !== "ok");
  } catch (error) {
    return [briefly(error)];
  }
}

interface Found {
  readonly aids: Set<number>;
  readonly damaged: Damage[];
  rows: number;
}

async function verifyActors(db: DatabaseSync, options: DataOptions): Promise<Found> {
  const found: Found = { aids: new Set(), damaged: [], rows: 0 };
  const total = countActors(db);
  const rows = new ActorRows(db);
  let done = 0;
  for (const scanned of scanActors(db)) {
    done += 1;
    if (scanned.row === null) {
      found.damaged.push({ actor: scanned.actor, what: scanned.damage });
    } else {
      found.aids.add(scanned.row.aid);
      found.rows += 1;
      for (const held of rows.of(scanned.row)) {
        if (held.kind === "damage") found.damaged.push({ actor: scanned.actor, what: held.what });
        else found.rows += 1;
      }
    }
    if (done % BATCH !== 0) continue;
    options.onProgress?.({ stage: "actors", done, total });
    await breathe();
  }
  options.onProgress?.({ stage: "actors", done, total: Math.max(done, total) });
  return found;
}

function verifyHost(db: DatabaseSync): readonly Damage[] {
  const damaged: Damage[] = [];
  const attempt = (work: () => void): void => {
    try {
      work();
    } catch (error) {
      damaged.push({ actor: null, what: briefly(error) });
    }
  };
  attempt(() => {
    for (const row of db.prepare("SELECT * FROM revocation").iterate()) attempt(() => readRevocation(row));
  });
  attempt(() => assertAllRevoked(db));
  attempt(() => {
    assertEpochThere(db);
    const row = db.prepare("SELECT value, sum FROM host WHERE name = 'epoch'").get();
    if (row !== undefined && hostSum("epoch", String(row["value"])) !== row["sum"]) {
      damaged.push({ actor: null, what: "the policy epoch fails its checksum" });
    }
  });
  return damaged;
}

/** Rows filed under a number no actor has, nor a destroyed one that waits to be swept: their actor's row was lost. */
function verifyOrphans(db: DatabaseSync, aids: ReadonlySet<number>): readonly Damage[] {
  const damaged: Damage[] = [];
  for (const [table] of TRASH_TABLES) {
    try {
      const sql = `SELECT aid, count(*) AS n FROM ${table} WHERE aid NOT IN (SELECT aid FROM trash) GROUP BY aid`;
      for (const row of db.prepare(sql).iterate()) {
        if (aids.has(Number(row["aid"]))) continue;
        damaged.push({
          actor: null,
          what: `${row["n"]} rows of table ${table} belong to no readable actor (number ${row["aid"]})`,
        });
      }
    } catch (error) {
      damaged.push({ actor: null, what: `table ${table}: ${briefly(error)}` });
    }
  }
  return damaged;
}
