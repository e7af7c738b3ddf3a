/** What a written type means in a unit (reference §3.1). Every reference is resolved once and remembered. */
import type { SourceFile } from "../diagnostics/source-file.ts";
import type { NamedType, TypeRef } from "../syntax/ast.ts";
import type { Type } from "./model.ts";
import { reportUnsupported, type UnitState } from "./state.ts";
import { reportUnknown } from "./suggest.ts";
import {
  baseOf,
  baseType,
  effectOf,
  errorType,
  httpResultOf,
  isBaseName,
  listOf,
  optionOf,
  queueResultType,
  resultOf,
  unitType,
} from "./types.ts";

const noParams: ReadonlySet<string> = new Set();

/** Built-in type names that later rings bring. */
const laterTypes: { readonly [name: string]: string } = {
  Stream: "streams",
  Query: "queries",
  Connection: "connections",
  History: "histories",
};

/** All names of built-in types an author may write. */
const builtinNames = [
  ...Object.keys(baseType),
  ...["Option", "Result", "Effect", "HttpResult", "QueueResult", "List", "Map", "ValidationError", "JsonError"],
];

/**
 * The type that `ref` names. What is unknown is reported and gives the error type. `typeParams` are names of the
 * declaration's own parameters: those belong to ring 2, have been reported where they are declared, and fit everything.
 */
export function resolveTypeRef(
  unit: UnitState,
  source: SourceFile,
  ref: TypeRef,
  typeParams: ReadonlySet<string> = noParams,
): Type {
  const known = unit.typing.typeRefs.get(ref);
  if (known !== undefined) return known;
  const type = resolve(unit, source, ref, typeParams);
  unit.typing.typeRefs.set(ref, type);
  return type;
}

function resolve(unit: UnitState, source: SourceFile, ref: TypeRef, typeParams: ReadonlySet<string>): Type {
  switch (ref.kind) {
    case "UnitType":
      return unitType;
    case "ErrorType":
      return errorType;
    case "FunctionType":
      reportUnsupported(unit, source, ref.span, "function types");
      return errorType;
    case "NamedType":
      return resolveNamed(unit, source, ref, typeParams);
  }
}

function resolveNamed(unit: UnitState, source: SourceFile, ref: NamedType, typeParams: ReadonlySet<string>): Type {
  const name = ref.name.text;
  if (name === "" || typeParams.has(name)) return errorType;
  if (isBaseName(name)) return baseType[name];
  if (Object.hasOwn(laterTypes, name)) {
    reportUnsupported(unit, source, ref.span, laterTypes[name] ?? name);
    return errorType;
  }
  const argument = (index: number): Type => {
    const arg = ref.args?.[index];
    return arg === undefined ? errorType : resolveTypeRef(unit, source, arg, typeParams);
  };
  switch (name) {
    case "QueueResult":
      return queueResultType;
    case "ValidationError":
    case "JsonError":
      return { kind: "errorRecord", name };
    case "Option":
      return optionOf(argument(0));
    case "Result":
      return resultOf(argument(0), argument(1));
    case "Effect":
      return effectOf(argument(0));
    case "HttpResult":
      return httpResultOf(argument(0));
    case "List":
      return listOf(argument(0));
    case "Map":
      return resolveMap(unit, source, ref, argument(0), argument(1));
    default:
      return resolveDeclared(unit, source, ref);
  }
}

function resolveMap(unit: UnitState, source: SourceFile, ref: NamedType, key: Type, value: Type): Type {
  const [keyRef] = ref.args ?? [];
  if (keyRef !== undefined && !isKeyable(key)) {
    unit.findings.report(source, "bynk.types.unkeyable_map_key", keyRef.span, {});
  }
  return { kind: "map", key, value };
}

/** Int, String, and refined or opaque types over them. The shapes of declared types may not be known yet. */
function isKeyable(type: Type): boolean {
  if (type.kind === "error") return true;
  if (type.kind === "declared") {
    const { body } = type.declared.decl;
    return body.kind === "ErrorBody" || (body.kind === "RefinedBody" && isKeyBase(body.base.text));
  }
  return isKeyBase(baseOf(type));
}

function isKeyBase(base: string | undefined): boolean {
  return base === "Int" || base === "String";
}

function resolveDeclared(unit: UnitState, source: SourceFile, ref: NamedType): Type {
  const visible = unit.scope.types.get(ref.name.text);
  if (visible === undefined) {
    reportUnknownType(unit, source, ref.name);
    return errorType;
  }
  const { decl } = visible.declared;
  const isGeneric = decl.kind === "TypeDecl" && decl.typeParams.length > 0;
  if (ref.args !== undefined && !isGeneric) reportUnsupported(unit, source, ref.span, "generic types");
  return isGeneric || ref.args !== undefined ? errorType : visible.declared.type;
}

/** Reports a type name that means nothing here, in whatever position it was written. */
export function reportUnknownType(unit: UnitState, source: SourceFile, name: NamedType["name"]): void {
  reportUnknown(unit.findings, {
    source,
    span: name.span,
    name: name.text,
    code: "bynk.resolve.unknown_type",
    args: { name: name.text },
    known: [...unit.scope.types.keys(), ...builtinNames],
  });
}
