/** Owns reading decision logs: lines in order, the chain checked over exact bytes, files of any size in bounded memory. */
import { createHash } from "node:crypto";
import { closeSync, openSync, readdirSync, readSync } from "node:fs";
import { join } from "node:path";
import {
  CHAIN_START,
  type ChainLine,
  chainLine,
  type DecisionRecord,
  fileName,
  fileNumber,
  GENESIS,
  type GroupLine,
  type RunNote,
  type Shape,
  type ShapeLine,
} from "./format.ts";

/** Longest line that is read; longer ones are no lines of a log. */
const LONGEST_LINE = 1024 * 1024;
const CHUNK = 256 * 1024;
const LINE_FEED = 10;

export interface LogLine {
  readonly file: number;
  /** From 1. */
  readonly line: number;
  /** With its line break, where it has one. */
  readonly bytes: Uint8Array;
  /** Parsed; undefined where it is no JSON. */
  readonly value: unknown;
}

/** Files of a log, oldest first. */
export function filesOf(directory: string): readonly number[] {
  return readdirSync(directory)
    .flatMap((name) => fileNumber(name) ?? [])
    .sort((a, b) => a - b);
}

/** Lines of one file from `offset`; a last line without a line break comes as it is. */
export function* linesOf(path: string, file = 0, offset = 0): Generator<LogLine> {
  const descriptor = openSync(path, "r");
  try {
    let pending = Buffer.alloc(0);
    let at = offset;
    let line = 0;
    const chunk = Buffer.alloc(CHUNK);
    for (;;) {
      const count = readSync(descriptor, chunk, 0, CHUNK, at);
      if (count === 0) break;
      at += count;
      pending = Buffer.concat([pending, chunk.subarray(0, count)]);
      let start = 0;
      for (let end = pending.indexOf(10); end !== -1; end = pending.indexOf(10, start)) {
        yield lineOf(file, ++line, pending.subarray(start, end + 1));
        start = end + 1;
      }
      pending = pending.subarray(start);
      if (pending.length > LONGEST_LINE) {
        yield lineOf(file, ++line, pending);
        pending = Buffer.alloc(0);
      }
    }
    if (pending.length > 0) yield lineOf(file, ++line, pending);
  } finally {
    closeSync(descriptor);
  }
}

function lineOf(file: number, line: number, bytes: Buffer): LogLine {
  let value: unknown;
  try {
    value = JSON.parse(bytes.toString("utf8"));
  } catch {
    value = undefined;
  }
  return { file, line, bytes: Buffer.from(bytes), value };
}

/** Every line of a log, oldest file first. */
export function* allLines(directory: string): Generator<LogLine> {
  for (const file of filesOf(directory)) yield* linesOf(join(directory, fileName(file)), file);
}

/** Makes decisions of lines, which are read in order. */
export class Expander {
  readonly #shapes = new Map<number, Shape>();
  /** Of the run that is being read. */
  predicates: Readonly<Record<string, readonly string[]>> = {};
  #next = 0;
  #began = 0;

  /** The decision on a line; null where it holds none. */
  read(value: unknown): DecisionRecord | null {
    if (Array.isArray(value)) return this.#decision(value);
    const { shape, from, at, run, predicates, forget, log, ...fields } = (value ?? {}) as Partial<
      ShapeLine & GroupLine & RunNote & { readonly forget: unknown; readonly log: unknown }
    >;
    if (typeof run === "string") this.predicates = predicates ?? {};
    if (run !== undefined || forget !== undefined || log !== undefined) this.#shapes.clear();
    else if (typeof shape === "number") this.#shapes.set(shape, fields as Shape);
    else if (typeof from === "number" && typeof at === "number") {
      this.#next = from;
      this.#began = at;
    }
    return null;
  }

  #decision([number, since, ms, id = null]: readonly unknown[]): DecisionRecord | null {
    const shape = this.#shapes.get(number as number);
    if (shape === undefined || typeof since !== "number" || typeof ms !== "number") return null;
    return { seq: this.#next++, at: this.#began + since, ...shape, id: id as string | null, ms };
  }
}

/** Every decision of a log, oldest first, with the predicates its process evaluated. */
export function* decisionsIn(
  directory: string,
): Generator<{ readonly record: DecisionRecord; readonly predicates: Expander["predicates"] }> {
  const expander = new Expander();
  for (const { value } of allLines(directory)) {
    const record = expander.read(value);
    if (record !== null) yield { record, predicates: expander.predicates };
  }
}

/** A torn one is not: what a killed write left of it is chained by the block after it. */
export function isChain(line: LogLine): boolean {
  if (typeof (line.value as Partial<ChainLine> | null | undefined)?.chain !== "string") return false;
  return Buffer.from(line.bytes.buffer, line.bytes.byteOffset, line.bytes.length)
    .subarray(0, CHAIN_START.length)
    .equals(Buffer.from(CHAIN_START));
}

export interface LastChain {
  readonly chain: string;
  /** What stands behind it. */
  readonly rest: Uint8Array;
  readonly size: number;
}

/** The last chain of a file, and the bytes behind it that no chain line covers; null for a file without a chain line. */
export function lastChainIn(path: string): LastChain | null {
  let chain: string | null = null;
  let rest: Uint8Array[] = [];
  let size = 0;
  for (const line of linesOf(path)) {
    size += line.bytes.length;
    if (isChain(line) && line.bytes.at(-1) === LINE_FEED) {
      chain = (line.value as ChainLine).chain;
      rest = [];
    } else rest.push(line.bytes);
  }
  return chain === null ? null : { chain, rest: Buffer.concat(rest), size };
}

/** What a check of the chain found. */
export interface ChainReport {
  readonly ok: boolean;
  readonly files: number;
  readonly decisions: number;
  /** Decisions the log itself says were lost. */
  readonly lost: number;
  /** The last chain; null for a log without one. */
  readonly head: string | null;
  /** True when the first file kept is not the first written: older ones were rotated away. */
  readonly isCut: boolean;
  /** Bytes at the end that no chain line covers: being written, or left by a kill. */
  readonly unchained: number;
  readonly problems: readonly { readonly file: number; readonly line: number; readonly problem: string }[];
}

/** Checks a log from its first file on; `expected` is a head that was exported before and must be in it. */
export function verifyLog(directory: string, expected?: string): ChainReport {
  const problems: { file: number; line: number; problem: string }[] = [];
  const files = filesOf(directory);
  let chain: string | null = null;
  let decisions = 0;
  let lost = 0;
  let seq: number | null = null;
  const expander = new Expander();
  let isExpectedSeen = expected === undefined;
  let unchained = 0;
  let previousFile: number | null = null;
  for (const file of files) {
    if (previousFile !== null && file !== previousFile + 1) {
      problems.push({ file, line: 1, problem: `files between ${previousFile} and ${file} are missing` });
    }
    if (unchained > 0) problems.push({ file, line: 1, problem: "the file before ends without a chain line" });
    previousFile = file;
    unchained = 0;
    let hash = createHash("sha256");
    for (const line of linesOf(join(directory, fileName(file)), file)) {
      const { value } = line;
      if (line.line === 1) {
        const prev = String((value as { prev?: unknown } | undefined)?.prev ?? "");
        if (chain !== null && prev !== chain)
          problems.push({ file, line: 1, problem: "it does not continue the file before" });
        if (chain === null && file === 1 && prev !== GENESIS)
          problems.push({ file, line: 1, problem: "the first file continues another" });
        chain = prev;
        hash.update(prev).update("\n");
      }
      if (isChain(line)) {
        const { chain: stated, lines, at } = (value ?? {}) as Partial<ChainLine>;
        const found = hash.update(`${lines} ${at}`).digest("hex");
        const isWhole = Buffer.from(chainLine(found, lines ?? 0, at ?? 0)).equals(line.bytes);
        if (!isWhole) {
          problems.push({ file, line: line.line, problem: "the block before does not fit its chain line" });
        }
        chain = String(stated);
        isExpectedSeen ||= chain === expected;
        hash = createHash("sha256").update(chain).update("\n");
        unchained = 0;
        continue;
      }
      hash.update(line.bytes);
      unchained += line.bytes.length;
      const record = expander.read(value);
      const { run, lost: said } = (value ?? {}) as { readonly run?: unknown; readonly lost?: unknown };
      if (record !== null) {
        decisions += 1;
        if (seq !== null && record.seq !== seq + 1) {
          problems.push({ file, line: line.line, problem: `decision ${seq} is followed by ${record.seq}` });
        }
        seq = record.seq;
      } else if (typeof said === "number") lost += said;
      if (run !== undefined || said !== undefined) seq = null;
    }
  }
  if (!isExpectedSeen) {
    problems.push({
      file: previousFile ?? 0,
      line: 0,
      problem: "the given head is nowhere in it: the log was cut or rewritten",
    });
  }
  return {
    ok: problems.length === 0,
    files: files.length,
    decisions,
    lost,
    head: chain,
    isCut: (files[0] ?? 1) > 1,
    unchained,
    problems,
  };
}
