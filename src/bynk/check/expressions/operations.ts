/** Calls of capability operations (reference §11.3). */
import { createFix, type Fix } from "../../diagnostics/diagnostic.ts";
import type { MethodCall } from "../../syntax/ast.ts";
import { checkArguments, countArguments, inferAll } from "../arguments.ts";
import type { Body, Env } from "../body.ts";
import type { Capability, Type } from "../model.ts";
import { reportUnknown } from "../suggest.ts";
import { errorType } from "../types.ts";

export function inferOperation(
  body: Body,
  env: Env | undefined,
  expr: MethodCall,
  name: string,
  capability: Capability,
): Type {
  const { method } = expr;
  const operation = capability.operations.find((candidate) => candidate.name === method.text);
  if (operation === undefined) {
    inferAll(body, env, expr.args);
    if (method.text !== "") reportUnknownOperation(body, expr, capability);
    return errorType;
  }
  const given = body.given.get(name);
  if (!body.effectful)
    body.report("bynk.effect.capability_in_pure_context", expr.span, { call: `${name}.${method.text}` });
  else if (given === undefined) reportNotGiven(body, expr, name);
  body.usedGiven.add(name);
  body.refer(expr, { kind: "operation", given: given ?? { capability, name }, operation });
  if (operation.decl.typeParams.length > 0) {
    inferAll(body, env, expr.args);
    return errorType;
  }
  if (expr.args.length !== operation.params.length) {
    const args = {
      name: `${name}.${method.text}`,
      wanted: countArguments(operation.params.length),
      found: countArguments(expr.args.length),
    };
    body.report("bynk.capability.op_arity", method.span, args);
  }
  checkArguments(body, env, expr.args, operation.params, `${name}.${method.text}`);
  return operation.result;
}

function reportUnknownOperation(body: Body, expr: MethodCall, capability: Capability): void {
  reportUnknown(body.unit.findings, {
    source: body.source,
    span: expr.method.span,
    name: expr.method.text,
    code: "bynk.capability.unknown_operation",
    args: { name: expr.method.text, capability: capability.name },
    known: capability.operations.map((operation) => operation.name),
  });
}

function reportNotGiven(body: Body, expr: MethodCall, name: string): void {
  const { span } = expr.receiver;
  if (body.site === "function") {
    body.report("bynk.given.undeclared_capability", span, { name }, { variant: "function" });
  } else {
    body.report("bynk.given.undeclared_capability", span, { name }, { fixes: addGiven(body, name) });
  }
}

/** Appends the name to the body's `given`, when the body knows where that stands. */
function addGiven(body: Body, name: string): readonly Fix[] {
  const { insertion } = body;
  if (insertion === undefined) return [];
  const span = { start: insertion.offset, end: insertion.offset };
  const text = insertion.hasClause ? `, ${name}` : ` given ${name}`;
  return [createFix(body.source, `add \`${name}\` to \`given\``, [{ span, text }])];
}
