/** Which values a body tests more than once: those whose tests need names of their own in TypeScript. */
import type { Local, Typing } from "../check/model.ts";
import type { Block, Expr, Stmt } from "../syntax/ast.ts";

export type Tested = Local | "self";

export function contestedIn(block: Block, typing: Typing): ReadonlySet<Tested> {
  const counts = new Map<Tested, number>();
  const test = (expr: Expr): void => {
    const root = rootOf(expr, typing);
    if (root !== undefined) counts.set(root, (counts.get(root) ?? 0) + 1);
  };
  walkBlock(block, (expr) => {
    if (expr.kind === "MatchExpr") test(expr.scrutinee);
    else if (expr.kind === "IsExpr") test(expr.value);
    else if (expr.kind === "QuestionExpr") test(expr.operand);
    else if (expr.kind === "BinaryExpr" && (expr.operator === "==" || expr.operator === "!=")) {
      test(expr.left);
      test(expr.right);
    } else if (expr.kind === "IfExpr") testFlags(expr.condition, test);
  });
  return new Set([...counts].filter(([, count]) => count > 1).map(([tested]) => tested));
}

/** Conditions narrow the Bools they read. */
function testFlags(condition: Expr, test: (expr: Expr) => void): void {
  if (condition.kind === "NameExpr" || condition.kind === "FieldAccess") test(condition);
  else if (condition.kind === "ParenExpr") testFlags(condition.inner, test);
  else if (condition.kind === "UnaryExpr") testFlags(condition.operand, test);
  else if (condition.kind === "BinaryExpr" && ["&&", "||", "implies"].includes(condition.operator)) {
    testFlags(condition.left, test);
    testFlags(condition.right, test);
  }
}

/** The value whose name, or whose field, an expression is. */
export function rootOf(expr: Expr, typing: Typing): Tested | undefined {
  switch (expr.kind) {
    case "ParenExpr":
      return rootOf(expr.inner, typing);
    case "SelfExpr":
      return "self";
    case "FieldAccess":
      return rootOf(expr.receiver, typing);
    case "NameExpr": {
      const reference = typing.references.get(expr);
      return reference?.kind === "local" ? reference.local : undefined;
    }
    default:
      return undefined;
  }
}

export function walkBlock(block: Block, visit: (expr: Expr) => void, statement?: (stmt: Stmt) => void): void {
  for (const each of block.statements) {
    statement?.(each);
    if ("value" in each) walk(each.value, visit, statement);
  }
  if (block.tail !== undefined) walk(block.tail, visit, statement);
}

function walk(expr: Expr, visit: (expr: Expr) => void, statement?: (stmt: Stmt) => void): void {
  visit(expr);
  for (const part of partsOf(expr)) {
    if (part.kind === "Block") walkBlock(part, visit, statement);
    else walk(part, visit, statement);
  }
}

/** The expressions and blocks directly inside an expression, in order. */
export function partsOf(expr: Expr): readonly (Expr | Block)[] {
  switch (expr.kind) {
    case "InterpolatedString":
      return expr.parts.flatMap((part) => (part.kind === "StringHole" ? [part.value] : []));
    case "ConstructorExpr":
      return expr.value === undefined ? [] : [expr.value];
    case "EffectPure":
      return [expr.value];
    case "CallExpr":
      return expr.args;
    case "MethodCall":
      return [expr.receiver, ...expr.args];
    case "FieldAccess":
      return [expr.receiver];
    case "QuestionExpr":
    case "UnaryExpr":
      return [expr.operand];
    case "BinaryExpr":
      return [expr.left, expr.right];
    case "IsExpr":
      return [expr.value];
    case "IfExpr":
      return [expr.condition, expr.then, ...(expr.else === undefined ? [] : [expr.else])];
    case "MatchExpr":
      return [
        expr.scrutinee,
        ...expr.arms.flatMap((arm) => [...(arm.guard === undefined ? [] : [arm.guard]), arm.body]),
      ];
    case "ListExpr":
      return expr.elements;
    case "RecordLiteral":
      return expr.fields.map((field) => field.value);
    case "RecordUpdate":
      return [expr.base, ...expr.fields.map((field) => field.value)];
    case "ParenExpr":
      return [expr.inner];
    default:
      return [];
  }
}
