/** Which variant a name stands for, user-made or built in (reference §5). */
import type { Expr, Span } from "../syntax/ast.ts";
import type { Body } from "./body.ts";
import { type BuiltinVariant, httpVariant, isHttpVariant, isQueueVariant, queueVariant } from "./builtin-variants.ts";
import type { DeclaredType, PayloadField, Type, Variant } from "./model.ts";
import type { VisibleVariant } from "./state.ts";
import { errorType, httpResultOf, queueResultType } from "./types.ts";

/** A variant with everything that building it needs. */
export type FoundVariant =
  | { readonly kind: "declared"; readonly sum: DeclaredType; readonly variant: Variant }
  | { readonly kind: "builtin"; readonly variant: BuiltinVariant; readonly value: Type | undefined };

/** What a bare name may be: one variant, several, or none. */
export type VariantLookup =
  | FoundVariant
  | { readonly kind: "ambiguous"; readonly owners: readonly string[] }
  | undefined;

/**
 * A built-in response or queue variant goes first where such a type is expected, and last elsewhere. Sums that may be
 * built here go before foreign ones.
 */
export function lookUpVariant(body: Body, name: string, hint: Type | undefined): VariantLookup {
  if (hint?.kind === "httpResult" && isHttpVariant(name)) return http(name, hint.value);
  if (hint?.kind === "queueResult" && isQueueVariant(name)) return queue(name);
  const owners = preferOwn(body.unit.scope.variants.get(name) ?? []);
  const [first, second] = owners;
  if (first !== undefined && second === undefined) return { kind: "declared", sum: first.sum, variant: first.variant };
  if (first !== undefined) return { kind: "ambiguous", owners: owners.map((owner) => owner.sum.name) };
  if (isHttpVariant(name)) return http(name, body.answer.kind === "httpResult" ? body.answer.value : undefined);
  return isQueueVariant(name) ? queue(name) : undefined;
}

/** `HttpResult.X` and `QueueResult.X`. */
export function builtinMember(
  body: Body,
  owner: string,
  name: string,
  hint: Type | undefined,
): FoundVariant | undefined {
  if (owner === "QueueResult") return isQueueVariant(name) ? queue(name) : undefined;
  if (owner !== "HttpResult" || !isHttpVariant(name)) return undefined;
  const expected = hint ?? body.answer;
  return http(name, expected.kind === "httpResult" ? expected.value : undefined);
}

function http(name: string, value: Type | undefined): FoundVariant {
  return { kind: "builtin", variant: httpVariant(name, value ?? errorType), value };
}

function queue(name: string): FoundVariant {
  return { kind: "builtin", variant: queueVariant(name), value: undefined };
}

function preferOwn(owners: readonly VisibleVariant[]): readonly VisibleVariant[] {
  const own = owners.filter((owner) => owner.visible.visibility === "open");
  return own.length > 0 ? own : owners;
}

export function payloadOf(found: FoundVariant): readonly PayloadField[] {
  return found.variant.payload;
}

/** The name the author would give the variant's type. */
export function ownerName(found: FoundVariant): string {
  if (found.kind === "declared") return found.sum.name;
  return found.variant.family === "queueResult" ? "QueueResult" : "HttpResult";
}

/** Remembers what a node builds, and gives its type. */
export function referToVariant(body: Body, expr: Expr, found: FoundVariant, value: Type | undefined): Type {
  if (found.kind === "declared") {
    body.refer(expr, { kind: "variant", sum: found.sum, variant: found.variant });
    return found.sum.type;
  }
  const { family, name } = found.variant;
  body.refer(expr, { kind: "builtinVariant", family, variant: name });
  return family === "queueResult" ? queueResultType : httpResultOf(value ?? errorType);
}

export function reportAmbiguous(body: Body, name: string, span: Span, owners: readonly string[]): void {
  const choices = owners.map((owner) => `\`${owner}.${name}\``).join(" or ");
  body.report("bynk.resolve.ambiguous_variant", span, { name, owners: owners.join(" and "), choices });
}
