/** `x.f`, `State.Lost`, `u.identity` (reference §7.5, §13.5). */
import type { FieldAccess } from "../../syntax/ast.ts";
import { checkInspection } from "../access.ts";
import { type Body, type Env, lookUp } from "../body.ts";
import type { Type } from "../model.ts";
import { reportUnknown } from "../suggest.ts";
import { baseType, errorType, printType, unitType } from "../types.ts";
import { builtinMember } from "../variants.ts";
import { inferVariant } from "./build-variant.ts";
import { type Head, resolveHead } from "./heads.ts";
import { reportUnknownStatic } from "./statics.ts";

export function inferField(body: Body, env: Env | undefined, expr: FieldAccess, hint: Type | undefined): Type {
  const head = resolveHead(body, env, expr.receiver);
  return head.kind === "value" ? inferValueField(body, env, expr) : inferHeadField(body, env, expr, head, hint);
}

/** A member of something that is no value, named without a call. */
function inferHeadField(
  body: Body,
  env: Env | undefined,
  expr: FieldAccess,
  head: Exclude<Head, { kind: "value" }>,
  hint: Type | undefined,
): Type {
  const { field } = expr;
  switch (head.kind) {
    case "type": {
      const { declared } = head;
      const { shape } = declared;
      const variant = shape.kind === "sum" && shape.variants.find((candidate) => candidate.name === field.text);
      if (variant) {
        const found = { kind: "declared", sum: declared, variant } as const;
        return inferVariant(body, env, { expr, found, span: field.span, args: undefined });
      }
      if (shape.kind !== "broken") reportUnknownStatic(body, declared, field);
      return errorType;
    }
    case "builtinType": {
      const found = builtinMember(body, head.name, field.text, hint);
      if (found !== undefined) return inferVariant(body, env, { expr, found, span: field.span, args: undefined });
      reportUncalled(body, expr);
      return errorType;
    }
    case "capability":
    case "context":
      reportUncalled(body, expr);
      return errorType;
    case "unknown":
      return errorType;
  }
}

/** An operation, a service or a static that is named and not called. */
function reportUncalled(body: Body, expr: FieldAccess): void {
  const name = body.source.text.slice(expr.span.start, expr.span.end);
  body.report("bynk.resolve.fn_without_call", expr.span, { name });
}

function inferValueField(body: Body, env: Env | undefined, expr: FieldAccess): Type {
  const { receiver, field } = expr;
  const local = receiver.kind === "NameExpr" ? lookUp(env, receiver.name.text) : undefined;
  if (local?.type.kind === "caller") return inferIdentity(body, expr, local);
  const type = body.infer(env, receiver);
  if (type.kind === "error" || field.text === "") return errorType;
  if (type.kind === "errorRecord") return inferErrorField(body, expr, type);
  if (type.kind === "callerSum") {
    body.report(
      "bynk.types.unknown_field",
      field.span,
      { name: field.text, type: printType(type) },
      { variant: "callerSum" },
    );
    return errorType;
  }
  if (type.kind === "declared") return inferDeclaredField(body, expr, type);
  reportNoFields(body, expr, type);
  return errorType;
}

/** The binder of a single party has one member. */
function inferIdentity(body: Body, expr: FieldAccess, found: Env): Type {
  const { type, local } = found;
  if (type.kind !== "caller") return errorType;
  body.refer(expr.receiver, { kind: "local", local });
  body.typing.expressions.set(expr.receiver, type);
  const { field } = expr;
  if (field.text !== "identity") {
    const args = { name: field.text, binder: local.name };
    if (field.text !== "") body.report("bynk.types.unknown_field", field.span, args, { variant: "caller" });
    return errorType;
  }
  body.refer(expr, { kind: "identity", local });
  const { actor } = type;
  if (actor.identity !== undefined) return actor.identity;
  if (actor.kind === "declared" && actor.decl.identity !== undefined) {
    body.unit.readIdentities.add(actor);
    const related = [{ source: actor.source, span: actor.decl.identity.span, message: "never supplied" }];
    const args = { actor: actor.name, scheme: actor.scheme.kind };
    body.report("bynk.actor.identity_unavailable", field.span, args, { related });
    return errorType;
  }
  return unitType;
}

const errorFields = {
  ValidationError: ["field", "message", "value"],
  JsonError: ["kind", "path", "message"],
} as const;

function inferErrorField(body: Body, expr: FieldAccess, type: Type & { kind: "errorRecord" }): Type {
  const { field } = expr;
  const known: readonly string[] = errorFields[type.name];
  if (known.includes(field.text)) {
    body.refer(expr, { kind: "field", field: field.text });
    return baseType.String;
  }
  reportUnknownField(body, expr, type, known);
  return errorType;
}

function reportUnknownField(body: Body, expr: FieldAccess, type: Type, known: readonly string[]): void {
  reportUnknown(body.unit.findings, {
    source: body.source,
    span: expr.field.span,
    name: expr.field.text,
    code: "bynk.types.unknown_field",
    args: { name: expr.field.text, type: printType(type) },
    known,
  });
}

function inferDeclaredField(body: Body, expr: FieldAccess, type: Type & { kind: "declared" }): Type {
  const { declared } = type;
  const { shape } = declared;
  if (shape.kind === "broken") return errorType;
  if (shape.kind === "refined" && shape.opaque && expr.field.text === "raw") return inferRaw(body, expr, type);
  if (shape.kind !== "record") {
    reportNoFields(body, expr, type);
    return errorType;
  }
  if (!checkInspection(body, type, expr.receiver.span, "reading its fields")) return errorType;
  const field = shape.fields.find((candidate) => candidate.name === expr.field.text);
  if (field !== undefined) {
    body.refer(expr, { kind: "field", field: field.name });
    return field.type;
  }
  if (declared.methods.has(expr.field.text)) {
    body.report("bynk.resolve.fn_without_call", expr.field.span, { name: expr.field.text });
  } else {
    const known = shape.fields.map((candidate) => candidate.name);
    reportUnknownField(body, expr, type, known);
  }
  return errorType;
}

function inferRaw(body: Body, expr: FieldAccess, type: Type & { kind: "declared" }): Type {
  const { declared } = type;
  body.refer(expr, { kind: "raw" });
  if (declared.unit !== body.unit.model) {
    const args = { type: declared.name, owner: declared.unit.name };
    body.report("bynk.types.opaque_raw_outside", expr.field.span, args);
  }
  return declared.shape.kind === "refined" ? baseType[declared.shape.base] : errorType;
}

function reportNoFields(body: Body, expr: FieldAccess, type: Type): void {
  const args = { name: expr.field.text, type: printType(type) };
  const variant = type.kind === "effect" ? "effect" : "default";
  body.report("bynk.types.field_access_on_non_record", expr.field.span, args, { variant });
}
