/** What a unit may do with values of a type that another unit declares (reference §2.6). */

import type { Span } from "../syntax/ast.ts";
import type { Body } from "./body.ts";
import type { DeclaredType, Type } from "./model.ts";
import type { UnitState } from "./state.ts";

/** `open`: everything. `transparent`: look inside, not build. `opaque`: hold and pass on. */
export type Access = "open" | "transparent" | "opaque";

export function accessTo(unit: UnitState, declared: DeclaredType): Access {
  if (declared.unit === unit.model) return "open";
  const visible = unit.scope.types.get(declared.name);
  if (visible?.declared === declared) return visible.visibility;
  if (declared.unit.kind === "commons") return "open";
  for (const { unit: consumed } of unit.model.consumes) {
    const exported = consumed.exportedTypes.get(declared.name);
    if (exported?.type === declared) return consumed.kind === "adapter" ? "open" : exported.visibility;
  }
  return "opaque";
}

/** Reports a look inside a value whose type its owner keeps opaque. `act` says what was tried. */
export function checkInspection(body: Body, type: Type, span: Span, act: string): boolean {
  if (type.kind !== "declared" || accessTo(body.unit, type.declared) !== "opaque") return true;
  const args = { type: type.declared.name, owner: type.declared.unit.name, act };
  body.report("bynk.context.opaque_inspection", span, args);
  return false;
}

/** Reports that a value of a foreign type is built here. */
export function checkConstruction(body: Body, declared: DeclaredType, span: Span): boolean {
  if (accessTo(body.unit, declared) === "open") return true;
  const args = { type: declared.name, owner: ownerOf(body.unit, declared) };
  body.report("bynk.context.external_construction", span, args);
  return false;
}

/** The unit whose type it is from where the body stands: a context may have it from a commons. */
function ownerOf(unit: UnitState, declared: DeclaredType): string {
  const visible = unit.scope.types.get(declared.name);
  return visible?.declared === declared ? visible.from.name : declared.unit.name;
}
