/**
 * Owns party contracts: how a caller proves itself, the typed identity that yields, what else must hold. A party is a
 * type, never an instance; sums and refinements are built from parties here, and what cannot be built is refused, by type
 * where types can say it and with a code where they cannot.
 */
import type { StandardSchemaV1 } from "@standard-schema/spec";
import type { CallerSource } from "./caller.ts";
import type { ClaimPredicate } from "./claims.ts";
import { ConfigurationError } from "./errors.ts";
import type { CallerRecord, Scheme, SchemeKind } from "./scheme.ts";
import { internal } from "./schemes/internal.ts";
import { none } from "./schemes/none.ts";

/** A boundary contract. `Identity` is what `c.caller.identity` is typed as. */
export interface Party<Name extends string = string, Kind extends SchemeKind = SchemeKind, Identity = unknown> {
  readonly type: "party";
  readonly name: Name;
  readonly scheme: Scheme<Kind>;
  readonly identity: StandardSchemaV1<unknown, Identity> | null;
  readonly "~identity"?: Identity;
}

/** A party that must also satisfy a predicate over its verified claims: 401 if not the base, 403 if the predicate fails. */
export interface Refinement<Name extends string = string, Kind extends SchemeKind = SchemeKind, Identity = unknown> {
  readonly type: "refinement";
  readonly name: Name;
  readonly base: Party<string, Kind, Identity>;
  readonly requires: ClaimPredicate;
  readonly "~identity"?: Identity;
}

/** A sum: members are tried in order, the first that verifies is the caller. */
export interface AnyOf<Members extends readonly AnyParty[] = readonly AnyParty[]> {
  readonly type: "anyOf";
  readonly members: Members;
}

export type AnyParty = Party<string, SchemeKind, unknown>;
export type AnyRefinement = Refinement<string, SchemeKind, unknown>;
/** What a `by` may be. */
export type By = AnyParty | AnyRefinement | AnyOf;

/** What every caller has. */
export interface CallerBase<Name extends string> {
  readonly party: Name;
  readonly claims: Readonly<Record<string, unknown>>;
  /** Epoch ms; null = does not expire. */
  readonly expiresAt: number | null;
}

/** The caller a party yields, sealed; a union member discriminated on `party`. */
export type CallerOfParty<P> =
  P extends Party<infer Name, infer Kind, infer Identity>
    ? CallerShape<Name, Kind, Identity>
    : P extends Refinement<infer Name, infer Kind, infer Identity>
      ? CallerShape<Name, Kind, Identity>
      : never;

type CallerShape<Name extends string, Kind, Identity> = Kind extends "none"
  ? CallerBase<Name>
  : Kind extends "internal"
    ? CallerBase<Name> & {
        readonly identity: Identity;
        readonly onBehalfOf: CallerRecord | null;
        readonly source: CallerSource | null;
      }
    : CallerBase<Name> & { readonly identity: Identity };

/** The union of callers a `by` may yield. */
export type CallerOf<B> = B extends AnyOf<infer Members> ? CallerOfParty<Members[number]> : CallerOfParty<B>;

/** Identity schemas are written for strings (a subject), so their input type is not `unknown`; the boundary checks at run time. */
type IdentitySchema<Identity> = StandardSchemaV1<never, Identity> | StandardSchemaV1<string, Identity>;

export interface PartyOptions<Kind extends SchemeKind, Identity> {
  /** How the caller proves itself. */
  readonly auth: Scheme<Kind>;
  /** Any Standard Schema; it sees `sub` for tokens, its output is the identity. A subject that fails it is 401. */
  readonly identity?: IdentitySchema<Identity>;
}

const NAME = /^[A-Za-z][A-Za-z0-9_]{0,63}$/;

function assertName(name: string, what: string): void {
  if (NAME.test(name)) return;
  throw new ConfigurationError(
    "party.name_invalid",
    `${what} name ${JSON.stringify(name)} must be letters, digits and _, start with a letter and have at most 64 characters.`,
  );
}

/**
 * Declares a party. Without an `identity` schema the identity is the token's subject, a string.
 *
 * @throws ConfigurationError `party.name_invalid`, `party.scheme_missing`, `party.identity_on_none`
 */
export function party<const Name extends string, Kind extends SchemeKind, Identity = string>(
  name: Name,
  options: PartyOptions<Kind, Identity>,
): Party<Name, Kind, Identity> {
  assertName(name, "Party");
  if (options?.auth === undefined || typeof options.auth.prepare !== "function") {
    throw new ConfigurationError(
      "party.scheme_missing",
      `Party "${name}" has no scheme. Give one: party("${name}", { auth: bearer({ secret: "AUTH_JWT_SECRET" }) }).`,
    );
  }
  if (options.auth.kind === "none" && options.identity !== undefined) {
    throw new ConfigurationError(
      "party.identity_on_none",
      `Party "${name}" proves nothing (scheme none), so it has no identity. Remove \`identity\`, or choose a scheme.`,
    );
  }
  // The schema's static input is narrower than unknown; it is only ever called with what a verifier produced.
  const identity = (options.identity ?? null) as StandardSchemaV1<unknown, Identity> | null;
  return Object.freeze({ type: "party", name, scheme: options.auth, identity });
}

/**
 * Declares a party that is `base` and satisfies `requires` over the verified claims.
 *
 * @throws ConfigurationError `party.refinement_base` when the base is not a token party
 */
export function refine<const Name extends string, Kind extends "bearer" | "oidc", Identity>(
  name: Name,
  base: Party<string, Kind, Identity>,
  requires: ClaimPredicate,
): Refinement<Name, Kind, Identity> {
  assertName(name, "Refinement");
  if (base?.type !== "party" || (base.scheme.kind !== "bearer" && base.scheme.kind !== "oidc")) {
    throw new ConfigurationError(
      "party.refinement_base",
      `Refinement "${name}" needs a bearer or oidc party as its base: only those carry claims.`,
    );
  }
  return Object.freeze({ type: "refinement", name, base, requires });
}

/** `Members` itself when it is a legal sum; otherwise a tuple whose offending place says why. */
export type LegalSum<Members extends readonly unknown[], Seen = never> = Members extends readonly [
  infer Head,
  ...infer Rest,
]
  ? Head extends Party<string, infer Kind, unknown>
    ? Kind extends "none"
      ? Rest extends readonly []
        ? readonly [Head]
        : readonly ["Visitor must be the last member of a sum", ...Rest]
      : Kind extends "internal"
        ? readonly [Head, ...LegalSum<Rest, Seen>]
        : Kind extends Seen
          ? readonly ["two members of a sum have the same scheme", ...Rest]
          : readonly [Head, ...LegalSum<Rest, Seen | Kind>]
    : readonly ["a member of a sum must be a party, not a refinement", ...Rest]
  : readonly [];

/**
 * A sum of parties with distinct schemes, tried in order; `Visitor` last. Internal parties may stand together: they are
 * told apart by the channel that mints them.
 *
 * @throws ConfigurationError `party.sum_empty`, `party.sum_refinement`, `party.sum_scheme`, `party.sum_order`
 */
export function anyOf<const Members extends readonly AnyParty[]>(
  ...members: Members & LegalSum<Members>
): AnyOf<Members> {
  const list = members as readonly AnyParty[];
  if (list.length === 0) {
    throw new ConfigurationError("party.sum_empty", "anyOf() needs at least one party.");
  }
  const seen = new Map<string, string>();
  list.forEach((member, index) => {
    if (member?.type !== "party") {
      const name = (member as { name?: unknown } | undefined)?.name;
      throw new ConfigurationError(
        "party.sum_refinement",
        `anyOf(): member ${index + 1}${typeof name === "string" ? ` (${name})` : ""} is not a party. Refinements are not members; guard the entrypoint with the refinement instead.`,
      );
    }
    const kind = member.scheme.kind;
    if (kind === "none" && index !== list.length - 1) {
      throw new ConfigurationError(
        "party.sum_order",
        `anyOf(): ${member.name} accepts everybody, so nothing after it is ever tried. Put it last.`,
      );
    }
    const place = kind === "internal" ? `internal:${member.name}` : kind;
    const other = seen.get(place);
    if (other !== undefined) {
      throw new ConfigurationError(
        "party.sum_scheme",
        `anyOf(): ${other} and ${member.name} both use the scheme ${kind}. A sum has one member per scheme.`,
      );
    }
    seen.set(place, member.name);
  });
  return Object.freeze({ type: "anyOf", members: Object.freeze([...list]) as unknown as Members });
}

/** Everybody who presented nothing. Public access is written: `by: Visitor`. */
export const Visitor: Party<"Visitor", "none", undefined> = Object.freeze({
  type: "party",
  name: "Visitor",
  scheme: none(),
  identity: null,
});

/** Another actor or service of the same registry; its identity is the qualified name, such as `matchmaker/eu`. */
export const Caller: Party<"Caller", "internal", string> = Object.freeze({
  type: "party",
  name: "Caller",
  scheme: internal({ channel: "caller" }),
  identity: null,
});

/** The actor's own schedule, and cron. */
export const Scheduler: Party<"Scheduler", "internal", string> = Object.freeze({
  type: "party",
  name: "Scheduler",
  scheme: internal({ channel: "scheduler" }),
  identity: null,
});

/** A durable queue that delivers, and the actor's own sends. */
export const Producer: Party<"Producer", "internal", string> = Object.freeze({
  type: "party",
  name: "Producer",
  scheme: internal({ channel: "producer" }),
  identity: null,
});

/** What `canInvoke` without `by` means (ruling 5). */
export const DEFAULT_BY = anyOf(Caller, Scheduler, Visitor);
export type DefaultBy = typeof DEFAULT_BY;

/** The members of a `by`, refinements included, in order. */
export function membersOf(by: By): readonly (AnyParty | AnyRefinement)[] {
  return by.type === "anyOf" ? by.members : [by];
}

/** The party that is proved for this member: itself, or the base of a refinement. */
export function baseOf(member: AnyParty | AnyRefinement): AnyParty {
  return member.type === "refinement" ? member.base : member;
}

/** True for a value that can stand as `by`. */
export function isBy(value: unknown): value is By {
  if (typeof value !== "object" || value === null) return false;
  const type = (value as { type?: unknown }).type;
  return type === "party" || type === "refinement" || type === "anyOf";
}

/**
 * Calls the branch of the caller's party; exhaustive by type. A branch gets the identity, and the caller second.
 */
export function match<
  Caller extends { readonly party: string },
  Branches extends {
    readonly [Name in Caller["party"]]: (
      identity: Extract<Caller, { readonly party: Name }> extends { readonly identity: infer Identity }
        ? Identity
        : undefined,
      caller: Extract<Caller, { readonly party: Name }>,
    ) => unknown;
  },
>(caller: Caller, branches: Branches): ReturnType<Branches[Caller["party"]]> {
  const name = caller.party as Caller["party"];
  if (!Object.hasOwn(branches, name)) {
    throw new ConfigurationError("party.match_missing", `match(): there is no branch for ${name}.`);
  }
  const branch = branches[name] as unknown as (
    identity: unknown,
    caller: Caller,
  ) => ReturnType<Branches[Caller["party"]]>;
  return branch((caller as { identity?: unknown }).identity, caller);
}
