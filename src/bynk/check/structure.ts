/** Comparing types of two contexts by structure (reference §11.4). */
import type { DeclaredType, Predicate, RecordShape, RefinedShape, SumShape, Type } from "./model.ts";
import { argumentsOf, baseOf, printType } from "./types.ts";

/** Where an argument's type departs from the parameter's, and how. */
export interface Difference {
  /** Fields and variants on the way, with dots; empty for the type itself. */
  readonly path: string;
  readonly reason: string;
}

/** The first difference between an argument of type `found` and a parameter of type `wanted`; undefined: it fits. */
export function findDifference(found: Type, wanted: Type): Difference | undefined {
  return compare(found, wanted, "", new Set());
}

function compare(found: Type, wanted: Type, path: string, seen: Set<string>): Difference | undefined {
  if (found.kind === "error" || wanted.kind === "error" || found === wanted) return undefined;
  if (wanted.kind === "declared") return compareDeclared(found, wanted.declared, path, seen);
  if (wanted.kind === "base") return baseOf(found) === wanted.name ? undefined : differ(found, wanted, path);
  if (found.kind !== wanted.kind) return differ(found, wanted, path);
  const wantedParts = argumentsOf(wanted);
  for (const [index, part] of argumentsOf(found).entries()) {
    const other = wantedParts[index];
    const difference = other && compare(part, other, path, seen);
    if (difference !== undefined) return difference;
  }
  return undefined;
}

function differ(found: Type, wanted: Type, path: string): Difference {
  return { path, reason: `\`${printType(wanted)}\` is expected, and this is \`${printType(found)}\`` };
}

function compareDeclared(found: Type, wanted: DeclaredType, path: string, seen: Set<string>): Difference | undefined {
  if (found.kind !== "declared") {
    const { shape } = wanted;
    // A plain value does not satisfy predicates that nobody has checked.
    const plain = shape.kind === "refined" && !shape.opaque && shape.predicates.length === 0;
    return plain && baseOf(found) === shape.base ? undefined : differ(found, wanted.type, path);
  }
  const { declared } = found;
  if (declared === wanted) return undefined;
  // A pair met again on the way down is being compared already: recursive types.
  const pair = `${declared.unit.name}.${declared.name} ${wanted.unit.name}.${wanted.name}`;
  if (seen.has(pair)) return undefined;
  seen.add(pair);
  const [a, b] = [declared.shape, wanted.shape];
  if (a.kind === "broken" || b.kind === "broken") return undefined;
  if (a.kind === "refined" && b.kind === "refined") return compareRefined(declared, a, wanted, b, path);
  if (a.kind === "record" && b.kind === "record") return compareRecords(a, b, path, seen);
  if (a.kind === "sum" && b.kind === "sum") return compareSums(a, b, path, seen);
  return differ(found, wanted.type, path);
}

function compareRefined(
  found: DeclaredType,
  a: RefinedShape,
  wanted: DeclaredType,
  b: RefinedShape,
  path: string,
): Difference | undefined {
  if (a.base !== b.base || a.opaque !== b.opaque) return differ(found.type, wanted.type, path);
  if (a.opaque && found.name !== wanted.name) return { path, reason: "opaque types must have the same name" };
  const same = b.predicates.length === 0 || samePredicates(a.predicates, b.predicates);
  return same ? undefined : { path, reason: `\`${found.name}\` and \`${wanted.name}\` have different predicates` };
}

function samePredicates(a: readonly Predicate[], b: readonly Predicate[]): boolean {
  return a.length === b.length && a.every((predicate, index) => JSON.stringify(predicate) === JSON.stringify(b[index]));
}

function compareRecords(a: RecordShape, b: RecordShape, path: string, seen: Set<string>): Difference | undefined {
  const extra = a.fields.find((field) => !b.fields.some((other) => other.name === field.name));
  if (extra !== undefined) return { path, reason: `the field \`${extra.name}\` is not expected` };
  for (const wanted of b.fields) {
    const field = a.fields.find((candidate) => candidate.name === wanted.name);
    if (field === undefined) return { path, reason: `the field \`${wanted.name}\` is missing` };
    const difference = compare(field.type, wanted.type, step(path, wanted.name), seen);
    if (difference !== undefined) return difference;
    if (wanted.predicates.length > 0 && !samePredicates(field.predicates, wanted.predicates)) {
      return { path: step(path, wanted.name), reason: "the field has other predicates" };
    }
  }
  return undefined;
}

function compareSums(a: SumShape, b: SumShape, path: string, seen: Set<string>): Difference | undefined {
  const extra = a.variants.find((variant) => !b.variants.some((other) => other.name === variant.name));
  if (extra !== undefined) return { path, reason: `the variant \`${extra.name}\` is not expected` };
  for (const wanted of b.variants) {
    const variant = a.variants.find((candidate) => candidate.name === wanted.name);
    if (variant === undefined) return { path, reason: `the variant \`${wanted.name}\` is missing` };
    const names = (payload: typeof wanted.payload): string => payload.map((field) => field.name).join(", ");
    if (names(variant.payload) !== names(wanted.payload)) {
      return { path: step(path, wanted.name), reason: `its payload is (${names(wanted.payload)})` };
    }
    for (const [index, field] of variant.payload.entries()) {
      const other = wanted.payload[index];
      const difference = other && compare(field.type, other.type, step(path, `${wanted.name}.${field.name}`), seen);
      if (difference !== undefined) return difference;
    }
  }
  return undefined;
}

function step(path: string, name: string): string {
  return path === "" ? name : `${path}.${name}`;
}
