/** Types as values: making, comparing, joining and printing them (reference §3.6, §3.7). */
import type { BaseName, DeclaredType, Type } from "./model.ts";

export const baseType: { readonly [Name in BaseName]: Type & { readonly kind: "base" } } = {
  Int: { kind: "base", name: "Int" },
  String: { kind: "base", name: "String" },
  Bool: { kind: "base", name: "Bool" },
  Float: { kind: "base", name: "Float" },
  Duration: { kind: "base", name: "Duration" },
  Instant: { kind: "base", name: "Instant" },
  Bytes: { kind: "base", name: "Bytes" },
};

export const unitType: Type = { kind: "unit" };
export const queueResultType: Type = { kind: "queueResult" };

/** Stands where something was wrong and has been reported; it fits everywhere. */
export const errorType: Type = { kind: "error" };

export function isBaseName(name: string): name is BaseName {
  return Object.hasOwn(baseType, name);
}

export function optionOf(element: Type): Type {
  return { kind: "option", element };
}

export function resultOf(ok: Type, err: Type): Type {
  return { kind: "result", ok, err };
}

export function effectOf(value: Type): Type {
  return { kind: "effect", value };
}

export function httpResultOf(value: Type): Type {
  return { kind: "httpResult", value };
}

export function listOf(element: Type): Type {
  return { kind: "list", element };
}

/** Whether some part of a type is not known. */
export function hasGap(type: Type): boolean {
  return type.kind === "error" || argumentsOf(type).some(hasGap);
}

/** The type inside an `Effect[_]`, or the type itself. */
export function peelEffect(type: Type): Type {
  return type.kind === "effect" ? type.value : type;
}

export function isUnit(type: Type): boolean {
  return type.kind === "unit" || type.kind === "error";
}

/** The base a value acts as: itself for a base type, the base of a refined type, nothing for the rest. */
export function baseOf(type: Type): BaseName | undefined {
  if (type.kind === "base") return type.name;
  if (type.kind !== "declared") return undefined;
  const { shape } = type.declared;
  return shape.kind === "refined" && !shape.opaque ? shape.base : undefined;
}

/** True for String, refined String and opaque String. */
export function isStringConstructible(type: Type): boolean {
  if (type.kind === "declared") {
    return type.declared.shape.kind === "refined" && type.declared.shape.base === "String";
  }
  return type.kind === "base" && type.name === "String";
}

export function sameType(a: Type, b: Type): boolean {
  if (a === b || a.kind === "error" || b.kind === "error") return true;
  switch (a.kind) {
    case "base":
      return b.kind === "base" && a.name === b.name;
    case "declared":
      return b.kind === "declared" && a.declared === b.declared;
    case "errorRecord":
      return b.kind === "errorRecord" && a.name === b.name;
    case "map":
      return b.kind === "map" && sameType(a.key, b.key) && sameType(a.value, b.value);
    case "caller":
    case "callerSum":
      return false;
    default:
      return a.kind === b.kind && sameParts(a, b, sameType);
  }
}

/** Whether a value of type `from` may stand where `to` is expected. */
export function isAssignable(from: Type, to: Type): boolean {
  if (from === to || from.kind === "error" || to.kind === "error") return true;
  switch (from.kind) {
    case "base":
      return to.kind === "base" && from.name === to.name;
    case "declared":
      return to.kind === "declared" ? from.declared === to.declared : to.kind === "base" && baseOf(from) === to.name;
    case "map":
      return to.kind === "map" && sameType(from.key, to.key) && isAssignable(from.value, to.value);
    case "errorRecord":
      return to.kind === "errorRecord" && from.name === to.name;
    case "caller":
    case "callerSum":
      return false;
    default:
      return from.kind === to.kind && sameParts(from, to, isAssignable);
  }
}

/** Compares the arguments of two types of one kind. */
function sameParts(a: Type, b: Type, fits: (a: Type, b: Type) => boolean): boolean {
  const left = argumentsOf(a);
  const right = argumentsOf(b);
  return left.every((part, index) => fits(part, right[index] ?? errorType));
}

/** The type arguments of a built-in generic, in the order they are written. */
export function argumentsOf(type: Type): readonly Type[] {
  switch (type.kind) {
    case "option":
    case "list":
      return [type.element];
    case "result":
      return [type.ok, type.err];
    case "effect":
    case "httpResult":
      return [type.value];
    case "map":
      return [type.key, type.value];
    default:
      return [];
  }
}

/** The same built-in generic over other arguments. */
export function withArguments(type: Type, args: readonly Type[]): Type {
  const [first = errorType, second = errorType] = args;
  switch (type.kind) {
    case "option":
    case "list":
      return { kind: type.kind, element: first };
    case "result":
      return resultOf(first, second);
    case "effect":
    case "httpResult":
      return { kind: type.kind, value: first };
    case "map":
      return { kind: "map", key: first, value: second };
    default:
      return type;
  }
}

/** The least type that both fit into, if there is one: branches of `if`, arms of `match`, elements of a list. */
export function joinTypes(a: Type, b: Type): Type | undefined {
  if (a.kind === "error") return b;
  if (b.kind === "error") return a;
  const base = baseOf(a);
  if (base !== undefined && base === baseOf(b)) return sameType(a, b) ? a : baseType[base];
  if (a.kind !== b.kind) return undefined;
  const parts = argumentsOf(a);
  if (parts.length === 0 || a.kind === "map") return sameType(a, b) ? a : undefined;
  const others = argumentsOf(b);
  const joined: Type[] = [];
  for (const [index, part] of parts.entries()) {
    const both = joinTypes(part, others[index] ?? errorType);
    if (both === undefined) return undefined;
    joined.push(both);
  }
  return withArguments(a, joined);
}

/** The type as the author would write it; `_` where it is not known. */
export function printType(type: Type): string {
  switch (type.kind) {
    case "base":
    case "errorRecord":
      return type.name;
    case "unit":
      return "()";
    case "declared":
      return type.declared.name;
    case "queueResult":
      return "QueueResult";
    case "caller":
      return `the caller (${type.actor.name})`;
    case "callerSum":
      return `the caller (${type.members.map((member) => member.name).join(" | ")})`;
    case "error":
      return "_";
    default:
      return `${genericNames[type.kind]}[${argumentsOf(type).map(printType).join(", ")}]`;
  }
}

const genericNames = {
  option: "Option",
  result: "Result",
  effect: "Effect",
  httpResult: "HttpResult",
  list: "List",
  map: "Map",
} as const;

/** Two types for one message; the units are added where both have the same name. */
export function printPair(a: Type, b: Type): readonly [string, string] {
  const [left, right] = [printType(a), printType(b)];
  if (left !== right || a.kind !== "declared" || b.kind !== "declared") return [left, right];
  return [qualify(a.declared), qualify(b.declared)];
}

function qualify(declared: DeclaredType): string {
  return `${declared.unit.name}.${declared.name}`;
}
