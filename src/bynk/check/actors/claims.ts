/** The predicate of a refinement actor: claims of the verified token and nothing else (reference §13.7). */
import type { SourceFile } from "../../diagnostics/source-file.ts";
import type { CallExpr, Expr } from "../../syntax/ast.ts";
import type { ClaimPredicate } from "../model.ts";
import type { UnitState } from "../state.ts";

/** The predicate that `expr` writes; what lies outside the claim language is reported, and gives undefined. */
export function readClaims(unit: UnitState, source: SourceFile, expr: Expr): ClaimPredicate | undefined {
  switch (expr.kind) {
    case "ParenExpr":
      return readClaims(unit, source, expr.inner);
    case "UnaryExpr": {
      if (expr.operator !== "!") return refuse(unit, source, expr);
      const operand = readClaims(unit, source, expr.operand);
      return operand && { kind: "not", operand };
    }
    case "BinaryExpr": {
      if (expr.operator !== "&&" && expr.operator !== "||") return refuse(unit, source, expr);
      const left = readClaims(unit, source, expr.left);
      const right = readClaims(unit, source, expr.right);
      return left && right && { kind: expr.operator === "&&" ? "and" : "or", left, right };
    }
    case "CallExpr":
      return readCall(unit, source, expr);
    case "ErrorExpr":
      return undefined;
    default:
      return refuse(unit, source, expr);
  }
}

function readCall(unit: UnitState, source: SourceFile, expr: CallExpr): ClaimPredicate | undefined {
  const texts = expr.args.flatMap((arg) => (arg.kind === "StringLiteral" ? [arg.value] : []));
  const [claim, value] = texts;
  // A claim without a name is in no token.
  const plain = expr.typeArgs === undefined && texts.length === expr.args.length && claim !== undefined && claim !== "";
  if (plain && expr.callee.text === "hasClaim" && texts.length === 1) return { kind: "hasClaim", claim };
  if (plain && expr.callee.text === "claimEquals" && texts.length === 2 && value !== undefined) {
    return { kind: "claimEquals", claim, value };
  }
  return refuse(unit, source, expr);
}

function refuse(unit: UnitState, source: SourceFile, expr: Expr): undefined {
  const written = source.text.slice(expr.span.start, expr.span.end);
  unit.findings.report(source, "bynk.actor.refinement_predicate_unsupported", expr.span, { written });
}
