import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import type { ActorRef } from "../../port.ts";
import { create, message } from "../../store-suite.ts";
import { Reader } from "./reader.ts";
import { openFile } from "./schema.ts";
import { SqliteStore } from "./sqlite-store.ts";
import { Statements } from "./statements.ts";
import { temporaryDirectory } from "./temporary-directory.ts";

const ACTORS = 300;
const PAGE_BYTES = 4096;
const refAt = (at: number): ActorRef => ({ name: "room", key: `key-${String(at).padStart(4, "0")}` });

/** Loads every actor of a file; counts what was true, what was refused, and gives what was neither. */
function survey(path: string, truth: readonly string[]): { refused: number; wrong: readonly string[] } {
  let refused = 0;
  const wrong: string[] = [];
  let db: ReturnType<typeof openFile>;
  try {
    db = openFile({ path, readOnly: true, cacheKib: 2048 });
  } catch {
    return { refused: truth.length, wrong };
  }
  try {
    const reader = new Reader(new Statements(db));
    for (const [at, expected] of truth.entries()) {
      try {
        const found = JSON.stringify(reader.load(refAt(at)));
        if (found !== expected) wrong.push(`${refAt(at).key}: ${found}`);
      } catch {
        refused += 1;
      }
    }
  } finally {
    db.close();
  }
  return { refused, wrong };
}

interface Filled {
  readonly path: string;
  readonly original: Buffer;
  /** What each actor loads as. */
  readonly truth: readonly string[];
}

async function filledFile(): Promise<Filled> {
  const directory = temporaryDirectory();
  const store = await SqliteStore.open({ directory });
  const state = (at: number): string => JSON.stringify({ at, text: "z".repeat(120) });
  await Promise.all(
    Array.from({ length: ACTORS }, (_, at) =>
      store.commit(create(refAt(at), { state: state(at), queuePut: [message(1)], wakeAt: at })),
    ),
  );
  const truth = await Promise.all(
    Array.from({ length: ACTORS }, async (_, at) => JSON.stringify(await store.load(refAt(at)))),
  );
  await store.close();
  const path = join(directory, "actors.sqlite");
  return { path, original: readFileSync(path), truth };
}

/** Surveys a copy of the file with one byte changed. */
function surveyChanged({ path, original, truth }: Filled, at: number, mask: number): ReturnType<typeof survey> {
  const changed = Buffer.from(original);
  changed[at] = (changed[at] as number) ^ mask;
  const copy = `${path}.changed`;
  writeFileSync(copy, changed);
  return survey(copy, truth);
}

test("with any one byte of the file changed, an actor loads as it was or is refused", async () => {
  const filled = await filledFile();
  let refusals = 0;
  const runs = Number(process.env["FUZZ_RUNS"] ?? 60);
  fc.assert(
    fc.property(fc.nat(filled.original.length - 1), fc.integer({ min: 1, max: 255 }), (at, mask) => {
      const { refused, wrong } = surveyChanged(filled, at, mask);
      if (refused > 0) refusals += 1;
      expect(wrong).toEqual([]);
    }),
    { numRuns: runs },
  );
  expect(refusals, "no change was ever noticed").toBeGreaterThan(0);
});

test("a page that counts fewer entries than it holds hides no actor", async () => {
  const filled = await filledFile();
  const db = openFile({ path: filled.path, readOnly: true, cacheKib: 2048 });
  const sql = "SELECT pageno, ncell FROM dbstat WHERE name IN ('actor', 'actor_key', 'actor_again')";
  const pages = db.prepare(sql).all() as { pageno: number; ncell: number }[];
  db.close();
  let refusals = 0;
  for (const { pageno, ncell } of pages) {
    // The count of a page's entries: two bytes at 3 (https://www.sqlite.org/fileformat2.html, section 1.6).
    const at = (pageno - 1) * PAGE_BYTES + 3;
    expect(filled.original.readUInt16BE(at)).toBe(ncell);
    for (const mask of [ncell ^ (ncell - 1), ncell ^ (ncell >> 1), ncell].filter((bits) => bits < 256)) {
      const { refused, wrong } = surveyChanged(filled, at + 1, mask);
      if (refused > 0) refusals += 1;
      expect(wrong, `page ${pageno}, ${ncell} entries`).toEqual([]);
    }
  }
  expect(refusals).toBeGreaterThan(pages.length);
});
