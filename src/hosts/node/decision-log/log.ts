/**
 * Owns the durable decision log on Node: decisions gather in memory for a moment, are written as one block with its chain line,
 * and files rotate. Recording never waits for the disk and never throws; what gathers is bounded by writing it at once when the
 * bound is met. A kill loses at most what gathered; a power failure at most what was not yet synced.
 */
import { createHmac, randomBytes, randomUUID } from "node:crypto";
import {
  closeSync,
  fdatasync,
  fdatasyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { join, resolve } from "node:path";
import type { DatabaseSync } from "node:sqlite";
import type { Decision, DecisionSink, DecisionSinkContext } from "../../../actors/decisions.ts";
import type { SealedCaller } from "../../../boundary/caller.ts";
import { ConfigurationError } from "../../../boundary/errors.ts";
import { identityText } from "../../../boundary/lease.ts";
import type { AnyRefinement } from "../../../boundary/party.ts";
import { lockFile } from "../lock-file.ts";
import { chainLine, chainOf, fileName, fileNumber, GENESIS, shapeFields } from "./format.ts";
import { Gathering } from "./gathering.ts";
import { filesOf, type LastChain, lastChainIn } from "./read.ts";

export interface DecisionLogOptions {
  /** Where the files are kept; made when it is not there. One process writes to it at a time. */
  readonly directory: string;
  /** Bytes after which another file begins. Default 64 MiB. */
  readonly maxFileSize?: number;
  /** Files kept; the oldest is removed beyond. Default 16. */
  readonly maxFiles?: number;
  /** Actor keys as they are, or as keyed digests where keys name people. Default `plain`. */
  readonly keys?: "plain" | "digested";
  /** Called with each chain head as it is exported, at most once in `headInterval`: keep them elsewhere. */
  readonly onHead?: (head: ChainHead) => void;
  /** ms between exported heads, to the log and `onHead`. Default 60 000. */
  readonly headInterval?: number;
}

/** The end of the chain at an instant: a log that does not contain it was cut or rewritten. */
export interface ChainHead {
  readonly file: number;
  readonly chain: string;
  /** Epoch ms. */
  readonly at: number;
}

/** ms that decisions gather, and how many at most. */
const GATHER_MS = 100;
const SYNC_MS = 1000;
const MAX_DIGESTS = 8192;
const LOCK_FILE = "log.lock";

/**
 * A sink for `setup({ decisions })` that keeps every decision in hash-chained files under `directory`.
 *
 * @throws ConfigurationError `decisions.option`; at start `decisions.directory`, `decisions.busy`
 */
export function decisionLog(options: DecisionLogOptions): DecisionSink {
  const { directory, maxFileSize = 64 * 1024 * 1024, maxFiles = 16, headInterval = 60_000 } = options;
  if (typeof directory !== "string" || directory === "") {
    throw new ConfigurationError("decisions.option", "decisionLog(): `directory` names where the files are kept.");
  }
  if (!(maxFileSize >= 4096 && maxFiles >= 2 && headInterval >= 0)) {
    throw new ConfigurationError(
      "decisions.option",
      "decisionLog(): maxFileSize ≥ 4096, maxFiles ≥ 2, headInterval ≥ 0.",
    );
  }
  let log: DecisionLog | null = null;
  return {
    start(context) {
      if (log !== null) throw busy(directory);
      log = new DecisionLog(
        { ...options, directory: resolve(directory), maxFileSize, maxFiles, headInterval },
        context,
      );
    },
    record: (decision) => log?.record(decision),
    async close() {
      log?.close();
      log = null;
    },
  };
}

function busy(directory: string): ConfigurationError {
  return new ConfigurationError(
    "decisions.busy",
    `Another registry writes to ${resolve(directory)} already, and one may: stop it, or give this one a directory of its own.`,
  );
}

type Resolved = DecisionLogOptions & Required<Pick<DecisionLogOptions, "maxFileSize" | "maxFiles" | "headInterval">>;

class DecisionLog {
  readonly #options: Resolved;
  readonly #context: DecisionSinkContext;
  /** Held until the log is closed: blocks of two processes in one file would break the chain. */
  #lock: DatabaseSync | null = null;
  readonly #pepper: Uint8Array;
  readonly #digests = new Map<string, string>();
  readonly #held = new WeakMap<object, string>();
  readonly #refinements: ReadonlyMap<string, readonly AnyRefinement[]>;
  readonly #gathered: Gathering;
  #timer: NodeJS.Timeout | null = null;
  #file = 0;
  #descriptor = -1;
  #size = 0;
  #chain = GENESIS;
  #isSynced = true;
  #syncTimer: NodeJS.Timeout | null = null;
  #lost = 0;
  /** A write failed: what it left behind the last whole block is chained by the next one. */
  #isTorn = false;
  #headAt = 0;

  constructor(options: Resolved, context: DecisionSinkContext) {
    this.#options = options;
    this.#context = context;
    this.#refinements = byBase(context.refinements);
    this.#gathered = new Gathering((decision) => this.#describe(decision));
    try {
      mkdirSync(options.directory, { recursive: true, mode: 0o700 });
      this.#lock = lockFile(join(options.directory, LOCK_FILE));
      if (this.#lock === null) throw busy(options.directory);
      this.#pepper = readPepper(options.directory);
      this.#resume();
    } catch (error) {
      this.#lock?.close();
      if (error instanceof ConfigurationError) throw error;
      throw new ConfigurationError(
        "decisions.directory",
        `decisionLog(): ${options.directory} cannot be written to (${(error as NodeJS.ErrnoException).code ?? error}).`,
      );
    }
  }

  record(decision: Decision): void {
    if (this.#gathered.add(decision)) this.#write();
    else this.#timer ??= setTimeout(() => this.#write(), GATHER_MS).unref();
  }

  close(): void {
    this.#write();
    if (this.#syncTimer !== null) clearTimeout(this.#syncTimer);
    this.#syncTimer = null;
    this.#closeFile();
    this.#lock?.close();
    this.#lock = null;
  }

  #closeFile(): void {
    if (this.#descriptor === -1) return;
    try {
      fdatasyncSync(this.#descriptor);
      closeSync(this.#descriptor);
    } catch (error) {
      this.#context.log.error({ err: error }, "the decision log could not be closed cleanly");
    }
    this.#descriptor = -1;
    this.#exportHead(true);
  }

  /** Goes on where the last process stopped; what it left without a chain line is chained by the next block. */
  #resume(): void {
    const { directory } = this.#options;
    const last = this.#lastFile();
    const run = `${JSON.stringify({ run: randomUUID(), at: Date.now(), predicates: describe(this.#refinements) })}\n`;
    if (last === null) {
      this.#begin(1);
      this.#append(Buffer.from(run), 1, EMPTY);
      return;
    }
    const { file, chain, rest, size } = last;
    this.#file = file;
    this.#chain = chain;
    this.#descriptor = openSync(join(directory, fileName(file)), "a", 0o600);
    this.#size = size - rest.length;
    this.#append(Buffer.from(`${rest.length === 0 ? "" : tornNote(rest)}${run}`), 1, rest);
  }

  /**
   * The newest file that was begun. One without a chain line never was: a kill or a power failure left its name, and part of its
   * head at most. What came after that would continue nothing, so it goes.
   */
  #lastFile(): ({ readonly file: number } & LastChain) | null {
    const { directory } = this.#options;
    for (const file of filesOf(directory).toReversed()) {
      const path = join(directory, fileName(file));
      const found = lastChainIn(path);
      if (found !== null) return { file, ...found };
      rmSync(path);
      this.#context.log.warn({ file: path }, "a file of the decision log had not been begun when its process ended");
    }
    return null;
  }

  /** Nothing is changed where the file cannot be begun. */
  #begin(file: number): void {
    const { directory, maxFiles } = this.#options;
    const at = Date.now();
    const head = { log: "byward.decisions", version: 1, file, prev: this.#chain, opened: at };
    const block = Buffer.from(`${JSON.stringify(head)}\n`);
    const chain = chainOf(this.#chain, block, 1, at);
    const data = Buffer.concat([block, Buffer.from(chainLine(chain, 1, at))]);
    const before = this.#descriptor;
    this.#descriptor = beginFile(join(directory, fileName(file)), data);
    this.#file = file;
    this.#size = data.length;
    this.#chain = chain;
    // Each file can be read by itself.
    this.#gathered.forget();
    this.#scheduleSync();
    if (before !== -1) this.#end(before);
    for (const name of readdirSync(directory)) {
      const number = fileNumber(name);
      if (number !== null && number <= file - maxFiles) rmSync(join(directory, name));
    }
  }

  #end(descriptor: number): void {
    try {
      fdatasyncSync(descriptor);
      closeSync(descriptor);
    } catch (error) {
      this.#context.log.error({ err: error }, "the decision log could not be synced");
    }
  }

  #write(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    const { count } = this.#gathered;
    if (count === 0) return;
    // Taken first: what cannot be written is lost, and must not gather for ever.
    const lines = this.#gathered.take();
    try {
      const lost = this.#lost;
      const rest = this.#isTorn ? this.#readRest() : EMPTY;
      const notes = `${rest.length === 0 ? "" : tornNote(rest)}${lost === 0 ? "" : `${JSON.stringify({ lost, at: Date.now() })}\n`}`;
      this.#append(Buffer.concat([Buffer.from(notes), lines]), count, rest);
      this.#isTorn = false;
      this.#lost -= lost;
    } catch (error) {
      this.#lost += count;
      this.#isTorn = true;
      // What numbers stand for may not have been written either.
      this.#gathered.forget();
      this.#context.log.error({ err: error, lost: this.#lost }, "decisions could not be written; the log will say so");
      return;
    }
    this.#exportHead(false);
    this.#rotate();
  }

  /** Another file where this one is full; where none can be begun, this one grows and the next block tries again. */
  #rotate(): void {
    if (this.#size < this.#options.maxFileSize) return;
    try {
      this.#begin(this.#file + 1);
    } catch (error) {
      this.#context.log.error({ err: error, file: this.#file + 1 }, "the decision log could not begin another file");
    }
  }

  /** Writes a block and its chain line. `before` is what stands unchained in the file already. */
  #append(block: Buffer, lines: number, before: Uint8Array): void {
    const at = Date.now();
    const chain = chainOf(this.#chain, before.length === 0 ? block : Buffer.concat([before, block]), lines, at);
    const data = Buffer.concat([block, Buffer.from(chainLine(chain, lines, at))]);
    writeWhole(this.#descriptor, data);
    this.#size += before.length + data.length;
    this.#chain = chain;
    this.#scheduleSync();
  }

  #readRest(): Uint8Array {
    const path = join(this.#options.directory, fileName(this.#file));
    return readFileSync(path).subarray(this.#size);
  }

  #scheduleSync(): void {
    this.#isSynced = false;
    this.#syncTimer ??= setTimeout(() => {
      this.#syncTimer = null;
      if (this.#isSynced || this.#descriptor === -1) return;
      this.#isSynced = true;
      fdatasync(this.#descriptor, (error) => {
        if (error !== null) this.#context.log.error({ err: error }, "the decision log could not be synced");
      });
    }, SYNC_MS).unref();
  }

  #exportHead(isLast: boolean): void {
    const at = Date.now();
    if (!isLast && at - this.#headAt < this.#options.headInterval) return;
    this.#headAt = at;
    const head: ChainHead = { file: this.#file, chain: this.#chain, at };
    this.#context.log.info({ ...head }, "head of the decision log");
    try {
      this.#options.onHead?.(head);
    } catch (error) {
      this.#context.log.error({ err: error }, "onHead of the decision log threw");
    }
  }

  #describe(decision: Decision): string {
    const { caller, key } = decision;
    const isDigested = this.#options.keys === "digested" && key !== "";
    return shapeFields(
      decision,
      isDigested ? this.#digest(key) : key,
      caller === null || caller.identity === undefined ? null : this.#digest(identityText(caller.identity)),
      caller === null ? "[]" : this.#holds(caller),
    );
  }

  #digest(text: string): string {
    let digest = this.#digests.get(text);
    if (digest === undefined) {
      digest = digestWith(this.#pepper, text);
      if (this.#digests.size >= MAX_DIGESTS) this.#digests.clear();
      this.#digests.set(text, digest);
    }
    return digest;
  }

  /** Predicates of the caller's base that its claims satisfy, as JSON; once for the claims of a connection. */
  #holds(caller: SealedCaller): string {
    const refinements = this.#refinements.get(caller.base);
    if (refinements === undefined) return "[]";
    let holds = this.#held.get(caller.claims);
    if (holds === undefined) {
      const held = refinements.filter(({ requires }) => requires.evaluate(caller.claims));
      holds = JSON.stringify([...new Set(held.map(({ requires }) => requires.description))]);
      this.#held.set(caller.claims, holds);
    }
    return holds;
  }
}

const EMPTY = new Uint8Array(0);

/** A new file that holds `data`; none where it cannot be written. */
function beginFile(path: string, data: Uint8Array): number {
  const descriptor = openSync(path, "ax", 0o600);
  try {
    writeWhole(descriptor, data);
    return descriptor;
  } catch (error) {
    closeSync(descriptor);
    rmSync(path, { force: true });
    throw error;
  }
}

function writeWhole(descriptor: number, data: Uint8Array): void {
  const written = writeSync(descriptor, data);
  if (written < data.length) throw new Error(`only ${written} of ${data.length} bytes were written`);
}

/** Says that the bytes before it are what a failed or killed write left. */
function tornNote(rest: Uint8Array): string {
  // A chain line that lacks its line feed alone would come to life with it.
  return `${rest.at(-1) === 10 ? "" : " torn\n"}${JSON.stringify({ torn: rest.length })}\n`;
}

export const PEPPER_FILE = "digest.key";

const PEPPER_BYTES = 32;

/** The key of the digests, made with the log and readable by its owner: without it a digest cannot be guessed at. */
export function readPepper(directory: string): Uint8Array {
  const path = join(directory, PEPPER_FILE);
  try {
    return pepperOf(readFileSync(path, "utf8"));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
  const pepper = randomBytes(PEPPER_BYTES);
  writeFileSync(`${path}.new`, `${pepper.toString("hex")}\n`, { mode: 0o600, flush: true });
  renameSync(`${path}.new`, path);
  return pepper;
}

/** The key in the text of its file. Throws for any other text: under an empty key everybody can guess at digests. */
export function pepperOf(text: string): Uint8Array {
  const hex = text.trim();
  if (/^[0-9a-f]{64}$/.test(hex)) return Buffer.from(hex, "hex");
  throw new Error(`${PEPPER_FILE} holds no key; without it a new one is made, and digests of before fit nobody`);
}

/** The digest under which an identity stands in the log. */
export function digestWith(pepper: Uint8Array, text: string): string {
  return createHmac("sha256", pepper).update(text).digest("hex").slice(0, 32);
}

function byBase(refinements: readonly AnyRefinement[]): ReadonlyMap<string, readonly AnyRefinement[]> {
  const map = new Map<string, AnyRefinement[]>();
  for (const refinement of refinements) {
    map.set(refinement.base.name, [...(map.get(refinement.base.name) ?? []), refinement]);
  }
  return map;
}

function describe(refinements: ReadonlyMap<string, readonly AnyRefinement[]>): Record<string, readonly string[]> {
  return Object.fromEntries(
    [...refinements].map(([base, list]) => [base, [...new Set(list.map(({ requires }) => requires.description))]]),
  );
}
