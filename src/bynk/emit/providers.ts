/** Capabilities, their providers, and how each is made for one invocation (reference §11, §17.5). */
import type { Capability, Given, Provider } from "../check/model.ts";
import type { Block } from "../syntax/ast.ts";
import { isAsync, signature, writeDoc } from "./declarations.ts";
import { distinct, type EmitModule } from "./module.ts";
import { NameScope } from "./names.ts";
import { createBody, writeBody } from "./statements.ts";
import { walkBlock } from "./tested.ts";
import { typeText } from "./types.ts";
import type { Writer } from "./writer.ts";

export function writeCapability(module: EmitModule, capability: Capability, out: Writer): void {
  writeDoc(out, capability.decl.doc);
  const origin = { source: capability.source, offset: capability.decl.span.start };
  const write = (): void => {
    for (const operation of capability.operations) {
      const scope = new NameScope(module.names.scope);
      const params = operation.params.map((param) => `${scope.claim(param.name)}: ${typeText(module, param.type)}`);
      writeDoc(out, operation.decl.doc);
      out.line(`${memberKey(operation.name)}(${params.join(", ")}): ${typeText(module, operation.result)};`);
    }
  };
  out.block(`export interface ${module.capability(capability)} {`, write, "}", origin);
}

/** In a class the name `constructor` is taken, and in an interface `new` makes instances. */
function memberKey(name: string): string {
  return name === "constructor" || name === "new" ? `["${name}"]` : name;
}

/** `{ readonly Clock: bynk.Clock }` */
export function givenType(module: EmitModule, given: readonly Given[]): string {
  const members = given.map(({ name, capability }) => `readonly ${name}: ${module.capability(capability)}`);
  return `{ ${members.join("; ")} }`;
}

/** `{ Clock: bynk.provideClock(context) }` */
export function givenValue(module: EmitModule, given: readonly Given[], context: string): string {
  const members = given.map(({ name, capability }) => `${name}: ${module.maker(capability)}(${context})`);
  return `{ ${members.join(", ")} }`;
}

/** A body that calls other contexts or leaves work behind does so as its invocation. */
export function needsContext(module: EmitModule, block: Block): boolean {
  let found = false;
  const { references } = module.unit.typing;
  walkBlock(
    block,
    (expr) => {
      found ||= references.get(expr)?.kind === "remote";
    },
    (statement) => {
      found ||= statement.kind === "SendStmt";
    },
  );
  return found;
}

export function writeProvider(module: EmitModule, provider: Provider, out: Writer): void {
  const { capability, given, decl } = provider;
  const operations = provider.operations ?? [];
  const { scope } = module.names;
  const name = scope.claim(distinct(scope, provider.name, "Provider"));
  const usesContext = operations.some((operation) => needsContext(module, operation.decl.body));
  const members = [
    ...(usesContext ? [{ name: "context", type: module.runtime("Invocation") }] : []),
    ...(given.length > 0 ? [{ name: "given", type: givenType(module, given) }] : []),
  ];
  writeDoc(out, decl.doc);
  out.block(
    `class ${name} implements ${module.capability(capability)} {`,
    () => {
      writeConstructor(members, out);
      for (const [index, operation] of operations.entries()) {
        if (index > 0 || members.length > 0) out.gap();
        writeOperation(module, provider, operation, out);
      }
    },
    "}",
    { source: provider.source, offset: decl.span.start },
  );
  out.gap();
  const isExported = module.unit.exportedCapabilities.has(capability.name);
  const takesContext = members.length > 0;
  const parameter = takesContext ? "context" : "_context";
  const head = `${isExported ? "export " : ""}function ${module.maker(capability)}(${parameter}: ${module.runtime("Invocation")})`;
  const args = members.map((member) => (member.name === "context" ? "context" : givenValue(module, given, "context")));
  out.block(`${head}: ${module.capability(capability)} {`, () => out.line(`return new ${name}(${args.join(", ")});`));
}

function writeConstructor(members: readonly { readonly name: string; readonly type: string }[], out: Writer): void {
  if (members.length === 0) return;
  for (const { name, type } of members) out.line(`readonly #${name}: ${type};`);
  out.gap();
  out.block(`constructor(${members.map(({ name, type }) => `${name}: ${type}`).join(", ")}) {`, () => {
    for (const { name } of members) out.line(`this.#${name} = ${name};`);
  });
}

function writeOperation(
  module: EmitModule,
  provider: Provider,
  operation: NonNullable<Provider["operations"]>[number],
  out: Writer,
): void {
  const { decl, result } = operation;
  const body = createBody({
    module,
    source: provider.source,
    result,
    block: decl.body,
    given: "this.#given",
    context: "this.#context",
  });
  const params = operation.params.map((param) => `${body.bind(param)}: ${typeText(module, param.type)}`);
  const head = `${isAsync(result) ? "async " : ""}${memberKey(operation.operation.name)}`;
  for (const line of signature(head, params, result, module)) out.line(line, body.origin(decl));
  out.indented(() => writeBody(body, decl.body, out));
  out.line("}");
}
