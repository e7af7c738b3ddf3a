/** Owns `byward data list`: every actor of a data directory with what it holds, damaged ones by name. */
import type { ActorRef } from "../../port.ts";
import { parseCounts } from "../store/counts.ts";
import { breathe, type DataOptions, inSnapshot } from "./data-directory.ts";
import { countActors, type Scanned, scanActors } from "./scan.ts";

export interface ListOptions extends DataOptions {
  /** Only actors of this type. */
  readonly name?: string;
}

export type Listed =
  | {
      readonly actor: ActorRef;
      readonly id: string;
      /** Epoch ms. */
      readonly createdAt: number;
      readonly version: number;
      readonly stateBytes: number;
      readonly ready: number;
      readonly dead: number;
      readonly schedules: number;
      readonly connections: number;
      readonly running: boolean;
      readonly wakeAt: number | null;
      readonly damage: null;
    }
  | {
      /** Null where even the name is gone. */
      readonly actor: ActorRef | null;
      readonly damage: string;
    };

const BATCH = 500;

/** In order of name and key, from one snapshot; works beside a running server. */
export function listActors(directory: string, options: ListOptions = {}): AsyncGenerator<Listed> {
  return inSnapshot(directory, async function* (db) {
    const total = countActors(db, options.name);
    let done = 0;
    for (const scanned of scanActors(db, options.name)) {
      yield describe(scanned);
      done += 1;
      if (done % BATCH !== 0) continue;
      options.onProgress?.({ stage: "actors", done, total });
      await breathe();
    }
    options.onProgress?.({ stage: "actors", done, total: Math.max(done, total) });
  });
}

function describe(scanned: Scanned): Listed {
  if (scanned.row === null) return { actor: scanned.actor, damage: scanned.damage };
  const { row, actor } = scanned;
  const counts = parseCounts(row.counts);
  let ready = 0;
  let dead = 0;
  for (const tally of counts.queues.values()) {
    ready += tally.ready;
    dead += tally.dead;
  }
  const { id, createdAt, version, running } = row.meta;
  const { schedules, connections } = counts;
  const stateBytes = row.state?.length ?? 0;
  return {
    actor,
    id,
    createdAt,
    version,
    stateBytes,
    ready,
    dead,
    schedules,
    connections,
    running,
    wakeAt: row.wakeAt,
    damage: null,
  };
}
