/** Which types have a form on the wire (reference §3.9, §14). */
import type { SourceFile } from "../../diagnostics/source-file.ts";
import type { TypeRef } from "../../syntax/ast.ts";
import type { DeclaredType, Type } from "../model.ts";
import type { UnitState } from "../state.ts";
import { argumentsOf, printType } from "../types.ts";

/** Reports a type that cannot cross the boundary at `ref`, naming the part of it that cannot. */
export function checkBoundary(unit: UnitState, source: SourceFile, ref: TypeRef, type: Type): void {
  const part = findUnencodable(type, new Set());
  if (part === undefined) return;
  const args = { type: printType(type), part: printType(part) };
  const variant = part === type ? "default" : "inside";
  unit.findings.report(source, "bynk.types.unencodable_at_boundary", ref.span, args, { variant });
}

function findUnencodable(type: Type, seen: Set<DeclaredType>): Type | undefined {
  switch (type.kind) {
    case "effect":
    case "httpResult":
    case "queueResult":
    case "errorRecord":
    case "caller":
    case "callerSum":
      return type;
    case "declared":
      return findInDeclared(type.declared, seen);
    default:
      return first(argumentsOf(type), seen);
  }
}

function findInDeclared(declared: DeclaredType, seen: Set<DeclaredType>): Type | undefined {
  if (seen.has(declared)) return undefined;
  seen.add(declared);
  const { shape } = declared;
  if (shape.kind === "record")
    return first(
      shape.fields.map((field) => field.type),
      seen,
    );
  if (shape.kind !== "sum") return undefined;
  return first(
    shape.variants.flatMap((variant) => variant.payload.map((field) => field.type)),
    seen,
  );
}

function first(types: readonly Type[], seen: Set<DeclaredType>): Type | undefined {
  for (const type of types) {
    const found = findUnencodable(type, seen);
    if (found !== undefined) return found;
  }
  return undefined;
}
