/**
 * Owns the text of a decision log: JSON lines, in blocks. What decisions have in common (who, where, what came of it) stands once,
 * as a shape; a decision is `[shape, ms since the group began, duration]` and, where it has one, its correlation id. That makes a
 * line of 10 bytes of most decisions, and the log cheap enough to be always on. Each block ends with a chain line that holds the SHA-256 of the chain
 * line before it and of every byte of the block, so that a change, an insertion or a gap shows. Whatever a peer or code chose to
 * be called stands inside JSON strings and cannot begin a line; identities stand as keyed digests, tokens nowhere.
 */
import { createHash } from "node:crypto";
import type { Decision } from "../../../actors/decisions.ts";

/** A decision as it is kept. */
export interface DecisionRecord {
  /** Counted up by one within a run. */
  readonly seq: number;
  /** Epoch ms. */
  readonly at: number;
  /** Actor type or service. */
  readonly target: string;
  /** Key text of the actor, or its digest; empty for services. */
  readonly key: string;
  readonly kind: string;
  readonly name: string;
  /** The party admitted as; null where nobody was proved. */
  readonly party: string | null;
  /** The party proved: the base of a refinement. */
  readonly base: string | null;
  /** Keyed digest of the identity, 32 hex digits; null for visitors and where nobody was proved. */
  readonly who: string | null;
  /** Refinements of the base that the caller satisfied, as their predicates are written. */
  readonly holds: readonly string[];
  readonly outcome: string;
  readonly reason: string;
  readonly id: string | null;
  /** Whole ms from arrival to decision. */
  readonly ms: number;
}

/** What decisions of one shape have in common. */
export type Shape = Omit<DecisionRecord, "seq" | "at" | "id" | "ms">;

/** A line that says what a number stands for, from there on in this run and file. */
export interface ShapeLine extends Shape {
  readonly shape: number;
}

/** A line that begins a group: the number and time of its first decision. */
export interface GroupLine {
  readonly from: number;
  /** Epoch ms. */
  readonly at: number;
}

/** First line of each file. */
export interface FileHead {
  readonly log: "byward.decisions";
  readonly version: 1;
  readonly file: number;
  /** The chain at the end of the file before; zeros for the first. */
  readonly prev: string;
  readonly opened: number;
}

/** A line between blocks of one process: the run begins, with the predicates it evaluates. */
export interface RunNote {
  readonly run: string;
  readonly at: number;
  readonly predicates: Readonly<Record<string, readonly string[]>>;
}

export interface ChainLine {
  /** SHA-256 of the chain before, the block's bytes, and what else this line says; hex. */
  readonly chain: string;
  /** Lines of the block. */
  readonly lines: number;
  readonly at: number;
}

export const GENESIS = "0".repeat(64);
/** How a chain line begins; no other line does. */
export const CHAIN_START = '{"chain":"';
/** Characters of a name or key that are kept. */
const LONGEST_TEXT = 256;

/** The chain after a block of `lines` lines, closed at `at`. */
export function chainOf(previous: string, block: string | Uint8Array, lines: number, at: number): string {
  return createHash("sha256").update(previous).update("\n").update(block).update(`${lines} ${at}`).digest("hex");
}

export function chainLine(chain: string, lines: number, at: number): string {
  return `${CHAIN_START}${chain}","lines":${lines},"at":${at}}\n`;
}

/** A shape as the fields of its line, without its number. */
export function shapeFields(decision: Decision, key: string, who: string | null, holds: string): string {
  const { target, kind, name, party, caller, outcome, reason } = decision;
  return `"target":${quote(target)},"key":${quote(key)},"kind":"${kind}","name":${quote(name)},"party":${quote(party)},"base":${quote(
    caller === null ? null : caller.base,
  )},"who":${quote(who)},"holds":${holds},"outcome":"${outcome}","reason":${quote(reason)}`;
}

export function quote(text: string | null): string {
  return JSON.stringify(text !== null && text.length > LONGEST_TEXT ? `${text.slice(0, LONGEST_TEXT - 1)}…` : text);
}

/** The number in a log file's name; null for other files. */
export function fileNumber(name: string): number | null {
  const match = /^decisions-(\d{6,})\.jsonl$/.exec(name);
  return match === null ? null : Number(match[1]);
}

export function fileName(number: number): string {
  return `decisions-${String(number).padStart(6, "0")}.jsonl`;
}
