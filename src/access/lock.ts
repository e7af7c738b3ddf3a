/**
 * Owns `access.lock`: the matrix as it was last agreed to, and what a change of the code does to it. A cell is widened when
 * somebody may reach what they might not before, also when it is only sometimes (deny → depends, ruling 30).
 */
import { isCovered } from "./circumstance.ts";
import type { Matrix, MatrixRow } from "./matrix.ts";
import type { ProbedMatrix } from "./probe.ts";
import type { Verdict } from "./verdict.ts";

/** One cell of a lock: a verdict, or the circumstances under which one that depends lets in. */
export type LockedCell = Exclude<Verdict, "depends"> | { readonly depends: readonly string[] };

export interface AccessLock {
  readonly version: 1;
  /** Whether cells that code decides were probed. */
  readonly probed: boolean;
  /** The file with further states they were probed in, as it was given. */
  readonly state?: string;
  /** By entrypoint, such as `actor chatRoom subscribe modLog`, by party. */
  readonly cells: Readonly<Record<string, Readonly<Record<string, LockedCell>>>>;
}

export interface AccessChange {
  readonly direction: "widened" | "narrowed" | "changed";
  /** `chatRoom subscribe modLog`. */
  readonly entrypoint: string;
  readonly party: string;
  readonly from: string;
  readonly to: string;
  /** What it means, as a sentence without a full stop. */
  readonly sentence: string;
}

/** The lock of a matrix as it is now. */
export function lockOf(matrix: Matrix | ProbedMatrix, state?: string): AccessLock {
  const isProbed = matrix.rows.some((row) => "why" in row);
  const cells = matrix.rows.map((row): [string, Record<string, LockedCell>] => [
    `${row.of} ${row.owner} ${row.kind}${row.name === undefined ? "" : ` ${row.name}`}`,
    Object.fromEntries(Object.entries(row.cells).map(([party, verdict]) => [party, lockedCell(row, party, verdict)])),
  ]);
  return { version: 1, probed: isProbed, ...(state === undefined ? {} : { state }), cells: Object.fromEntries(cells) };
}

function lockedCell(row: MatrixRow, party: string, verdict: Verdict): LockedCell {
  if (verdict !== "depends") return verdict;
  const { allowedWhen } = row as Partial<Pick<ProbedMatrix["rows"][number], "allowedWhen">>;
  return { depends: allowedWhen?.[party] ?? [] };
}

/** The lock as a file: one line for each entrypoint, so that a change is one line of a review. */
export function renderLock(lock: AccessLock): string {
  const lines = Object.entries(lock.cells).map(
    ([row, cells]) => `    ${JSON.stringify(row)}: ${JSON.stringify(cells)}`,
  );
  const state = lock.state === undefined ? "" : `\n  "state": ${JSON.stringify(lock.state)},`;
  return `{\n  "version": 1,\n  "probed": ${lock.probed},${state}\n  "cells": {\n${lines.join(",\n")}\n  }\n}\n`;
}

/** A lock from a file's text; null when it is none. */
export function parseLock(text: string): AccessLock | null {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return null;
  }
  const { version, probed, state, cells } = (parsed ?? {}) as Partial<AccessLock>;
  if (state !== undefined && typeof state !== "string") return null;
  if (version !== 1 || typeof probed !== "boolean" || typeof cells !== "object" || cells === null) return null;
  const isCell = (cell: unknown): boolean =>
    typeof cell === "string" || Array.isArray((cell as { depends?: unknown } | null)?.depends);
  const areRows = Object.values(cells).every(
    (row) => typeof row === "object" && row !== null && Object.values(row).every(isCell),
  );
  return areRows ? (parsed as AccessLock) : null;
}

/** What became wider, narrower or merely other. An entrypoint or party that is new counts as denied before. */
export function compareLocks(before: AccessLock, after: AccessLock): readonly AccessChange[] {
  const rows = new Set([...Object.keys(after.cells), ...Object.keys(before.cells)]);
  return [...rows].flatMap((row) => {
    const old = ownRow(before, row);
    const now = ownRow(after, row);
    const parties = new Set([...Object.keys(now), ...Object.keys(old)]);
    return [...parties].flatMap((party) => {
      const change = compareCell(row, party, ownCell(old, party), ownCell(now, party));
      return change === null ? [] : [change];
    });
  });
}

function ownRow(lock: AccessLock, row: string): Readonly<Record<string, LockedCell>> {
  return Object.hasOwn(lock.cells, row) ? lock.cells[row]! : {};
}

function ownCell(row: Readonly<Record<string, LockedCell>>, party: string): LockedCell | null {
  return Object.hasOwn(row, party) ? row[party]! : null;
}

/** 0 nobody passes the gate; 1 passes it, and nothing is there; 2 perhaps; 3 always. */
type Reach = 0 | 1 | 2 | 3;

function reachOf(cell: LockedCell | null): Reach {
  if (cell === null) return 0;
  if (typeof cell === "object" || cell === "?") return 2;
  return cell === "allow" ? 3 : cell === "404" ? 1 : 0;
}

function compareCell(row: string, party: string, old: LockedCell | null, now: LockedCell | null): AccessChange | null {
  const from = wordsOf(old);
  const to = wordsOf(now);
  const before = reachOf(old);
  const after = reachOf(now);
  const added = conditionsOf(now).filter((condition) => !isCovered(condition, conditionsOf(old)));
  const removed = conditionsOf(old).filter((condition) => !isCovered(condition, conditionsOf(now)));
  const areBothConditional = typeof old === "object" && typeof now === "object" && old !== null && now !== null;
  // Conditions that were agreed to, and that nobody can find any more, may have gone.
  const isLost = typeof old === "object" && old !== null && now === "?";
  const isWider = after > before || isLost || (areBothConditional && added.length > 0);
  const isNarrower = after < before || (areBothConditional && removed.length > 0);
  if (!isWider && !isNarrower && from === to) return null;
  // A row or column that came or went, and that leads nowhere, is no news.
  if (before <= 1 && after <= 1 && (old === null || now === null)) return null;
  const direction = isWider ? "widened" : isNarrower ? "narrowed" : "changed";
  const sentence = sentenceOf(row, party, direction, after, areBothConditional ? added : conditionsOf(now), [from, to]);
  return { direction, entrypoint: row.replace(/^(actor|service) /, ""), party, from, to, sentence };
}

function conditionsOf(cell: LockedCell | null): readonly string[] {
  return typeof cell === "object" && cell !== null ? cell.depends : [];
}

function wordsOf(cell: LockedCell | null): string {
  if (cell === null) return "not there";
  if (typeof cell === "string") return cell;
  return cell.depends.length === 0 ? "depends" : `depends (${cell.depends.join("; ")})`;
}

function sentenceOf(
  row: string,
  party: string,
  direction: AccessChange["direction"],
  reach: Reach,
  conditions: readonly string[],
  [from, to]: readonly [string, string],
): string {
  const who = WHO[party] ?? `${/^([AEIO]|U(?!ser|ni))/.test(party) ? "an" : "a"} ${party}`;
  const what = deedOf(row);
  if (direction === "changed") return `${who} who would ${what} now gets ${to} in place of ${from}`;
  if (direction === "narrowed")
    return reach === 0 ? `${who} may no longer ${what}` : `${who} may ${what} in fewer cases`;
  if (reach === 3) return `${who} may now ${what}`;
  if (reach === 1) return `${who} may now ${what}: the gate lets through what is not there yet`;
  const when = conditions.length === 0 ? "in some cases" : `in some cases (${conditions.join("; ")})`;
  return `${who} may now ${what} ${when}`;
}

const WHO: Readonly<Record<string, string>> = {
  Visitor: "anyone",
  Caller: "any actor or service of the registry",
  Scheduler: "the scheduler",
  Producer: "a queue",
};

/** What reaching an entrypoint is, as an infinitive. */
function deedOf(row: string): string {
  const [, owner = "", kind = "", ...rest] = row.split(" ");
  const name = rest.join(" ");
  const place = name === "*" ? `of ${owner} that are not declared` : `${owner}.${name}`;
  switch (kind) {
    case "action":
      return name === "*" ? `ask for actions ${place}` : `call ${place}`;
    case "queue":
      return name === "*" ? `send to queues ${place}` : `send to the queue ${place}`;
    case "subscribe":
      return name === "*" ? `subscribe to events ${place}` : `subscribe to ${place}`;
    case "request":
      return `send raw requests to ${owner}`;
    case "websocket":
      return `open raw sockets to ${owner}`;
    case "connect":
      return `connect to ${owner}`;
    case "create":
      return `create ${owner} actors`;
    case "http":
      return `request ${name} of ${owner}`;
    case "message":
      return `deliver to the queue ${place}`;
    case "cron":
      return `run the cron ${place}`;
    default:
      return `call ${place}`;
  }
}
