/**
 * Owns `byward data import`: lines of an export into a data directory, through the store itself, so that everything is
 * checked, summed and durable as if actors had written it. Needs the directory for itself.
 */
import { ConfigurationError } from "../../../boundary/errors.ts";
import { type ActorRef, type QueueRow, StoreError, type WriteSet } from "../../port.ts";
import { SqliteStore } from "../store/sqlite-store.ts";
import type { DataOptions } from "./data-directory.ts";
import { EXPORT_VERSION, type ExportLine, parseLine } from "./export-format.ts";

export interface ImportOptions extends DataOptions {
  /** What to do with an actor that exists already; default `refuse`, which stops the import there. */
  readonly existing?: "refuse" | "skip" | "replace";
}

export interface ImportReport {
  readonly actors: number;
  readonly skipped: number;
  readonly rows: number;
  /** Pieces that the export says it could not hold, because they were damaged. */
  readonly damaged: number;
}

/** Rows of an actor in one commit. */
const ROWS_PER_COMMIT = 2000;
/** Actors on their way to the disk at once. */
const ACTORS_AT_ONCE = 256;
/** And about how many characters of their lines. */
const TEXT_AT_ONCE = 64 * 1024 * 1024;

/**
 * Imports into `directory`, created when absent. Actors imported before an error stay; each is whole or absent. An actor is
 * replaced only by one whose lines were all found sound. The policy epoch never goes back.
 * @throws ConfigurationError `store.locked`; `data.import-line` naming the line that cannot be taken; `data.import-cut`
 * when the text ends early
 */
export async function importData(
  directory: string,
  lines: AsyncIterable<string> | Iterable<string>,
  options: ImportOptions = {},
): Promise<ImportReport> {
  // What waits for the disk is bounded here; the store would refuse an actor that alone is larger than its bound.
  const store = await SqliteStore.open({ directory, maxWaitingBytes: Number.POSITIVE_INFINITY });
  try {
    return await new Importer(store, options).run(lines);
  } finally {
    await store.close();
  }
}

interface Draft {
  readonly actor: ActorRef;
  readonly line: number;
  readonly create: WriteSet;
  parts: Parts;
  rows: number;
  /** Characters of its lines. */
  size: number;
  /** Idempotency ids of its messages, by queue and id. */
  readonly keys: Set<string>;
  /** Parts that did not fit the first commit. */
  readonly more: Parts[];
}

type Parts = {
  -readonly [Key in "queuePut" | "schedulePut" | "connectionPut" | "kvPut" | "replayPut"]-?: NonNullable<
    WriteSet[Key]
  >[number][];
};

class Importer {
  readonly #store: SqliteStore;
  readonly #options: ImportOptions;
  readonly #underWay = new Set<Promise<void>>();
  readonly #report = { actors: 0, skipped: 0, rows: 0, damaged: 0 };
  #failure: unknown = null;
  #draft: Draft | null = null;
  #read = 0;
  /** Characters of what is under way. */
  #size = 0;

  constructor(store: SqliteStore, options: ImportOptions) {
    this.#store = store;
    this.#options = options;
  }

  async run(lines: AsyncIterable<string> | Iterable<string>): Promise<ImportReport> {
    let at = 0;
    let begun = false;
    let ended = false;
    try {
      for await (const text of lines) {
        at += 1;
        if (text.trim() === "") continue;
        if (ended) throw lineError(at, "it comes after the end of the export");
        const line = readLine(text, at);
        if (begun) ended = await this.#take(line, at, text.length);
        else assertHeader(line, at);
        begun = true;
      }
      if (!ended)
        throw new ConfigurationError(
          "data.import-cut",
          `The text ends after line ${at}, before the end of the export: it was cut short`,
        );
    } finally {
      await Promise.all(this.#underWay);
    }
    if (this.#failure !== null) throw this.#failure;
    this.#options.onProgress?.({ stage: "actors", done: this.#read, total: this.#read });
    return this.#report;
  }

  /** True at the end of the export. */
  async #take(line: ExportLine, at: number, size: number): Promise<boolean> {
    if (line.kind === "actor") {
      await this.#finish();
      this.#draft = startDraft(line, at, size);
    } else if (line.kind === "end") {
      await this.#finish();
      if (line.actors !== this.#read)
        throw lineError(at, `it speaks of ${line.actors} actors, ${this.#read} came before it`);
      return true;
    } else if (line.kind === "revocation") await this.#store.putRevocation(line.row);
    else if (line.kind === "epoch") await this.#raiseEpoch(line.epoch);
    else if (line.kind === "damage") this.#report.damaged += 1;
    else this.#add(line, at, size);
    return false;
  }

  /** Decisions that are kept with connections bear the epoch they were made in: none may come true again. */
  async #raiseEpoch(epoch: number): Promise<void> {
    if (epoch > (await this.#store.getEpoch())) await this.#store.putEpoch(epoch);
  }

  #add(line: ExportLine, at: number, size: number): void {
    const draft = this.#draft;
    if (draft === null) throw lineError(at, "it belongs to no actor");
    if (line.kind === "message") assertKeyFree(draft, line.row, at);
    addRow(draft.parts, line);
    draft.rows += 1;
    draft.size += size;
    if (draft.rows % ROWS_PER_COMMIT !== 0) return;
    draft.more.push(draft.parts);
    draft.parts = noParts();
  }

  /** Sends the actor read so far on its way. */
  async #finish(): Promise<void> {
    const draft = this.#draft;
    if (draft === null) return;
    this.#draft = null;
    this.#read += 1;
    draft.more.push(draft.parts);
    while (this.#isFull(draft)) await Promise.race(this.#underWay);
    if (this.#failure !== null) throw this.#failure;
    this.#size += draft.size;
    const work = this.#write(draft)
      .catch((error: unknown) => {
        this.#failure ??= error;
      })
      .finally(() => {
        this.#size -= draft.size;
        this.#underWay.delete(work);
      });
    this.#underWay.add(work);
    if (this.#read % ACTORS_AT_ONCE === 0) this.#options.onProgress?.({ stage: "actors", done: this.#read, total: 0 });
  }

  #isFull({ size }: Draft): boolean {
    const { size: actors } = this.#underWay;
    return actors >= ACTORS_AT_ONCE || (actors > 0 && this.#size + size > TEXT_AT_ONCE);
  }

  async #write(draft: Draft): Promise<void> {
    const { actor } = draft;
    const { existing = "refuse" } = this.#options;
    const exists = existing !== "refuse" && (await this.#exists(actor));
    if (exists && existing === "skip") {
      this.#report.skipped += 1;
      return;
    }
    const [first, ...rest] = draft.more;
    // Handed over together: when one fails, those after it fail too, and the half-written actor is removed.
    const destroyed = exists ? [this.#store.commit({ actor, mode: "destroy" })] : [];
    const commits = [
      ...destroyed,
      this.#store.commit({ ...draft.create, ...first }),
      ...rest.map((parts) => this.#store.commit({ actor, mode: "update", ...parts })),
    ];
    const results = await Promise.allSettled(commits);
    const failed = results.find((result) => result.status === "rejected");
    if (failed === undefined) {
      this.#report.actors += 1;
      this.#report.rows += draft.rows;
      return;
    }
    if (results[destroyed.length]?.status === "fulfilled") await this.#store.commit({ actor, mode: "destroy" });
    throw toImportError(failed.reason, draft);
  }

  /** A damaged actor exists, too: it can be replaced. */
  async #exists(actor: ActorRef): Promise<boolean> {
    try {
      return (await this.#store.load(actor)) !== null;
    } catch (error) {
      if (error instanceof StoreError && error.code === "damaged") return true;
      throw error;
    }
  }
}

function startDraft(line: ExportLine & { kind: "actor" }, at: number, size: number): Draft {
  const actor = { name: line.name, key: line.key };
  const create: WriteSet = { actor, mode: "create", meta: line.meta, state: line.state, wakeAt: line.wakeAt };
  return { actor, line: at, create, parts: noParts(), rows: 0, size, keys: new Set(), more: [] };
}

/** The store would refuse it, too, but only once an actor that is to be replaced is gone. */
function assertKeyFree({ keys }: Draft, { queue, idempotencyKey }: QueueRow, at: number): void {
  if (idempotencyKey === null) return;
  const key = JSON.stringify([queue, idempotencyKey]);
  if (keys.has(key)) throw lineError(at, "another message of its queue has its idempotency id");
  keys.add(key);
}

function noParts(): Parts {
  return { queuePut: [], schedulePut: [], connectionPut: [], kvPut: [], replayPut: [] };
}

function addRow(parts: Parts, line: ExportLine): void {
  if (line.kind === "message") parts.queuePut.push(line.row);
  else if (line.kind === "schedule") parts.schedulePut.push(line.row);
  else if (line.kind === "connection") parts.connectionPut.push(line.row);
  else if (line.kind === "replay") parts.replayPut.push(line.row);
  else if (line.kind === "pair") parts.kvPut.push({ key: fromBase64(line.key), value: fromBase64(line.value) });
}

function readLine(text: string, at: number): ExportLine {
  try {
    return parseLine(text);
  } catch (error) {
    throw lineError(at, error instanceof Error ? error.message : String(error));
  }
}

function assertHeader(line: ExportLine, at: number): void {
  if (line.kind !== "byward-export") throw lineError(at, "it is not the first line of a Byward export");
  if (line.version !== EXPORT_VERSION) {
    throw lineError(at, `the export has version ${line.version}, this Byward reads version ${EXPORT_VERSION}`);
  }
}

function toImportError(error: unknown, draft: Draft): unknown {
  if (!(error instanceof StoreError) || error.code !== "conflict") return error;
  return lineError(
    draft.line,
    `${error.message}. Nothing of it was imported; choose to skip or to replace actors that exist`,
  );
}

function lineError(at: number, why: string): ConfigurationError {
  return new ConfigurationError("data.import-line", `Line ${at} cannot be imported: ${why}`);
}

function fromBase64(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, "base64"));
}
