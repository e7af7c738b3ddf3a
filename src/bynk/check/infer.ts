/**
 * The type of every expression: one line for each kind of node, and the construct's own file behind it.
 *
 * I1. `infer` records a type for every expression it is handed.
 */
import type { Expr, ListExpr } from "../syntax/ast.ts";
import { inferBlock } from "./blocks.ts";
import { type Body, type Env, hintOf, type Rules, type Want, wanting } from "./body.ts";
import { inferCondition, inferLogical } from "./expressions/conditions.ts";
import { inferConstructor, inferEffectPure } from "./expressions/constructors.ts";
import { inferIf, inferMatch } from "./expressions/control.ts";
import { inferInterpolation, inferLiteral } from "./expressions/literals.ts";
import { inferField } from "./expressions/members.ts";
import { inferMethodCall } from "./expressions/methods.ts";
import { inferCall, inferName, inferSelf } from "./expressions/names.ts";
import { inferBinary, inferUnary, isLogical } from "./expressions/operators.ts";
import { inferQuestion } from "./expressions/question.ts";
import { inferRecord, inferUpdate } from "./expressions/records.ts";
import type { Type } from "./model.ts";
import { baseType, errorType, joinTypes, listOf, printPair, unitType } from "./types.ts";

export const rules: Rules = { infer, block: inferBlock };

function infer(body: Body, env: Env | undefined, expr: Expr, want: Want | undefined): Type {
  const type = inferKind(body, env, expr, want);
  body.typing.expressions.set(expr, type);
  return type;
}

function inferKind(body: Body, env: Env | undefined, expr: Expr, want: Want | undefined): Type {
  const hint = hintOf(want);
  switch (expr.kind) {
    case "IntLiteral":
    case "FloatLiteral":
    case "StringLiteral":
    case "BoolLiteral":
      return inferLiteral(body, expr, hint);
    case "DurationLiteral":
      return baseType.Duration;
    case "InterpolatedString":
      return inferInterpolation(body, env, expr);
    case "UnitLiteral":
      return unitType;
    case "SelfExpr":
      return inferSelf(body, expr);
    case "NameExpr":
      return inferName(body, env, expr, hint);
    case "ConstructorExpr":
      return inferConstructor(body, env, expr, hint);
    case "EffectPure":
      return inferEffectPure(body, env, expr, want?.type);
    case "CallExpr":
      return inferCall(body, env, expr, hint);
    case "MethodCall":
      return inferMethodCall(body, env, expr, hint);
    case "FieldAccess":
      return inferField(body, env, expr, hint);
    case "QuestionExpr":
      return inferQuestion(body, env, expr);
    case "UnaryExpr":
      return inferUnary(body, env, expr, hint);
    case "BinaryExpr":
      return isLogical(expr.operator) ? inferLogical(body, env, expr).type : inferBinary(body, env, expr);
    case "IsExpr":
      return inferCondition(body, env, expr).type;
    case "IfExpr":
      return inferIf(body, env, expr, want);
    case "MatchExpr":
      return inferMatch(body, env, expr, want);
    case "ListExpr":
      return inferList(body, env, expr, hint);
    case "RecordLiteral":
      return inferRecord(body, env, expr);
    case "RecordUpdate":
      return inferUpdate(body, env, expr, hint);
    case "ParenExpr":
      return body.infer(env, expr.inner, want);
    default:
      return inferLater(body, expr);
  }
}

/** What later rings bring; none of it is looked into. */
function inferLater(body: Body, expr: Expr): Type {
  switch (expr.kind) {
    case "LambdaExpr":
      body.unsupported(expr.span, "lambdas");
      break;
    case "ExpectExpr":
    case "ValExpr":
    case "TraceExpr":
    case "WireExpr":
      body.unsupported(expr.span, "test values and expectations outside a suite");
  }
  return errorType;
}

/** All elements have one type: the expected one, or the least that all fit into. */
function inferList(body: Body, env: Env | undefined, expr: ListExpr, hint: Type | undefined): Type {
  const wanted = hint?.kind === "list" ? hint.element : undefined;
  if (expr.elements.length === 0 && wanted === undefined) {
    body.report("bynk.types.uninferable_element_type", expr.span, {});
  }
  let element: Type = wanted ?? errorType;
  for (const item of expr.elements) {
    const found = body.infer(env, item, wanted && wanting(wanted));
    const joined = joinTypes(element, found);
    if (joined === undefined) {
      const [first, other] = printPair(element, found);
      body.report("bynk.types.list_element_mismatch", item.span, { wanted: first, found: other });
    } else element = joined;
  }
  return listOf(element);
}
