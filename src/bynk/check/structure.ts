/** Comparing types of two contexts by structure (reference §11.4). */
import type { DeclaredType, Predicate, RecordShape, RefinedShape, SumShape, Type } from "./model.ts";
import { argumentsOf, baseOf, printType } from "./types.ts";

/** Where an argument's type departs from the parameter's, and how. */
export interface Difference {
  /** Fields and variants on the way, with dots; empty for the type itself. */
  readonly path: string;
  readonly reason: string;
}

/** Two types at corresponding places, which must have the same structure. */
interface Pair {
  readonly found: Type;
  readonly wanted: Type;
  readonly path: string;
}

/** What comparing two types comes to: a difference, or the pairs of their parts. */
type Outcome = Difference | readonly Pair[];

const same: readonly Pair[] = [];

/** A difference between an argument of type `found` and a parameter of type `wanted`; undefined: it fits. */
export function findDifference(found: Type, wanted: Type): Difference | undefined {
  const seen = new Map<DeclaredType, Set<DeclaredType>>();
  const open: Pair[] = [{ found, wanted, path: "" }];
  for (let pair = open.pop(); pair !== undefined; pair = open.pop()) {
    if (isSeen(pair, seen)) continue;
    const outcome = compare(pair);
    if ("reason" in outcome) return outcome;
    open.push(...outcome.toReversed());
  }
  return undefined;
}

/** A pair of declared types met again, in recursive types or elsewhere, has been compared already. */
function isSeen({ found, wanted }: Pair, seen: Map<DeclaredType, Set<DeclaredType>>): boolean {
  if (found.kind !== "declared" || wanted.kind !== "declared") return false;
  const partners = seen.get(found.declared) ?? new Set();
  if (partners.has(wanted.declared)) return true;
  seen.set(found.declared, partners.add(wanted.declared));
  return false;
}

function compare(pair: Pair): Outcome {
  const { found, wanted, path } = pair;
  if (found.kind === "error" || wanted.kind === "error" || found === wanted) return same;
  if (wanted.kind === "declared") return compareDeclared(pair, wanted.declared);
  if (wanted.kind === "base") return baseOf(found) === wanted.name ? same : differ(pair);
  if (found.kind !== wanted.kind) return differ(pair);
  const others = argumentsOf(wanted);
  return argumentsOf(found).flatMap((part, index) => {
    const other = others[index];
    return other === undefined ? [] : [{ found: part, wanted: other, path }];
  });
}

function differ({ found, wanted, path }: Pair): Difference {
  return { path, reason: `\`${printType(wanted)}\` is expected, and this is \`${printType(found)}\`` };
}

function compareDeclared(pair: Pair, wanted: DeclaredType): Outcome {
  const { found, path } = pair;
  const b = wanted.shape;
  if (found.kind !== "declared") {
    // A plain value does not satisfy predicates that nobody has checked.
    const isPlain = b.kind === "refined" && !b.opaque && b.predicates.length === 0;
    return isPlain && baseOf(found) === b.base ? same : differ(pair);
  }
  const a = found.declared.shape;
  if (found.declared === wanted || a.kind === "broken" || b.kind === "broken") return same;
  if (a.kind === "refined" && b.kind === "refined") return compareRefined(pair, found.declared, a, wanted, b);
  if (a.kind === "record" && b.kind === "record") return compareRecords(a, b, path);
  if (a.kind === "sum" && b.kind === "sum") return compareSums(a, b, path);
  return differ(pair);
}

function compareRefined(
  pair: Pair,
  found: DeclaredType,
  a: RefinedShape,
  wanted: DeclaredType,
  b: RefinedShape,
): Outcome {
  const { path } = pair;
  if (a.base !== b.base || a.opaque !== b.opaque) return differ(pair);
  if (a.opaque && found.name !== wanted.name) return { path, reason: "opaque types must have the same name" };
  if (b.predicates.length === 0 || samePredicates(a.predicates, b.predicates)) return same;
  return { path, reason: `\`${found.name}\` and \`${wanted.name}\` have different predicates` };
}

function samePredicates(a: readonly Predicate[], b: readonly Predicate[]): boolean {
  return a.length === b.length && a.every((predicate, index) => JSON.stringify(predicate) === JSON.stringify(b[index]));
}

function compareRecords(a: RecordShape, b: RecordShape, path: string): Outcome {
  const extra = a.fields.find((field) => !b.fields.some((other) => other.name === field.name));
  if (extra !== undefined) return { path, reason: `the field \`${extra.name}\` is not expected` };
  const pairs: Pair[] = [];
  for (const wanted of b.fields) {
    const field = a.fields.find((candidate) => candidate.name === wanted.name);
    if (field === undefined) return { path, reason: `the field \`${wanted.name}\` is missing` };
    const inner = step(path, wanted.name);
    if (wanted.predicates.length > 0 && !samePredicates(field.predicates, wanted.predicates)) {
      return { path: inner, reason: "the field has other predicates" };
    }
    pairs.push({ found: field.type, wanted: wanted.type, path: inner });
  }
  return pairs;
}

function compareSums(a: SumShape, b: SumShape, path: string): Outcome {
  const extra = a.variants.find((variant) => !b.variants.some((other) => other.name === variant.name));
  if (extra !== undefined) return { path, reason: `the variant \`${extra.name}\` is not expected` };
  const pairs: Pair[] = [];
  for (const wanted of b.variants) {
    const variant = a.variants.find((candidate) => candidate.name === wanted.name);
    if (variant === undefined) return { path, reason: `the variant \`${wanted.name}\` is missing` };
    const inner = step(path, wanted.name);
    const names = (payload: typeof wanted.payload): string => payload.map((field) => field.name).join(", ");
    if (names(variant.payload) !== names(wanted.payload)) {
      return { path: inner, reason: `its payload is (${names(wanted.payload)})` };
    }
    for (const [index, field] of variant.payload.entries()) {
      const other = wanted.payload[index]?.type ?? field.type;
      pairs.push({ found: field.type, wanted: other, path: step(inner, field.name) });
    }
  }
  return pairs;
}

function step(path: string, name: string): string {
  return path === "" ? name : `${path}.${name}`;
}
