/** Types with their companions, and functions (reference §17.2). */
import type { DeclaredType, Func, Type } from "../check/model.ts";
import { property, quote } from "./code.ts";
import { type EmitModule, hasCompanion, wrapList } from "./module.ts";
import { NameScope } from "./names.ts";
import { createBody, writeBody } from "./statements.ts";
import { baseMember, codecText, predicateText, typeText } from "./types.ts";
import type { Writer } from "./writer.ts";

/** An author's documentation as a comment; it cannot end the comment early. */
export function writeDoc(out: Writer, doc: { readonly text: string } | undefined): void {
  if (doc === undefined) return;
  const lines = doc.text
    .trim()
    .replaceAll("*/", "*\u200b/")
    .split(/\r\n|\r|\n/);
  if (lines.length === 1) out.line(`/** ${lines[0]} */`);
  else {
    out.line("/**");
    for (const line of lines) out.line(` * ${line}`.trimEnd());
    out.line(" */");
  }
}

export function writeType(module: EmitModule, declared: DeclaredType, out: Writer): void {
  const { shape, decl } = declared;
  const origin = { source: declared.source, offset: decl.span.start };
  const name = module.type(declared);
  writeDoc(out, decl.doc);
  switch (shape.kind) {
    case "refined": {
      const brand = quote(`${declared.unit.name}.${declared.name}`);
      const base = typeText(module, { kind: "base", name: shape.base });
      out.line(`export type ${name} = ${module.runtime("Branded")}<${base}, ${brand}>;`, origin);
      break;
    }
    case "record":
      if (shape.fields.length === 0) out.line(`export type ${name} = Readonly<Record<never, never>>;`, origin);
      else {
        const fields = shape.fields.map((field) => `readonly ${field.name}: ${typeText(module, field.type)};`);
        out.block(`export interface ${name} {`, () => out.lines(fields), "}", origin);
      }
      break;
    case "sum": {
      const variants = shape.variants.map(({ name: tag, payload }) => {
        const fields = payload.map((field) => `readonly ${field.name}: ${typeText(module, field.type)}`);
        return `{ ${[`readonly tag: ${quote(tag)}`, ...fields].join("; ")} }`;
      });
      writeUnion(out, `export type ${name} =`, variants, origin);
      break;
    }
    case "broken":
      throw new Error("a broken type reached emission");
  }
  if (hasCompanion(declared)) writeCompanion(module, declared, out);
}

function writeUnion(out: Writer, head: string, parts: readonly string[], origin: Parameters<Writer["line"]>[1]): void {
  const line = `${head} ${parts.join(" | ")};`;
  if (line.length <= 100) out.line(line, origin);
  else {
    out.line(head, origin);
    out.indented(() => out.lines(parts.map((part, index) => `| ${part}${index === parts.length - 1 ? ";" : ""}`)));
  }
}

/** What stands beside a type under its name: constructors, methods and statics. */
function writeCompanion(module: EmitModule, declared: DeclaredType, out: Writer): void {
  const { shape } = declared;
  const name = module.type(declared);
  const own = [...declared.methods.values(), ...declared.statics.values()];
  const made = shape.kind === "refined" ? refinedCompanion(module, declared, name) : undefined;
  if (own.length === 0 && made !== undefined) {
    for (const line of made(`export const ${name} = `, ";")) out.line(line);
    return;
  }
  out.block(
    `export const ${name} = {`,
    () => {
      if (made !== undefined) for (const line of made("...", ",")) out.line(line);
      if (shape.kind === "sum") for (const variant of shape.variants) writeVariant(module, declared, variant, out);
      for (const func of own) writeMethod(module, func, out);
    },
    "};",
  );
}

function refinedCompanion(
  module: EmitModule,
  { shape, name: declaredName }: DeclaredType,
  name: string,
): (head: string, tail: string) => readonly string[] {
  if (shape.kind !== "refined") throw new Error("not a refined type");
  const kind = module.runtime(shape.opaque ? "opaque" : "refined");
  const checks = shape.predicates.map((predicate) => predicateText(module, predicate));
  return (head, tail) => {
    const open = `${head}${kind}.${baseMember(shape.base)}<${name}>(`;
    const line = `${open}${[quote(declaredName), ...checks].join(", ")})${tail}`;
    if (line.length <= 118) return [line];
    return [open, ...[quote(declaredName), ...checks].map((item) => `  ${item},`), `)${tail}`];
  };
}

function writeVariant(
  module: EmitModule,
  declared: DeclaredType,
  {
    name: tag,
    payload,
  }: { readonly name: string; readonly payload: readonly { readonly name: string; readonly type: Type }[] },
  out: Writer,
): void {
  const type = module.type(declared);
  if (payload.length === 0) {
    out.line(`${tag}: { tag: ${quote(tag)} } as ${type},`);
    return;
  }
  const scope = new NameScope(module.names.scope);
  const params = payload.map((field) => ({ field, param: scope.claim(field.name) }));
  const list = params.map(({ field, param }) => `${param}: ${typeText(module, field.type)}`).join(", ");
  const fields = params.map(({ field, param }) => {
    return property(field.name, param);
  });
  out.line(`${tag}: (${list}): ${type} => ({ ${[`tag: ${quote(tag)}`, ...fields].join(", ")} }),`);
}

function writeMethod(module: EmitModule, func: Func, out: Writer): void {
  const { decl } = func;
  writeDoc(out, decl.doc);
  const name = module.memberName(func);
  const self = func.isMethod && func.owner !== undefined ? [`self: ${module.type(func.owner)}`] : [];
  writeCallable(module, func, { head: name, first: self, close: "}," }, out);
}

export function writeFunction(module: EmitModule, func: Func, out: Writer): void {
  writeDoc(out, func.decl.doc);
  const isExported = module.unit.kind === "commons";
  const head = `${isExported ? "export " : ""}${isAsync(func.result) ? "async " : ""}function ${module.func(func)}`;
  writeCallable(module, func, { head, first: [], close: "}" }, out);
}

interface Shape {
  readonly head: string;
  readonly first: readonly string[];
  readonly close: string;
}

function writeCallable(module: EmitModule, func: Func, { head, first, close }: Shape, out: Writer): void {
  const body = createBody({
    module,
    source: func.source,
    result: func.result,
    block: func.decl.body,
    given: "given",
    context: undefined,
  });
  const params = [...first, ...func.params.map((param) => `${body.bind(param)}: ${typeText(module, param.type)}`)];
  const isMember = close === "},";
  const opening = `${isMember && isAsync(func.result) ? "async " : ""}${head}`;
  for (const line of signature(opening, params, func.result, module)) out.line(line, body.origin(func.decl));
  out.indented(() => writeBody(body, func.decl.body, out));
  out.line(close);
}

export function isAsync(result: Type): boolean {
  return result.kind === "effect";
}

/** `head(params): Result {`, over several lines where it is long. */
export function signature(
  head: string,
  params: readonly string[],
  result: Type,
  module: EmitModule,
): readonly string[] {
  const tail = `): ${typeText(module, result)} {`;
  const line = `${head}(${params.join(", ")}${tail}`;
  if (line.length <= 110 || params.length === 0) return [line];
  return [`${head}(`, ...params.map((param) => `  ${param},`), tail];
}

/** How values of a declared type cross the boundary. */
export function writeCodec(module: EmitModule, declared: DeclaredType, out: Writer): void {
  const { shape } = declared;
  const type = module.type(declared);
  const codec = module.runtime("codec");
  const head = `export const ${module.codec(declared)}: ${module.runtime("Codec")}<${type}> =`;
  switch (shape.kind) {
    case "refined":
      out.line(`${head} ${codec}.refined(${codec}.${baseMember(shape.base)}, ${type});`);
      return;
    case "record": {
      const fields = shape.fields.map(({ name, type: fieldType, predicates }) => {
        const inner = codecText(module, fieldType);
        if (predicates.length === 0) return `${name}: ${inner}`;
        const checks = predicates.map((predicate) => predicateText(module, predicate)).join(", ");
        return `${name}: ${codec}.where(${quote(name)}, ${inner}, ${checks})`;
      });
      writeLazy(out, `${head} ${codec}.record<${type}>(() => (`, fields, "));");
      return;
    }
    case "sum": {
      const variants = shape.variants.map(({ name, payload }) => {
        const fields = payload.map((field) => `${field.name}: ${codecText(module, field.type)}`);
        return `${name}: ${fields.length === 0 ? "{}" : `{ ${fields.join(", ")} }`}`;
      });
      writeLazy(out, `${head} ${codec}.sum<${type}>(() => (`, variants, "));");
      return;
    }
    case "broken":
      throw new Error("a broken type reached emission");
  }
}

function writeLazy(out: Writer, head: string, members: readonly string[], tail: string): void {
  if (members.length === 0) {
    out.line(`${head}{}${tail}`);
    return;
  }
  const [open = "", ...rest] = wrapList(`${head}{`, members, `}${tail}`);
  out.line(open);
  for (const line of rest) out.line(line);
}
