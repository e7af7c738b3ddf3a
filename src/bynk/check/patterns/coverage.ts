/**
 * Whether the arms of a `match` leave a value out, come too late, or repeat each other (reference §8.2).
 *
 * Patterns are first brought into a plain form, in which only what they test remains.
 */
import type { MatchArm, Pattern } from "../../syntax/ast.ts";
import type { Body } from "../body.ts";
import type { ResolvedPattern, Type } from "../model.ts";
import { baseOf } from "../types.ts";
import { variantsOf } from "./subject.ts";

/** What a pattern tests. `never` counts as covering nothing: `_ where …`. */
type Plain =
  | { readonly kind: "any" }
  | { readonly kind: "never"; readonly key: string }
  | { readonly kind: "literal"; readonly value: number | string | boolean }
  | { readonly kind: "variant"; readonly name: string; readonly fields: ReadonlyMap<string, readonly Plain[]> };

const any: Plain = { kind: "any" };

/** Reports arms that can never be reached, arms written twice, and values that no arm takes. */
export function checkCoverage(
  body: Body,
  arms: readonly MatchArm[],
  subject: Type,
  place: { start: number; end: number },
): void {
  const covering: Plain[] = [];
  const seen = new Map<string, MatchArm>();
  let catchAll: MatchArm | undefined;
  for (const arm of arms) {
    const plain = simplify(body, arm.pattern);
    if (catchAll !== undefined) {
      const related = [{ source: body.source, span: catchAll.pattern.span, message: "takes every value" }];
      body.report("bynk.types.unreachable_arm", arm.pattern.span, {}, { related });
      break;
    }
    if (arm.guard !== undefined) continue;
    reportRepeated(body, arm, plain, seen);
    covering.push(...plain);
    if (plain.some((part) => part.kind === "any")) catchAll = arm;
  }
  for (const witness of missing(subject, covering)) {
    body.report("bynk.types.non_exhaustive_match", place, { witness });
  }
}

function reportRepeated(body: Body, arm: MatchArm, plain: readonly Plain[], seen: Map<string, MatchArm>): void {
  const key = plain.map(keyOf).join(" | ");
  const first = seen.get(key);
  if (first === undefined) {
    seen.set(key, arm);
    return;
  }
  const related = [{ source: body.source, span: first.pattern.span, message: "the first of the two" }];
  const pattern = body.source.text.slice(arm.pattern.span.start, arm.pattern.span.end);
  const [part] = plain;
  if (part?.kind === "literal")
    body.report("bynk.types.duplicate_literal_arm", arm.pattern.span, { pattern }, { related });
  else if (part?.kind === "variant") {
    body.report("bynk.types.duplicate_variant_arm", arm.pattern.span, { pattern }, { related });
  }
}

function keyOf(plain: Plain): string {
  switch (plain.kind) {
    case "any":
      return "_";
    case "never":
      return plain.key;
    case "literal":
      return JSON.stringify(plain.value);
    case "variant": {
      const tested = [...plain.fields].map(([field, parts]) => `${field}: ${parts.map(keyOf).join(" | ")}`);
      return `${plain.name}(${tested
        .filter((part) => !part.endsWith(": _"))
        .toSorted()
        .join(", ")})`;
    }
  }
}

/** The plain forms of a pattern: one for each alternative. */
function simplify(body: Body, pattern: Pattern): readonly Plain[] {
  if (pattern.kind === "ParenPattern") return simplify(body, pattern.inner);
  if (pattern.kind === "OrPattern") return pattern.alternatives.flatMap((part) => simplify(body, part));
  const resolved = body.typing.patterns.get(pattern);
  return [resolved === undefined ? any : simplifyResolved(body, pattern, resolved)];
}

function simplifyResolved(body: Body, pattern: Pattern, resolved: ResolvedPattern): Plain {
  switch (resolved.kind) {
    case "literal":
      return { kind: "literal", value: resolved.value };
    case "refined":
      return { kind: "never", key: body.source.text.slice(pattern.span.start, pattern.span.end) };
    case "variant":
    case "builtinVariant": {
      const name = resolved.kind === "variant" ? resolved.variant.name : resolved.variant;
      const fields = resolved.fields.map((field) => [field.field, simplify(body, field.pattern)] as const);
      return { kind: "variant", name, fields: new Map(fields) };
    }
    case "caller": {
      const { actor, identity } = resolved;
      const fields = identity === undefined ? [] : [["identity", simplify(body, identity)] as const];
      return { kind: "variant", name: actor.name, fields: new Map(fields) };
    }
    default:
      return any;
  }
}

/** Values that none of `rows` takes, as patterns. */
function missing(type: Type, rows: readonly Plain[]): readonly string[] {
  if (type.kind === "error" || rows.some((row) => row.kind === "any")) return [];
  const variants = variantsOf(type);
  if (variants !== undefined) return variants.flatMap(({ name, payload }) => missingVariant(name, payload, rows));
  if (baseOf(type) !== "Bool") return ["_"];
  return [true, false]
    .filter((value) => !rows.some((row) => row.kind === "literal" && row.value === value))
    .map(String);
}

type Payload = readonly { readonly name: string; readonly type: Type }[];

/** With one payload field its own missing values count; with several, some arm must leave all of them open. */
function missingVariant(name: string, payload: Payload, rows: readonly Plain[]): readonly string[] {
  const ofVariant = rows.filter((row) => row.kind === "variant").filter((row) => row.name === name);
  const [only] = payload;
  if (ofVariant.length === 0) {
    return [payload.length === 0 ? name : `${name}(${payload.map(() => "_").join(", ")})`];
  }
  if (payload.length === 1 && only !== undefined) {
    const inner = ofVariant.flatMap((row) => row.fields.get(only.name) ?? [any]);
    return missing(only.type, inner).map((witness) => `${name}(${witness})`);
  }
  const open = ofVariant.some((row) =>
    [...row.fields.values()].every((parts) => parts.some((part) => part.kind === "any")),
  );
  return open ? [] : [`${name}(${payload.map(() => "_").join(", ")})`];
}
