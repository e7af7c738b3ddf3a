/**
 * Owns callers to probe with: for a column of the matrix, who such a caller may be and what the boundary would have made of
 * what it presents. The boundary mints the callers from that, as it does from real proofs; nothing here reaches a registry
 * that serves, and nothing here decides.
 */

import type { By } from "../boundary/party.ts";
import { type AnyParty, baseOf, membersOf } from "../boundary/party.ts";
import { type Channel, type Evidence, EXTERNAL, type Presentation } from "../boundary/scheme.ts";
import { Credentials } from "../boundary/verify.ts";
import type { Member } from "./verdict.ts";
import { findClaims, findTwo } from "./witness.ts";

type Results = ConstructorParameters<typeof Credentials>[1];
type Result = Results extends ReadonlyMap<AnyParty, infer Value> ? Value : never;

/** Somebody who would come as the party of a column. */
export interface ProbeCaller {
  /** As a person reads it: `alice`, `desk/eu`; null for visitors. */
  readonly subject: string | null;
  /** What the party's schema makes of the subject. */
  readonly identity: unknown;
  readonly claims: Readonly<Record<string, unknown>>;
  /** What the boundary makes of this caller at an entrypoint; `onRead` is told each claim that is looked at. */
  presentTo(by: By | readonly AnyParty[], onRead: (claim: string) => void): Credentials;
}

/** What callers of a registry may be called, for those that are actors and services themselves. */
export interface Neighbours {
  readonly actors: readonly string[];
  readonly services: readonly string[];
  /** Members of every `by`, for refinements that one caller may satisfy together. */
  readonly members: readonly Member[];
}

/** At most this many names of actors and services are tried as callers. */
const MAX_NEIGHBOURS = 8;

/** Callers of a column: two who differ where the party allows, with the claims it requires, and with those of its sisters. */
export async function callersOf(column: Member, neighbours: Neighbours): Promise<readonly ProbeCaller[]> {
  const base = baseOf(column);
  if (base.scheme.kind === "none") return [visitor()];
  if (base.scheme.kind === "internal") return internalCallers(base, neighbours);
  const accepted = await findTwo(base);
  const claimSets = claimSetsOf(column, neighbours.members);
  return accepted.flatMap(({ subject, identity }) =>
    claimSets.map((claims) => externalCaller(base, subject, identity, claims)),
  );
}

/** A caller with one more claim, for code that looks at claims which the party does not fix. */
export function withClaim(caller: ProbeCaller, column: Member, name: string): ProbeCaller {
  return externalCaller(baseOf(column), caller.subject ?? "", caller.identity, { ...caller.claims, [name]: true });
}

function claimSetsOf(column: Member, members: readonly Member[]): readonly Readonly<Record<string, unknown>>[] {
  const own = findClaims(column);
  if (own === null) return [];
  if (column.type === "party") return [own];
  // Whether a caller of one refinement satisfies another is for its token to say: both kinds of token are tried.
  const sisters = members.flatMap((member) => {
    const more = member.type === "refinement" && member.base === column.base ? findClaims(member) : null;
    const both = more === null ? null : { ...own, ...more };
    return both !== null && column.requires.evaluate(both) ? [both] : [];
  });
  const distinct = new Map([own, ...sisters].map((claims) => [JSON.stringify(claims), claims]));
  return [...distinct.values()];
}

function visitor(): ProbeCaller {
  return { subject: null, identity: undefined, claims: {}, presentTo: () => new Credentials(EXTERNAL, new Map()) };
}

function externalCaller(
  base: AnyParty,
  subject: string,
  identity: unknown,
  claims: Readonly<Record<string, unknown>>,
): ProbeCaller {
  return {
    subject,
    identity,
    claims,
    presentTo(by, onRead) {
      const seen = watched(claims, onRead);
      const evidence: Evidence = {
        subject,
        claims: seen,
        expiresAt: null,
        issuedAt: null,
        tokenId: null,
        replay: null,
      };
      const results = new Map<AnyParty, Result>();
      for (const other of basesIn(by)) {
        if (other === base) results.set(other, { status: "proved", proof: { party: other, identity, evidence } });
        else if (readsSame(other, base)) results.set(other, OTHER_CREDENTIAL);
      }
      return new Credentials(EXTERNAL, results);
    },
  };
}

/** Another party reads the carrier of this credential and cannot verify it: it was presented, and fails there (G2). */
const OTHER_CREDENTIAL: Result = { status: "failed", outcome: "unauthenticated", reason: "probe.other_credential" };

function internalCallers(base: AnyParty, { actors, services }: Neighbours): readonly ProbeCaller[] {
  const channels: readonly Channel[] = [
    ...actors.slice(0, MAX_NEIGHBOURS).map((name): Channel => ({ kind: "caller", caller: { name, key: ["alice"] } })),
    ...services.slice(0, MAX_NEIGHBOURS).map((name): Channel => ({ kind: "caller", caller: { name } })),
  ];
  return channels.flatMap((channel): readonly ProbeCaller[] => {
    if (proveInternal(base, channel).status !== "proved") return [];
    const { name, key } = (channel as Extract<Channel, { kind: "caller" }>).caller;
    const subject = key === undefined ? name : `${name}/${key.join(",")}`;
    return [
      {
        subject,
        identity: subject,
        claims: {},
        presentTo(by) {
          const internals = basesIn(by).filter(({ scheme }) => scheme.kind === "internal");
          return new Credentials(channel, new Map(internals.map((party) => [party, proveInternal(party, channel)])));
        },
      },
    ];
  });
}

/** Internal schemes need no secrets: what they prove is the channel. */
function proveInternal(party: AnyParty, channel: Channel): Result {
  const verifier = party.scheme.prepare(party.name, NOTHING) as { prove(given: Presentation, now: number): unknown };
  const result = verifier.prove({ ...SILENT, channel }, 0) as
    | { readonly status: "proved"; readonly evidence: Evidence }
    | Exclude<Result, { readonly status: "proved" }>;
  if (result.status !== "proved") return result;
  const { evidence } = result;
  return { status: "proved", proof: { party, identity: evidence.subject, evidence } };
}

const NOTHING: Parameters<AnyParty["scheme"]["prepare"]>[1] = {
  secret: () => undefined,
  now: () => 0,
  fetch: () => Promise.reject(new Error("a probe has no network")),
  warn: () => {},
  skew: 0,
};

const SILENT: Presentation = {
  channel: EXTERNAL,
  method: "POST",
  url: "https://probe.invalid/",
  header: () => null,
  body: null,
  frameToken: null,
};

/** Whether two parties read a header in common; a scheme says which by looking for them. */
function readsSame(one: AnyParty, other: AnyParty): boolean {
  if (one.scheme.kind === "none" || one.scheme.kind === "internal") return false;
  const names = headersOf(one);
  return headersOf(other).some((name) => names.includes(name));
}

function headersOf(party: AnyParty): readonly string[] {
  if (party.scheme.carrier === "authorization") return ["authorization"];
  const names: string[] = [];
  party.scheme.isPresented({
    ...SILENT,
    header: (name) => {
      names.push(name);
      return null;
    },
  });
  return names;
}

function basesIn(by: By | readonly AnyParty[]): readonly AnyParty[] {
  return "type" in by ? membersOf(by).map(baseOf) : by;
}

/** Claims that tell which of them code looks at. */
function watched(
  claims: Readonly<Record<string, unknown>>,
  onRead: (claim: string) => void,
): Readonly<Record<string, unknown>> {
  const tell = (name: string | symbol): void => {
    if (typeof name === "string" && name !== "toJSON") onRead(name);
  };
  return new Proxy(claims, {
    get: (target, name) => {
      tell(name);
      return Reflect.get(target, name) as unknown;
    },
    has: (target, name) => {
      tell(name);
      return Reflect.has(target, name);
    },
  });
}
