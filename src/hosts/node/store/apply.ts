/**
 * Owns what one commit does to the file. Called inside the group's transaction; throws without having changed anything
 * the caller cannot roll back: a commit of several statements runs in a savepoint, one of a single statement is atomic
 * by itself.
 */
import { type ActorMeta, type RevocationRow, StoreError } from "../../port.ts";
import { ActorEntries, type ActorEntry, entryOf } from "./actor-entries.ts";
import { applyParts } from "./apply-parts.ts";
import { actorSeed, actorSum, factsSum, hostSum, revocationText, stateSum } from "./checksum.ts";
import { formatCounts, noCounts } from "./counts.ts";
import { damaged, isCorruption } from "./failure.ts";
import { findPlace, findRow, isFiledRight } from "./find-actor.ts";
import { type HostWrite, nameOf, splitRef, type Write } from "./messages.ts";
import { becomesBusy, isBusy, Placement } from "./placement.ts";
import { isOwnerOf, readActor } from "./rows.ts";
import { encode } from "./state-bytes.ts";
import type { Statements } from "./statements.ts";
import { sweepActor } from "./trash.ts";

const INSERT_ACTOR = `INSERT INTO actor(slot, aid, name, key, id, seq, created, version, next_queue, running, wake_at,
  counts, sum, state) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`;

/** Rows a prune takes at once; some 5 ms. What is left goes in slices between groups, so that nobody's commit waits for it. */
const PRUNE_SLICE = 1000;
const PRUNE_REPLAY = `DELETE FROM replay WHERE aid = ?1 AND id IN
  (SELECT id FROM replay WHERE aid = ?1 AND keep_until < ?2 LIMIT ${PRUNE_SLICE})`;
const PRUNE_MARKS = `DELETE FROM queue WHERE aid = ?1 AND id IN
  (SELECT id FROM queue WHERE aid = ?1 AND status = 2 AND keep_until < ?2 LIMIT ${PRUNE_SLICE})`;

/** Remembered actors; about 400 bytes each. */
const ENTRY_LIMIT = 16_384;

/** Applies commits on one connection. */
export class Applier {
  readonly statements: Statements;
  readonly entries: ActorEntries;
  readonly #placement: Placement;
  /** Actors with rows left to prune, and up to which time. */
  readonly #unpruned = new Map<string, number>();

  constructor(statements: Statements) {
    this.statements = statements;
    this.#placement = new Placement(statements);
    this.entries = new ActorEntries(ENTRY_LIMIT, (entry) => {
      if (isBusy(entry)) this.#placement.countBusy(-1);
    });
  }

  /** True while a prune has rows left. */
  get isPruning(): boolean {
    return this.#unpruned.size > 0;
  }

  /** One slice of what prunes have left, in its own transaction. */
  pruneSlice(): void {
    const next = this.#unpruned.entries().next();
    if (next.done === true) return;
    const [ref, before] = next.value;
    this.#unpruned.delete(ref);
    try {
      this.#inSavepoint(() => this.#prune(ref, before));
    } catch (error) {
      this.entries.drop(ref);
      throw error;
    }
  }

  startGroup(): void {
    this.#placement.startGroup();
  }

  apply(write: Write): void {
    const { host } = write;
    if (host !== undefined) this.#inSavepoint(() => this.#applyHost(host));
    else if (write.mode === "create") this.#inSavepoint(() => this.#create(write));
    else if (write.mode === "destroy") this.#inSavepoint(() => this.#destroy(write));
    else if (write.parts === undefined) this.#update(write);
    else this.#inSavepoint(() => this.#update(write));
  }

  #entry(ref: string): ActorEntry | undefined {
    const known = this.entries.get(ref);
    if (known !== undefined) return known;
    const columns = findRow(this.statements, ...splitRef(ref));
    if (columns === undefined) return undefined;
    const entry = entryOf(ref, readActor(columns));
    this.entries.set(entry);
    return entry;
  }

  #create(write: Write): void {
    if (this.#entry(write.ref) !== undefined) throw new StoreError("conflict", `${nameOf(write.ref)} already exists`);
    const [name, key] = splitRef(write.ref);
    const slot = this.#placement.take();
    const seed = actorSeed(name, key, slot);
    const state = encode(write.state ?? null);
    const entry: ActorEntry = {
      ref: write.ref,
      slot,
      aid: slot,
      name,
      key,
      seed,
      seq: 1,
      meta: write.meta as ActorMeta, // `assertWriteSet` refuses a create without meta.
      wakeAt: write.wakeAt ?? null,
      counts: noCounts(),
      countsText: null,
      sums: { facts: 0, state: stateSum(seed, state) },
      size: state?.length ?? 0,
      writes: 0,
    };
    if (write.parts !== undefined) applyParts(this.statements, entry, write.parts);
    entry.countsText = formatCounts(entry.counts);
    entry.sums.facts = factsSum(seed, entry.meta, entry.wakeAt, entry.countsText);
    insertRow(this.statements, entry, state);
    this.entries.set(entry);
  }

  #update(write: Write): void {
    const entry = this.#entry(write.ref);
    if (entry === undefined) throw new StoreError("missing", `${nameOf(write.ref)} does not exist`);
    const { meta, wakeAt } = write;
    const state = write.state === undefined ? undefined : encode(write.state);
    let counts = entry.countsText;
    if (write.parts !== undefined) {
      applyParts(this.statements, entry, write.parts);
      counts = formatCounts(entry.counts);
    }
    const facts = counts !== entry.countsText || (meta !== undefined && factsDiffer(meta, entry.meta));
    const indexed =
      (wakeAt !== undefined && wakeAt !== entry.wakeAt) || (meta !== undefined && indexedDiffer(meta, entry.meta));
    if (state === undefined && !facts && !indexed) return;
    if (state !== undefined) {
      entry.sums.state = stateSum(entry.seed, state);
      entry.size = state?.length ?? 0;
    }
    if (meta !== undefined) entry.meta = meta;
    if (wakeAt !== undefined) entry.wakeAt = wakeAt;
    entry.countsText = counts;
    if (facts || indexed) entry.sums.facts = factsSum(entry.seed, entry.meta, entry.wakeAt, counts);
    entry.seq += 1;
    entry.writes += 1;
    if (becomesBusy(entry)) this.#placement.countBusy(1);
    this.#placement.settle(entry);
    updateRow(this.statements, entry, { state, facts, indexed });
  }

  #destroy(write: Write): void {
    // Looked up without its checksum: a damaged actor can still be destroyed.
    const [name, key] = splitRef(write.ref);
    const row = findPlace(this.statements, name, key);
    if (row === undefined) throw new StoreError("missing", `${nameOf(write.ref)} does not exist`);
    const aid = row["aid"] as number;
    // Where the number is damaged, what is filed under it may be another's.
    const owner = { seed: actorSeed(name, key, aid), actor: nameOf(write.ref) };
    const isOurs = isFiledRight(this.statements, row) || isOwnerOf(this.statements, aid, owner);
    this.statements.get("DELETE FROM actor WHERE slot = ?").run(row["slot"] as number);
    this.entries.drop(write.ref);
    if (!isOurs) return;
    if (!this.#sweep(aid)) this.statements.get("INSERT OR IGNORE INTO trash(aid) VALUES (?)").run(aid);
  }

  /** True when nothing of the actor is left. Rows on damaged pages stay: nothing reaches them without the actor's row. */
  #sweep(aid: number): boolean {
    try {
      return sweepActor(this.statements, aid);
    } catch (error) {
      if (isCorruption(error)) return false;
      throw error;
    }
  }

  #applyHost(write: HostWrite): void {
    if (write.kind === "prune") this.#prune(write.ref, write.before);
    else if (write.kind === "epoch") this.#putEpoch(write.epoch);
    else this.#putRevocation(write.row);
  }

  #putEpoch(epoch: number): void {
    const text = String(epoch);
    const sql = "INSERT OR REPLACE INTO host(name, value, sum) VALUES ('epoch', ?, ?)";
    this.statements.get(sql).run(text, hostSum("epoch", text));
  }

  #putRevocation(row: RevocationRow): void {
    const text = revocationText(row);
    this.statements.get("DELETE FROM revocation WHERE keep_until < ?").run(row.revokedAt);
    this.statements
      .get("INSERT OR REPLACE INTO revocation(id, keep_until, data, sum) VALUES (?, ?, ?, ?)")
      .run(row.id, row.keepUntil, text, hostSum("revocation", text));
  }

  #prune(ref: string, before: number): void {
    const entry = this.#entry(ref);
    if (entry === undefined) return;
    const replay = this.statements.get(PRUNE_REPLAY).run(entry.aid, before);
    const marks = this.statements.get(PRUNE_MARKS).run(entry.aid, before);
    const isCut = Number(replay.changes) === PRUNE_SLICE || Number(marks.changes) === PRUNE_SLICE;
    if (isCut) this.#unpruned.set(ref, Math.max(before, this.#unpruned.get(ref) ?? before));
    if (replay.changes === 0 && marks.changes === 0) return;
    entry.counts.replay -= Number(replay.changes);
    entry.counts.done -= Number(marks.changes);
    entry.countsText = formatCounts(entry.counts);
    entry.sums.facts = factsSum(entry.seed, entry.meta, entry.wakeAt, entry.countsText);
    entry.seq += 1;
    updateRow(this.statements, entry, { state: undefined, facts: true, indexed: false });
  }

  #inSavepoint(work: () => void): void {
    this.statements.get("SAVEPOINT one").run();
    try {
      work();
      this.statements.get("RELEASE one").run();
    } catch (error) {
      // A full disk may have rolled back the whole transaction already; then there is no savepoint to return to.
      if (this.statements.db.isTransaction) {
        this.statements.db.exec("ROLLBACK TO one; RELEASE one");
      }
      throw error;
    }
  }
}

function factsDiffer(a: ActorMeta, b: ActorMeta): boolean {
  return a.version !== b.version || a.nextQueueId !== b.nextQueueId || a.createdAt !== b.createdAt;
}

function indexedDiffer(a: ActorMeta, b: ActorMeta): boolean {
  return a.running !== b.running || a.id !== b.id;
}

function insertRow(statements: Statements, entry: ActorEntry, state: Uint8Array | null): void {
  const { slot, aid, name, key, seq, meta, wakeAt, countsText } = entry;
  const { id, createdAt, version, nextQueueId } = meta;
  const running = meta.running ? 1 : 0;
  const sum = sumOf(entry);
  statements
    .get(INSERT_ACTOR)
    .run(slot, aid, name, key, id, seq, createdAt, version, nextQueueId, running, wakeAt, countsText, sum, state);
}

interface Changed {
  readonly state: Uint8Array | null | undefined;
  readonly facts: boolean;
  readonly indexed: boolean;
}

/** Names only the columns that changed: naming an indexed column rewrites its index entry even when it stays the same. */
function updateRow(statements: Statements, entry: ActorEntry, { state, facts, indexed }: Changed): void {
  const { meta } = entry;
  let sql = "UPDATE actor SET seq = ?, sum = ?";
  const values: (string | number | Uint8Array | null)[] = [entry.seq, sumOf(entry)];
  if (state !== undefined) {
    sql += ", state = ?";
    values.push(state);
  }
  if (facts || indexed) {
    sql += ", created = ?, version = ?, next_queue = ?, counts = ?";
    values.push(meta.createdAt, meta.version, meta.nextQueueId, entry.countsText);
  }
  if (indexed) {
    sql += ", id = ?, running = ?, wake_at = ?";
    values.push(meta.id, meta.running ? 1 : 0, entry.wakeAt);
  }
  values.push(entry.slot);
  const { changes } = statements.get(`${sql} WHERE slot = ?`).run(...values);
  if (changes !== 1) throw damaged(`${entry.name}/${entry.key}`, "the actor's row is gone");
}

function sumOf(entry: ActorEntry): number {
  return actorSum(entry.sums.facts, entry.sums.state, entry.seq);
}
