/**
 * Owns the counts: how many decisions of each shape, how long they took, and what the registry holds when asked. Bounded: shapes
 * are made of declared names, party names, outcomes and reason codes; past the bound further ones are counted as one.
 */
import type { Decision, DecisionSinkContext, EntryKind } from "../actors/decisions.ts";
import type { Levels } from "../actors/levels.ts";

/** What decisions are counted by. */
export interface Shape {
  readonly target: string;
  readonly kind: EntryKind;
  /** Declared name of the entrypoint; {@link UNDECLARED} for all others. */
  readonly name: string;
  /** Empty where nobody was proved. */
  readonly party: string;
  readonly outcome: string;
  /** Empty for what was allowed. */
  readonly reason: string;
}

export interface Count {
  readonly shape: Shape;
  count: number;
}

/** Durations of decisions by kind and outcome, as Prometheus knows histograms. */
export interface Histogram {
  readonly kind: EntryKind;
  readonly outcome: string;
  /** Of each bound, those at or below it and above the one before; the last one has no bound. */
  readonly counts: number[];
  /** Seconds. */
  sum: number;
  count: number;
}

/** The name that stands for every name a peer made up. */
export const UNDECLARED = "(undeclared)";
/** The target of what is counted past the bound. */
export const OTHER = "(other)";
/** Shapes counted one by one. */
export const MAX_SHAPES = 10_000;
const MAX_REASON = 64;
/** Codes of a program's own errors counted one by one: what it puts into them may be without end. */
export const MAX_USER_CODES = 64;
const OTHER_CODE = `user:${OTHER}`;

const NO_LEVELS: Levels = { actors: [], connections: [], leaseEnds: { expired: 0, revoked: 0 } };

/** A decision with where it is counted. */
interface Known {
  readonly decision: Decision;
  readonly count: Count;
  readonly histogram: Histogram;
}

export class Tally {
  /** Upper bounds, seconds. */
  readonly bounds: readonly number[];
  readonly #counts = new Map<string, Count>();
  readonly #histograms = new Map<string, Histogram>();
  readonly #userCodes = new Set<string>();
  /** Targets and parties that ever had a connection: declared names, so few. */
  readonly #seen = new Map<string, { readonly target: string; readonly party: string }>();
  #context: Pick<DecisionSinkContext, "isDeclared" | "levels"> | null = null;
  #last: Known | null = null;

  constructor(bounds: readonly number[]) {
    this.bounds = bounds;
  }

  start(context: Pick<DecisionSinkContext, "isDeclared" | "levels">): void {
    this.#context = context;
  }

  add(decision: Decision): void {
    const last = this.#last;
    // Nearly every decision repeats the one before; comparing is cheaper than looking it up.
    const same = last !== null && repeats(last.decision, decision) ? last : this.#find(decision);
    this.#last = same;
    same.count.count += 1;
    observe(same.histogram, this.bounds, decision.duration / 1000);
  }

  #find(decision: Decision): Known {
    return { decision, count: this.#countOf(decision), histogram: this.#histogramOf(decision) };
  }

  #countOf(decision: Decision): Count {
    const { target, kind, party, outcome } = decision;
    const reason = this.#reasonOf(decision);
    const name = nameOf(this.#context, decision);
    const shape: Shape = { target, kind, name, party: party ?? "", outcome, reason };
    const id = JSON.stringify(Object.values(shape));
    let count = this.#counts.get(id);
    if (count !== undefined) return count;
    if (this.#counts.size >= MAX_SHAPES) return this.#overflow(kind, outcome);
    count = { shape, count: 0 };
    this.#counts.set(id, count);
    return count;
  }

  #reasonOf({ reason }: Decision): string {
    const short = reason.slice(0, MAX_REASON);
    if (!short.startsWith("user:") || this.#userCodes.has(short)) return short;
    if (this.#userCodes.size >= MAX_USER_CODES) return OTHER_CODE;
    this.#userCodes.add(short);
    return short;
  }

  #overflow(kind: EntryKind, outcome: string): Count {
    const id = `${OTHER} ${kind} ${outcome}`;
    let count = this.#counts.get(id);
    if (count === undefined) {
      count = { shape: { target: OTHER, kind, name: "", party: "", outcome, reason: "" }, count: 0 };
      this.#counts.set(id, count);
    }
    return count;
  }

  #histogramOf({ kind, outcome }: Decision): Histogram {
    const id = `${kind} ${outcome}`;
    let histogram = this.#histograms.get(id);
    if (histogram === undefined) {
      histogram = { kind, outcome, counts: new Array(this.bounds.length + 1).fill(0), sum: 0, count: 0 };
      this.#histograms.set(id, histogram);
    }
    return histogram;
  }

  counts(): Iterable<Count> {
    return this.#counts.values();
  }
  histograms(): Iterable<Histogram> {
    return this.#histograms.values();
  }
  /** What is held now. Connections of a target and party that are all gone are 0: readers keep the last value they saw. */
  levels(): Levels {
    const levels = this.#context?.levels() ?? NO_LEVELS;
    const connections = [...levels.connections];
    const present = new Set(connections.map(({ target, party }) => `${target} ${party}`));
    for (const { target, party } of connections) this.#seen.set(`${target} ${party}`, { target, party });
    for (const [id, pair] of this.#seen) {
      if (!present.has(id)) connections.push({ ...pair, connections: 0, leased: 0, subscriptions: 0 });
    }
    return { ...levels, connections };
  }
}

/** The name a decision is reported under. */
export function nameOf(
  context: Pick<DecisionSinkContext, "isDeclared"> | null,
  { target, kind, name }: Decision,
): string {
  return context?.isDeclared(target, kind, name) === true ? name : UNDECLARED;
}

function repeats(one: Decision, other: Decision): boolean {
  return (
    one.name === other.name &&
    one.target === other.target &&
    one.kind === other.kind &&
    one.party === other.party &&
    one.outcome === other.outcome &&
    one.reason === other.reason
  );
}

function observe(histogram: Histogram, bounds: readonly number[], seconds: number): void {
  histogram.count += 1;
  histogram.sum += seconds;
  let at = 0;
  while (at < bounds.length && seconds > bounds[at]!) at += 1;
  histogram.counts[at]! += 1;
}
