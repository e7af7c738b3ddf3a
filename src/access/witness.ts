/**
 * Owns finding a caller that a party would accept: a subject its identity schema takes, and claims that satisfy its
 * predicate. For development tokens and for probing; nothing here is used to decide anything.
 */
import type { ClaimPredicate } from "../boundary/claims.ts";
import type { AnyParty, AnyRefinement } from "../boundary/party.ts";

const SUBJECTS = ["alice", "alice@example.com", "1", "00000000-0000-4000-8000-000000000001", "user_1"];
/** One for each of those, of the same form. */
const OTHERS = ["bob", "bob@example.com", "2", "00000000-0000-4000-8000-000000000002", "user_2"];
/** Subsets of a predicate's claims tried; each claim doubles them. */
const MAX_CLAIMS = 8;

/** A subject the party's identity schema accepts: `wanted` if it does, else a usual one; null when none is. */
export async function findSubject(party: AnyParty, wanted?: string): Promise<string | null> {
  const found = await firstAccepted(party, wanted === undefined ? SUBJECTS : [wanted, ...SUBJECTS]);
  return found?.subject ?? null;
}

/** A subject and the identity that the party's schema makes of it. */
export interface Accepted {
  readonly subject: string;
  readonly identity: unknown;
}

/** Two callers of the party that are not the same, where its schema takes two; none where it takes no usual subject. */
export async function findTwo(party: AnyParty): Promise<readonly Accepted[]> {
  const found = [await firstAccepted(party, SUBJECTS), await firstAccepted(party, OTHERS)];
  return found.filter((accepted) => accepted !== null);
}

async function firstAccepted(party: AnyParty, candidates: readonly string[]): Promise<Accepted | null> {
  if (party.identity === null) return { subject: candidates[0]!, identity: candidates[0]! };
  for (const subject of candidates) {
    const result = await party.identity["~standard"].validate(subject);
    if (result.issues === undefined) return { subject, identity: result.value };
  }
  return null;
}

/** Claims that make the member's predicate true; null when none of the usual ones do. */
export function findClaims(member: AnyParty | AnyRefinement): Readonly<Record<string, unknown>> | null {
  if (member.type === "party") return {};
  const candidates = mentionedClaims(member.requires);
  for (let chosen = 0; chosen < 2 ** candidates.length; chosen++) {
    const claims = Object.fromEntries(candidates.filter((_candidate, index) => (chosen >> index) & 1));
    if (member.requires.evaluate(claims)) return claims;
  }
  return null;
}

/** The claims a predicate speaks of, with the value it looks for, as its description says them. */
function mentionedClaims(predicate: ClaimPredicate): readonly (readonly [string, unknown])[] {
  const mentions = predicate.description.matchAll(
    /(hasClaim|claimEquals)\(("(?:[^"\\]|\\.)*")(?:, ("(?:[^"\\]|\\.)*"|[^)]*))?\)/g,
  );
  const pairs = [...mentions].map(([, , name, value]): readonly [string, unknown] => [
    JSON.parse(name!),
    value === undefined ? true : JSON.parse(value),
  ]);
  return pairs.slice(0, MAX_CLAIMS);
}
