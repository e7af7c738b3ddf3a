/** Built-in methods and statics as JavaScript (reference §9). */
import type { BaseName, KernelReceiver } from "../check/model.ts";
import { at, type Code, call, code, Level, stable } from "./code.ts";
import type { EmitModule } from "./module.ts";

type Emit = (module: EmitModule, self: Code, args: readonly Code[]) => Code;

const member =
  (name: string): Emit =>
  (_module, self, args) =>
    call(`${at(Level.primary, spaced(self))}.${name}`, args);

/** `3.abs()` would be read as a number with a fraction. */
function spaced(self: Code): Code {
  return /^\d/.test(self.text) ? { ...self, level: Level.unary } : self;
}

const math =
  (name: string): Emit =>
  (_module, self, args) =>
    call(`Math.${name}`, [self, ...args]);

const runtime =
  (owner: string, name: string): Emit =>
  (module, self, args) =>
    call(`${module.runtime(owner)}.${name}`, [self, ...args]);

/** Rounding may leave what an Int holds. */
const rounded =
  (name: string): Emit =>
  (module, self) =>
    call(module.runtime("int"), [call(`Math.${name}`, [self])]);

const itself: Emit = (_module, self) => self;
const asText: Emit = (_module, self) => call("String", [self]);
const length: Emit = (_module, self) => code(`${at(Level.primary, self)}.length`, Level.primary, self.stable);

const METHODS: Readonly<Record<KernelReceiver, Readonly<Record<string, Emit>>>> = {
  Int: {
    toFloat: itself,
    toString: asText,
    abs: math("abs"),
    min: math("min"),
    max: math("max"),
    clamp: runtime("Int", "clamp"),
  },
  Float: {
    round: rounded("round"),
    floor: rounded("floor"),
    ceil: rounded("ceil"),
    truncate: rounded("trunc"),
    toString: asText,
    abs: math("abs"),
    min: math("min"),
    max: math("max"),
    clamp: runtime("Float", "clamp"),
    isNaN: (_module, self) => call("Number.isNaN", [self]),
    isFinite: (_module, self) => call("Number.isFinite", [self]),
  },
  String: {
    length,
    trim: member("trim"),
    toUpper: member("toUpperCase"),
    toLower: member("toLowerCase"),
    contains: member("includes"),
    startsWith: member("startsWith"),
    endsWith: member("endsWith"),
    replace: runtime("Text", "replace"),
    slice: runtime("Text", "slice"),
    indexOf: runtime("Text", "indexOf"),
    concat: member("concat"),
    split: member("split"),
    chars: (_module, self) => code(`[...${at(Level.assign, self)}]`),
  },
  Duration: { toMillis: itself, toString: asText },
  Instant: { toEpochMillis: itself, toString: asText },
  Bytes: { length, toBase64: runtime("Bytes", "toBase64"), decodeUtf8: runtime("Bytes", "decodeUtf8") },
  Option: {
    isSome: runtime("Option", "isSome"),
    isNone: runtime("Option", "isNone"),
    getOrElse: runtime("Option", "getOrElse"),
    okOr: runtime("Option", "okOr"),
  },
  Result: {
    isOk: runtime("Result", "isOk"),
    isErr: runtime("Result", "isErr"),
    getOrElse: runtime("Result", "getOrElse"),
  },
};

export function kernelCall(
  module: EmitModule,
  receiver: KernelReceiver,
  method: string,
  self: Code,
  args: readonly Code[],
): Code {
  const emit = METHODS[receiver][method];
  if (emit === undefined) throw new Error(`no method ${receiver}.${method}`);
  return emit(module, self, args);
}

export function kernelStatic(module: EmitModule, owner: BaseName, method: string, args: readonly Code[]): Code {
  // Durations and instants are their milliseconds.
  if (owner === "Duration" || owner === "Instant") return args[0] ?? stable("0");
  return call(`${module.runtime(owner)}.${method}`, args);
}
