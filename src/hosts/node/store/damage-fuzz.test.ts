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

test("with any one byte of the file changed, an actor loads as it was or is refused", async () => {
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
  const original = readFileSync(path);
  const copy = join(directory, "copy.sqlite");
  let refusals = 0;
  const runs = Number(process.env["FUZZ_RUNS"] ?? 60);
  fc.assert(
    fc.property(fc.nat(original.length - 1), fc.integer({ min: 1, max: 255 }), (at, mask) => {
      const changed = Buffer.from(original);
      changed[at] = (changed[at] as number) ^ mask;
      writeFileSync(copy, changed);
      const { refused, wrong } = survey(copy, truth);
      if (refused > 0) refusals += 1;
      expect(wrong).toEqual([]);
    }),
    { numRuns: runs },
  );
  expect(refusals, "no change was ever noticed").toBeGreaterThan(0);
});
