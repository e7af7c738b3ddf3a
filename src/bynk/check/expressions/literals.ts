/** Literals, interpolation, and literals where a refined type is expected (reference §1.6, §3.8). */
import type {
  BoolLiteral,
  Expr,
  FloatLiteral,
  InterpolatedString,
  IntLiteral,
  Span,
  StringLiteral,
} from "../../syntax/ast.ts";
import { checkInspection } from "../access.ts";
import type { Body, Env } from "../body.ts";
import type { BaseName, Predicate, Type } from "../model.ts";
import { firstViolation, violationText } from "../refinements.ts";
import { baseOf, baseType, printType } from "../types.ts";

type Literal = IntLiteral | FloatLiteral | StringLiteral | BoolLiteral;

const baseOfLiteral = {
  IntLiteral: "Int",
  FloatLiteral: "Float",
  StringLiteral: "String",
  BoolLiteral: "Bool",
} as const;

/** A literal, perhaps under a minus, with the value it stands for. */
export interface LiteralValue {
  readonly base: BaseName;
  readonly value: number | string | boolean;
  readonly span: Span;
}

/** The literal that `expr` is, looking through parentheses and one minus. */
export function literalOf(expr: Expr): LiteralValue | undefined {
  switch (expr.kind) {
    case "ParenExpr":
      return literalOf(expr.inner);
    case "UnaryExpr": {
      if (expr.operator !== "-" || (expr.operand.kind !== "IntLiteral" && expr.operand.kind !== "FloatLiteral")) {
        return undefined;
      }
      return { base: baseOfLiteral[expr.operand.kind], value: -expr.operand.value, span: expr.span };
    }
    case "IntLiteral":
    case "FloatLiteral":
    case "StringLiteral":
    case "BoolLiteral":
      return { base: baseOfLiteral[expr.kind], value: expr.value, span: expr.span };
    default:
      return undefined;
  }
}

export function inferLiteral(body: Body, expr: Literal, hint: Type | undefined): Type {
  if (expr.kind === "IntLiteral") checkExact(body, expr);
  return admitLiteral(body, { base: baseOfLiteral[expr.kind], value: expr.value, span: expr.span }, hint);
}

/** An Int holds what a double holds exactly; a literal beyond that would silently become another number. */
export function checkExact(body: Body, literal: IntLiteral): void {
  if (!literal.isSafe) body.report("bynk.types.integer_not_exact", literal.span, { written: literal.lexeme });
}

/** The refined type where one over the literal's base is expected, else the base. */
export function admitLiteral(body: Body, literal: LiteralValue, hint: Type | undefined): Type {
  if (hint?.kind !== "declared" || baseOf(hint) !== literal.base) return baseType[literal.base];
  const { shape } = hint.declared;
  if (shape.kind === "refined") checkLiteral(body, literal, shape.predicates, `a \`${hint.declared.name}\``);
  return hint;
}

/** Reports the first predicate that a literal breaks. `what` is what it was to be. */
export function checkLiteral(body: Body, literal: LiteralValue, predicates: readonly Predicate[], what: string): void {
  const broken = firstViolation(predicates, literal.value);
  if (broken === undefined) return;
  const value = typeof literal.value === "string" ? JSON.stringify(literal.value) : String(literal.value);
  body.report("bynk.refine.literal_violates", literal.span, { value, what, rule: violationText(broken) });
}

export function inferInterpolation(body: Body, env: Env | undefined, expr: InterpolatedString): Type {
  for (const part of expr.parts) {
    if (part.kind === "StringText") continue;
    const type = body.infer(env, part.value);
    if (type.kind === "error" || !checkInspection(body, type, part.value.span, "printing it")) continue;
    const base = baseOf(type);
    if (base !== undefined && base !== "Bytes") continue;
    body.report("bynk.types.interpolation_non_scalar", part.value.span, { type: printType(type) });
  }
  return baseType.String;
}
