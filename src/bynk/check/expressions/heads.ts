/**
 * What stands before a dot: a value, a type, a capability, another context, or nothing known (reference §5).
 */
import type { Expr, Name } from "../../syntax/ast.ts";
import { type Body, type Env, lookUp, namesIn } from "../body.ts";
import type { Capability, ProgramUnit } from "../model.ts";
import type { TypeBuild } from "../state.ts";
import { reportUnknown } from "../suggest.ts";
import { isBaseName } from "../types.ts";

export type Head =
  | { readonly kind: "value" }
  | { readonly kind: "capability"; readonly name: string; readonly capability: Capability }
  | { readonly kind: "type"; readonly declared: TypeBuild }
  | { readonly kind: "builtinType"; readonly name: string }
  | { readonly kind: "context"; readonly unit: ProgramUnit }
  /** Reported. */
  | { readonly kind: "unknown" };

/** Names of built-in types that have members: their own, or those of a later ring. */
const builtinHeads: ReadonlySet<string> = new Set([
  ...["HttpResult", "QueueResult"],
  ...["List", "Map", "Stream", "Query", "Json", "Events"],
]);

export function resolveHead(body: Body, env: Env | undefined, receiver: Expr): Head {
  if (receiver.kind === "NameExpr") return resolveName(body, env, receiver.name);
  if (receiver.kind !== "FieldAccess") return { kind: "value" };
  return resolveDotted(body, env, receiver) ?? { kind: "value" };
}

function resolveName(body: Body, env: Env | undefined, name: Name): Head {
  const text = name.text;
  const { scope } = body.unit;
  if (lookUp(env, text) !== undefined) return { kind: "value" };
  if (body.brokenGiven.has(text)) return { kind: "unknown" };
  const capability = body.given.get(text)?.capability ?? scope.capabilities.get(text);
  if (capability !== undefined) return { kind: "capability", name: text, capability };
  const declared = scope.types.get(text)?.declared;
  if (declared !== undefined) return { kind: "type", declared };
  if (isBaseName(text) || builtinHeads.has(text)) return { kind: "builtinType", name: text };
  const context = scope.contexts.get(text)?.unit;
  if (context !== undefined) return { kind: "context", unit: context };
  if (scope.variants.has(text) || scope.functions.has(text)) return { kind: "value" };
  reportUnknownHead(body, env, name);
  return { kind: "unknown" };
}

/** `a.b` before a further dot: a context by its full name, unless `a` is something of its own. */
function resolveDotted(body: Body, env: Env | undefined, receiver: Expr): Head | undefined {
  const parts = dottedName(receiver);
  const [first] = parts;
  if (first === undefined || !isFree(body, env, first.text)) return undefined;
  const text = parts.map((part) => part.text).join(".");
  const context = body.unit.scope.contexts.get(text)?.unit;
  if (context !== undefined) return { kind: "context", unit: context };
  if (!body.unit.contextNames.includes(text)) return undefined;
  body.report("bynk.resolve.unconsumed_context", receiver.span, { name: text });
  return { kind: "unknown" };
}

function dottedName(expr: Expr): readonly Name[] {
  if (expr.kind === "NameExpr") return [expr.name];
  if (expr.kind !== "FieldAccess") return [];
  const before = dottedName(expr.receiver);
  return before.length === 0 ? [] : [...before, expr.field];
}

/** The name means nothing by itself here. */
function isFree(body: Body, env: Env | undefined, name: string): boolean {
  const { scope } = body.unit;
  if (lookUp(env, name) !== undefined || isBaseName(name) || builtinHeads.has(name)) return false;
  if (scope.types.has(name) || scope.functions.has(name) || scope.variants.has(name)) return false;
  return !scope.capabilities.has(name) && !body.given.has(name);
}

/** A capability of a consumed context without `given`, a context nobody consumes, or a plain unknown name. */
function reportUnknownHead(body: Body, env: Env | undefined, name: Name): void {
  const { scope, model } = body.unit;
  if (name.text === "" || body.unit.own.agents.has(name.text)) return;
  const offered = model.consumes.find((consumed) => consumed.unit.exportedCapabilities.has(name.text));
  if (offered !== undefined) {
    const written = `${offered.alias ?? offered.unit.name}.${name.text}`;
    body.report("bynk.given.undeclared_capability", name.span, { name: name.text, written }, { variant: "prefixed" });
    return;
  }
  const context = body.unit.contextNames.find((full) => full === name.text || full.endsWith(`.${name.text}`));
  if (context !== undefined) {
    const consumed = scope.contexts.has(context);
    const args = { name: name.text, full: context };
    body.report("bynk.resolve.unconsumed_context", name.span, args, { variant: consumed ? "segment" : "full" });
  } else {
    reportUnknown(body.unit.findings, {
      source: body.source,
      span: name.span,
      name: name.text,
      code: "bynk.resolve.unknown_name",
      args: { name: name.text },
      known: [...namesIn(env), ...scope.capabilities.keys(), ...scope.types.keys(), ...scope.contexts.keys()],
    });
  }
}
