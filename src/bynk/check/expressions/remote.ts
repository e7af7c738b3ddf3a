/** Calls of another context's service (reference §11.4): arguments fit by structure, results come back in own types. */
import type { MethodCall } from "../../syntax/ast.ts";
import { countArguments, inferAll } from "../arguments.ts";
import { type Body, type Env, wanting } from "../body.ts";
import type { CallService, ProgramUnit, Type } from "../model.ts";
import { type Difference, findDifference } from "../structure.ts";
import { reportUnknown } from "../suggest.ts";
import { argumentsOf, effectOf, errorType, printType, withArguments } from "../types.ts";

export function inferRemoteCall(body: Body, env: Env | undefined, expr: MethodCall, context: ProgramUnit): Type {
  const { method } = expr;
  const callable = context.services.filter((service) => service.kind === "call");
  const service = callable.find((candidate) => candidate.name === method.text);
  if (service === undefined) {
    inferAll(body, env, expr.args);
    if (method.text !== "") reportUnknownService(body, expr, context, callable);
    return errorType;
  }
  if (!body.effectful) {
    const call = `${context.name}.${service.name}`;
    body.report("bynk.effect.cross_context_in_pure_context", expr.span, { call });
  }
  body.refer(expr, { kind: "remote", context, service });
  checkRemoteArguments(body, env, expr, service);
  return effectOf(inOwnTypes(body, service.handler.value));
}

function reportUnknownService(
  body: Body,
  expr: MethodCall,
  context: ProgramUnit,
  callable: readonly CallService[],
): void {
  reportUnknown(body.unit.findings, {
    source: body.source,
    span: expr.method.span,
    name: expr.method.text,
    code: "bynk.consumes.unknown_service",
    args: { name: expr.method.text, context: context.name },
    known: callable.map((service) => service.name),
  });
}

function checkRemoteArguments(body: Body, env: Env | undefined, expr: MethodCall, service: CallService): void {
  const { params } = service.handler;
  if (expr.args.length !== params.length) {
    const args = {
      service: service.name,
      wanted: countArguments(params.length),
      found: countArguments(expr.args.length),
    };
    body.report("bynk.consumes.service_arity", expr.method.span, args);
  }
  for (const [index, arg] of expr.args.entries()) {
    const param = params[index];
    const found = body.infer(env, arg, param && wanting(inOwnTypes(body, param.type)));
    const difference = param && findDifference(found, param.type);
    if (param === undefined || difference === undefined) continue;
    body.report("bynk.boundary.structural_mismatch", arg.span, {
      position: index + 1,
      service: service.name,
      expected: printType(param.type),
      found: printType(found),
      reason: describe(difference),
    });
  }
}

function describe({ path, reason }: Difference): string {
  return path === "" ? reason : `at \`${path}\`, ${reason}`;
}

/** A foreign type becomes this unit's type of the same name and structure, where there is one. */
function inOwnTypes(body: Body, type: Type): Type {
  if (type.kind !== "declared") {
    const parts = argumentsOf(type);
    return parts.length === 0
      ? type
      : withArguments(
          type,
          parts.map((part) => inOwnTypes(body, part)),
        );
  }
  const own = body.unit.scope.types.get(type.declared.name);
  if (own === undefined || own.declared === type.declared || own.via === "consumes") return type;
  return findDifference(own.declared.type, type) === undefined ? own.declared.type : type;
}
