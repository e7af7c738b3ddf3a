/**
 * A pattern as an automaton: every place where it takes a unit, and from which place a matcher can go on to which.
 *
 * I1. Ways are counted: where two lead from one place to another without taking a unit in between, the edge says so. A
 * matcher that gives up tries each of them.
 * I2. Repetition follows ECMAScript: rounds beyond the least number take something, those that have to be may be empty.
 * I3. It is no larger than `maxPlaces` and `maxEdges`; for a larger pattern {@link TooManyWays} is thrown.
 */
import type { RegexNode } from "./parse.ts";
import type { UnitSet } from "./sets.ts";

export interface Automaton {
  /** What is taken at each place. */
  readonly sets: readonly UnitSet[];
  /** From a place to those behind it, with the number of ways: one, or more than one. */
  readonly follow: readonly ReadonlyMap<number, 1 | 2>[];
}

/** The pattern has more ways through it, or more places, than are looked at. */
export class TooManyWays extends Error {}

const maxPlaces = 4_000;
const maxEdges = 100_000;

/** Rounds up to this number are written out; more are taken for a repetition without end. */
const maxRounds = 300;

/** Rounds beyond this number are looked at as if they had no end, too: two ways in each are many ways through all. */
const fewRounds = 8;

/** Places with the number of ways to them. */
type Ways = ReadonlyMap<number, 1 | 2>;

interface Part {
  /** Ways to take nothing: none, one, or more than one. */
  readonly empty: 0 | 1 | 2;
  readonly first: Ways;
  readonly last: Ways;
}

interface Build {
  readonly sets: UnitSet[];
  readonly follow: Map<number, 1 | 2>[];
  /** Parts that are looked at by themselves as well. */
  readonly apart: Set<RegexNode>;
  edges: number;
}

/** The automata of a pattern, of the assertions in it, and of each part with many rounds. @throws TooManyWays */
export function automataOf(pattern: RegexNode): readonly Automaton[] {
  const apart = new Set<RegexNode>();
  const found: Automaton[] = [build(pattern, apart)];
  for (const part of apart) found.push(build(part, apart));
  return found;
}

/** A part by itself: what an assertion asks for, or a repetition as if it had no end. */
function build(part: RegexNode, apart: Set<RegexNode>): Automaton {
  const made: Build = { sets: [], follow: [], apart, edges: 0 };
  if (part.kind === "assertion") addPart(made, part.body, 1);
  else if (part.kind === "repeat" && apart.has(part)) loop(made, addPart(made, part.body, 1));
  else addPart(made, part, 1);
  return made;
}

const nothing: Part = { empty: 1, first: new Map(), last: new Map() };

/** `rounds` is how often repetitions around the node write it out. */
function addPart(build: Build, node: RegexNode, rounds: number): Part {
  switch (node.kind) {
    case "empty":
      return nothing;
    case "assertion":
      build.apart.add(node);
      return nothing;
    case "set": {
      const place = build.sets.push(node.set) - 1;
      if (place >= maxPlaces) throw new TooManyWays();
      build.follow.push(new Map());
      return { empty: 0, first: new Map([[place, 1]]), last: new Map([[place, 1]]) };
    }
    case "sequence":
      return node.items.map((item) => addPart(build, item, rounds)).reduce((a, b) => join(build, a, b), nothing);
    case "choice":
      return node.options.map((option) => addPart(build, option, rounds)).reduce(either);
    case "repeat":
      return addRepeat(build, node, rounds);
  }
}

function addRepeat(build: Build, node: RegexNode & { readonly kind: "repeat" }, rounds: number): Part {
  const { body, min, max } = node;
  if (max === 0) return nothing;
  const written = max === Infinity ? Math.max(min, 1) : max;
  const isLong = written * rounds > maxRounds;
  if (written * rounds > fewRounds) build.apart.add(node);
  const least = isLong ? Math.min(min, 1) : min;
  const within = rounds * (isLong ? 1 : written);
  const add = (): Part => addPart(build, body, within);
  let part = nothing;
  for (let round = 0; round < least; round++) part = join(build, part, add());
  // Each of many rounds that may be empty is another one to try.
  if (min * rounds > fewRounds && part.empty > 0 && part.first.size > 0) throw new TooManyWays();
  if (max === Infinity || isLong) {
    // One round that takes something is its own repetition.
    if (least === 1 && part.empty === 0) return loop(build, part);
    return join(build, part, optional(loop(build, add())));
  }
  let rest = nothing;
  for (let round = least; round < max; round++) rest = optional(join(build, full(add()), rest));
  return join(build, part, rest);
}

/** The same without the empty ways. */
function full(part: Part): Part {
  return { ...part, empty: 0 };
}

function optional(part: Part): Part {
  return { ...part, empty: 1 };
}

function loop(build: Build, body: Part): Part {
  connect(build, body.last, body.first);
  return body;
}

function join(build: Build, a: Part, b: Part): Part {
  connect(build, a.last, b.first);
  return {
    empty: times(a.empty, b.empty),
    first: add(a.first, b.first, a.empty),
    last: add(b.last, a.last, b.empty),
  };
}

function either(a: Part, b: Part): Part {
  return { empty: plus(a.empty, b.empty), first: add(a.first, b.first, 1), last: add(a.last, b.last, 1) };
}

function connect(build: Build, from: Ways, to: Ways): void {
  build.edges += from.size * to.size;
  if (build.edges > maxEdges) throw new TooManyWays();
  for (const [place, leaving] of from) {
    const edges = build.follow[place];
    for (const [target, entering] of to) edges?.set(target, more(edges.get(target) ?? 0, times(leaving, entering)));
  }
}

/** The ways of `a`, and those of `b` behind `factor` ways. */
function add(a: Ways, b: Ways, factor: 0 | 1 | 2): Ways {
  if (factor === 0 || b.size === 0) return a;
  if (a.size === 0 && factor === 1) return b;
  const sum = new Map(a);
  for (const [place, ways] of b) sum.set(place, more(sum.get(place) ?? 0, times(ways, factor)));
  return sum;
}

function plus(a: number, b: number): 0 | 1 | 2 {
  const sum = a + b;
  return sum > 1 ? 2 : sum === 1 ? 1 : 0;
}

function times(a: number, b: number): 0 | 1 | 2 {
  return plus(a * b, 0);
}

/** As {@link plus}, where there is at least one way. */
function more(a: number, b: number): 1 | 2 {
  return a + b > 1 ? 2 : 1;
}
