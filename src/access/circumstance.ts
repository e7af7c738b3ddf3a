/**
 * Owns saying under what a verdict was found: facts of an attempt, and which of them the verdict hangs on. Conditions are text,
 * facts joined by commas, as locks keep them.
 */

/** Facts of one attempt; absent where there is but one possibility. */
export interface Circumstance {
  readonly caller?: string;
  readonly claims?: string;
  readonly place?: string;
  readonly state?: string;
  readonly what?: string;
}

type Fact = keyof Circumstance;
/** In the order in which they are left out while the verdicts stay told apart. */
const FACTS: readonly Fact[] = ["caller", "place", "claims", "state", "what"];

/** The facts that the verdicts hang on: leaving out any one more would put different verdicts under one condition. */
export function tellingFacts<T>(found: readonly T[], read: (one: T) => [Circumstance, string]): readonly Fact[] {
  const pairs = found.map(read);
  let kept: readonly Fact[] = FACTS;
  for (const fact of FACTS) {
    const fewer = kept.filter((other) => other !== fact);
    const byCondition = new Map<string, string>();
    const isStillTold = pairs.every(([circumstance, verdict]) => {
      const condition = conditionOf(circumstance, fewer);
      const known = byCondition.get(condition) ?? verdict;
      byCondition.set(condition, known);
      return known === verdict;
    });
    if (isStillTold) kept = fewer;
  }
  return kept;
}

/** The condition as text. */
export function conditionOf(circumstance: Circumstance, facts: readonly Fact[]): string {
  return facts.flatMap((fact) => circumstance[fact] ?? []).join(SEPARATOR);
}

const SEPARATOR = ", ";

/** True when whatever fulfils `condition` fulfils one of `known` already. */
export function isCovered(condition: string, known: readonly string[]): boolean {
  const facts = condition.split(SEPARATOR);
  return known.some((other) => other.split(SEPARATOR).every((fact) => facts.includes(fact)));
}
