/** Bare names and calls of bare names (reference §5). */
import { createFix, type Fix } from "../../diagnostics/diagnostic.ts";
import type { CallExpr, Name, NameExpr, SelfExpr } from "../../syntax/ast.ts";
import { checkArguments, countArguments, inferAll } from "../arguments.ts";
import { type Body, type Env, lookUp, namesIn } from "../body.ts";
import type { Type } from "../model.ts";
import { reportUnknown } from "../suggest.ts";
import { errorType, printType } from "../types.ts";
import { type FoundVariant, lookUpVariant, reportAmbiguous } from "../variants.ts";
import { inferVariant } from "./build-variant.ts";

export function inferSelf(body: Body, expr: SelfExpr): Type {
  if (body.self !== undefined) return body.self;
  body.report("bynk.resolve.self_outside_method", expr.span, {});
  return errorType;
}

export function inferName(body: Body, env: Env | undefined, expr: NameExpr, hint: Type | undefined): Type {
  const { name } = expr;
  if (name.text === "") return errorType;
  const found = lookUp(env, name.text);
  if (found !== undefined) {
    body.refer(expr, { kind: "local", local: found.local });
    if (found.type.kind !== "caller") return found.type;
    body.report("bynk.actor.binder_not_a_value", expr.span, { name: name.text });
    return errorType;
  }
  const variant = lookUpVariant(body, name.text, hint);
  if (variant !== undefined && variant.kind !== "ambiguous") {
    return inferVariant(body, env, { expr, found: variant, span: expr.span, args: undefined });
  }
  if (variant !== undefined && !isTypeOrFunction(body, name.text)) {
    reportAmbiguous(body, name.text, expr.span, variant.owners);
    return errorType;
  }
  reportNoValue(body, env, name);
  return errorType;
}

function isTypeOrFunction(body: Body, name: string): boolean {
  return body.unit.scope.types.has(name) || body.unit.scope.functions.has(name);
}

/** A name that is no value: a type, a function, the hidden variant of a used sum, or nothing at all. */
function reportNoValue(body: Body, env: Env | undefined, name: Name): void {
  const { scope } = body.unit;
  const args = { name: name.text };
  const func = scope.functions.get(name.text);
  if (scope.types.has(name.text)) body.report("bynk.resolve.type_in_expr", name.span, args);
  else if (func !== undefined)
    body.report("bynk.resolve.fn_without_call", name.span, args, { fixes: addBrackets(body, name, func) });
  else if (!reportHidden(body, name)) {
    reportUnknown(body.unit.findings, {
      source: body.source,
      span: name.span,
      name: name.text,
      code: "bynk.resolve.unknown_name",
      args,
      known: [...namesIn(env), ...scope.variants.keys(), ...scope.functions.keys()],
    });
  }
}

/** Certain only where the function takes nothing. */
function addBrackets(body: Body, name: Name, func: Function): readonly Fix[] {
  if (func.decl.params.length > 0) return [];
  const { end } = name.span;
  return [createFix(body.source, "call it", [{ span: { start: end, end }, text: "()" }])];
}

/** True, and reported, when the name is a variant of a used sum that a declaration of this unit hides. */
function reportHidden(body: Body, name: Name): boolean {
  for (const sum of body.unit.scope.hidden.values()) {
    if (sum.shape.kind !== "sum" || !sum.shape.variants.some((variant) => variant.name === name.text)) continue;
    const args = { what: `\`${name.text}\``, type: sum.name, owner: sum.unit.name };
    body.report("bynk.context.rebrand_construction", name.span, args);
    return true;
  }
  return false;
}

export function inferCall(body: Body, env: Env | undefined, expr: CallExpr, hint: Type | undefined): Type {
  const name = expr.callee.text;
  const func = body.unit.scope.functions.get(name);
  if (func !== undefined) return inferFunctionCall(body, env, expr, func);
  if (expr.typeArgs !== undefined) {
    const [first] = expr.typeArgs;
    body.unsupported(first?.span ?? expr.callee.span, "type arguments");
  }
  const variant = lookUpVariant(body, name, hint);
  if (variant !== undefined && variant.kind !== "ambiguous") return inferVariantCall(body, env, expr, variant);
  inferAll(body, env, expr.args);
  if (variant !== undefined && !body.unit.scope.types.has(name)) {
    reportAmbiguous(body, name, expr.callee.span, variant.owners);
  } else if (name !== "" && !body.unit.own.agents.has(name)) {
    reportNotCallable(body, env, expr.callee);
  }
  return errorType;
}

function inferVariantCall(body: Body, env: Env | undefined, expr: CallExpr, found: FoundVariant): Type {
  return inferVariant(body, env, { expr, found, span: expr.callee.span, args: expr.args });
}

type Function = NonNullable<ReturnType<Body["unit"]["scope"]["functions"]["get"]>>;

function inferFunctionCall(body: Body, env: Env | undefined, expr: CallExpr, func: Function): Type {
  body.refer(expr, { kind: "function", func });
  if (func.generic) {
    inferAll(body, env, expr.args);
    return errorType;
  }
  if (expr.typeArgs !== undefined) body.unsupported(expr.typeArgs[0]?.span ?? expr.callee.span, "type arguments");
  if (expr.args.length !== func.params.length) {
    const args = {
      name: func.name,
      wanted: countArguments(func.params.length),
      found: countArguments(expr.args.length),
    };
    const related = [{ source: func.source, span: func.decl.name.span, message: "declared here" }];
    body.report("bynk.resolve.arity_mismatch", expr.callee.span, args, { related });
  }
  checkArguments(body, env, expr.args, func.params, func.name);
  return func.result;
}

function reportNotCallable(body: Body, env: Env | undefined, callee: Name): void {
  const name = callee.text;
  const { scope } = body.unit;
  const local = lookUp(env, name);
  if (local?.type.kind === "error") return;
  if (local !== undefined) {
    body.report("bynk.resolve.param_as_function", callee.span, { name, type: printType(local.type) });
  } else if (scope.types.has(name)) {
    body.report("bynk.resolve.type_as_function", callee.span, { name });
  } else if (!reportHidden(body, callee)) {
    reportUnknown(body.unit.findings, {
      source: body.source,
      span: callee.span,
      name,
      code: "bynk.resolve.unknown_function",
      args: { name },
      known: [...scope.functions.keys(), ...scope.variants.keys()],
    });
  }
}
