/** One unit as one module: types, functions, then what a context adds. */
import type { DeclaredType, Program, ProgramUnit } from "../check/model.ts";
import { writeCodec, writeDoc, writeFunction, writeType } from "./declarations.ts";
import { EmitModule, type UnitNames, wrapList } from "./module.ts";
import { Parties } from "./parties.ts";
import { writeCapability, writeProvider } from "./providers.ts";
import { writeService } from "./services.ts";
import { Writer } from "./writer.ts";

export interface UnitInput {
  readonly unit: ProgramUnit;
  readonly program: Program;
  readonly names: ReadonlyMap<ProgramUnit, UnitNames>;
  /** Types that cross a boundary somewhere. */
  readonly crossing: ReadonlySet<DeclaredType>;
}

export function emitUnit({ unit, program, names, crossing }: UnitInput): Writer {
  const module = new EmitModule(unit, program, names);
  const body = new Writer();
  const paragraph = (write: () => void): void => {
    body.gap();
    write();
  };
  for (const type of unit.types) paragraph(() => writeType(module, type, body));
  for (const func of unit.functions) paragraph(() => writeFunction(module, func, body));
  const coded = unit.types.filter((type) => crossing.has(type));
  body.gap();
  for (const type of coded) writeCodec(module, type, body);
  for (const capability of unit.capabilities) paragraph(() => writeCapability(module, capability, body));
  for (const provider of unit.providers) paragraph(() => writeProvider(module, provider, body));
  if (unit.kind === "context") paragraph(() => writeContext(module, body));
  return assemble(module, body);
}

function assemble(module: EmitModule, body: Writer): Writer {
  const out = new Writer();
  writeDoc(out, { text: module.unit.doc?.trim() || `${module.unit.kind} ${module.unit.name}` });
  const imports = module.importLines();
  for (const line of imports) out.line(line);
  out.gap();
  out.append(body);
  return out;
}

/** What a context is to others: its services, as `setup` takes them, and as a platform loads them. */
function writeContext(module: EmitModule, out: Writer): void {
  const { unit } = module;
  const output = { module, parties: new Parties(module), handlers: new Writer(), services: new Writer() };
  const services = unit.services.map((service) => {
    output.services.gap();
    return { service, name: writeService(output, service) };
  });
  out.append(output.parties.declarations);
  out.gap();
  out.append(output.handlers);
  out.gap();
  out.append(output.services);
  out.gap();
  const key = unit.name.includes(".") ? JSON.stringify(unit.name) : unit.name;
  const parts = services.map(({ name }) => name);
  const { definition, calls } = module.names;
  out.line("/** The services of this context, for `setup({ services })`. */");
  const head = `export const ${definition} = { ${key}: [`;
  for (const line of wrapList(head, parts, "] };")) out.line(line.replace("[ ", "[").replace(" ] };", "] };"));
  const callable = services.filter(({ service }) => service.kind === "call");
  if (callable.length > 0) {
    const members = callable.map(({ service, name }) => `${service.name}: ${name}.calls.${service.name}`);
    out.gap();
    out.line("/** What other contexts call; each passes the gate as `Caller`. */");
    const opening = `export const ${calls} = {`;
    for (const line of wrapList(opening, members, "};")) out.line(line);
  }
  const called = calledContexts(unit);
  const spread = called.map((other) => `...${module.runtime("callable")}(${module.definition(other)})`);
  const map = spread.length === 0 ? definition : `{ ...${definition}, ${spread.join(", ")} }`;
  out.gap();
  out.line(`export default ${module.byward("serviceModule")}(${map});`);
}

/** Every context this one can reach by calls, directly or through others. */
function calledContexts(unit: ProgramUnit): readonly ProgramUnit[] {
  const found = new Set<ProgramUnit>();
  const visit = (at: ProgramUnit): void => {
    for (const { unit: other } of at.consumes) {
      if (found.has(other) || other.kind !== "context") continue;
      found.add(other);
      visit(other);
    }
  };
  visit(unit);
  return [...found].filter((other) => other.services.some((service) => service.kind === "call"));
}
