/** Phase 12: services, each handler against its service's protocol (reference §12.2). */
import { createFix, type Fix } from "../../diagnostics/diagnostic.ts";
import type { SourceFile } from "../../diagnostics/source-file.ts";
import type { Handler, HandlerEntry, Protocol, ServiceDecl } from "../../syntax/ast.ts";
import { type Entry, resolveAdmission } from "../actors/admission.ts";
import type { Place, Service } from "../model.ts";
import { reportUnsupported, type UnitState } from "../state.ts";
import { checkAnnotationNames, readCache, readLimit } from "./annotations.ts";
import { openService, type ServiceScope } from "./handler.ts";
import { type RouteTable, resolveHttp } from "./http.ts";
import { type QueueTable, resolveCall, resolveCron, resolveQueue, type ScheduleTable } from "./internal.ts";
import { refusePolicies } from "./policies.ts";

/** What must be unique over all services of a context. */
interface Tables {
  readonly routes: RouteTable;
  readonly schedules: ScheduleTable;
  readonly queues: QueueTable;
  readonly websockets: Place[];
}

export function resolveServices(unit: UnitState): void {
  const tables: Tables = {
    routes: { byText: new Map(), byShape: new Map() },
    schedules: new Map(),
    queues: new Map(),
    websockets: [],
  };
  unit.model.services = [...unit.own.services.values()].flatMap(({ source, node }) => {
    const service = resolveService(unit, source, node, tables);
    return service === undefined ? [] : [service];
  });
}

const entryOf = {
  HttpProtocol: "http",
  CronProtocol: "cron",
  QueueProtocol: "queue",
  WebSocketProtocol: "websocket",
} as const;

function resolveService(unit: UnitState, source: SourceFile, decl: ServiceDecl, tables: Tables): Service | undefined {
  const { protocol } = decl;
  if (protocol?.kind === "ErrorProtocol") return undefined;
  if (protocol?.kind === "EventsProtocol") {
    reportUnsupported(unit, source, protocol.span, "services from events");
    return undefined;
  }
  const entry: Entry = protocol === undefined ? "call" : entryOf[protocol.kind];
  const scope = openService(unit, source, decl, entry);
  if (protocol?.kind !== "HttpProtocol") refusePolicies(scope);
  const handlers = decl.handlers.filter((handler) => checkFit(scope, handler));
  for (const handler of decl.handlers) checkAnnotations(scope, handler);
  return resolveProtocol(scope, protocol, handlers, tables);
}

function resolveProtocol(
  scope: ServiceScope,
  protocol: Exclude<Protocol, { kind: "ErrorProtocol" | "EventsProtocol" }> | undefined,
  handlers: readonly Handler[],
  tables: Tables,
): Service | undefined {
  switch (protocol?.kind) {
    case undefined:
      return resolveCall(scope, handlers);
    case "HttpProtocol":
      return resolveHttp(scope, handlers, tables.routes);
    case "CronProtocol":
      return resolveCron(scope, handlers, tables.schedules);
    case "QueueProtocol":
      return resolveQueue(scope, protocol, handlers, tables.queues);
    case "WebSocketProtocol":
      checkWebSocket(scope, protocol, handlers, tables.websockets);
      return undefined;
  }
}

const fitting: { readonly [Kind in Entry]: readonly HandlerEntry["kind"][] } = {
  call: ["CallEntry"],
  http: ["HttpEntry"],
  cron: ["ScheduleEntry"],
  queue: ["OnMessageEntry"],
  websocket: ["OpenEntry", "OnMessageEntry", "CloseEntry"],
};

/** What may stand in a service of each kind, in words. */
const expected: { readonly [Kind in Entry]: string } = {
  call: "`on call`",
  http: '`on GET("/…")` and the like',
  cron: '`on schedule("…")`',
  queue: "`on message`",
  websocket: "`on open`, `on message` and `on close`",
};

/** Whether the handler's form belongs to the service's protocol; reported when it does not. */
function checkFit(scope: ServiceScope, handler: Handler): boolean {
  const { unit, source, decl } = scope;
  const { entry } = handler;
  if (entry.kind === "ErrorEntry") return false;
  if (fitting[scope.entry].includes(entry.kind)) return true;
  const written = source.text.slice(entry.span.start, entry.span.end);
  if (scope.entry === "call") {
    const fixes = addProtocol(source, decl, entry);
    const args = { service: decl.name.text, entry: written, protocol: protocolFor(entry) };
    unit.findings.report(source, "bynk.service.missing_from", entry.span, args, { fixes });
  } else {
    const args = { entry: written, protocol: scope.entry, expected: expected[scope.entry] };
    unit.findings.report(source, "bynk.service.mixed_protocols", entry.span, args);
  }
  return false;
}

function protocolFor(entry: HandlerEntry): string {
  switch (entry.kind) {
    case "HttpEntry":
      return "from http";
    case "ScheduleEntry":
      return "from cron";
    case "OnMessageEntry":
      return 'from queue("name")';
    case "EventEntry":
      return "from Events(Name)";
    default:
      return "from WebSocket(in: A, out: B)";
  }
}

/** Certain only where the protocol needs no argument. */
function addProtocol(source: SourceFile, decl: ServiceDecl, entry: HandlerEntry): readonly Fix[] {
  if (entry.kind !== "HttpEntry" && entry.kind !== "ScheduleEntry") return [];
  const { end } = decl.name.span;
  const text = ` ${protocolFor(entry)}`;
  return [createFix(source, `add \`${protocolFor(entry)}\``, [{ span: { start: end, end }, text }])];
}

/** Annotations belong to routes; on other handlers `@cache` and `@limit` are refused in their own words. */
function checkAnnotations(scope: ServiceScope, handler: Handler): void {
  checkAnnotationNames(scope, handler);
  if (handler.entry.kind === "HttpEntry" && scope.entry === "http") return;
  readCache(scope, handler, true);
  readLimit(scope, handler);
}

/** WebSocket services belong to ring 2; what the language says of their shape holds already. */
function checkWebSocket(
  scope: ServiceScope,
  protocol: Extract<Protocol, { kind: "WebSocketProtocol" }>,
  handlers: readonly Handler[],
  before: Place[],
): void {
  const { unit, source, decl } = scope;
  const [first] = before;
  before.push({ source, span: decl.name.span });
  if (first !== undefined) {
    const related = [{ ...first, message: "the first one" }];
    unit.findings.report(source, "bynk.service.websocket_multiple", decl.name.span, {}, { related });
  }
  const count = (kind: HandlerEntry["kind"]): number =>
    handlers.filter((handler) => handler.entry.kind === kind).length;
  if (count("OpenEntry") !== 1 || count("OnMessageEntry") > 1 || count("CloseEntry") > 1) {
    unit.findings.report(source, "bynk.service.websocket_open_arity", decl.name.span, { service: decl.name.text });
  }
  const inherited = scope.inheritedMembers;
  for (const handler of handlers) {
    if (handler.entry.kind === "OpenEntry" || handler.by !== undefined) {
      resolveAdmission({ unit, source, service: decl, entry: "websocket", inherited }, handler);
    }
  }
  reportUnsupported(unit, source, protocol.span, "WebSocket services");
}
