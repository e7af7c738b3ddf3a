/** Owns `byward data export`: everything of a data directory as text lines, from one snapshot, beside a running server. */
import type { DatabaseSync } from "node:sqlite";
import { hostSum } from "../store/checksum.ts";
import { briefly } from "../store/failure.ts";
import { readRevocation } from "../store/rows.ts";
import { ActorRows, type Held } from "./actor-rows.ts";
import { breathe, type DataOptions, inSnapshot, OLDEST } from "./data-directory.ts";
import { EXPORT_VERSION, type ExportLine } from "./export-format.ts";
import { assertAllRevoked, assertEpochThere } from "./host-rows.ts";
import { countActors, type Scanned, scanActors } from "./scan.ts";

const BATCH = 100;

export interface ExportOptions extends DataOptions {
  /** Called with each piece that is left out because it is damaged. */
  readonly onDamage?: (what: string) => void;
}

/** JSON lines, each without its line end. What is damaged is left out and named in a `damage` line; the rest is whole. */
export async function* exportData(directory: string, options: ExportOptions = {}): AsyncGenerator<string> {
  for await (const line of inSnapshot(directory, (db) => exportLines(db, options), OLDEST)) {
    if (line.kind === "damage") options.onDamage?.(`${line.actor ?? "the file"}: ${line.what}`);
    yield oneLine(line);
  }
}

/** JSON leaves U+2028 and U+2029 as they are, and to many readers of lines each of them ends one. */
function oneLine(line: ExportLine): string {
  return JSON.stringify(line).replaceAll("\u2028", "\\u2028").replaceAll("\u2029", "\\u2029");
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
  yield* orDamage("the revocations", function* () {
    for (const columns of db.prepare("SELECT * FROM revocation ORDER BY id").iterate()) {
      yield* orDamage("a revocation", function* () {
        yield { kind: "revocation", row: readRevocation(columns) };
      });
    }
    assertAllRevoked(db);
  });
  yield* orDamage("the policy epoch", function* () {
    assertEpochThere(db);
    const row = db.prepare("SELECT value, sum FROM host WHERE name = 'epoch'").get();
    if (row === undefined) return;
    const value = String(row["value"]);
    if (hostSum("epoch", value) !== row["sum"]) throw new Error("it fails its checksum");
    yield { kind: "epoch", epoch: Number(value) };
  });
}

/** What stands in no actor: where it cannot be read, a line says so. */
function* orDamage(what: string, read: () => Generator<ExportLine>): Generator<ExportLine> {
  try {
    yield* read();
  } catch (error) {
    yield { kind: "damage", actor: null, what: `${what}: ${briefly(error)}` };
  }
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("base64");
}
