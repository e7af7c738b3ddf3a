/** Owns decisions as people read them: one line each, in which nothing a peer chose can move the cursor or begin a line. */
import type { DecisionRecord } from "../../hosts/node/decision-log/format.ts";
import { paint } from "../terminal.ts";

/** Which decisions are wanted; absent = all. */
export interface DecisionFilter {
  readonly target?: string;
  readonly kind?: string;
  readonly name?: string;
  readonly party?: string;
  readonly outcome?: string;
  /** Only what was not allowed. */
  readonly denied?: boolean;
  /** Digest of the identity. */
  readonly who?: string;
  /** Epoch ms. */
  readonly since?: number;
}

export function fits(record: DecisionRecord, filter: DecisionFilter): boolean {
  if (filter.since !== undefined && record.at < filter.since) return false;
  if (filter.denied === true && record.outcome === "ok") return false;
  if (filter.who !== undefined && record.who !== filter.who) return false;
  const named = ["target", "kind", "name", "party", "outcome"] as const;
  return named.every((field) => filter[field] === undefined || record[field] === filter[field]);
}

export function showDecision(record: DecisionRecord): string {
  const isOk = record.outcome === "ok";
  const who = record.who === null ? "" : ` ${record.who.slice(0, 12)}`;
  const key = record.key === "" ? "" : `/${record.key}`;
  const what = record.name === "" ? record.kind : `${record.kind} ${record.name}`;
  const reason = record.reason === "" ? "" : paint("dim", ` ${printable(record.reason)}`);
  return `${new Date(record.at).toISOString()} ${paint(isOk ? "green" : "red", printable(record.outcome).padEnd(15))} ${printable(
    `${record.target}${key} ${what}`,
  )} ${paint("cyan", printable(record.party ?? "nobody"))}${printable(who)}${reason}`;
}

/** Text without characters that move a cursor, change colours, break lines or turn the direction of writing. */
export function printable(text: string): string {
  return String(text).replace(
    /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu,
    (character) => `\\u${character.codePointAt(0)!.toString(16).padStart(4, "0")}`,
  );
}
