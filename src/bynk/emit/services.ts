/**
 * Services as Byward's services (reference §12, §15, §16): each handler is a function of the module's own, and the service
 * that is exported reaches it through the gate only (G3).
 */
import type {
  Admission,
  CallService,
  CronService,
  Given,
  HttpRoute,
  HttpService,
  Local,
  QueueService,
  Service,
  Type,
} from "../check/model.ts";
import type { SourceFile } from "../diagnostics/source-file.ts";
import type { Block, Handler } from "../syntax/ast.ts";
import { property, quote } from "./code.ts";
import { signature, writeDoc } from "./declarations.ts";
import { distinct, type EmitModule } from "./module.ts";
import { routeName, upperFirst } from "./names.ts";
import type { Parties } from "./parties.ts";
import { givenType, givenValue, needsContext } from "./providers.ts";
import { createBody, writeBody } from "./statements.ts";
import { codecText, typeText } from "./types.ts";
import type { Writer } from "./writer.ts";

/** What the services of a module are written to, and what they are called there. */
export interface ServiceOutput {
  readonly module: EmitModule;
  readonly parties: Parties;
  readonly handlers: Writer;
  readonly services: Writer;
}

/** Writes a service and its handlers; gives the service's name in the module. */
export function writeService(output: ServiceOutput, service: Service): string {
  const { scope } = output.module.names;
  const name = scope.claim(distinct(scope, service.name, "Service"));
  writeDoc(output.services, service.decl.doc);
  switch (service.kind) {
    case "http":
      writeHttp(output, service, name);
      break;
    case "call":
      writeCall(output, service, name);
      break;
    case "cron":
      writeCron(output, service, name);
      break;
    case "queue":
      writeQueue(output, service, name);
      break;
  }
  return name;
}

/** The author named who may come; else it is the protocol's own party, which Byward assumes too. */
function isSaid(by: Admission): boolean {
  return by.origin !== "protocol";
}

/** The name of the party, where it is written anywhere. */
function partyOf({ parties, module }: ServiceOutput, by: Admission, service: Service): string {
  const isRead = by.binder !== undefined && module.usesOf(by.binder) > 0;
  return isSaid(by) || isRead ? parties.by(by, service) : "";
}

interface HandlerParts {
  readonly decl: Handler;
  readonly by: Admission;
  readonly given: readonly Given[];
  readonly result: Type;
  readonly body: Block;
}

interface Input {
  readonly local: Local;
  /** What the adapter passes for it. */
  readonly value: string;
}

/** Writes the handler as a function; gives the call of it that the adapter makes. */
function writeHandler(
  { module, handlers }: ServiceOutput,
  parts: HandlerParts,
  place: { readonly name: string; readonly by: string; readonly source: SourceFile },
  inputs: readonly Input[],
): string {
  const { block, given } = { block: parts.body, given: parts.given };
  const name = module.names.scope.claim(place.name);
  const body = createBody({
    module,
    source: place.source,
    result: parts.result,
    block,
    given: "given",
    context: "context",
  });
  const binder = parts.by.binder;
  const reads = binder !== undefined && module.usesOf(binder) > 0;
  const takesContext = needsContext(module, block);
  const params = [
    ...(takesContext ? [`context: ${module.runtime("Invocation")}`] : []),
    ...(reads ? [`${body.bind(binder)}: ${module.byward("CallerOf")}<typeof ${place.by}>`] : []),
    ...inputs.map(({ local }) => `${body.bind(local)}: ${typeText(module, local.type)}`),
    ...(given.length > 0 ? [`given: ${givenType(module, given)}`] : []),
  ];
  handlers.gap();
  writeDoc(handlers, parts.decl.doc);
  for (const line of signature(`async function ${name}`, params, parts.result, module)) {
    handlers.line(line, body.origin(parts.decl));
  }
  handlers.indented(() => writeBody(body, block, handlers));
  handlers.line("}");
  const args = [
    ...(takesContext ? ["c"] : []),
    ...(reads ? ["c.caller"] : []),
    ...inputs.map(({ value }) => value),
    ...(given.length > 0 ? [givenValue(module, given, "c")] : []),
  ];
  return `${name}(${args.join(", ")})`;
}

function writeHttp(output: ServiceOutput, service: HttpService, name: string): void {
  const { module, services: out } = output;
  const open = `const ${name} = ${module.byward("service")}({`;
  const origin = { source: service.source, offset: service.decl.span.start };
  out.block(
    open,
    () => {
      writePolicies(service, out);
      out.line(`${property("problem", module.runtime("problem"))},`);
      out.block(
        "routes: {",
        () => {
          for (const route of service.routes) writeRoute(output, service, route);
        },
        "},",
      );
    },
    "});",
    origin,
  );
}

function writePolicies({ cors, security, maxBody }: HttpService, out: Writer): void {
  if (cors !== undefined) {
    const members = [
      `origins: ${listText(cors.origins)}`,
      ...(cors.headers === undefined ? [] : [`headers: ${listText(cors.headers)}`]),
      ...(cors.credentials ? ["credentials: true"] : []),
      ...(cors.maxAgeSeconds === undefined ? [] : [`maxAge: ${cors.maxAgeSeconds}`]),
    ];
    out.line(`cors: { ${members.join(", ")} },`);
  }
  const secure = [
    ...(security.nosniff ? [] : ["nosniff: false"]),
    ...(security.hstsSeconds === undefined ? [] : [`hsts: ${security.hstsSeconds}`]),
  ];
  if (secure.length > 0) out.line(`security: { ${secure.join(", ")} },`);
  if (maxBody !== undefined) out.line(`limits: { maxBody: ${maxBody} },`);
}

function listText(items: readonly string[]): string {
  return `[${items.map(quote).join(", ")}]`;
}

function writeRoute(output: ServiceOutput, service: HttpService, route: HttpRoute): void {
  const { module, parties, services: out } = output;
  const by = parties.by(route.by, service);
  const pathParams = route.params.filter((param) => param !== route.bodyParam);
  const inputs = route.params.map((local) => ({
    local,
    value: local === route.bodyParam ? "c.body" : `c.params.${local.name}`,
  }));
  const place = { name: routeName(route.method, route.path), by, source: service.source };
  const call = writeHandler(output, route, place, inputs);
  const origin = { source: service.source, offset: route.decl.span.start };
  const write = (): void => {
    out.line(`by: ${by},`);
    if (pathParams.length > 0) {
      const members = pathParams.map((param) => `${param.name}: ${codecText(module, param.type)}`);
      out.line(`params: ${module.runtime("pathParams")}({ ${members.join(", ")} }),`);
    }
    if (route.bodyParam !== undefined) {
      out.line(`body: ${module.runtime("schema")}(${codecText(module, route.bodyParam.type)}),`);
      out.line('bodyAs: "any-json",');
    }
    if (route.cache !== undefined) {
      out.line(`cache: { maxAge: ${route.cache.maxAgeSeconds}, scope: ${quote(route.cache.scope)} },`);
    }
    if (route.maxBody !== undefined && route.maxBody !== service.maxBody) {
      out.line(`limits: { maxBody: ${route.maxBody} },`);
    }
    const codec = codecText(module, route.value);
    writeHandle(out, "(c)", `${module.runtime("answer")}(c, ${codec}, () => ${call})`, origin);
  };
  out.block(`${quote(`${route.method} ${route.path}`)}: {`, write, "},", origin);
}

function writeCall(output: ServiceOutput, service: CallService, name: string): void {
  const { module, services: out } = output;
  const { handler } = service;
  const by = partyOf(output, handler.by, service);
  const { params } = handler;
  const isSingle = params.length === 1;
  const inputs = params.map((local) => ({ local, value: isSingle ? "input" : `input.${local.name}` }));
  const place = { name: `call${upperFirst(service.name)}`, by, source: service.source };
  const call = writeHandler(output, handler, place, inputs);
  const codec = module.runtime("codec");
  const members = params.map((param) => `${param.name}: ${codecText(module, param.type)}`);
  const [only] = params;
  const input =
    isSingle && only !== undefined
      ? codecText(module, only.type)
      : `${codec}.record(() => (${members.length === 0 ? "{}" : `{ ${members.join(", ")} }`}))`;
  const write = (): void => {
    if (isSaid(handler.by)) out.line(`by: ${by},`);
    out.line(`input: ${module.runtime("schema")}(${input}),`);
    const takes = params.length === 0 ? "(c)" : "(c, input)";
    const answer = codecText(module, handler.value);
    writeHandle(out, takes, `${module.runtime("reply")}(c, ${answer}, () => ${call})`);
  };
  out.block(
    `const ${name} = ${module.byward("service")}({`,
    () => {
      out.block("calls: {", () => out.block(`${service.name}: {`, write, "},"), "},");
    },
    "});",
    { source: service.source, offset: service.decl.span.start },
  );
}

/** The schedules of a service by the names they have at run time: no two of a context share one. */
function cronNames(service: CronService): readonly string[] {
  if (service.schedules.length === 1) return [service.name];
  const others = new Set(service.unit.services.map((other) => other.name));
  return service.schedules.map((_, index) => {
    let name = `${service.name}${index + 1}`;
    while (others.has(name)) name += "_";
    return name;
  });
}

function writeCron(output: ServiceOutput, service: CronService, name: string): void {
  const { module, services: out } = output;
  const names = cronNames(service);
  const entries = service.schedules.map((schedule, index) => {
    const by = partyOf(output, schedule.by, service);
    const inputs = schedule.param === undefined ? [] : [{ local: schedule.param, value: "c.scheduledAt" }];
    const cron = names[index] ?? service.name;
    const place = { name: `run${upperFirst(cron)}`, by, source: service.source };
    return { schedule, by, cron, call: writeHandler(output, schedule, place, inputs) };
  });
  const write = (): void => {
    for (const { schedule, by, cron, call } of entries) {
      out.block(
        `${cron}: {`,
        () => {
          if (isSaid(schedule.by)) out.line(`by: ${by},`);
          out.line(`schedule: ${quote(schedule.schedule)},`);
          writeHandle(out, "(c)", `${module.runtime("scheduled")}(c, () => ${call})`);
        },
        "},",
        { source: service.source, offset: schedule.decl.span.start },
      );
    }
  };
  out.block(`const ${name} = ${module.byward("service")}({`, () => out.block("crons: {", write, "},"), "});", {
    source: service.source,
    offset: service.decl.span.start,
  });
}

function writeQueue(output: ServiceOutput, service: QueueService, name: string): void {
  const { module, services: out } = output;
  const { handler } = service;
  const by = partyOf(output, handler.by, service);
  const place = { name: `handle${upperFirst(service.name)}`, by, source: service.source };
  const call = writeHandler(output, handler, place, [{ local: handler.message, value: "message.body" }]);
  const write = (): void => {
    if (isSaid(handler.by)) out.line(`by: ${by},`);
    out.line(`message: ${module.runtime("schema")}(${codecText(module, handler.message.type)}),`);
    writeHandle(out, "(c, message)", `${module.runtime("delivered")}(c, () => ${call})`);
  };
  out.block(
    `const ${name} = ${module.byward("service")}({`,
    () => {
      out.block("queues: {", () => out.block(`${quote(service.queue)}: {`, write, "},"), "},");
    },
    "});",
    { source: service.source, offset: service.decl.span.start },
  );
}

/** The way from the gate into a handler: on one line where it fits. */
function writeHandle(out: Writer, takes: string, call: string, origin?: Parameters<Writer["line"]>[1]): void {
  const line = `handle: ${takes} => ${call},`;
  if (line.length <= 112) {
    out.line(line, origin);
    return;
  }
  out.line(`handle: ${takes} =>`, origin);
  out.indented(() => out.line(`${call},`));
}
