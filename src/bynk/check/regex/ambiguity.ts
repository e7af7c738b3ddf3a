/**
 * Finds patterns whose matching can take exponential time (reference §3.4). A matcher that tries one way after another does
 * so exactly where some text leads from a place of the pattern back to it in two ways: as `(a+)+` does, and `(a|a)*`, and
 * `(a|ab|b)*`. Read twice as often, that text has four ways, then eight, and one unit that does not fit makes it try all.
 *
 * I1. What is not refused has no such place. What is too large to tell is refused.
 */
import { findComponents } from "../graph.ts";
import { type Automaton, automataOf, TooManyWays } from "./automaton.ts";
import { parseRegex } from "./parse.ts";
import { areDisjoint } from "./sets.ts";

/** A pattern with more groups is not analysed but refused: reading it recurses. */
const maxGroups = 200;

/** Steps of two matchers side by side that are looked at before a pattern counts as too large. */
const maxSteps = 300_000;

/** `pattern` is known to compile. */
export function takesForever(pattern: string): boolean {
  if (pattern.split("(").length > maxGroups) return true;
  try {
    return automataOf(parseRegex(pattern)).some(isAmbiguous);
  } catch (error) {
    if (error instanceof TooManyWays) return true;
    throw error;
  }
}

function isAmbiguous(automaton: Automaton): boolean {
  const { sets, follow } = automaton;
  const components = findComponents<number>({
    nodes: sets.keys(),
    next: (place) => [...(follow[place]?.keys() ?? [])],
  });
  return components.some((places) => branches(automaton, new Set(places)));
}

/**
 * Whether two ways along `places`, a circle of the automaton, part and meet again while they take the same text: two matchers
 * go side by side from each place of the circle. Since it is one, from where they meet they come back to where they parted.
 */
function branches({ sets, follow }: Automaton, places: ReadonlySet<number>): boolean {
  const size = sets.length;
  const exits = exitsOf(follow, places);
  const waiting = [...places].map((place) => place * size + place);
  const seen = new Set(waiting);
  const expanded = new Set<string>();
  let steps = 0;
  for (const pair of waiting) {
    const [left, right] = [Math.floor(pair / size), pair % size];
    const [lefts, rights] = [exits.get(left), exits.get(right)];
    if (lefts === undefined || rights === undefined) continue;
    if (lefts.twice) return true;
    // Places that are left in the same ways lead two matchers to the same pairs.
    const key = `${left === right}|${lefts.key}|${rights.key}`;
    if (expanded.has(key)) continue;
    expanded.add(key);
    for (const a of lefts.places) {
      for (const b of rights.places) {
        steps += 1;
        if (steps > maxSteps) throw new TooManyWays();
        if (a !== b && areDisjoint(sets[a] ?? [], sets[b] ?? [])) continue;
        if (a === b && left !== right) return true;
        const next = Math.min(a, b) * size + Math.max(a, b);
        if (seen.has(next)) continue;
        seen.add(next);
        waiting.push(next);
      }
    }
  }
  return false;
}

interface Exits {
  readonly places: readonly number[];
  /** The same for places that are left in the same ways. */
  readonly key: string;
  /** One of them is reached in two ways. */
  readonly twice: boolean;
}

/** How each place of a circle is left without leaving the circle. */
function exitsOf(follow: Automaton["follow"], places: ReadonlySet<number>): ReadonlyMap<number, Exits> {
  const exits = new Map<number, Exits>();
  for (const place of places) {
    const within = [...(follow[place] ?? [])].filter(([target]) => places.has(target));
    const targets = within.map(([target]) => target);
    exits.set(place, { places: targets, key: targets.join(), twice: within.some(([, ways]) => ways > 1) });
  }
  return exits;
}
