/**
 * Owns limits by caller (ruling 23): how often one address, identity or connection may come, and how often one address may
 * fail to prove itself. The gates ask; nothing here reads a request. Time is the host's.
 *
 * L1 Memory is bounded: a table holds so many keys, and a full one forgets the key that has been quiet longest. A caller over
 *    its limit who keeps coming is never the quiet one.
 * L2 Failed proofs are counted per address and refused before any cryptography; callers who present nothing are not counted.
 * L3 An unknown address (a request handed to `fetch` by other code) falls under no address rule.
 */
import type { SealedCaller } from "./caller.ts";
import { ConfigurationError, Refusal } from "./errors.ts";
import { identityText } from "./lease.ts";
import type { AnyParty } from "./party.ts";
import type { Presentation } from "./scheme.ts";
import type { Credentials } from "./verify.ts";

/** How often callers may come. Rules without selectors hold for everything they stand on. */
export interface RateRule {
  /**
   * What is counted: the requests of one address (an IPv6 address counts by its /64), of one identity, or of one connection.
   * Callers without identity are counted by address under `identity`; calls without connection are not counted under `connection`.
   */
  readonly per: "address" | "identity" | "connection";
  /** Requests in one `window`, at once or spread; room comes back evenly. */
  readonly limit: number;
  /** Seconds. */
  readonly window: number;
  /** Only callers admitted as one of these parties, by name. */
  readonly party?: string | readonly string[];
  /** Only this actor type or service, by name. */
  readonly target?: string | readonly string[];
  /**
   * Only these entrypoints: a kind such as `"action"`, or kind and name such as `"action:sendMessage"` or `"http:GET /me"`.
   * `"connect"` is opening a connection, and creating or getting an actor.
   */
  readonly entrypoint?: string | readonly string[];
}

/** What a rule is asked about. */
export interface RateSubject {
  /** Actor type or service name. */
  readonly target: string;
  readonly kind: string;
  /** Empty for kinds without names. */
  readonly name: string;
  /** Address of the peer; empty where unknown. */
  readonly address: string;
  readonly connection: string | null;
}

export interface RateClock {
  now(): number;
}

/** Keys one table remembers. */
export const RATE_CAPACITY = 65_536;
const FAILURE_WINDOW_MS = 60_000;
const LONGEST_WINDOW = 86_400;
const RULE_KEYS: ReadonlySet<string> = new Set(["per", "limit", "window", "party", "target", "entrypoint"]);

/** Counts of one rule, by key. */
export interface RateCounter {
  /** Keys remembered; 0 while there is none. */
  readonly size: number;
  /** ms until `key` has room; 0 when it has. Takes nothing. */
  wait(key: string, now: number): number;
  /** Takes one of `key`; 0, or the ms until it has room, in which case nothing is taken. */
  take(key: string, now: number): number;
}

/** Makes the counts of a rule: `limit` takings in `window` ms. Called once for each rule, in their order. */
export type RateCounters = (limit: number, window: number) => RateCounter;

/**
 * Counts per key by the generic cell rate algorithm: one number a key, the instant at which its room is whole again.
 */
export class RateTable implements RateCounter {
  readonly #interval: number;
  readonly #tolerance: number;
  readonly #capacity: number;
  readonly #wholeAt = new Map<string, number>();

  /** `limit` takings in `window` ms. */
  constructor(limit: number, window: number, capacity = RATE_CAPACITY) {
    this.#interval = window / limit;
    this.#tolerance = window - this.#interval;
    this.#capacity = capacity;
  }

  get size(): number {
    return this.#wholeAt.size;
  }

  wait(key: string, now: number): number {
    const wholeAt = this.#wholeAt.get(key);
    if (wholeAt === undefined || wholeAt <= now) return 0;
    return Math.max(0, wholeAt - now - this.#tolerance);
  }

  take(key: string, now: number): number {
    const wait = this.wait(key, now);
    const before = this.#wholeAt.get(key);
    if (before !== undefined) this.#wholeAt.delete(key);
    else if (this.#wholeAt.size >= this.#capacity) this.#forgetQuietest();
    this.#wholeAt.set(key, wait > 0 ? before! : Math.max(before ?? 0, now) + this.#interval);
    return wait;
  }

  /** The map is in order of last use. */
  #forgetQuietest(): void {
    const first = this.#wholeAt.keys().next();
    if (!first.done) this.#wholeAt.delete(first.value);
  }
}

interface CompiledRule {
  readonly per: RateRule["per"];
  readonly parties: ReadonlySet<string> | null;
  readonly targets: ReadonlySet<string> | null;
  readonly entrypoints: ReadonlySet<string> | null;
  readonly table: RateCounter;
}

/** Rules that stand together: of a registry, a service, or one route. Each has its own counts. */
export class RateRules {
  readonly #beforeProof: readonly CompiledRule[];
  readonly #afterProof: readonly CompiledRule[];
  readonly #clock: RateClock;

  constructor(rules: readonly RateRule[], clock: RateClock, counters: RateCounters = ownCounts) {
    const compiled = rules.map((rule) => compileRule(rule, counters));
    // What needs no proof is asked before any cryptography.
    this.#beforeProof = compiled.filter((rule) => rule.per === "address" && rule.parties === null);
    this.#afterProof = compiled.filter((rule) => rule.per !== "address" || rule.parties !== null);
    this.#clock = clock;
  }

  get isEmpty(): boolean {
    return this.#beforeProof.length === 0 && this.#afterProof.length === 0;
  }

  /** The refusal under the rules that need no proof; counts the request. */
  refuseUnproved(subject: RateSubject): Refusal | null {
    if (this.#beforeProof.length === 0 || subject.address === "") return null;
    return this.#ask(this.#beforeProof, subject, null);
  }

  /** The refusal under the rules about proved callers; counts the request. */
  refuseCaller(subject: RateSubject, caller: SealedCaller): Refusal | null {
    return this.#afterProof.length === 0 ? null : this.#ask(this.#afterProof, subject, caller);
  }

  /** Both, for a message on a connection that was proved before. */
  refuse(subject: RateSubject, caller: SealedCaller): Refusal | null {
    return this.refuseUnproved(subject) ?? this.refuseCaller(subject, caller);
  }

  #ask(rules: readonly CompiledRule[], subject: RateSubject, caller: SealedCaller | null): Refusal | null {
    const now = this.#clock.now();
    for (const rule of rules) {
      if (!applies(rule, subject, caller)) continue;
      const key = keyOf(rule.per, subject, caller);
      const wait = key === null ? 0 : rule.table.take(key, now);
      if (wait > 0) return overloaded(`rate.${rule.per}`, wait);
    }
    return null;
  }
}

function applies(rule: CompiledRule, subject: RateSubject, caller: SealedCaller | null): boolean {
  if (rule.targets !== null && !rule.targets.has(subject.target)) return false;
  if (rule.parties !== null && !(caller !== null && rule.parties.has(caller.party))) return false;
  const { entrypoints } = rule;
  return entrypoints === null || entrypoints.has(subject.kind) || entrypoints.has(`${subject.kind}:${subject.name}`);
}

function keyOf(per: RateRule["per"], subject: RateSubject, caller: SealedCaller | null): string | null {
  if (per === "connection") return subject.connection;
  if (per === "identity" && caller !== null && caller.identity !== undefined) {
    return `${caller.base} ${identityText(caller.identity)}`;
  }
  return subject.address === "" ? null : addressKey(subject.address);
}

/** Failed proofs per address and minute, of a whole registry. */
export class FailedProofs {
  readonly #table: RateCounter;
  readonly #clock: RateClock;

  /** `limit` failures a minute; `Infinity` counts none. */
  constructor(limit: number, clock: RateClock, counters: RateCounters = ownCounts) {
    this.#table = counters(limit, FAILURE_WINDOW_MS);
    this.#clock = clock;
  }

  /** The refusal of an address that failed too often and presents something again; null otherwise. */
  refuse(bases: readonly AnyParty[], presentation: Presentation): Refusal | null {
    const address = presentation.address ?? "";
    if (address === "" || this.#table.size === 0) return null;
    const wait = this.#table.wait(addressKey(address), this.#clock.now());
    if (wait === 0 || !bases.some((base) => base.scheme.isPresented(presentation))) return null;
    return overloaded("rate.failed_proofs", wait);
  }

  /** Counts what was presented and is not valid. An expired or repeated credential was once real and is not a guess. */
  note(credentials: Credentials, presentation: Presentation): void {
    const address = presentation.address ?? "";
    if (address === "") return;
    const { failure } = credentials;
    if (failure === null || failure.outcome !== "unauthenticated" || isOurs(failure.reason)) return;
    this.#table.take(addressKey(address), this.#clock.now());
  }
}

/** True where nobody could tell whether the credential is good: that must not shut out the address it came from. */
function isOurs(reason: string): boolean {
  return UNJUDGED.has(reason) || reason.startsWith("verify.threw");
}
const UNJUDGED: ReadonlySet<string> = new Set(["oidc.keys_unavailable", "identity.deadline", "party.unprepared"]);

function overloaded(reason: string, wait: number): Refusal {
  return new Refusal("overloaded", { reason, retryAfter: Math.max(1, Math.ceil(wait / 1000)) });
}

/** The key of an address: itself, or the /64 of an IPv6 one, which is the least a network hands out (RFC 6177). */
export function addressKey(address: string): string {
  if (!address.includes(":")) return address;
  const [text = ""] = address.split("%");
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(text);
  if (mapped !== null) return mapped[1]!;
  const [head = "", tail] = text.split("::");
  const before = head === "" ? [] : head.split(":");
  const after = tail === undefined || tail === "" ? [] : tail.split(":");
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - before.length - after.length);
  const groups = [...before, ...Array<string>(zeros).fill("0"), ...after];
  return `${groups
    .slice(0, 4)
    .map((group) => group.toLowerCase().replace(/^0+(?=.)/, ""))
    .join(":")}::/64`;
}

function ownCounts(limit: number, window: number): RateCounter {
  return new RateTable(limit, window);
}

function compileRule(rule: RateRule, counters: RateCounters): CompiledRule {
  return {
    per: rule.per,
    parties: namesOf(rule.party),
    targets: namesOf(rule.target),
    entrypoints: namesOf(rule.entrypoint),
    table: counters(rule.limit, rule.window * 1000),
  };
}

function namesOf(names: string | readonly string[] | undefined): ReadonlySet<string> | null {
  if (names === undefined) return null;
  return new Set(typeof names === "string" ? [names] : names);
}

/**
 * Checks rules as they are declared; `where` begins the message, such as `service(): limits.rate`.
 *
 * @throws ConfigurationError `rate.rule_invalid`
 */
export function assertRateRules(rules: unknown, where: string): asserts rules is readonly RateRule[] {
  if (!Array.isArray(rules)) throw invalid(where, "is a list of rules");
  for (const [index, rule] of rules.entries()) assertRule(rule, `${where}[${index}]`);
}

function assertRule(rule: unknown, where: string): void {
  if (typeof rule !== "object" || rule === null) throw invalid(where, "is an object");
  for (const key of Object.keys(rule)) {
    if (!RULE_KEYS.has(key)) throw invalid(where, `has an unknown key \`${key}\`. Known: ${[...RULE_KEYS].join(", ")}`);
  }
  const { per, limit, window, party, target, entrypoint } = rule as Record<string, unknown>;
  if (per !== "address" && per !== "identity" && per !== "connection") {
    throw invalid(where, 'counts `per` "address", "identity" or "connection"');
  }
  if (!(Number.isSafeInteger(limit) && (limit as number) > 0)) throw invalid(where, "has a whole `limit` above 0");
  if (!(typeof window === "number" && window > 0 && window <= LONGEST_WINDOW)) {
    throw invalid(where, `has a \`window\` in seconds, above 0 and at most ${LONGEST_WINDOW}`);
  }
  for (const [key, value] of Object.entries({ party, target, entrypoint })) {
    const names = typeof value === "string" ? [value] : value;
    const valid = Array.isArray(names) && names.length > 0 && names.every((name) => typeof name === "string");
    if (value !== undefined && !valid) throw invalid(where, `names ${key} by a text or a list of texts`);
  }
}

function invalid(where: string, what: string): ConfigurationError {
  return new ConfigurationError("rate.rule_invalid", `${where} ${what}.`);
}
