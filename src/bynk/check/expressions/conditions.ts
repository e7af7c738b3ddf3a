/** Conditions, and the names that `is` binds where they hold (reference §7.5, §8.3). */
import type { BinaryExpr, Expr } from "../../syntax/ast.ts";
import type { Body, Env } from "../body.ts";
import { baseType, isAssignable, printType } from "../types.ts";
import { type Condition, inferIs } from "./is.ts";
import { isLogical } from "./operators.ts";

export function inferCondition(body: Body, env: Env | undefined, expr: Expr): Condition {
  const condition = inferBinding(body, env, expr);
  body.typing.expressions.set(expr, condition.type);
  return condition;
}

function inferBinding(body: Body, env: Env | undefined, expr: Expr): Condition {
  switch (expr.kind) {
    case "ParenExpr":
      return inferCondition(body, env, expr.inner);
    case "IsExpr":
      return inferIs(body, env, expr);
    case "BinaryExpr":
      if (isLogical(expr.operator)) return inferLogical(body, env, expr);
  }
  return { type: body.infer(env, expr), whenTrue: env };
}

/** `&&` passes the names of its left side on; `implies` shows them to its right side only; `||` binds none. */
export function inferLogical(body: Body, env: Env | undefined, expr: BinaryExpr): Condition {
  const left = inferOperand(body, env, expr.left, expr);
  const seen = expr.operator === "||" ? env : left;
  const right = inferOperand(body, seen, expr.right, expr);
  return { type: baseType.Bool, whenTrue: expr.operator === "&&" ? right : env };
}

function inferOperand(body: Body, env: Env | undefined, operand: Expr, expr: BinaryExpr): Env | undefined {
  const { type, whenTrue } = inferCondition(body, env, operand);
  if (!isAssignable(type, baseType.Bool)) {
    const args = { operator: expr.operator, wanted: "Bool", found: printType(type) };
    body.report("bynk.types.type_mismatch", operand.span, args, { variant: "operand" });
  }
  return whenTrue;
}
