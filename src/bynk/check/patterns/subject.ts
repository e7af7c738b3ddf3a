/** What a pattern can look at: the variants of a sum, built in or not, and of a caller (reference §8.2, §13.6). */
import { builtinVariants } from "../builtin-variants.ts";
import type { Actor, BuiltinFamily, DeclaredType, PayloadField, Type, Variant } from "../model.ts";

/** A variant of the value that is matched. */
export interface SubjectVariant {
  readonly name: string;
  readonly payload: readonly PayloadField[];
  readonly origin:
    | { readonly kind: "variant"; readonly sum: DeclaredType; readonly variant: Variant }
    | { readonly kind: "builtinVariant"; readonly family: BuiltinFamily }
    | { readonly kind: "caller"; readonly actor: Actor };
}

const cache = new WeakMap<object, readonly SubjectVariant[]>();

/** All variants of a type in declared order; undefined for a type that has none. */
export function variantsOf(type: Type): readonly SubjectVariant[] | undefined {
  const known = cache.get(type);
  if (known !== undefined) return known;
  const variants = findVariants(type);
  if (variants !== undefined) cache.set(type, variants);
  return variants;
}

export function findVariant(type: Type, name: string): SubjectVariant | undefined {
  return variantsOf(type)?.find((variant) => variant.name === name);
}

function findVariants(type: Type): readonly SubjectVariant[] | undefined {
  if (type.kind === "callerSum") return type.members.map(callerVariant);
  if (type.kind === "declared") return declaredVariants(type.declared);
  return builtinVariants(type)?.map(({ family, name, payload }) => ({
    name,
    payload,
    origin: { kind: "builtinVariant", family },
  }));
}

function declaredVariants(sum: DeclaredType): readonly SubjectVariant[] | undefined {
  if (sum.shape.kind !== "sum") return undefined;
  return sum.shape.variants.map((variant) => ({
    name: variant.name,
    payload: variant.payload,
    origin: { kind: "variant", sum, variant },
  }));
}

function callerVariant(actor: Actor): SubjectVariant {
  const payload = actor.identity === undefined ? [] : [{ name: "identity", type: actor.identity }];
  return { name: actor.name, payload, origin: { kind: "caller", actor } };
}
