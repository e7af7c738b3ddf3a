/** Record literals and updates (reference §7.5). */
import type { Expr, FieldInit, Name, RecordLiteral, RecordUpdate } from "../../syntax/ast.ts";
import { checkConstruction } from "../access.ts";
import { type Body, type Env, wanting } from "../body.ts";
import { checkAgainst, type Mismatch } from "../mismatch.ts";
import type { DeclaredType, Field, RecordShape, Type } from "../model.ts";
import { reportUnknown } from "../suggest.ts";
import { reportUnknownType } from "../type-refs.ts";
import { errorType, printType } from "../types.ts";
import { checkLiteral, literalOf } from "./literals.ts";

interface Target {
  readonly declared: DeclaredType;
  readonly shape: RecordShape;
}

export function inferRecord(body: Body, env: Env | undefined, expr: RecordLiteral): Type {
  const target = resolveTarget(body, expr.type);
  if (target === undefined) {
    for (const field of expr.fields) body.infer(env, field.value);
    return body.unit.scope.types.get(expr.type.text)?.declared.type ?? errorType;
  }
  const { declared, shape } = target;
  body.refer(expr, { kind: "record", type: declared });
  checkConstruction(body, declared, expr.type.span);
  const given = checkFields(body, env, target, expr.fields, literalCodes);
  const missing = shape.fields.filter((field) => !given.has(field.name));
  if (missing.length > 0) {
    const names = missing.map((field) => `\`${field.name}\``).join(", ");
    body.report("bynk.resolve.missing_field", expr.type.span, { type: declared.name, fields: names });
  }
  return declared.type;
}

export function inferUpdate(body: Body, env: Env | undefined, expr: RecordUpdate, hint: Type | undefined): Type {
  const named = expr.type && resolveTarget(body, expr.type);
  const base = body.infer(env, expr.base, hint && wanting(hint));
  const inferred = recordOf(base);
  if (inferred === undefined && base.kind !== "error") {
    body.report("bynk.record_spread.non_record_base", expr.base.span, { type: printType(base) });
  }
  const target = expr.type === undefined ? inferred : named;
  if (target === undefined) {
    for (const field of expr.fields) body.infer(env, field.value);
    return errorType;
  }
  if (inferred !== undefined && inferred.declared !== target.declared) {
    const args = { type: target.declared.name, found: inferred.declared.name };
    body.report("bynk.record_spread.type_mismatch", expr.base.span, args);
  }
  body.refer(expr, { kind: "record", type: target.declared });
  checkUpdateAllowed(body, expr, target);
  checkFields(body, env, target, expr.fields, updateCodes);
  return target.declared.type;
}

function recordOf(type: Type): Target | undefined {
  if (type.kind !== "declared" || type.declared.shape.kind !== "record") return undefined;
  return { declared: type.declared, shape: type.declared.shape };
}

function checkUpdateAllowed(body: Body, expr: RecordUpdate, target: Target): void {
  const { declared } = target;
  const span = expr.type?.span ?? expr.base.span;
  if (body.unit.scope.hidden.get(declared.name) === declared) {
    const args = { what: "this update", type: declared.name, owner: declared.unit.name };
    body.report("bynk.context.rebrand_construction", span, args);
  } else checkConstruction(body, declared, span);
}

/** The record type of that name; whatever else the name is, is reported. */
function resolveTarget(body: Body, name: Name): Target | undefined {
  if (name.text === "") return undefined;
  const declared = body.unit.scope.types.get(name.text)?.declared;
  if (declared === undefined) {
    if (body.unit.scope.variants.has(name.text)) {
      body.report("bynk.resolve.not_a_record_type", name.span, { name: name.text }, { variant: "variant" });
    } else reportUnknownType(body.unit, body.source, name);
    return undefined;
  }
  const { shape } = declared;
  if (shape.kind === "record") return { declared, shape };
  if (shape.kind === "refined" && shape.opaque) reportOpaque(body, name);
  else if (shape.kind !== "broken") body.report("bynk.resolve.not_a_record_type", name.span, { name: name.text });
  return undefined;
}

function reportOpaque(body: Body, name: Name): void {
  const args = { name: name.text };
  if (body.site === "function") body.report("bynk.resolve.opaque_record_construction", name.span, args);
  else body.report("bynk.types.opaque_record_construction", name.span, args);
}

interface FieldCodes {
  readonly unknown: "bynk.resolve.unknown_field" | "bynk.record_spread.unknown_field";
  readonly mismatch: "bynk.types.field_value_mismatch" | "bynk.record_spread.field_type_mismatch";
}

const literalCodes: FieldCodes = { unknown: "bynk.resolve.unknown_field", mismatch: "bynk.types.field_value_mismatch" };
const updateCodes: FieldCodes = {
  unknown: "bynk.record_spread.unknown_field",
  mismatch: "bynk.record_spread.field_type_mismatch",
};

/** Checks each written field once; gives the names written. */
function checkFields(
  body: Body,
  env: Env | undefined,
  target: Target,
  inits: readonly FieldInit[],
  codes: FieldCodes,
): ReadonlySet<string> {
  const seen = new Map<string, FieldInit>();
  for (const init of inits) {
    const name = init.name.text;
    const first = seen.get(name);
    if (first === undefined) seen.set(name, init);
    else {
      const related = [{ source: body.source, span: first.name.span, message: "first given here" }];
      body.report("bynk.resolve.duplicate_field_init", init.name.span, { name }, { related });
    }
    const field = target.shape.fields.find((candidate) => candidate.name === name);
    if (field === undefined) {
      if (name !== "") reportUnknownField(body, target, init, codes.unknown);
      body.infer(env, init.value);
    } else checkField(body, env, field, init.value, codes.mismatch);
  }
  return new Set(seen.keys());
}

function reportUnknownField(body: Body, target: Target, init: FieldInit, code: FieldCodes["unknown"]): void {
  reportUnknown(body.unit.findings, {
    source: body.source,
    span: init.name.span,
    name: init.name.text,
    code,
    args: { name: init.name.text, type: target.declared.name },
    known: target.shape.fields.map((field) => field.name),
  });
}

function checkField(body: Body, env: Env | undefined, field: Field, value: Expr, code: FieldCodes["mismatch"]): void {
  const report = ({ span, words }: Mismatch): void => body.report(code, span, { ...words, field: field.name });
  checkAgainst(body, env, value, wanting(field.type), report);
  if (field.predicates.length === 0) return;
  const literal = literalOf(value);
  if (literal !== undefined) checkLiteral(body, literal, field.predicates, `the field \`${field.name}\``);
}
