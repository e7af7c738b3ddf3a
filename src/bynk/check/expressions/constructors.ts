/** `Ok`, `Err`, `Some`, `None` without a qualifier, and `Effect.pure` (reference §7.5). */
import type { ConstructorExpr, EffectPure, Expr } from "../../syntax/ast.ts";
import { type Body, type Env, wanting } from "../body.ts";
import { checkAgainst, describeMismatch, type Mismatch } from "../mismatch.ts";
import type { Type } from "../model.ts";
import { effectOf, errorType, hasGap, isAssignable, optionOf, resultOf } from "../types.ts";
import { builtinMember } from "../variants.ts";
import { inferVariant } from "./build-variant.ts";

export function inferConstructor(
  body: Body,
  env: Env | undefined,
  expr: ConstructorExpr,
  hint: Type | undefined,
): Type {
  switch (expr.name.text) {
    case "Ok":
      return inferOk(body, env, expr, hint);
    case "Err":
      return inferErr(body, env, expr, hint);
    case "Some":
      return inferSome(body, env, expr, hint);
    case "None":
      return inferNone(body, expr, hint);
  }
}

function refer(body: Body, expr: ConstructorExpr, family: "option" | "result"): void {
  body.refer(expr, { kind: "builtinVariant", family, variant: expr.name.text });
}

/** The value of every constructor but `None`; without one the parser has reported. */
function payloadOf(expr: ConstructorExpr): Expr {
  return expr.value ?? { kind: "ErrorExpr", span: expr.span };
}

function inferOk(body: Body, env: Env | undefined, expr: ConstructorExpr, hint: Type | undefined): Type {
  if (hint?.kind === "httpResult") return inferHttpOk(body, env, expr, hint);
  refer(body, expr, "result");
  const value = payloadOf(expr);
  if (hint?.kind === "result") {
    checkValue(body, env, value, hint.ok, ({ span, words }) =>
      body.report("bynk.types.ok_value_mismatch", span, words),
    );
    return hint;
  }
  const { answer } = body;
  const soft = hint === undefined && answer.kind === "result" ? answer : undefined;
  const ok = body.infer(env, value, soft && wanting(soft.ok));
  if (soft !== undefined) {
    const fitting = acceptSoft(ok, soft.ok, () => {
      const { span, words } = describeMismatch(body, value, wanting(soft.ok));
      body.report("bynk.types.ok_value_mismatch", span, words);
    });
    return fitting ? soft : resultOf(ok, soft.err);
  }
  if (hint === undefined) reportUnknownParams(body, expr);
  return resultOf(ok, errorType);
}

/** Nothing expects a Result or an HttpResult, and the body does not return a Result. */
function reportUnknownParams(body: Body, expr: ConstructorExpr): void {
  const name = expr.name.text;
  if (name === "Ok" && body.answer.kind === "httpResult")
    body.report("bynk.types.ambiguous_constructor", expr.span, {});
  else if (body.answer.kind !== "error") {
    body.report("bynk.types.cannot_infer_result_type_params", expr.span, {
      name,
      other: name === "Ok" ? "error" : "value",
    });
  }
}

function inferHttpOk(body: Body, env: Env | undefined, expr: ConstructorExpr, hint: Type): Type {
  const found = builtinMember(body, "HttpResult", "Ok", hint);
  if (found === undefined) return errorType;
  return inferVariant(body, env, { expr, found, span: expr.name.span, args: [payloadOf(expr)] });
}

/**
 * Where nothing expects a type, the result of the body is taken as a proposal (reference §7.5). A value of another type
 * keeps its own, unless that is known only in part: then the proposal stands and the value is wrong.
 */
function acceptSoft(found: Type, proposed: Type, report: () => void): boolean {
  if (isAssignable(found, proposed)) return true;
  if (!hasGap(found)) return false;
  report();
  return true;
}

function inferErr(body: Body, env: Env | undefined, expr: ConstructorExpr, hint: Type | undefined): Type {
  refer(body, expr, "result");
  const value = payloadOf(expr);
  if (hint?.kind === "result") {
    checkValue(body, env, value, hint.err, ({ span, words }) =>
      body.report("bynk.types.err_value_mismatch", span, words),
    );
    return hint;
  }
  const { answer } = body;
  const soft = hint === undefined && answer.kind === "result" ? answer : undefined;
  const err = body.infer(env, value, soft && wanting(soft.err));
  if (soft !== undefined) {
    const fitting = acceptSoft(err, soft.err, () => {
      const { span, words } = describeMismatch(body, value, wanting(soft.err));
      body.report("bynk.types.err_value_mismatch", span, words);
    });
    return fitting ? soft : resultOf(soft.ok, err);
  }
  if (hint === undefined) reportUnknownParams(body, expr);
  return resultOf(errorType, err);
}

function inferSome(body: Body, env: Env | undefined, expr: ConstructorExpr, hint: Type | undefined): Type {
  refer(body, expr, "option");
  const value = payloadOf(expr);
  if (hint?.kind === "option") {
    checkValue(body, env, value, hint.element, ({ span, words }) => {
      body.report("bynk.types.some_value_mismatch", span, words);
    });
    return hint;
  }
  const { answer } = body;
  const soft = hint === undefined && answer.kind === "option" ? answer : undefined;
  const element = body.infer(env, value, soft && wanting(soft.element));
  if (soft === undefined) return optionOf(element);
  const fitting = acceptSoft(element, soft.element, () => {
    const { span, words } = describeMismatch(body, value, wanting(soft.element));
    body.report("bynk.types.some_value_mismatch", span, words);
  });
  return fitting ? soft : optionOf(element);
}

function inferNone(body: Body, expr: ConstructorExpr, hint: Type | undefined): Type {
  refer(body, expr, "option");
  if (hint?.kind === "option") return hint;
  if (hint !== undefined) return optionOf(errorType);
  if (body.answer.kind === "option") return body.answer;
  body.report("bynk.types.cannot_infer_option_type_param", expr.span, {});
  return optionOf(errorType);
}

export function inferEffectPure(body: Body, env: Env | undefined, expr: EffectPure, hint: Type | undefined): Type {
  const content = hint?.kind === "effect" ? hint.value : undefined;
  const value = body.infer(env, expr.value, content && wanting(content));
  return effectOf(content !== undefined && isAssignable(value, content) ? content : value);
}

function checkValue(
  body: Body,
  env: Env | undefined,
  value: Expr,
  type: Type,
  report: (mismatch: Mismatch) => void,
): void {
  checkAgainst(body, env, value, wanting(type), report);
}
