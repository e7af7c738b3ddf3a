/** `T.of(v)`, `T.unsafe(v)`, `T.Variant(…)`, `T.static(…)`, `Int.parse(s)` (reference §4). */
import type { MethodCall, Name } from "../../syntax/ast.ts";
import { checkConstruction } from "../access.ts";
import { checkArguments, countArguments, inferAll } from "../arguments.ts";
import { type Body, type Env, wanting } from "../body.ts";
import { kernelStatic, kernelStatics } from "../kernel.ts";
import { checkAgainst } from "../mismatch.ts";
import type { BaseName, DeclaredType, Func, RefinedShape, Type } from "../model.ts";
import { reportUnknown } from "../suggest.ts";
import { baseType, errorType, isBaseName, resultOf } from "../types.ts";
import { builtinMember } from "../variants.ts";
import { inferVariant } from "./build-variant.ts";

export function inferTypeMember(body: Body, env: Env | undefined, expr: MethodCall, declared: DeclaredType): Type {
  const { shape } = declared;
  const name = expr.method.text;
  if (shape.kind === "refined" && (name === "of" || name === "unsafe")) {
    return inferConstruct(body, env, expr, declared, shape, name);
  }
  const variant = shape.kind === "sum" ? shape.variants.find((candidate) => candidate.name === name) : undefined;
  if (variant !== undefined) {
    const found = { kind: "declared", sum: declared, variant } as const;
    return inferVariant(body, env, { expr, found, span: expr.method.span, args: expr.args });
  }
  const func = visibleStatic(body, declared, name);
  if (func !== undefined) return inferStaticCall(body, env, expr, func);
  inferAll(body, env, expr.args);
  if (shape.kind !== "broken") reportUnknownStatic(body, declared, expr.method);
  return errorType;
}

/** A consumed type brings its instance methods, not its statics. */
function visibleStatic(body: Body, declared: DeclaredType, name: string): Func | undefined {
  return body.unit.scope.types.get(declared.name)?.via === "consumes" ? undefined : declared.statics.get(name);
}

function inferConstruct(
  body: Body,
  env: Env | undefined,
  expr: MethodCall,
  declared: DeclaredType,
  shape: RefinedShape,
  how: "of" | "unsafe",
): Type {
  if (how === "unsafe" && !shape.opaque) {
    inferAll(body, env, expr.args);
    reportUnknownStatic(body, declared, expr.method);
    return errorType;
  }
  body.refer(expr, { kind: "construct", type: declared, how });
  if (checkConstruction(body, declared, expr.receiver.span) && how === "unsafe" && declared.unit !== body.unit.model) {
    const args = { type: declared.name, owner: declared.unit.name };
    body.report("bynk.types.opaque_unsafe_outside", expr.method.span, args);
  }
  const [value] = expr.args;
  const member = `${declared.name}.${how}`;
  if (value === undefined || expr.args.length > 1) {
    const args = { member, found: countArguments(expr.args.length) };
    body.report("bynk.types.constructor_arity", expr.method.span, args);
    inferAll(body, env, expr.args);
  } else {
    checkAgainst(body, env, value, wanting(baseType[shape.base]), ({ span, words }) => {
      body.report("bynk.types.constructor_base_mismatch", span, { ...words, member });
    });
  }
  const type = declared.type;
  return how === "of" ? resultOf(type, { kind: "errorRecord", name: "ValidationError" }) : type;
}

function inferStaticCall(body: Body, env: Env | undefined, expr: MethodCall, func: Func): Type {
  body.refer(expr, { kind: "static", func });
  return inferDeclaredCall(body, env, expr, func);
}

/** A call of a method or static of the author's: its arguments and result. */
export function inferDeclaredCall(body: Body, env: Env | undefined, expr: MethodCall, func: Func): Type {
  if (func.decl.typeParams.length > 0) {
    inferAll(body, env, expr.args);
    return errorType;
  }
  if (expr.args.length !== func.params.length) {
    const related = [{ source: func.source, span: func.decl.name.span, message: "declared here" }];
    reportMethodArity(body, expr, func.params.length, related);
  }
  checkArguments(body, env, expr.args, func.params, func.name);
  return func.result;
}

export function reportMethodArity(
  body: Body,
  expr: MethodCall,
  wanted: number,
  related: readonly { source: Func["source"]; span: Name["span"]; message: string }[] = [],
): void {
  const args = {
    name: expr.method.text,
    wanted: countArguments(wanted),
    found: countArguments(expr.args.length),
  };
  body.report("bynk.types.method_arity", expr.method.span, args, { related });
}

/** Functions say it in the words of name resolution, handlers and providers in those of typing (reference §4). */
export function reportUnknownStatic(body: Body, declared: DeclaredType, name: Name): void {
  if (name.text === "") return;
  reportStatic(body, declared.name, name, staticsOf(declared));
}

function staticsOf(declared: DeclaredType): readonly string[] {
  const { shape, statics } = declared;
  const own = [...statics.keys()];
  if (shape.kind === "sum") return [...own, ...shape.variants.map((variant) => variant.name)];
  if (shape.kind !== "refined") return own;
  return [...own, "of", ...(shape.opaque ? ["unsafe"] : [])];
}

function reportStatic(body: Body, type: string, name: Name, known: readonly string[]): void {
  reportUnknown(body.unit.findings, {
    source: body.source,
    span: name.span,
    name: name.text,
    code: body.site === "function" ? "bynk.resolve.unknown_static_member" : "bynk.types.unknown_static_member",
    args: { name: name.text, type },
    known,
  });
}

/** Members of built-in types. Collections and codecs belong to later rings. */
export function inferBuiltinMember(
  body: Body,
  env: Env | undefined,
  expr: MethodCall,
  owner: string,
  hint: Type | undefined,
): Type {
  const found = builtinMember(body, owner, expr.method.text, hint);
  if (found !== undefined) return inferVariant(body, env, { expr, found, span: expr.method.span, args: expr.args });
  if (isBaseName(owner)) return inferKernelStatic(body, env, expr, owner);
  inferAll(body, env, expr.args);
  if (owner === "HttpResult" || owner === "QueueResult") reportStatic(body, owner, expr.method, []);
  else body.unsupported(expr.span, `\`${owner}.${expr.method.text}\``);
  return errorType;
}

function inferKernelStatic(body: Body, env: Env | undefined, expr: MethodCall, owner: BaseName): Type {
  const method = expr.method.text;
  const signature = kernelStatic(owner, method);
  if (signature === undefined) {
    inferAll(body, env, expr.args);
    if (method !== "") reportStatic(body, owner, expr.method, kernelStatics(owner));
    return errorType;
  }
  body.refer(expr, { kind: "kernelStatic", owner, method });
  if (expr.args.length !== signature.params.length) reportMethodArity(body, expr, signature.params.length);
  checkArguments(
    body,
    env,
    expr.args,
    signature.params.map((type) => ({ type })),
    `${owner}.${method}`,
  );
  return signature.result;
}
