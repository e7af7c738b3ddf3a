/** Operators (reference §7.4). */
import type { BinaryExpr, BinaryOperator, Expr, UnaryExpr } from "../../syntax/ast.ts";
import { checkInspection } from "../access.ts";
import { type Body, type Env, wanting } from "../body.ts";
import type { BaseName, Type } from "../model.ts";
import { baseOf, baseType, errorType, isAssignable, printPair, printType } from "../types.ts";
import { admitLiteral, checkExact, literalOf } from "./literals.ts";

export function inferUnary(body: Body, env: Env | undefined, expr: UnaryExpr, hint: Type | undefined): Type {
  if (expr.operator === "!") {
    const type = body.infer(env, expr.operand);
    if (!isAssignable(type, baseType.Bool)) reportOperand(body, expr.operand, type, "!", "Bool");
    return baseType.Bool;
  }
  const literal = literalOf(expr);
  if (literal !== undefined) {
    if (expr.operand.kind === "IntLiteral") checkExact(body, expr.operand);
    body.typing.expressions.set(expr.operand, baseType[literal.base]);
    return admitLiteral(body, literal, hint);
  }
  const type = body.infer(env, expr.operand);
  const base = baseOf(type);
  if (base === "Int" || base === "Float" || base === "Duration") return baseType[base];
  if (type.kind !== "error") reportOperand(body, expr.operand, type, "-", "Int, Float or Duration");
  return errorType;
}

function reportOperand(body: Body, operand: Expr, type: Type, operator: string, wanted: string): void {
  const args = { operator, wanted, found: printType(type) };
  body.report("bynk.types.type_mismatch", operand.span, args, { variant: "operand" });
}

type Arithmetic = "+" | "-" | "*" | "/";
type Relation = "<" | "<=" | ">" | ">=";
type Equality = "==" | "!=";

/** Every binary operator but the logical ones, which bind names: `conditions.ts`. */
export function inferBinary(body: Body, env: Env | undefined, expr: BinaryExpr): Type {
  switch (expr.operator) {
    case "==":
    case "!=":
      return inferEquality(body, env, expr, expr.operator);
    case "<":
    case "<=":
    case ">":
    case ">=":
      return inferRelation(body, env, expr, expr.operator);
    case "+":
    case "-":
    case "*":
    case "/":
      return inferArithmetic(body, env, expr, expr.operator);
    default:
      return errorType;
  }
}

function inferArithmetic(body: Body, env: Env | undefined, expr: BinaryExpr, operator: Arithmetic): Type {
  const left = body.infer(env, expr.left);
  const right = body.infer(env, expr.right);
  if (left.kind === "error" || right.kind === "error") return errorType;
  checkOperands(body, expr, left, right);
  const [a, b] = [baseOf(left), baseOf(right)];
  const result = a && b && arithmetic(operator, a, b);
  if (result !== undefined) return baseType[result];
  reportArithmetic(body, expr, left, right);
  return errorType;
}

function arithmetic(operator: Arithmetic, a: BaseName, b: BaseName): BaseName | undefined {
  if (a === b && (a === "Int" || a === "Float")) return a;
  const additive = operator === "+" || operator === "-";
  if (additive && b === "Duration" && (a === "Duration" || a === "Instant")) return a;
  if (operator === "-" && a === "Instant" && b === "Instant") return "Duration";
  const scaled = (a === "Duration" && b === "Int") || (a === "Int" && b === "Duration");
  return operator === "*" && scaled ? "Duration" : undefined;
}

const measures: ReadonlySet<string> = new Set(["Int", "Float", "Duration", "Instant"]);

function reportArithmetic(body: Body, expr: BinaryExpr, left: Type, right: Type): void {
  const [a, b] = [baseOf(left), baseOf(right)];
  const args = { operator: expr.operator, left: printType(left), right: printType(right) };
  if (a !== undefined && b !== undefined && measures.has(a) && measures.has(b)) {
    body.report("bynk.types.no_numeric_coercion", expr.operatorSpan, args);
  } else if (expr.operator === "+" && (a === "String" || b === "String")) {
    body.report("bynk.types.type_mismatch", expr.operatorSpan, args, { variant: "concatenation" });
  } else {
    body.report("bynk.types.type_mismatch", expr.operatorSpan, args, { variant: "operator" });
  }
}

function inferRelation(body: Body, env: Env | undefined, expr: BinaryExpr, operator: Relation): Type {
  const left = body.infer(env, expr.left);
  const right = body.infer(env, expr.right);
  if (left.kind === "error" || right.kind === "error") return baseType.Bool;
  checkOperands(body, expr, left, right);
  const [a, b] = [baseOf(left), baseOf(right)];
  if (a !== undefined && a === b && (measures.has(a) || a === "String")) return baseType.Bool;
  const args = { operator, left: printType(left), right: printType(right) };
  if (a !== undefined && b !== undefined && a !== b && measures.has(a) && measures.has(b)) {
    body.report("bynk.types.no_numeric_coercion", expr.operatorSpan, args);
  } else body.report("bynk.types.type_mismatch", expr.operatorSpan, args, { variant: "order" });
  return baseType.Bool;
}

/** Operators look at the base of a refined value. */
function checkOperands(body: Body, expr: BinaryExpr, left: Type, right: Type): void {
  checkInspection(body, left, expr.left.span, "calculating with it");
  checkInspection(body, right, expr.right.span, "calculating with it");
}

function inferEquality(body: Body, env: Env | undefined, expr: BinaryExpr, operator: Equality): Type {
  const [left, right] = inferSides(body, env, expr);
  if (left.kind === "error" || right.kind === "error") return baseType.Bool;
  if (!isComparable(left) || !isComparable(right)) {
    const type = printType(isComparable(left) ? right : left);
    body.report("bynk.types.type_mismatch", expr.operatorSpan, { operator, type }, { variant: "incomparable" });
  } else if (isAssignable(left, right) || isAssignable(right, left)) {
    checkInspection(body, left, expr.left.span, "comparing it") &&
      checkInspection(body, right, expr.right.span, "comparing it");
  } else {
    const [leftName, rightName] = printPair(left, right);
    const args = { operator, left: leftName, right: rightName };
    body.report("bynk.types.type_mismatch", expr.operatorSpan, args, { variant: "equality" });
  }
  return baseType.Bool;
}

/** Each side tells the other what a `None` or a bare variant means; literals stay what they are. */
function inferSides(body: Body, env: Env | undefined, expr: BinaryExpr): readonly [Type, Type] {
  if (needsHint(expr.left) && !needsHint(expr.right)) {
    const right = body.infer(env, expr.right);
    return [body.infer(env, expr.left, sideHint(right)), right];
  }
  const left = body.infer(env, expr.left);
  return [left, body.infer(env, expr.right, sideHint(left))];
}

function needsHint(expr: Expr): boolean {
  return expr.kind === "ParenExpr"
    ? needsHint(expr.inner)
    : expr.kind === "ConstructorExpr" || expr.kind === "ListExpr";
}

function sideHint(type: Type) {
  return baseOf(type) === undefined && type.kind !== "error" ? wanting(type) : undefined;
}

function isComparable(type: Type): boolean {
  return type.kind !== "effect" && type.kind !== "caller" && type.kind !== "callerSum";
}

/** The operators whose operands are conditions. */
export function isLogical(operator: BinaryOperator): operator is "&&" | "||" | "implies" {
  return operator === "&&" || operator === "||" || operator === "implies";
}
