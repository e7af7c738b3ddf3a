/** Types and codecs of values, as TypeScript (reference §17.2). */
import type { BaseName, Predicate, Type } from "../check/model.ts";
import type { EmitModule } from "./module.ts";

const BASES: Readonly<Record<BaseName, string>> = {
  Int: "number",
  Float: "number",
  Duration: "number",
  Instant: "number",
  Bool: "boolean",
  String: "string",
  Bytes: "Uint8Array",
};

/** The TypeScript type of values of `type`. */
export function typeText(module: EmitModule, type: Type): string {
  const text = (part: Type): string => typeText(module, part);
  switch (type.kind) {
    case "base":
      return BASES[type.name];
    case "unit":
      return "void";
    case "declared":
      return module.type(type.declared);
    case "option":
      return `${module.runtime("Option")}<${text(type.element)}>`;
    case "result":
      return `${module.runtime("Result")}<${text(type.ok)}, ${text(type.err)}>`;
    case "effect":
      return `Promise<${text(type.value)}>`;
    case "httpResult":
      return `${module.runtime("HttpResult")}<${text(type.value)}>`;
    case "queueResult":
      return module.runtime("QueueResult");
    case "list":
      return `readonly ${parenthesized(text(type.element))}[]`;
    case "map":
      return `ReadonlyMap<${text(type.key)}, ${text(type.value)}>`;
    case "errorRecord":
      return module.runtime(type.name);
    case "caller":
    case "callerSum":
    case "error":
      return "unknown";
  }
}

function parenthesized(element: string): string {
  return element.startsWith("readonly ") ? `(${element})` : element;
}

/** The member of `codec`, `refined` and `opaque` for a base. */
export function baseMember(base: BaseName): string {
  return base.toLowerCase();
}

/** An expression for the codec of `type`. */
export function codecText(module: EmitModule, type: Type): string {
  const text = (part: Type): string => codecText(module, part);
  const codec = module.runtime("codec");
  switch (type.kind) {
    case "base":
      return `${codec}.${baseMember(type.name)}`;
    case "unit":
      return `${codec}.unit`;
    case "declared":
      return module.codec(type.declared);
    case "option":
      return `${codec}.option(${text(type.element)})`;
    case "result":
      return `${codec}.result(${text(type.ok)}, ${text(type.err)})`;
    case "list":
      return `${codec}.list(${text(type.element)})`;
    case "map":
      return `${codec}.map(${text(type.key)}, ${text(type.value)})`;
    case "errorRecord":
      return `${codec}.${type.name === "JsonError" ? "jsonError" : "validationError"}`;
    case "effect":
    case "httpResult":
    case "queueResult":
    case "caller":
    case "callerSum":
    case "error":
      return `${codec}.unsendable<${typeText(module, type)}>(${JSON.stringify(type.kind)})`;
  }
}

/** `where.minLength(2)` and the like. */
export function predicateText(module: EmitModule, predicate: Predicate): string {
  const where = module.runtime("where");
  const name = predicate.kind.charAt(0).toLowerCase() + predicate.kind.slice(1);
  switch (predicate.kind) {
    case "InRange":
      return `${where}.${name}(${predicate.low}, ${predicate.high})`;
    case "MinLength":
    case "MaxLength":
    case "Length":
      return `${where}.${name}(${predicate.length})`;
    case "Matches":
      return `${where}.${name}(${JSON.stringify(predicate.pattern)})`;
    default:
      return `${where}.${name}()`;
  }
}
