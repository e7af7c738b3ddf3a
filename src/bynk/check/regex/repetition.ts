/**
 * Finds patterns whose matching can take exponential time: an unbounded repetition inside another, such as `(a+)+`
 * (reference §3.4), unless every round of the outer one begins or ends with a unit that nothing else in it takes, as in
 * `[a-z]+(-[a-z]+)*`: then there is only one way to split a text into rounds.
 */
import { parseRegex, type RegexNode } from "./parse.ts";
import { areDisjoint, type UnitSet, union } from "./sets.ts";

/** A pattern with more groups is not analysed but refused: reading it recurses. */
const maxGroups = 200;

/** `pattern` is known to compile. */
export function nestsRepetition(pattern: string): boolean {
  if (pattern.split("(").length > maxGroups) return true;
  return isDangerous(parseRegex(pattern));
}

function isDangerous(node: RegexNode): boolean {
  if (node.kind === "repeat" && node.unbounded && repeats(node.body) && !isDelimited(node.body)) return true;
  return partsOf(node).some(isDangerous);
}

function partsOf(node: RegexNode): readonly RegexNode[] {
  switch (node.kind) {
    case "sequence":
      return node.items;
    case "choice":
      return node.options;
    case "repeat":
      return [node.body];
    default:
      return [];
  }
}

function repeats(node: RegexNode): boolean {
  return (node.kind === "repeat" && node.unbounded) || partsOf(node).some(repeats);
}

function isDelimited(body: RegexNode): boolean {
  if (body.kind !== "sequence") return false;
  const { items } = body;
  return standsAlone(items[0], items.slice(1)) || standsAlone(items.at(-1), items.slice(0, -1));
}

/** A unit that must be there, and that none of the others takes. */
function standsAlone(delimiter: RegexNode | undefined, others: readonly RegexNode[]): boolean {
  return delimiter?.kind === "set" && areDisjoint(delimiter.set, union(others.map(unitsOf)));
}

function unitsOf(node: RegexNode): UnitSet {
  return node.kind === "set" ? node.set : union(partsOf(node).map(unitsOf));
}
