/** Which types have a form on the wire (reference §3.9, §14). */
import type { SourceFile } from "../../diagnostics/source-file.ts";
import type { TypeRef } from "../../syntax/ast.ts";
import type { DeclaredType, Type } from "../model.ts";
import type { UnitState } from "../state.ts";
import { argumentsOf, printType } from "../types.ts";

/** Reports a type that cannot cross the boundary at `ref`, naming the part of it that cannot. */
export function checkBoundary(unit: UnitState, source: SourceFile, ref: TypeRef, type: Type): void {
  const part = findUnencodable(type);
  if (part === undefined) return;
  const args = { type: printType(type), part: printType(part) };
  const variant = part === type ? "default" : "inside";
  unit.findings.report(source, "bynk.types.unencodable_at_boundary", ref.span, args, { variant });
}

/** The nearest part of a type that has no form on the wire. */
function findUnencodable(type: Type): Type | undefined {
  const parts = new Set([type]);
  for (const part of parts) {
    switch (part.kind) {
      case "effect":
      case "httpResult":
      case "queueResult":
      case "errorRecord":
      case "caller":
      case "callerSum":
        return part;
      case "declared":
        for (const inner of partsOf(part.declared)) parts.add(inner);
        break;
      default:
        for (const inner of argumentsOf(part)) parts.add(inner);
    }
  }
  return undefined;
}

function partsOf({ shape }: DeclaredType): readonly Type[] {
  if (shape.kind === "record") return shape.fields.map((field) => field.type);
  if (shape.kind !== "sum") return [];
  return shape.variants.flatMap((variant) => variant.payload.map((field) => field.type));
}
