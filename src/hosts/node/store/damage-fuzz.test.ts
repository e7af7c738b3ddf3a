import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import type { ActorRef, RevocationRow } from "../../port.ts";
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

const HOLDERS = 16;
const EACH = [0, 1, 2, 3];
const KEYS = EACH.map((at) => Uint8Array.of(at, 7));
const revocation = (id: string, keepUntil: number): RevocationRow => ({
  id,
  party: "User",
  identity: "digest",
  claim: null,
  tokenId: null,
  issuedBefore: 10,
  revokedAt: 10,
  keepUntil,
});
const holderAt = (at: number): ActorRef => ({ name: "cart", key: `key-${String(at).padStart(2, "0")}` });

/** Everything beside an actor's row that a read can ask for, one question each. */
function questions(reader: Reader): readonly (() => unknown)[] {
  const ofActors = Array.from({ length: HOLDERS }, (_, at) => holderAt(at)).flatMap((ref) => [
    () => reader.load(ref),
    () => reader.readQueue(ref, { queue: "jobs", status: "ready", afterId: 0, limit: 9 }),
    () => reader.readQueue(ref, { queue: "jobs", status: "ready", afterId: 2, limit: 9 }),
    ...EACH.map((at) => () => reader.findQueueKey(ref, "jobs", `id-${at}`)),
    ...EACH.map((at) => () => reader.replayGet(ref, `replay-${at}`)),
    () => reader.kvGet(ref, KEYS),
    () => reader.kvList(ref, {}),
    () => reader.kvList(ref, { prefix: Uint8Array.of(1), limit: 3, reverse: true }),
  ]);
  return [...ofActors, () => reader.listRevocations(0), () => reader.getEpoch()];
}

interface Asked {
  readonly path: string;
  readonly original: Buffer;
  readonly truth: readonly string[];
}

async function filledHolders(): Promise<Asked> {
  const directory = temporaryDirectory();
  const store = await SqliteStore.open({ directory });
  for (let at = 0; at < HOLDERS; at += 1) {
    await store.commit(
      create(holderAt(at), {
        queuePut: EACH.map((n) => message(n + 1, { idempotencyKey: `id-${n}` })),
        replayPut: EACH.map((n) => ({ id: `replay-${n}`, status: "done" as const, keepUntil: 9 })),
        kvPut: KEYS.map((key) => ({ key, value: Uint8Array.of(at) })),
        schedulePut: EACH.map((n) => ({ id: `s${n}`, dueAt: n, action: "a", args: "[]", cron: null, createdAt: 1 })),
        connectionPut: EACH.map((n) => ({ id: `c${n}`, data: "{}" })),
      }),
    );
  }
  for (const n of EACH) await store.putRevocation(revocation(`r${n}`, 1000 + n));
  await store.putEpoch(7);
  await store.close();
  const path = join(directory, "actors.sqlite");
  const db = openFile({ path, readOnly: true, cacheKib: 2048 });
  const truth = questions(new Reader(new Statements(db))).map((ask) => JSON.stringify(ask()));
  db.close();
  return { path, original: readFileSync(path), truth };
}

/** Asks a changed copy of the file everything: how many answers were refused, and those that were neither true nor refused. */
function askChanged({ path, original, truth }: Asked, change: (file: Buffer) => void): ReturnType<typeof survey> {
  const changed = Buffer.from(original);
  change(changed);
  const copy = `${path}.changed`;
  writeFileSync(copy, changed);
  const wrong: string[] = [];
  let refused = 0;
  let db: ReturnType<typeof openFile>;
  try {
    db = openFile({ path: copy, readOnly: true, cacheKib: 2048 });
  } catch {
    return { refused: truth.length, wrong };
  }
  for (const [at, ask] of questions(new Reader(new Statements(db))).entries()) {
    try {
      const answer = JSON.stringify(ask());
      if (answer !== truth[at]) wrong.push(`${ask}: ${answer} for ${truth[at]}`.slice(0, 300));
    } catch {
      refused += 1;
    }
  }
  db.close();
  return { refused, wrong };
}

/** Leaves and inner pages of every tree but those whose damage is not noticed (see docs/decisions/0023-damage.md). */
function pagesOf(path: string): readonly { readonly offset: number; readonly name: string; readonly cells: number }[] {
  const db = openFile({ path, readOnly: true, cacheKib: 2048 });
  const sql = `SELECT pageno, name, ncell FROM dbstat WHERE ncell > 0
    AND name NOT IN ('sqlite_schema', 'actor_id', 'actor_wake', 'actor_running', 'queue_kept', 'replay_kept', 'trash')`;
  const pages = db.prepare(sql).all() as { pageno: number; name: string; ncell: number }[];
  db.close();
  return pages.map(({ pageno, name, ncell }) => ({ offset: (pageno - 1) * PAGE_BYTES, name, cells: ncell }));
}

test("a page that counts fewer entries than it holds hides no message, id, pair, revocation or epoch", async () => {
  const asked = await filledHolders();
  let refusals = 0;
  for (const { offset, name, cells } of pagesOf(asked.path)) {
    for (const fewer of new Set([0, cells >> 1, cells - 1])) {
      const { refused, wrong } = askChanged(asked, (file) => void file.writeUInt16BE(fewer, offset + 3));
      if (refused > 0) refusals += 1;
      expect(wrong, `${name}: ${fewer} of ${cells} entries`).toEqual([]);
    }
  }
  expect(refusals).toBeGreaterThan(20);
});

test("an entry that stands in for another, or a byte that changed, gives no wrong answer", async () => {
  const asked = await filledHolders();
  const pages = pagesOf(asked.path).filter(({ cells }) => cells > 1);
  let refusals = 0;
  const check = (change: (file: Buffer) => void, what: string): void => {
    const { refused, wrong } = askChanged(asked, change);
    if (refused > 0) refusals += 1;
    expect(wrong, what).toEqual([]);
  };
  const numRuns = Number(process.env["FUZZ_RUNS"] ?? 20);
  fc.assert(
    fc.property(fc.constantFrom(...pages), fc.nat(), fc.nat(), ({ offset, name, cells }, from, to) => {
      const inner = [2, 5].includes(asked.original[offset] as number);
      const pointer = (at: number): number => offset + (inner ? 12 : 8) + 2 * (at % cells);
      check((file) => void file.writeUInt16BE(file.readUInt16BE(pointer(from)), pointer(to)), name);
    }),
    { numRuns },
  );
  fc.assert(
    fc.property(fc.constantFrom(...pages), fc.nat(PAGE_BYTES - 1), fc.integer({ min: 1, max: 255 }), (page, at, mask) =>
      check((file) => void file.writeUInt8(file.readUInt8(page.offset + at) ^ mask, page.offset + at), page.name),
    ),
    { numRuns },
  );
  expect(refusals).toBeGreaterThan(0);
});
