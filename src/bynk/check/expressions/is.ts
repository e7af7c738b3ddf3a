/** `e is Pattern` and `e is RefinedType` (reference §8.3). */
import { createFix, type Fix } from "../../diagnostics/diagnostic.ts";
import type { IsExpr, Pattern, VariantPattern } from "../../syntax/ast.ts";
import { checkInspection } from "../access.ts";
import { type Body, bindLocal, type Env, lookUp } from "../body.ts";
import type { DeclaredType, Type } from "../model.ts";
import { bindPattern } from "../patterns/bind.ts";
import { findVariant, variantsOf } from "../patterns/subject.ts";
import { boundWays } from "../patterns/ways.ts";
import { reportUnknown } from "../suggest.ts";
import { baseOf, baseType, printType } from "../types.ts";

/** What a condition is, and the names visible where it holds. */
export interface Condition {
  readonly type: Type;
  readonly whenTrue: Env | undefined;
}

export function inferIs(body: Body, env: Env | undefined, expr: IsExpr): Condition {
  const subject = body.infer(env, expr.value);
  return { type: baseType.Bool, whenTrue: subject.kind === "error" ? env : test(body, env, expr, subject) };
}

function test(body: Body, env: Env | undefined, expr: IsExpr, subject: Type): Env | undefined {
  const pattern = stripParens(body, expr.pattern);
  const refined = refinedTypeOf(body, pattern, subject);
  if (refined !== undefined) return narrow(body, env, expr, pattern, refined, subject);
  if (!checkPattern(body, pattern, subject, expr)) return env;
  if (!checkInspection(body, subject, expr.value.span, "testing it with `is`")) return env;
  boundWays(body, pattern, 1);
  return bindPattern(body, env, pattern, subject);
}

function stripParens(body: Body, pattern: Pattern): Pattern {
  if (pattern.kind !== "ParenPattern") return pattern;
  body.typing.patterns.set(pattern, { kind: "group" });
  return stripParens(body, pattern.inner);
}

/** A bare name that is no variant of the subject but a refined type. */
function refinedTypeOf(body: Body, pattern: Pattern, subject: Type): DeclaredType | undefined {
  if (pattern.kind !== "VariantPattern" || pattern.qualifier !== undefined || pattern.args !== undefined)
    return undefined;
  if (findVariant(subject, pattern.variant.text) !== undefined) return undefined;
  const declared = body.unit.scope.types.get(pattern.variant.text)?.declared;
  return declared?.shape.kind === "refined" ? declared : undefined;
}

/** Tests the predicates; a plain variable has the refined type where the test holds. */
function narrow(
  body: Body,
  env: Env | undefined,
  expr: IsExpr,
  pattern: Pattern,
  declared: DeclaredType,
  subject: Type,
): Env | undefined {
  const { shape } = declared;
  if (shape.kind !== "refined") return env;
  if (shape.opaque || baseOf(subject) !== shape.base) {
    const args = {
      type: declared.name,
      base: shape.opaque ? `opaque ${shape.base}` : shape.base,
      found: printType(subject),
    };
    body.report("bynk.types.is_base_mismatch", pattern.span, args);
    return env;
  }
  body.typing.patterns.set(pattern, { kind: "refined", type: declared, predicates: shape.predicates });
  if (expr.value.kind !== "NameExpr") return env;
  const found = lookUp(env, expr.value.name.text);
  return found === undefined ? env : bindLocal(env, found.local, declared.type);
}

/** Whether the pattern may stand after `is` at all, and fits the subject's kind. */
function checkPattern(body: Body, pattern: Pattern, subject: Type, test: IsExpr): boolean {
  switch (pattern.kind) {
    case "LiteralPattern": {
      const fixes = writeEquals(body, test);
      body.report("bynk.types.is_literal_pattern", pattern.span, { literal: textOf(body, pattern) }, { fixes });
      return false;
    }
    case "RefinedPattern":
      body.report("bynk.types.is_refined_pattern", pattern.span, {});
      return false;
    case "OrPattern":
      return pattern.alternatives.every((alternative) =>
        checkPattern(body, stripParens(body, alternative), subject, test),
      );
    case "VariantPattern":
      return checkVariant(body, pattern, subject);
    case "ErrorPattern":
      return false;
    default:
      body.report("bynk.types.is_unknown_variant", pattern.span, {
        name: textOf(body, pattern),
        type: printType(subject),
      });
      return false;
  }
}

/** Writes `==` for `is`, where nothing else stands between the sides and the right one is a literal alone. */
function writeEquals(body: Body, test: IsExpr): readonly Fix[] {
  const span = { start: test.value.span.end, end: test.pattern.span.start };
  const between = body.source.text.slice(span.start, span.end);
  if (between.trim() !== "is" || test.pattern.kind !== "LiteralPattern") return [];
  return [createFix(body.source, "write `==`", [{ span, text: " == " }])];
}

function textOf(body: Body, pattern: Pattern): string {
  return body.source.text.slice(pattern.span.start, pattern.span.end);
}

function checkVariant(body: Body, pattern: VariantPattern, subject: Type): boolean {
  const name = pattern.variant.text;
  const known = variantsOf(subject);
  if (known === undefined) {
    body.report("bynk.types.is_non_sum", pattern.span, { name, type: printType(subject) });
    return false;
  }
  if (known.some((variant) => variant.name === name)) return true;
  reportUnknown(body.unit.findings, {
    source: body.source,
    span: pattern.variant.span,
    name,
    code: "bynk.types.is_unknown_variant",
    args: { name, type: printType(subject) },
    known: known.map((variant) => variant.name),
  });
  return false;
}
