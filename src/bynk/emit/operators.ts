/** Operators (reference §7.4). */
import type { Type } from "../check/model.ts";
import type { Expr } from "../syntax/ast.ts";
import type { Body } from "./body.ts";
import { at, type Code, call, code, infix, isLiteral, Level, not, stable } from "./code.ts";
import { lowerCondition, lowerLogical } from "./conditions.ts";
import { admit, lowerAll } from "./operands.ts";
import type { Writer } from "./writer.ts";

export function lowerUnary(body: Body, expr: Extract<Expr, { kind: "UnaryExpr" }>, out: Writer): Code {
  const { operand } = expr;
  if (expr.operator === "!") return not(lowerCondition(body, operand, out));
  if (operand.kind === "IntLiteral" || operand.kind === "FloatLiteral") {
    const isZero = operand.kind === "IntLiteral" && operand.value === 0;
    return admit(body, isZero ? stable("0") : stable(`-${operand.value}`, Level.unary), body.typeOf(expr));
  }
  const found = body.lower(operand, out);
  const negated = code(found.text.startsWith("-") ? `-(${found.text})` : `-${at(Level.unary, found)}`, Level.unary);
  const type = body.typeOf(expr);
  return type.kind === "base" && type.name === "Float" ? negated : call(body.module.runtime("int"), [negated]);
}

/** `x as Even < y` would be read as a type with arguments. */
function closed(left: Code): Code {
  return left.level === Level.relation ? { ...left, text: `(${left.text})`, level: Level.primary } : left;
}

const ARITHMETIC = { "+": Level.sum, "-": Level.sum, "*": Level.product, "/": Level.product } as const;
const RELATIONS: ReadonlySet<string> = new Set(["<", "<=", ">", ">="]);

export function lowerBinary(body: Body, expr: Extract<Expr, { kind: "BinaryExpr" }>, out: Writer): Code {
  const { operator } = expr;
  if (operator === "&&" || operator === "||" || operator === "implies") return lowerLogical(body, expr, out);
  const [left, right] = lowerAll(body, [expr.left, expr.right], out) as [Code, Code];
  if (operator === "==" || operator === "!=") return lowerEquality(body, expr, left, right);
  if (RELATIONS.has(operator)) return infix(operator, Level.relation, closed(left), right);
  const type = body.typeOf(expr);
  const isFloat = type.kind === "base" && type.name === "Float";
  const { module } = body;
  if (operator === "/" && !isFloat) return call(module.runtime("divide"), [left, right]);
  const plain = infix(operator, ARITHMETIC[operator as keyof typeof ARITHMETIC], left, right);
  return isFloat ? { ...plain, stable: false } : call(module.runtime("int"), [plain]);
}

/** One operator where scalars are compared; structure, and what TypeScript would think it knows already, by `equals`. */
function lowerEquality(body: Body, expr: Extract<Expr, { kind: "BinaryExpr" }>, left: Code, right: Code): Code {
  const sides = [expr.left, expr.right];
  const scalar = sides.every((side) => isScalar(body.typeOf(side)));
  const literals = [left, right].filter(isLiteral).length;
  const contested = sides.some((side) => body.isContested(side));
  const chosen = [left, right].some(({ level }) => level === Level.conditional);
  if (scalar && literals < 2 && !chosen && !(literals === 1 && contested)) {
    return { ...infix(expr.operator === "==" ? "===" : "!==", Level.equality, left, right), stable: false };
  }
  const equal = call(body.module.runtime("equals"), [left, right]);
  return expr.operator === "==" ? equal : not(equal);
}

/** Values that JavaScript compares as Bynk does. Bools are left out: TypeScript knows `true` from `false`. */
function isScalar(type: Type): boolean {
  if (type.kind === "declared") {
    const { shape } = type.declared;
    return shape.kind === "refined" && shape.base !== "Bytes" && shape.base !== "Bool";
  }
  return type.kind === "base" && type.name !== "Bytes" && type.name !== "Bool";
}
