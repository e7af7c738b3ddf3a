/** Owns `byward data export`: everything of a data directory as text lines, from one snapshot, beside a running server. */
import type { DatabaseSync } from "node:sqlite";
import { readRevocation } from "../store/rows.ts";
import { ActorRows, type Held } from "./actor-rows.ts";
import { breathe, type DataOptions, inSnapshot } from "./data-directory.ts";
import { EXPORT_VERSION, type ExportLine } from "./export-format.ts";
import { countActors, type Scanned, scanActors } from "./scan.ts";

const BATCH = 100;

/** JSON lines, each without its line end. What is damaged is left out and named in a `damage` line; the rest is whole. */
export async function* exportData(directory: string, options: DataOptions = {}): AsyncGenerator<string> {
  for await (const line of inSnapshot(directory, (db) => exportLines(db, options))) yield JSON.stringify(line);
}

async function* exportLines(db: DatabaseSync, options: DataOptions): AsyncGenerator<ExportLine> {
  yield { kind: "byward-export", version: EXPORT_VERSION };
  yield* hostLines(db);
  const total = countActors(db);
  const rows = new ActorRows(db);
  let actors = 0;
  let done = 0;
  for (const scanned of scanActors(db)) {
    if (scanned.row !== null) actors += 1;
    yield* actorLines(scanned, rows);
    done += 1;
    if (done % BATCH !== 0) continue;
    options.onProgress?.({ stage: "actors", done, total });
    await breathe();
  }
  options.onProgress?.({ stage: "actors", done, total: Math.max(done, total) });
  yield { kind: "end", actors };
}

function* actorLines(scanned: Scanned, rows: ActorRows): Generator<ExportLine> {
  const { actor, row, damage } = scanned;
  const name = actor === null ? null : `${actor.name}/${actor.key}`;
  if (row === null) {
    yield { kind: "damage", actor: name, what: damage };
    return;
  }
  const state = row.state === null ? null : Buffer.from(row.state).toString("utf8");
  yield { kind: "actor", name: row.name, key: row.key, meta: row.meta, state, wakeAt: row.wakeAt };
  for (const held of rows.of(row)) yield heldLine(held, name);
}

function heldLine(held: Held, name: string | null): ExportLine {
  if (held.kind === "damage") return { kind: "damage", actor: name, what: held.what };
  if (held.kind !== "pair") return held;
  return { kind: "pair", key: base64(held.row.key), value: base64(held.row.value) };
}

function* hostLines(db: DatabaseSync): Generator<ExportLine> {
  for (const columns of db.prepare("SELECT * FROM revocation ORDER BY id").iterate()) {
    yield { kind: "revocation", row: readRevocation(columns) };
  }
  const epoch = db.prepare("SELECT value FROM host WHERE name = 'epoch'").get();
  if (epoch !== undefined) yield { kind: "epoch", epoch: Number(epoch["value"]) };
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("base64");
}
