/** Which expressions need no statements of their own, and which constants need their type written. */
import type { Typing } from "../check/model.ts";
import type { Block, Expr } from "../syntax/ast.ts";
import { partsOf } from "./tested.ts";

const known = new WeakMap<Expr | Block, boolean>();

/** True where the whole can be written as one expression: no early exit, no `match`, no names bound on the way. */
export function isInline(node: Expr | Block): boolean {
  const found = known.get(node);
  if (found !== undefined) return found;
  const inline = decide(node);
  known.set(node, inline);
  return inline;
}

function decide(node: Expr | Block): boolean {
  if (node.kind === "Block") {
    return node.statements.length === 0 && node.tail !== undefined && isInline(node.tail);
  }
  if (node.kind === "QuestionExpr" || node.kind === "MatchExpr") return false;
  if (node.kind === "IfExpr" && node.else === undefined) return false;
  return partsOf(node).every(isInline);
}

/**
 * True where TypeScript alone would find another type than the author's: an empty list, `None`, a literal that is compared
 * with another one later, an object.
 */
export function needsType(expr: Expr, typing: Typing): boolean {
  switch (expr.kind) {
    case "ParenExpr":
      return needsType(expr.inner, typing);
    case "UnaryExpr":
      return needsType(expr.operand, typing);
    case "IntLiteral":
    case "FloatLiteral":
    case "StringLiteral":
    case "BoolLiteral":
      return typing.expressions.get(expr)?.kind !== "declared";
    case "DurationLiteral":
    case "ConstructorExpr":
    case "EffectPure":
    case "IfExpr":
    case "MatchExpr":
    case "ListExpr":
    case "RecordLiteral":
    case "RecordUpdate":
    case "UnitLiteral":
      return true;
    default:
      return typing.references.get(expr)?.kind === "builtinVariant";
  }
}
