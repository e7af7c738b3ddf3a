/** Which declared types cross a boundary somewhere in the program: those that need a codec. */
import type { DeclaredType, Program, ProgramUnit, Service, Type } from "../check/model.ts";

export function boundaryTypes(program: Program): ReadonlySet<DeclaredType> {
  const found = new Set<DeclaredType>();
  for (const unit of program.units) {
    for (const type of [...unit.services.flatMap(typesOf), ...remoteTypes(unit)]) reach(type, found);
  }
  return found;
}

function typesOf(service: Service): readonly Type[] {
  switch (service.kind) {
    case "http":
      return service.routes.flatMap((route) => [route.value, ...route.params.map((param) => param.type)]);
    case "call":
      return [service.handler.value, ...service.handler.params.map((param) => param.type)];
    case "queue":
      return [service.handler.message.type];
    case "cron":
      return [];
  }
}

/** A call is encoded with the caller's types and its result decoded into them. */
function remoteTypes(unit: ProgramUnit): readonly Type[] {
  const { references, expressions } = unit.typing;
  return [...references].flatMap(([expr, reference]) => {
    if (reference.kind !== "remote" || expr.kind !== "MethodCall") return [];
    return [expr, ...expr.args].flatMap((part) => expressions.get(part) ?? []);
  });
}

function reach(type: Type, found: Set<DeclaredType>): void {
  switch (type.kind) {
    case "declared":
      reachDeclared(type.declared, found);
      return;
    case "option":
    case "list":
      reach(type.element, found);
      return;
    case "result":
      reach(type.ok, found);
      reach(type.err, found);
      return;
    case "effect":
    case "httpResult":
      reach(type.value, found);
      return;
    case "map":
      reach(type.key, found);
      reach(type.value, found);
      return;
  }
}

function reachDeclared(declared: DeclaredType, found: Set<DeclaredType>): void {
  if (found.has(declared)) return;
  found.add(declared);
  const { shape } = declared;
  if (shape.kind === "record") for (const field of shape.fields) reach(field.type, found);
  if (shape.kind !== "sum") return;
  for (const variant of shape.variants) for (const field of variant.payload) reach(field.type, found);
}
