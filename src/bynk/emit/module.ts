/**
 * What one emitted module knows: its own names, what it imports, and how other units name theirs.
 *
 * I1. Imports are collected while bodies are written, and named so that they hide nothing that is in use.
 */
import type { Capability, DeclaredType, Func, Local, Program, ProgramUnit } from "../check/model.ts";
import { createModuleScope, dottedName, type NameScope, upperFirst } from "./names.ts";

/** The names of a unit's module, decided before anything is written. */
export interface UnitNames {
  readonly scope: NameScope;
  /** Names that functions of the module use for values of their own. */
  readonly locals: Set<string>;
  readonly types: ReadonlyMap<DeclaredType, string>;
  readonly functions: ReadonlyMap<Func, string>;
  readonly codecs: ReadonlyMap<DeclaredType, string>;
  readonly capabilities: ReadonlyMap<Capability, string>;
  /** The function that makes a capability's provider for an invocation. */
  readonly makers: ReadonlyMap<Capability, string>;
  readonly definition: string;
  /** The references of `on call` services. */
  readonly calls: string;
}

export function nameUnit(unit: ProgramUnit): UnitNames {
  const locals = new Set<string>();
  const scope = createModuleScope((name) => locals.has(name));
  const claim = (wanted: string): string => scope.claim(wanted);
  const types = new Map(unit.types.map((type) => [type, claim(type.name)]));
  const functions = new Map(unit.functions.map((func) => [func, claim(func.name)]));
  return {
    scope,
    locals,
    types,
    functions,
    definition: claim("definition"),
    calls: claim("calls"),
    capabilities: new Map(unit.capabilities.map((each) => [each, claim(distinct(scope, each.name, "Capability"))])),
    makers: new Map(unit.capabilities.map((each) => [each, claim(`provide${upperFirst(each.name)}`)])),
    codecs: new Map(unit.types.map((type) => [type, claim(`${type.name}Codec`)])),
  };
}

/** `name`, or `name` with what it is behind it where something of another namespace has the name. */
export function distinct(scope: NameScope, name: string, suffix: string): string {
  return scope.has(name) ? `${name}${suffix}` : name;
}

interface Imported {
  readonly exported: string;
  readonly local: string;
  isType: boolean;
}

/** Names that exist as types only: importing them as values would fail at run time. */
const TYPE_ONLY: ReadonlySet<string> = new Set([
  "Codec",
  "Branded",
  "ValidationError",
  "JsonError",
  "Invocation",
  "CallerOf",
]);

const RUNTIME = "byward/bynk/runtime";

export class EmitModule {
  readonly unit: ProgramUnit;
  readonly program: Program;
  readonly names: UnitNames;
  readonly #allNames: ReadonlyMap<ProgramUnit, UnitNames>;
  #uses: ReadonlyMap<Local, number> | undefined;
  readonly #imports = new Map<string, Map<string, Imported>>();

  constructor(unit: ProgramUnit, program: Program, allNames: ReadonlyMap<ProgramUnit, UnitNames>) {
    this.unit = unit;
    this.program = program;
    this.#allNames = allNames;
    const names = allNames.get(unit);
    if (names === undefined) throw new Error(`unit ${unit.name} has no names`);
    this.names = names;
  }

  /** How often bodies of the unit read a value. */
  usesOf(local: Local): number {
    this.#uses ??= countUses(this.unit);
    return this.#uses.get(local) ?? 0;
  }

  /** A function's name in its companion, where the type's own members come first. */
  memberName(func: Func): string {
    const { owner } = func;
    if (owner === undefined) return func.name;
    const own = ownMembers(owner);
    const others = [...owner.methods.keys(), ...owner.statics.keys()];
    let name = func.name;
    while (own.includes(name) || (name !== func.name && others.includes(name))) name += "_";
    return name;
  }

  namesOf(unit: ProgramUnit): UnitNames {
    const names = this.#allNames.get(unit);
    if (names === undefined) throw new Error(`unit ${unit.name} has no names`);
    return names;
  }

  /** Something of the runtime of compiled code. */
  runtime(name: string): string {
    return this.#import(RUNTIME, name, TYPE_ONLY.has(name));
  }

  /** Something of Byward itself. */
  byward(name: string): string {
    return this.#import("byward", name, TYPE_ONLY.has(name));
  }

  /** A declared type, or its companion, which have one name. */
  type(declared: DeclaredType): string {
    if (declared.unit.firstParty) return `${this.runtime(declared.unit.name)}.${declared.name}`;
    const name = this.namesOf(declared.unit).types.get(declared);
    return this.#from(declared.unit, name, declared.shape.kind === "record" && !hasCompanion(declared));
  }

  codec(declared: DeclaredType): string {
    if (declared.unit.firstParty) return `${this.runtime(declared.unit.name)}.${declared.name}Codec`;
    return this.#from(declared.unit, this.namesOf(declared.unit).codecs.get(declared), false);
  }

  func(func: Func): string {
    return this.#from(func.unit, this.namesOf(func.unit).functions.get(func), false);
  }

  capability(capability: Capability): string {
    if (capability.unit.firstParty) return `${this.runtime(capability.unit.name)}.${capability.name}`;
    return this.#from(capability.unit, this.namesOf(capability.unit).capabilities.get(capability), true);
  }

  maker(capability: Capability): string {
    if (capability.unit.firstParty) return `${this.runtime(capability.unit.name)}.provide${capability.name}`;
    return this.#from(capability.unit, this.namesOf(capability.unit).makers.get(capability), false);
  }

  /** Another context's definition, under that context's name. */
  definition(unit: ProgramUnit): string {
    return this.#import(this.#pathTo(unit), this.namesOf(unit).definition, false, dottedName(unit.name));
  }

  /** What may be called of another context. */
  calls(unit: ProgramUnit): string {
    return this.#import(this.#pathTo(unit), this.namesOf(unit).calls, false, `${dottedName(unit.name)}Calls`);
  }

  #from(unit: ProgramUnit, name: string | undefined, isType: boolean): string {
    if (name === undefined) throw new Error(`${unit.name} has no such name`);
    return unit === this.unit ? name : this.#import(this.#pathTo(unit), name, isType);
  }

  #import(from: string, exported: string, isType: boolean, wanted = exported): string {
    const imports = this.#imports.get(from) ?? new Map<string, Imported>();
    this.#imports.set(from, imports);
    const known = imports.get(exported);
    if (known !== undefined) return known.local;
    const local = this.names.scope.claim(wanted);
    imports.set(exported, { exported, local, isType });
    return local;
  }

  #pathTo(unit: ProgramUnit): string {
    const from = this.unit.name.split(".").slice(0, -1);
    const to = unit.name.split(".");
    let shared = 0;
    while (shared < from.length && shared < to.length - 1 && from[shared] === to[shared]) shared += 1;
    const up = from.slice(shared).map(() => "..");
    const steps = [...(up.length === 0 ? ["."] : up), ...to.slice(shared)];
    return `${steps.join("/")}.ts`;
  }

  /** The import statements, packages first. */
  importLines(): readonly string[] {
    const order = [...this.#imports.keys()].toSorted((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1));
    return order.flatMap((from) => {
      const names = [...(this.#imports.get(from)?.values() ?? [])].toSorted((a, b) =>
        a.exported < b.exported ? -1 : 1,
      );
      const allTypes = names.every(({ isType }) => isType);
      const list = names.map(({ exported, local, isType }) => {
        const renamed = exported === local ? exported : `${exported} as ${local}`;
        return isType && !allTypes ? `type ${renamed}` : renamed;
      });
      return wrapList(`import ${allTypes ? "type " : ""}{`, list, `} from ${JSON.stringify(from)};`);
    });
  }
}

const LINE_WIDTH = 120;

/** A list on one line where it fits, else an item a line. */
export function wrapList(open: string, items: readonly string[], close: string): readonly string[] {
  const line = `${open} ${items.join(", ")} ${close}`;
  if (line.length <= LINE_WIDTH) return [line];
  return [open, ...items.map((item) => `  ${item},`), close];
}

function rank(from: string): number {
  return from.startsWith(".") ? 1 : 0;
}

/** What the compiler puts into a type's companion. */
function ownMembers({ shape }: DeclaredType): readonly string[] {
  if (shape.kind === "sum") return shape.variants.map(({ name }) => name);
  if (shape.kind !== "refined") return [];
  return shape.opaque ? ["of", "is", "unsafe"] : ["of", "is"];
}

function countUses({ typing }: ProgramUnit): ReadonlyMap<Local, number> {
  const counts = new Map<Local, number>();
  for (const reference of typing.references.values()) {
    if (reference.kind !== "local" && reference.kind !== "identity") continue;
    counts.set(reference.local, (counts.get(reference.local) ?? 0) + 1);
  }
  return counts;
}

/** A record has a companion only for its methods; other types always have one. */
export function hasCompanion(declared: DeclaredType): boolean {
  return declared.shape.kind !== "record" || declared.methods.size + declared.statics.size > 0;
}
