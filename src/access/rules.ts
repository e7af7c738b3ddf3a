/** Owns the sentence for a cell that declarations fix: which rule decided it, for a reader who does not know the rules. */
import { type By, baseOf, membersOf } from "../boundary/party.ts";
import type { MatrixRow } from "./matrix.ts";
import type { Member, Verdict } from "./verdict.ts";

export function explainDeclared(row: MatrixRow, by: By | null, column: Member, verdict: Verdict): string {
  const { scheme } = baseOf(column);
  switch (verdict) {
    case "allow":
      return row.kind === "connect" ? "a party of the actor admits it" : "its party is enough: no code decides";
    case "401":
      return scheme.kind === "none"
        ? "it presents nothing, and the parties want a proof"
        : `the parties do not take the ${scheme.kind} credential of ${baseOf(column).name}`;
    case "403":
      return explainForbidden(row, by, column);
    case "404":
      return row.name === "*" ? `no such ${row.kind} is declared` : "there is no handler";
    case "-":
      return "it has no way to come here";
    default:
      return "decided by code";
  }
}

function explainForbidden(row: MatrixRow, by: By | null, column: Member): string {
  const { scheme } = baseOf(column);
  if (scheme.kind === "internal") return "the parties lack this internal channel";
  if (by !== null) {
    const own = membersOf(by).find((member) => baseOf(member) === baseOf(column));
    if (own?.type === "refinement" && own !== column) return `${own.name} requires ${own.requires.description}`;
    if (membersOf(by).every((member) => baseOf(member).scheme.kind === "internal"))
      return "only internal callers may come";
  }
  return row.name === "*"
    ? `no such ${row.kind === "subscribe" ? "event" : row.kind} is declared`
    : "its party is not enough";
}
