/** Signatures: parameters and results of functions, operations and handlers (reference §4, §11.1, §12.1). */
import type { SourceFile } from "../diagnostics/source-file.ts";
import type { Param } from "../syntax/ast.ts";
import { typeParamNames } from "./declared-types.ts";
import type { Local, Operation } from "./model.ts";
import type { CapabilityBuild, UnitState } from "./state.ts";
import { resolveTypeRef } from "./type-refs.ts";

/** The parameters as locals of the body. A repeated name is reported, and the first stays. */
export function resolveParams(
  unit: UnitState,
  source: SourceFile,
  params: readonly Param[],
  typeParams?: ReadonlySet<string>,
): readonly Local[] {
  const seen = new Map<string, Param>();
  return params.map((param) => {
    const name = param.name.text;
    const first = seen.get(name);
    if (first === undefined) seen.set(name, param);
    else if (name !== "") {
      const related = [{ source, span: first.name.span, message: "first declared here" }];
      unit.findings.report(source, "bynk.resolve.duplicate_param", param.name.span, { name }, { related });
    }
    const type = resolveTypeRef(unit, source, param.type, typeParams);
    return { name, type, origin: "param", node: param.name };
  });
}

export function resolveFunctions(unit: UnitState): void {
  for (const func of unit.own.bodies) {
    const { decl, source } = func;
    const typeParams = typeParamNames(decl.typeParams);
    func.params = resolveParams(unit, source, decl.params, typeParams);
    func.result = resolveTypeRef(unit, source, decl.result, typeParams);
  }
}

export function resolveCapability(unit: UnitState, capability: CapabilityBuild): void {
  const { source, decl } = capability;
  const operations = new Map<string, Operation>();
  for (const node of decl.operations) {
    const typeParams = typeParamNames(node.typeParams);
    const params = resolveParams(unit, source, node.params, typeParams).map(({ name, type }) => ({ name, type }));
    const result = resolveTypeRef(unit, source, node.result, typeParams);
    const name = node.name.text;
    const first = operations.get(name);
    if (first === undefined) {
      if (name !== "") operations.set(name, { name, params, result, decl: node });
      continue;
    }
    const related = [{ source, span: first.decl.name.span, message: "first declared here" }];
    const args = { capability: capability.name, name };
    unit.findings.report(source, "bynk.capability.duplicate_operation", node.name.span, args, { related });
  }
  capability.operations = [...operations.values()];
}
