/** Phase 11, types: the shape of every declared type (reference §3.2–§3.5). */
import type { SourceFile } from "../diagnostics/source-file.ts";
import type {
  EmbedsClause,
  FieldDecl,
  Param,
  RecordBody,
  RefinedBody,
  SumBody,
  TypeDecl,
  VariantDecl,
} from "../syntax/ast.ts";
import { findComponents } from "./graph.ts";
import type { BaseName, DeclaredType, Field, PayloadField, Shape, SumShape, Type, Variant } from "./model.ts";
import { resolveRefinement } from "./refinements.ts";
import { reportUnsupported, type TypeBuild, type UnitState } from "./state.ts";
import { resolveTypeRef } from "./type-refs.ts";
import { isBaseName, printType, sameType } from "./types.ts";

/** Resolves the shapes of the unit's own types, and makes the variants of its visible sums findable. */
export function resolveShapes(unit: UnitState): void {
  for (const type of unit.own.types.values()) type.shape = resolveShape(unit, type);
}

function resolveShape(unit: UnitState, type: TypeBuild): Shape {
  const { decl, source } = type;
  if (decl.kind === "EventDecl" || decl.typeParams.length > 0) return { kind: "broken" };
  const { body } = decl;
  switch (body.kind) {
    case "RefinedBody":
      return resolveRefined(unit, source, body);
    case "RecordBody":
      return { kind: "record", fields: resolveFields(unit, source, body) };
    case "SumBody":
    case "EnumBody": {
      const variants = resolveVariants(unit, source, body.variants);
      return {
        kind: "sum",
        variants,
        embeds: body.kind === "SumBody" ? resolveEmbeds(unit, source, body, variants) : [],
      };
    }
    case "ErrorBody":
      return { kind: "broken" };
  }
}

function resolveRefined(unit: UnitState, source: SourceFile, body: RefinedBody): Shape {
  const base = body.base.text;
  if (!isBaseName(base)) return { kind: "broken" };
  return {
    kind: "refined",
    opaque: body.opaque,
    base,
    predicates: resolveRefinement(unit, source, base, body.refinement),
  };
}

function resolveFields(unit: UnitState, source: SourceFile, body: RecordBody): readonly Field[] {
  const fields = new Map<string, Field>();
  for (const decl of body.fields) {
    const field = resolveField(unit, source, decl);
    const first = fields.get(field.name);
    if (first === undefined) {
      if (field.name !== "") fields.set(field.name, field);
      continue;
    }
    const related = [{ source, span: first.decl.name.span, message: "first declared here" }];
    const args = { name: field.name, owner: "record" };
    unit.findings.report(source, "bynk.resolve.duplicate_field", decl.name.span, args, { related });
  }
  return [...fields.values()];
}

function resolveField(unit: UnitState, source: SourceFile, decl: FieldDecl): Field {
  const type = resolveTypeRef(unit, source, decl.type);
  if (decl.default !== undefined) reportUnsupported(unit, source, decl.default.span, "defaults of fields");
  const { refinement } = decl;
  if (refinement === undefined || type.kind === "error") return { name: decl.name.text, type, predicates: [], decl };
  const base = declaredBase(type);
  if (base === undefined) {
    unit.findings.report(source, "bynk.types.field_refinement_not_base", refinement.span, { type: printType(type) });
    return { name: decl.name.text, type, predicates: [], decl };
  }
  return { name: decl.name.text, type, predicates: resolveRefinement(unit, source, base, refinement), decl };
}

/** The base a type acts as, read off its declaration: its shape may not be resolved yet. */
function declaredBase(type: Type): BaseName | undefined {
  if (type.kind === "base") return type.name;
  if (type.kind !== "declared") return undefined;
  const { body } = type.declared.decl;
  if (body.kind !== "RefinedBody" || body.opaque) return undefined;
  return isBaseName(body.base.text) ? body.base.text : undefined;
}

function resolveVariants(unit: UnitState, source: SourceFile, decls: readonly VariantDecl[]): readonly Variant[] {
  const variants = new Map<string, Variant>();
  for (const decl of decls) {
    const name = decl.name.text;
    const payload = (decl.payload ?? []).map((param) => resolvePayload(unit, source, param));
    reportRepeatedPayload(unit, source, decl.payload ?? []);
    const first = variants.get(name);
    if (first === undefined) {
      if (name !== "") variants.set(name, { name, payload, decl });
      continue;
    }
    const related = [{ source, span: first.decl.name.span, message: "first declared here" }];
    unit.findings.report(source, "bynk.resolve.duplicate_variant", decl.name.span, { name }, { related });
  }
  return [...variants.values()];
}

/** The discriminator of a sum in memory and on the wire; a payload field of that name would overwrite it. */
const discriminators: ReadonlySet<string> = new Set(["tag", "kind"]);

function resolvePayload(unit: UnitState, source: SourceFile, param: Param): PayloadField {
  const name = param.name.text;
  if (discriminators.has(name)) {
    unit.findings.report(source, "bynk.types.reserved_payload_field", param.name.span, { name });
  }
  return { name, type: resolveTypeRef(unit, source, param.type) };
}

function reportRepeatedPayload(unit: UnitState, source: SourceFile, params: readonly Param[]): void {
  const seen = new Map<string, Param>();
  for (const param of params) {
    const name = param.name.text;
    const first = seen.get(name);
    if (first === undefined || name === "") {
      seen.set(name, param);
      continue;
    }
    const related = [{ source, span: first.name.span, message: "first declared here" }];
    const args = { name, owner: "variant" };
    unit.findings.report(source, "bynk.resolve.duplicate_field", param.name.span, args, { related });
  }
}

function resolveEmbeds(
  unit: UnitState,
  source: SourceFile,
  body: SumBody,
  variants: readonly Variant[],
): SumShape["embeds"] {
  const embeds: { type: Type; variant: Variant; clause: EmbedsClause }[] = [];
  for (const clause of body.embeds) {
    const embedded = resolveEmbed(unit, source, clause, variants);
    if (embedded === undefined) continue;
    const earlier = embeds.find((other) => sameType(other.type, embedded.type));
    if (earlier === undefined) {
      embeds.push({ ...embedded, clause });
      continue;
    }
    const related = [{ source, span: earlier.clause.variant.span, message: "the first that does" }];
    const args = { type: printType(embedded.type), first: earlier.variant.name, second: embedded.variant.name };
    unit.findings.report(source, "bynk.types.embeds_ambiguous", clause.variant.span, args, { related });
  }
  return embeds;
}

function resolveEmbed(
  unit: UnitState,
  source: SourceFile,
  clause: EmbedsClause,
  variants: readonly Variant[],
): { type: Type; variant: Variant } | undefined {
  const type = resolveTypeRef(unit, source, clause.type);
  const name = clause.variant.text;
  if (type.kind === "error" || name === "") return undefined;
  const variant = variants.find((candidate) => candidate.name === name);
  if (variant === undefined) {
    unit.findings.report(source, "bynk.types.embeds_unknown_variant", clause.variant.span, { name });
    return undefined;
  }
  const [field] = variant.payload;
  if (variant.payload.length === 1 && field !== undefined && sameType(field.type, type)) return { type, variant };
  const args = { name, type: printType(type) };
  unit.findings.report(source, "bynk.types.embeds_variant_shape", clause.variant.span, args);
  return undefined;
}

/** Finds records that contain themselves. Runs once the shapes of all units are known. */
export function checkRecursion(unit: UnitState): void {
  const group = new Map<DeclaredType, readonly DeclaredType[]>();
  for (const component of findComponents({ nodes: unit.own.types.values(), next: heldRecords })) {
    for (const type of component) group.set(type, component);
  }
  for (const type of unit.own.types.values()) {
    if (type.shape.kind !== "record") continue;
    for (const field of type.shape.fields) {
      // What a field holds leads back to the record exactly when both are in one circle.
      if (field.type.kind !== "declared" || group.get(field.type.declared) !== group.get(type)) continue;
      const args = { record: type.name, field: field.name };
      unit.findings.report(type.source, "bynk.resolve.recursive_record_field", field.decl.type.span, args);
    }
  }
}

/** The declared types a record's value holds directly, not through `Option`, a container or a sum. */
function heldRecords(type: DeclaredType): readonly DeclaredType[] {
  if (type.shape.kind !== "record") return [];
  return type.shape.fields.flatMap((field) => (field.type.kind === "declared" ? [field.type.declared] : []));
}

/** Makes every variant of the visible sums findable by its bare name. Runs once all shapes are known. */
export function linkVariants(unit: UnitState): void {
  for (const visible of unit.scope.types.values()) {
    const sum = visible.declared;
    if (sum.shape.kind !== "sum") continue;
    for (const variant of sum.shape.variants) {
      const found = unit.scope.variants.get(variant.name);
      const entry = { sum, variant, visible };
      if (found === undefined) unit.scope.variants.set(variant.name, [entry]);
      else found.push(entry);
    }
  }
}

/** The type parameters of a declaration, which are opaque names until ring 2. */
export function typeParamNames(params: TypeDecl["typeParams"]): ReadonlySet<string> {
  return new Set(params.map((param) => param.name.text));
}
