/** `x.m(…)`: methods of values, and the dispatch to whatever else stands before the dot (reference §5, §9). */
import type { MethodCall } from "../../syntax/ast.ts";
import { checkInspection } from "../access.ts";
import { checkArguments, inferAll } from "../arguments.ts";
import { type Body, type Env, lookUp, wanting } from "../body.ts";
import { isLaterMethod, kernelMethod, kernelMethods, kernelReceiver } from "../kernel.ts";
import type { Type } from "../model.ts";
import { reportUnknown } from "../suggest.ts";
import { errorType, printType } from "../types.ts";
import { resolveHead } from "./heads.ts";
import { inferOperation } from "./operations.ts";
import { inferRemoteCall } from "./remote.ts";
import { inferBuiltinMember, inferDeclaredCall, inferTypeMember, reportMethodArity } from "./statics.ts";

export function inferMethodCall(body: Body, env: Env | undefined, expr: MethodCall, hint: Type | undefined): Type {
  const head = resolveHead(body, env, expr.receiver);
  if (expr.typeArgs !== undefined && head.kind !== "unknown") {
    body.unsupported(expr.typeArgs[0]?.span ?? expr.method.span, "type arguments");
    inferAll(body, env, expr.args);
    return errorType;
  }
  switch (head.kind) {
    case "value":
      return inferValueCall(body, env, expr, hint);
    case "capability":
      return inferOperation(body, env, expr, head.name, head.capability);
    case "type":
      return inferTypeMember(body, env, expr, head.declared);
    case "builtinType":
      return inferBuiltinMember(body, env, expr, head.name, hint);
    case "context":
      return inferRemoteCall(body, env, expr, head.unit);
    case "unknown":
      inferAll(body, env, expr.args);
      return errorType;
  }
}

function inferValueCall(body: Body, env: Env | undefined, expr: MethodCall, hint: Type | undefined): Type {
  const { receiver, method } = expr;
  const local = receiver.kind === "NameExpr" ? lookUp(env, receiver.name.text) : undefined;
  if (local?.type.kind === "caller") {
    inferAll(body, env, expr.args);
    const args = { name: method.text, binder: local.local.name };
    body.report("bynk.types.unknown_field", method.span, args, { variant: "caller" });
    return errorType;
  }
  const type = body.infer(env, receiver);
  const func = type.kind === "declared" ? type.declared.methods.get(method.text) : undefined;
  if (func !== undefined) {
    body.refer(expr, { kind: "method", func });
    return inferDeclaredCall(body, env, expr, func);
  }
  const builtin = inferKernelCall(body, env, expr, type, hint);
  if (builtin !== undefined) return builtin;
  // A lambda handed to a method of a later ring is part of what is refused there.
  const isLater = type.kind === "list" || type.kind === "map" || isLaterMethod(type, method.text);
  inferAll(body, env, isLater ? expr.args.filter((arg) => arg.kind !== "LambdaExpr") : expr.args);
  if (type.kind !== "error" && method.text !== "") reportNoMethod(body, expr, type);
  return errorType;
}

function inferKernelCall(
  body: Body,
  env: Env | undefined,
  expr: MethodCall,
  type: Type,
  hint: Type | undefined,
): Type | undefined {
  const receiver = kernelReceiver(type);
  const method = expr.method.text;
  if (receiver === undefined || kernelMethod(type, method, errorType) === undefined) return undefined;
  if (!checkInspection(body, type, expr.receiver.span, "calling its built-in methods")) return undefined;
  body.refer(expr, { kind: "kernel", receiver, method });
  const signature = kernelMethod(type, method, method === "okOr" ? inferErrorOf(body, env, expr, hint) : errorType);
  if (signature === undefined) return undefined;
  if (expr.args.length !== signature.params.length) reportMethodArity(body, expr, signature.params.length);
  if (method !== "okOr") {
    checkArguments(
      body,
      env,
      expr.args,
      signature.params.map((param) => ({ type: param })),
      method,
    );
  }
  return signature.result;
}

/** The argument of `okOr` decides the error type of its result. */
function inferErrorOf(body: Body, env: Env | undefined, expr: MethodCall, hint: Type | undefined): Type {
  const expected = hint?.kind === "result" ? wanting(hint.err) : undefined;
  const [first = errorType] = expr.args.map((arg) => body.infer(env, arg, expected));
  return first;
}

function reportNoMethod(body: Body, expr: MethodCall, type: Type): void {
  const { method } = expr;
  if (type.kind === "list" || type.kind === "map") {
    body.unsupported(method.span, type.kind === "list" ? "methods of lists" : "methods of maps");
    return;
  }
  if (isLaterMethod(type, method.text)) {
    body.unsupported(method.span, `\`.${method.text}\``);
    return;
  }
  if (type.kind === "declared" && type.declared.shape.kind === "broken") return;
  const known = [...(type.kind === "declared" ? type.declared.methods.keys() : []), ...kernelMethods(type)];
  const args = { name: method.text, type: printType(type) };
  if (known.length === 0 && type.kind !== "declared") {
    const variant = type.kind === "effect" ? "effect" : "default";
    body.report("bynk.types.method_on_non_named_type", method.span, args, { variant });
    return;
  }
  reportUnknown(body.unit.findings, {
    source: body.source,
    span: method.span,
    name: method.text,
    code: "bynk.types.method_not_found",
    args,
    known,
  });
}
