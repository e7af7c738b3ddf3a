/**
 * What every part of the expression checker is handed: the body it works in, and the names visible at a place.
 *
 * I1. Every expression of a body gets exactly one type, recorded by `infer`.
 * I2. What is wrong is reported once; the error type that stands for it afterwards fits everywhere.
 */
import type { Code } from "../diagnostics/catalogue/index.ts";
import type { ArgumentsOf, Details, VariantsOf } from "../diagnostics/diagnostic.ts";
import type { SourceFile } from "../diagnostics/source-file.ts";
import type { Block, Expr, Span } from "../syntax/ast.ts";
import type { Given, Local, Reference, Type } from "./model.ts";
import { reportUnsupported, type TypingBuild, type UnitState } from "./state.ts";
import { isAssignable, peelEffect } from "./types.ts";

/** The locals visible at a place: a chain, innermost first. `type` may be narrower than the local's own. */
export interface Env {
  readonly local: Local;
  readonly type: Type;
  readonly outer: Env | undefined;
}

/**
 * The type a place expects. With `lift` the place is the tail of an effectful body: `type` is an Effect, and its
 * content is as welcome.
 */
export interface Want {
  readonly type: Type;
  readonly lift: boolean;
}

/** The two ways in which the parts of the checker refer back to the whole. */
export interface Rules {
  readonly infer: (body: Body, env: Env | undefined, expr: Expr, want: Want | undefined) => Type;
  readonly block: (body: Body, env: Env | undefined, block: Block, want: Want | undefined) => Type;
}

export interface BodyParts {
  readonly unit: UnitState;
  readonly source: SourceFile;
  readonly site: "function" | "handler" | "provider";
  /** The declared result. */
  readonly result: Type;
  /** The type of `self` in an instance method. */
  readonly self: Type | undefined;
  readonly given: readonly Given[];
  /** Names that `given` lists and that could not be resolved. */
  readonly brokenGiven: ReadonlySet<string>;
  /** Where a capability can be added to `given`; undefined in functions. */
  readonly insertion: Insertion | undefined;
  readonly rules: Rules;
}

export interface Insertion {
  readonly offset: number;
  /** A `given` clause ends there, so a comma comes first. */
  readonly hasClause: boolean;
}

export class Body {
  readonly unit: UnitState;
  readonly source: SourceFile;
  readonly site: BodyParts["site"];
  readonly result: Type;
  /** The declared result without its Effect: what `?` returns early. */
  readonly answer: Type;
  readonly effectful: boolean;
  readonly self: Type | undefined;
  readonly given: ReadonlyMap<string, Given>;
  readonly brokenGiven: ReadonlySet<string>;
  /** Names of `given` that the body has used. */
  readonly usedGiven = new Set<string>();
  readonly insertion: Insertion | undefined;
  readonly typing: TypingBuild;
  /** How often the arms around the place that is being checked are written out. */
  ways = 1;
  readonly #rules: Rules;

  constructor(parts: BodyParts) {
    this.unit = parts.unit;
    this.source = parts.source;
    this.site = parts.site;
    this.result = parts.result;
    this.answer = peelEffect(parts.result);
    this.effectful = parts.result.kind === "effect" || parts.result.kind === "error";
    this.self = parts.self;
    this.given = new Map(parts.given.map((given) => [given.name, given]));
    this.brokenGiven = parts.brokenGiven;
    this.insertion = parts.insertion;
    this.typing = parts.unit.typing;
    this.#rules = parts.rules;
  }

  infer(env: Env | undefined, expr: Expr, want?: Want): Type {
    return this.#rules.infer(this, env, expr, want);
  }

  block(env: Env | undefined, block: Block, want?: Want): Type {
    return this.#rules.block(this, env, block, want);
  }

  report<const C extends Code, const V extends "default" | VariantsOf<C> = "default">(
    code: C,
    span: Span,
    args: ArgumentsOf<C, V>,
    details?: Details<V>,
  ): void {
    this.unit.findings.report<C, V>(this.source, code, span, args, details);
  }

  unsupported(span: Span, what: string): void {
    reportUnsupported(this.unit, this.source, span, what);
  }

  refer(expr: Expr, reference: Reference): void {
    this.typing.references.set(expr, reference);
  }
}

export function bindLocal(env: Env | undefined, local: Local, type = local.type): Env {
  return { local, type, outer: env };
}

export function bindLocals(env: Env | undefined, locals: readonly Local[]): Env | undefined {
  return locals.reduce<Env | undefined>((inner, local) => bindLocal(inner, local), env);
}

export function lookUp(env: Env | undefined, name: string): Env | undefined {
  for (let at = env; at !== undefined; at = at.outer) if (at.local.name === name) return at;
  return undefined;
}

/** The names visible at a place. */
export function namesIn(env: Env | undefined): readonly string[] {
  const names: string[] = [];
  for (let at = env; at !== undefined; at = at.outer) names.push(at.local.name);
  return names;
}

export function wanting(type: Type): Want {
  return { type, lift: false };
}

export function fits(found: Type, want: Want): boolean {
  return isAssignable(found, want.type) || (want.lift && isAssignable(found, peelEffect(want.type)));
}

/** The type a place expects of a value that is no Effect itself. */
export function hintOf(want: Want | undefined): Type | undefined {
  if (want === undefined) return undefined;
  return want.lift ? peelEffect(want.type) : want.type;
}
