/** Phase 5: what each unit declares, by name (reference §2.7, §5). Nothing is resolved yet. */
import type { Code } from "../diagnostics/catalogue/index.ts";
import type { SourceFile } from "../diagnostics/source-file.ts";
import { Findings } from "../project/findings.ts";
import type { UnitGroup, UnitPart } from "../project/units.ts";
import type {
  ActorDecl,
  CapabilityDecl,
  EventDecl,
  FnDecl,
  Item,
  Name,
  ProvidesDecl,
  ServiceDecl,
  TypeDecl,
  TypeParam,
} from "../syntax/ast.ts";
import type { Place, ProgramUnit, Shape, Target, Type } from "./model.ts";
import {
  createTyping,
  type FuncBuild,
  type Mutable,
  type OwnNames,
  reportUnsupported,
  type Scope,
  type TypeBuild,
  type UnitState,
} from "./state.ts";
import { errorType } from "./types.ts";

/** Names the compiler knows as types; a declaration may not take them. */
const builtinTypes: ReadonlySet<string> = new Set([
  ...["List", "Map", "Query", "Stream", "Connection", "History", "HttpResult", "QueueResult"],
]);

export function declareUnit(group: UnitGroup, target: Target, contextNames: readonly string[]): UnitState {
  const typing = createTyping();
  const unit: UnitState = {
    name: group.name,
    group,
    model: emptyModel(group, typing),
    findings: new Findings(),
    own: emptyNames(),
    scope: emptyScope(),
    typing,
    target,
    contextNames,
    serviceGiven: new Map(),
    handlers: [],
    readIdentities: new Set(),
    blocked: group.parts.some((part) => part.file.broken),
  };
  if (group.kind === "adapter" && !group.firstParty) {
    // A group has at least the part that began it.
    const [first] = group.parts as [UnitPart];
    reportUnsupported(unit, first.source, first.node.name.span, "adapters of your own");
  }
  for (const part of group.parts) {
    for (const item of part.node.items) declareItem(unit, part.source, item);
  }
  attachMethods(unit);
  unit.model.types = [...unit.own.types.values()];
  unit.model.functions = [...unit.own.functions.values()];
  unit.model.capabilities = [...unit.own.capabilities.values()];
  return unit;
}

function emptyModel(group: UnitGroup, typing: UnitState["typing"]): Mutable<ProgramUnit> {
  return {
    kind: group.kind,
    name: group.name,
    firstParty: group.firstParty,
    sources: group.parts.map((part) => part.source),
    doc: group.parts.find((part) => part.node.doc !== undefined)?.node.doc?.text,
    uses: [],
    consumes: [],
    exportedTypes: new Map(),
    exportedCapabilities: new Map(),
    types: [],
    functions: [],
    capabilities: [],
    providers: [],
    actors: [],
    services: [],
    typing,
  };
}

function emptyNames(): OwnNames {
  return {
    types: new Map(),
    functions: new Map(),
    capabilities: new Map(),
    providers: new Map(),
    services: new Map(),
    actors: new Map(),
    agents: new Map(),
    uses: [],
    consumes: [],
    exports: [],
    bodies: [],
  };
}

function emptyScope(): Scope {
  return {
    types: new Map(),
    functions: new Map(),
    variants: new Map(),
    hidden: new Map(),
    capabilities: new Map(),
    contexts: new Map(),
    actors: new Map(),
  };
}

function declareItem(unit: UnitState, source: SourceFile, item: Item): void {
  switch (item.kind) {
    case "UsesClause":
      unit.own.uses.push({ source, node: item });
      return;
    case "ConsumesClause":
      unit.own.consumes.push({ source, node: item });
      return;
    case "ExportsClause":
      unit.own.exports.push({ source, node: item });
      return;
    case "BindingClause":
      return;
    case "TypeDecl":
    case "EventDecl":
      declareType(unit, source, item);
      return;
    case "FnDecl":
      declareFunction(unit, source, item);
      return;
    case "MessagesDecl":
      reportUnsupported(unit, source, item.locale.span, "message bundles");
      return;
    default:
      // The parser has reported whatever a commons may not hold.
      if (unit.group.kind !== "commons") declareMember(unit, source, item);
  }
}

type Member = Extract<
  Item,
  { kind: "CapabilityDecl" | "ProvidesDecl" | "ServiceDecl" | "SchemeActor" | "RefinementActor" | "AgentDecl" }
>;

function declareMember(unit: UnitState, source: SourceFile, item: Member): void {
  switch (item.kind) {
    case "CapabilityDecl":
      declareCapability(unit, source, item);
      return;
    case "ProvidesDecl":
      declareProvider(unit, source, item);
      return;
    case "ServiceDecl":
      declareOnce(unit, unit.own.services, source, item, "bynk.resolve.duplicate_service");
      return;
    case "SchemeActor":
    case "RefinementActor":
      declareOnce(unit, unit.own.actors, source, item, "bynk.resolve.duplicate_actor");
      return;
    case "AgentDecl":
      reportUnsupported(unit, source, item.name.span, "agents");
      unit.own.agents.set(item.name.text, { source, span: item.name.span });
  }
}

/** The codes whose wording needs only the repeated name. */
type DuplicateCode = Extract<
  Code,
  | "bynk.resolve.duplicate_type"
  | "bynk.resolve.duplicate_fn"
  | "bynk.resolve.duplicate_method"
  | "bynk.resolve.duplicate_service"
  | "bynk.resolve.duplicate_actor"
  | "bynk.resolve.duplicate_capability"
  | "bynk.resolve.duplicate_provider"
>;

function reportDuplicate(unit: UnitState, code: DuplicateCode, source: SourceFile, name: Name, first: Place): void {
  const related = [{ ...first, message: "first declared here" }];
  unit.findings.report(source, code, name.span, { name: name.text }, { related });
}

function declareOnce<Node extends ServiceDecl | ActorDecl>(
  unit: UnitState,
  names: Map<string, { readonly source: SourceFile; readonly node: Node }>,
  source: SourceFile,
  node: Node,
  code: DuplicateCode,
): void {
  const { name } = node;
  if (name.text === "") return;
  const first = names.get(name.text);
  if (first === undefined) names.set(name.text, { source, node });
  else reportDuplicate(unit, code, source, name, { source: first.source, span: first.node.name.span });
}

function declareType(unit: UnitState, source: SourceFile, decl: TypeDecl | EventDecl): void {
  const { name } = decl;
  if (decl.kind === "EventDecl") reportUnsupported(unit, source, name.span, "events");
  if (name.text === "") return;
  if (builtinTypes.has(name.text)) {
    unit.findings.report(source, "bynk.resolve.reserved_builtin_type", name.span, { name: name.text });
    return;
  }
  const first = unit.own.types.get(name.text);
  if (first !== undefined) {
    reportDuplicate(unit, "bynk.resolve.duplicate_type", source, name, placeOfType(first));
    return;
  }
  const func = unit.own.functions.get(name.text);
  if (func !== undefined) reportConflict(unit, source, name, { source: func.source, span: func.decl.name.span });
  if (decl.kind === "TypeDecl") reportTypeParams(unit, source, decl.typeParams, "generic types");
  unit.own.types.set(name.text, new DeclaredTypeBuild(unit.model, source, decl));
}

/** A declared type and the type of its values name each other. */
class DeclaredTypeBuild implements TypeBuild {
  readonly name: string;
  readonly unit: ProgramUnit;
  readonly source: SourceFile;
  readonly decl: TypeDecl | EventDecl;
  readonly type: Type;
  shape: Shape = { kind: "broken" };
  readonly methods = new Map<string, FuncBuild>();
  readonly statics = new Map<string, FuncBuild>();

  constructor(unit: ProgramUnit, source: SourceFile, decl: TypeDecl | EventDecl) {
    this.name = decl.name.text;
    this.unit = unit;
    this.source = source;
    this.decl = decl;
    this.type = { kind: "declared", declared: this };
  }
}

function declareFunction(unit: UnitState, source: SourceFile, decl: FnDecl): void {
  reportTypeParams(unit, source, decl.typeParams, "generic functions");
  const [contract] = decl.contracts;
  if (contract !== undefined) reportUnsupported(unit, source, contract.span, "contracts");
  const func: FuncBuild = {
    name: decl.name.text,
    owner: undefined,
    isMethod: decl.self !== undefined,
    unit: unit.model,
    source,
    decl,
    params: [],
    result: errorType,
    generic: decl.typeParams.length > 0,
  };
  unit.own.bodies.push(func);
  const { name } = decl;
  if (decl.owner !== undefined || name.text === "") return;
  const first = unit.own.functions.get(name.text);
  if (first !== undefined) {
    const place = { source: first.source, span: first.decl.name.span };
    reportDuplicate(unit, "bynk.resolve.duplicate_fn", source, name, place);
    return;
  }
  const type = unit.own.types.get(name.text);
  if (type !== undefined) reportConflict(unit, source, name, placeOfType(type));
  unit.own.functions.set(name.text, func);
}

function reportConflict(unit: UnitState, source: SourceFile, name: Name, first: Place): void {
  const related = [{ ...first, message: "already the name of this" }];
  unit.findings.report(source, "bynk.resolve.name_conflict", name.span, { name: name.text }, { related });
}

function reportTypeParams(unit: UnitState, source: SourceFile, params: readonly TypeParam[], what: string): void {
  const [first] = params;
  const last = params.at(-1);
  if (first === undefined || last === undefined) return;
  reportUnsupported(unit, source, { start: first.span.start, end: last.span.end }, what);
}

function declareCapability(unit: UnitState, source: SourceFile, decl: CapabilityDecl): void {
  const { name } = decl;
  for (const operation of decl.operations) {
    reportTypeParams(unit, source, operation.typeParams, "generic operations");
  }
  if (name.text === "") return;
  const first = unit.own.capabilities.get(name.text);
  if (first !== undefined) {
    const place = { source: first.source, span: first.decl.name.span };
    reportDuplicate(unit, "bynk.resolve.duplicate_capability", source, name, place);
    return;
  }
  unit.own.capabilities.set(name.text, { name: name.text, unit: unit.model, source, decl, operations: [] });
}

function declareProvider(unit: UnitState, source: SourceFile, node: ProvidesDecl): void {
  const { capability } = node;
  if (node.operations === undefined && unit.group.kind === "context") {
    unit.findings.report(source, "bynk.context.external_provider", node.implementation.span, { name: capability.text });
  }
  if (capability.text === "") return;
  const first = unit.own.providers.get(capability.text);
  if (first === undefined) unit.own.providers.set(capability.text, { source, node });
  else {
    const place = { source: first.source, span: first.node.capability.span };
    reportDuplicate(unit, "bynk.resolve.duplicate_provider", source, capability, place);
  }
}

/** Puts every `fn T.m` with its type, once all types of the unit are known. */
function attachMethods(unit: UnitState): void {
  for (const func of unit.own.bodies) {
    const { owner, name } = func.decl;
    if (owner === undefined || owner.text === "" || name.text === "") continue;
    const type = unit.own.types.get(owner.text);
    if (type === undefined) {
      unit.findings.report(func.source, "bynk.resolve.method_unknown_type", owner.span, { type: owner.text });
      continue;
    }
    (func as Mutable<FuncBuild>).owner = type;
    attachMethod(unit, type, func);
  }
}

function attachMethod(unit: UnitState, type: TypeBuild, func: FuncBuild): void {
  const { name } = func.decl;
  const first = type.methods.get(name.text) ?? type.statics.get(name.text);
  if (first !== undefined) {
    const place = { source: first.source, span: first.decl.name.span };
    reportDuplicate(unit, "bynk.resolve.duplicate_method", func.source, name, place);
    return;
  }
  const taken = func.isMethod ? undefined : takenStatic(type, name.text);
  if (taken !== undefined) {
    const related = [{ ...taken, message: "already a member of the type" }];
    unit.findings.report(func.source, "bynk.resolve.duplicate_method", name.span, { name: name.text }, { related });
  }
  (func.isMethod ? type.methods : type.statics).set(name.text, func);
}

/** Where the type itself brings a static of this name: a variant, or `of` and `unsafe`. */
function takenStatic(type: TypeBuild, name: string): Place | undefined {
  const { body } = type.decl;
  if (body.kind === "SumBody" || body.kind === "EnumBody") {
    const variant = body.variants.find((candidate) => candidate.name.text === name);
    return variant && { source: type.source, span: variant.name.span };
  }
  const constructs = body.kind === "RefinedBody" && (name === "of" || (name === "unsafe" && body.opaque));
  return constructs ? placeOfType(type) : undefined;
}

function placeOfType(type: TypeBuild): Place {
  return { source: type.source, span: type.decl.name.span };
}
