/** Built-in methods of scalars, Option and Result, and the statics of base types (reference §4, §9). */
import type { BaseName, KernelReceiver, Type } from "./model.ts";
import { baseOf, baseType, listOf, optionOf, resultOf } from "./types.ts";

/** What a call of a built-in takes and gives. */
export interface KernelSignature {
  readonly params: readonly Type[];
  readonly result: Type;
}

const { Int, Float, String: Text, Bool, Duration, Instant, Bytes } = baseType;

const signature = (result: Type, ...params: readonly Type[]): KernelSignature => ({ params, result });

type Table = { readonly [method: string]: KernelSignature };

const scalars: { readonly [Name in BaseName]?: Table } = {
  Int: {
    toFloat: signature(Float),
    toString: signature(Text),
    abs: signature(Int),
    min: signature(Int, Int),
    max: signature(Int, Int),
    clamp: signature(Int, Int, Int),
  },
  Float: {
    round: signature(Int),
    floor: signature(Int),
    ceil: signature(Int),
    truncate: signature(Int),
    toString: signature(Text),
    abs: signature(Float),
    min: signature(Float, Float),
    max: signature(Float, Float),
    clamp: signature(Float, Float, Float),
    isNaN: signature(Bool),
    isFinite: signature(Bool),
  },
  String: {
    length: signature(Int),
    trim: signature(Text),
    toUpper: signature(Text),
    toLower: signature(Text),
    contains: signature(Bool, Text),
    startsWith: signature(Bool, Text),
    endsWith: signature(Bool, Text),
    replace: signature(Text, Text, Text),
    slice: signature(Text, Int, Int),
    indexOf: signature(optionOf(Int), Text),
    concat: signature(Text, Text),
    split: signature(listOf(Text), Text),
    chars: signature(listOf(Text)),
  },
  Duration: { toMillis: signature(Int), toString: signature(Text) },
  Instant: { toEpochMillis: signature(Int), toString: signature(Text) },
  Bytes: { length: signature(Int), toBase64: signature(Text), decodeUtf8: signature(optionOf(Text)) },
};

const statics: { readonly [Name in BaseName]?: Table } = {
  Int: { parse: signature(optionOf(Int), Text) },
  Float: { parse: signature(optionOf(Float), Text) },
  Duration: { millis: signature(Duration, Int) },
  Instant: { fromEpochMillis: signature(Instant, Int) },
  Bytes: {
    fromUtf8: signature(Bytes, Text),
    fromBase64: signature(optionOf(Bytes), Text),
    empty: signature(Bytes),
  },
};

/** Methods that take functions and so belong to ring 2. */
const laterMethods: { readonly [kind in Type["kind"]]?: readonly string[] } = {
  option: ["map", "andThen"],
  result: ["map", "andThen", "mapErr"],
  effect: ["mapOk", "mapErr", "flatMapOk", "flatMapErr"],
};

/** The table a value's built-in methods come from; undefined where its type has none. */
export function kernelReceiver(type: Type): KernelReceiver | undefined {
  if (type.kind === "option") return "Option";
  if (type.kind === "result") return "Result";
  const base = baseOf(type);
  return base === undefined || base === "Bool" ? undefined : base;
}

/** The names of the built-in methods of a value. */
export function kernelMethods(type: Type): readonly string[] {
  if (type.kind === "option") return ["isSome", "isNone", "getOrElse", "okOr"];
  if (type.kind === "result") return ["isOk", "isErr", "getOrElse"];
  const base = baseOf(type);
  return base === undefined ? [] : Object.keys(scalars[base] ?? {});
}

/** The signature of a built-in method. The error type of `okOr` is that of its argument: `okOrError`. */
export function kernelMethod(type: Type, method: string, okOrError: Type): KernelSignature | undefined {
  if (type.kind === "option") return optionMethod(type.element, method, okOrError);
  if (type.kind === "result") return resultMethod(type.ok, method);
  const base = baseOf(type);
  return base === undefined ? undefined : own(scalars[base], method);
}

export function isLaterMethod(type: Type, method: string): boolean {
  return laterMethods[type.kind]?.includes(method) ?? false;
}

export function kernelStatic(owner: BaseName, method: string): KernelSignature | undefined {
  return own(statics[owner], method);
}

export function kernelStatics(owner: BaseName): readonly string[] {
  return Object.keys(statics[owner] ?? {});
}

function optionMethod(element: Type, method: string, okOrError: Type): KernelSignature | undefined {
  switch (method) {
    case "isSome":
    case "isNone":
      return signature(Bool);
    case "getOrElse":
      return signature(element, element);
    case "okOr":
      return signature(resultOf(element, okOrError), okOrError);
    default:
      return undefined;
  }
}

function resultMethod(ok: Type, method: string): KernelSignature | undefined {
  switch (method) {
    case "isOk":
    case "isErr":
      return signature(Bool);
    case "getOrElse":
      return signature(ok, ok);
    default:
      return undefined;
  }
}

function own(table: Table | undefined, method: string): KernelSignature | undefined {
  return table !== undefined && Object.hasOwn(table, method) ? table[method] : undefined;
}
