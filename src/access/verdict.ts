/**
 * Owns what declarations alone say of one caller at one entrypoint: its parties against the party the caller satisfies. The
 * same rules as the gate's (G2, rulings 6 and 7), over what is declared in place of what was presented.
 */
import { type AnyParty, type AnyRefinement, type By, baseOf, Caller, membersOf } from "../boundary/party.ts";

/**
 * What a caller gets: `allow` reaches the handler; `401` and `403` do not; `404` neither, since nothing is there to reach
 * (where code decides first, its denial is what comes back); `?` is decided by code (`canInvoke`, `canCreate`, or a
 * predicate over claims that the party does not fix); `-` has no way to come here. Found by probing only: `depends` on who,
 * where or in which state, and `500`, where the code that decides fails.
 */
export type Verdict = "allow" | "401" | "403" | "404" | "500" | "?" | "depends" | "-";

export type Member = AnyParty | AnyRefinement;

/** An entrypoint as the matrix reads it. */
export interface Entrypoint<Kind extends string> {
  readonly kind: Kind;
  /** Absent for kinds without names; `*` stands for every name that is not declared. */
  readonly name?: string;
  /** What a caller of this party gets. */
  judge(column: Member): Verdict;
}

/** The verdict of the parties, and past them that of everything else. */
export function afterParty(party: Verdict, admitted: Verdict): Verdict {
  if (party === "allow") return admitted;
  return party === "?" && admitted !== "allow" ? admitted : party;
}

/** What the parties of an entrypoint say to a caller who holds what `column` requires, and nothing else. */
export function judgeParty(by: By, column: Member): Verdict {
  const base = baseOf(column);
  const members = membersOf(by);
  if (base.scheme.kind === "internal") return judgeInternal(members, base);
  const own = members.find((member) => baseOf(member) === base);
  if (own !== undefined) return judgeMember(own, column);
  const bases = members.map(baseOf);
  if (bases.every(({ scheme }) => scheme.kind === "internal")) return "403";
  if (!bases.some(({ scheme }) => scheme.kind === "none")) return "401";
  const read = readingOf(bases, column);
  return read === "no" ? "allow" : read === "yes" ? "401" : "?";
}

/** A caller of the base is refused by a refinement: it holds no claims beyond those of its own party. */
function judgeMember(member: Member, column: Member): Verdict {
  if (member.type === "party" || member === column) return "allow";
  if (column.type === "party") return "403";
  return column.requires.description === member.requires.description ? "allow" : "?";
}

/**
 * The channels of schedules and queues. For actors they are no way in: an actor's own schedule and own sends are not decided
 * on (ruling 6). Services have entrypoints for them.
 */
export function isOwnChannel(party: AnyParty): boolean {
  return party.name === "Scheduler" || party.name === "Producer";
}

/** Ruling 6: an internal call where the parties lack its channel is forbidden; it never becomes a visitor. */
export function judgeInternal(members: readonly Member[], base: AnyParty): Verdict {
  if (members.includes(base) || members.includes(Caller)) return "allow";
  // Another internal party may admit some callers of the same channel, by name.
  const others = members.map(baseOf).filter((other) => other.scheme.kind === "internal" && !isOwnChannel(other));
  return others.length > 0 ? "?" : "403";
}

/** Whether some member reads the place that carries this column's credential, so that it counts as presented (ruling 7). */
export function readingOf(bases: readonly AnyParty[], column: Member): "yes" | "no" | "perhaps" {
  const { carrier } = baseOf(column).scheme;
  if (carrier === "none" || !bases.some(({ scheme }) => scheme.carrier === carrier)) return "no";
  // Each signature has a header of its own choice.
  return carrier === "signature" ? "perhaps" : "yes";
}
