/** Checks a pattern against the type of what it looks at, and binds its names (reference §8.1, §8.2). */
import type {
  LiteralPattern,
  OrPattern,
  Pattern,
  RefinedPattern,
  SubPattern,
  VariantPattern,
} from "../../syntax/ast.ts";
import { type Body, bindLocal, type Env } from "../body.ts";
import type { PatternField, Predicate, Type } from "../model.ts";
import { resolveRefinement } from "../refinements.ts";
import { reportUnknown } from "../suggest.ts";
import { baseOf, errorType, printType, sameType } from "../types.ts";
import { type SubjectVariant, variantsOf } from "./subject.ts";

/** The names of `pattern` on top of `env`. */
export function bindPattern(body: Body, env: Env | undefined, pattern: Pattern, subject: Type): Env | undefined {
  const { patterns } = body.typing;
  switch (pattern.kind) {
    case "WildcardPattern":
    case "ErrorPattern":
      patterns.set(pattern, { kind: "any" });
      return env;
    case "BindingPattern": {
      const local = { name: pattern.name.text, type: subject, origin: "pattern", node: pattern.name } as const;
      patterns.set(pattern, { kind: "bind", local });
      return bindLocal(env, local);
    }
    case "LiteralPattern":
      checkLiteralPattern(body, pattern, subject);
      return env;
    case "ParenPattern":
      patterns.set(pattern, { kind: "group" });
      return bindPattern(body, env, pattern.inner, subject);
    case "RefinedPattern":
      checkRefinedPattern(body, pattern, subject);
      return env;
    case "OrPattern":
      return bindAlternatives(body, env, pattern, subject);
    case "VariantPattern":
      return bindVariant(body, env, pattern, subject);
  }
}

function reportKind(body: Body, pattern: Pattern, subject: Type): void {
  if (subject.kind === "error") return;
  const written = body.source.text.slice(pattern.span.start, pattern.span.end);
  body.report("bynk.types.pattern_type_mismatch", pattern.span, { pattern: written, type: printType(subject) });
}

function checkLiteralPattern(body: Body, pattern: LiteralPattern, subject: Type): void {
  const { literal } = pattern;
  body.typing.patterns.set(pattern, { kind: "literal", value: literal.value });
  if (literal.kind === "SignedLiteral" && literal.literal.kind === "IntLiteral" && !literal.literal.isSafe) {
    body.report("bynk.types.integer_not_exact", literal.span, { written: literal.literal.lexeme });
  }
  const base = { SignedLiteral: "Int", StringLiteral: "String", BoolLiteral: "Bool" }[literal.kind];
  if (baseOf(subject) !== base) reportKind(body, pattern, subject);
}

function checkRefinedPattern(body: Body, pattern: RefinedPattern, subject: Type): void {
  body.typing.patterns.set(pattern.inner, { kind: "any" });
  const base = baseOf(subject);
  const predicates: readonly Predicate[] =
    base === undefined ? [] : resolveRefinement(body.unit, body.source, base, pattern.refinement);
  if (base === undefined) reportKind(body, pattern, subject);
  body.typing.patterns.set(pattern, { kind: "refined", type: undefined, predicates });
}

/** Every alternative binds the same names at the same types; the names of the first are the ones the arm sees. */
function bindAlternatives(body: Body, env: Env | undefined, pattern: OrPattern, subject: Type): Env | undefined {
  body.typing.patterns.set(pattern, { kind: "or" });
  const [first, ...others] = pattern.alternatives.map((alternative) => ({
    alternative,
    inner: bindPattern(body, env, alternative, subject),
  }));
  if (first === undefined) return env;
  const names = boundBetween(first.inner, env);
  for (const { alternative, inner } of others) compareBindings(body, alternative, names, boundBetween(inner, env));
  return first.inner;
}

function boundBetween(inner: Env | undefined, outer: Env | undefined): ReadonlyMap<string, Type> {
  const bound = new Map<string, Type>();
  for (let at = inner; at !== undefined && at !== outer; at = at.outer) bound.set(at.local.name, at.type);
  return bound;
}

function compareBindings(
  body: Body,
  alternative: Pattern,
  names: ReadonlyMap<string, Type>,
  found: ReadonlyMap<string, Type>,
): void {
  const missing = [...names.keys()].filter((name) => !found.has(name));
  const extra = [...found.keys()].filter((name) => !names.has(name));
  if (missing.length + extra.length > 0) {
    const list = [...missing, ...extra].map((name) => `\`${name}\``).join(", ");
    body.report("bynk.types.or_pattern_binding_mismatch", alternative.span, { names: list });
    return;
  }
  for (const [name, type] of found) {
    const wanted = names.get(name) ?? errorType;
    if (sameType(wanted, type)) continue;
    const args = { name, wanted: printType(wanted), found: printType(type) };
    body.report("bynk.types.or_pattern_type_mismatch", alternative.span, args);
  }
}

function bindVariant(body: Body, env: Env | undefined, pattern: VariantPattern, subject: Type): Env | undefined {
  const variant = resolveVariant(body, pattern, subject);
  if (variant === undefined) {
    body.typing.patterns.set(pattern, { kind: "any" });
    return bindUnknown(body, env, pattern.args ?? []);
  }
  const { origin, name, payload } = variant;
  if (name === "Streaming" && origin.kind === "builtinVariant" && pattern.args !== undefined) {
    body.unsupported(pattern.span, "streamed responses");
  }
  const placed = placeArguments(body, pattern, variant);
  const fields: PatternField[] = placed.map(({ field, sub }) => ({ field, pattern: sub.pattern }));
  if (origin.kind === "caller") {
    body.typing.patterns.set(pattern, { kind: "caller", actor: origin.actor, identity: fields[0]?.pattern });
  } else if (origin.kind === "variant") {
    body.typing.patterns.set(pattern, { ...origin, fields });
  } else {
    body.typing.patterns.set(pattern, { ...origin, variant: name, fields });
  }
  return placed.reduce((inner, { field, sub }) => {
    const type = payload.find((candidate) => candidate.name === field)?.type ?? errorType;
    return bindPattern(body, inner, sub.pattern, type);
  }, env);
}

/** Binds the names below a variant that could not be resolved, so that the arm's body does not fail for them too. */
function bindUnknown(body: Body, env: Env | undefined, args: readonly SubPattern[]): Env | undefined {
  return args.reduce((inner, sub) => bindPattern(body, inner, sub.pattern, errorType), env);
}

function resolveVariant(body: Body, pattern: VariantPattern, subject: Type): SubjectVariant | undefined {
  if (subject.kind === "error") return undefined;
  const known = variantsOf(subject);
  if (known === undefined || !qualifierFits(pattern, subject)) {
    reportKind(body, pattern, subject);
    return undefined;
  }
  const name = pattern.variant.text;
  const variant = known.find((candidate) => candidate.name === name);
  if (variant !== undefined || name === "") return variant;
  reportUnknown(body.unit.findings, {
    source: body.source,
    span: pattern.variant.span,
    name,
    code: "bynk.types.unknown_variant_in_pattern",
    args: { name, type: printType(subject) },
    known: known.map((candidate) => candidate.name),
  });
  return undefined;
}

function qualifierFits(pattern: VariantPattern, subject: Type): boolean {
  const qualifier = pattern.qualifier?.text;
  if (qualifier === undefined || qualifier === "") return true;
  if (subject.kind === "declared") return subject.declared.name === qualifier;
  return qualifier === printType(subject).split("[")[0];
}

interface Placed {
  readonly field: string;
  readonly sub: SubPattern;
}

/** Which payload field each sub-pattern looks at. */
function placeArguments(body: Body, pattern: VariantPattern, variant: SubjectVariant): readonly Placed[] {
  const { args } = pattern;
  if (args === undefined) return [];
  const named = args.filter((sub) => sub.field !== undefined);
  if (named.length > 0 && named.length < args.length) {
    body.report("bynk.types.mixed_pattern_bindings", pattern.span, { name: variant.name });
    return [];
  }
  if (named.length > 0) return placeNamed(body, args, variant);
  if (args.length !== variant.payload.length) {
    const count = { name: variant.name, wanted: variant.payload.length, found: args.length };
    body.report("bynk.types.pattern_arity", pattern.span, count);
  }
  return args.flatMap((sub, index) => {
    const field = variant.payload[index];
    return field === undefined ? [] : [{ field: field.name, sub }];
  });
}

function placeNamed(body: Body, args: readonly SubPattern[], variant: SubjectVariant): readonly Placed[] {
  return args.flatMap((sub) => {
    const name = sub.field?.text ?? "";
    if (variant.payload.some((field) => field.name === name)) return [{ field: name, sub }];
    reportUnknown(body.unit.findings, {
      source: body.source,
      span: sub.field?.span ?? sub.span,
      name,
      code: "bynk.types.unknown_pattern_field",
      args: { name, variant: variant.name },
      known: variant.payload.map((field) => field.name),
    });
    return [];
  });
}
