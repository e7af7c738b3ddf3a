/** Services that are called, scheduled or fed from a queue (reference §12.2, §12.6). */
import { createFix, type Fix } from "../../diagnostics/diagnostic.ts";
import type { Handler, QueueProtocol } from "../../syntax/ast.ts";
import type { CallService, CronSchedule, CronService, Place, QueueService, Type } from "../model.ts";
import { baseType, errorType, isUnit, printType, sameType } from "../types.ts";
import { checkBoundary } from "./boundary.ts";
import { findWrongField } from "./cron-fields.ts";
import { type ResolvedHandler, resolveHandler, type ServiceScope, serviceParts } from "./handler.ts";

/** The one `on call`; more are reported. */
export function resolveCall(scope: ServiceScope, handlers: readonly Handler[]): CallService | undefined {
  const { unit, source } = scope;
  const [first, ...others] = handlers;
  if (first === undefined) return undefined;
  const handler = resolveHandler(scope, first);
  for (const other of others) {
    const related = [{ source, span: first.entry.span, message: "the first one" }];
    const args = { service: scope.decl.name.text };
    unit.findings.report(source, "bynk.service.multiple_calls", other.entry.span, args, { related });
    resolveHandler(scope, other);
  }
  const value = checkCallSignature(scope, handler);
  return { kind: "call", ...serviceParts(scope), handler: { ...handler, value } };
}

/** The `T` of `Effect[T]`; parameters and `T` cross a boundary. */
function checkCallSignature(scope: ServiceScope, handler: ResolvedHandler): Type {
  const { unit, source } = scope;
  for (const [index, param] of handler.params.entries()) {
    const ref = handler.decl.params[index]?.type;
    if (ref === undefined) continue;
    checkBoundary(unit, source, ref, param.type);
    checkBytes(scope, ref.span, param.type);
  }
  const { result } = handler;
  if (result.kind === "error") return errorType;
  if (result.kind !== "effect") {
    const args = { found: printType(result) };
    const fixes = [wrapResult(scope, handler)];
    unit.findings.report(source, "bynk.service.return_not_effect", handler.decl.result.span, args, { fixes });
    return result;
  }
  checkBoundary(unit, source, handler.decl.result, result.value);
  checkBytes(scope, handler.decl.result.span, result.value);
  return result.value;
}

function wrapResult({ source }: ServiceScope, handler: ResolvedHandler): Fix {
  const { span } = handler.decl.result;
  const written = source.text.slice(span.start, span.end);
  return createFix(source, `write \`Effect[${written}]\``, [{ span, text: `Effect[${written}]` }]);
}

/** Between Workers a bare `Bytes` has no form of its own; inside a record it is text. */
function checkBytes(scope: ServiceScope, span: Place["span"], type: Type): void {
  if (scope.unit.target !== "worker" || type.kind !== "base" || type.name !== "Bytes") return;
  scope.unit.findings.report(scope.source, "bynk.types.bytes_at_workers_boundary", span, {});
}

/** Schedules of a context so far, each text once. */
export type ScheduleTable = Map<string, Place>;

export function resolveCron(scope: ServiceScope, handlers: readonly Handler[], table: ScheduleTable): CronService {
  return {
    kind: "cron",
    ...serviceParts(scope),
    schedules: handlers.map((handler) => resolveSchedule(scope, handler, table)),
  };
}

function resolveSchedule(scope: ServiceScope, decl: Handler, table: ScheduleTable): CronSchedule {
  const schedule = decl.entry.kind === "ScheduleEntry" ? checkSchedule(scope, decl.entry, table) : "";
  const handler = resolveHandler(scope, decl);
  const [param, second] = handler.params;
  const sound = param === undefined || sameType(param.type, baseType.Int);
  if (second !== undefined || !sound) {
    const span = second?.node.span ?? decl.params[0]?.type.span ?? decl.entry.span;
    scope.unit.findings.report(scope.source, "bynk.cron.bad_params", span, {});
  }
  return { ...handler, schedule, param, error: checkCronResult(scope, handler) };
}

function checkSchedule(
  scope: ServiceScope,
  entry: Extract<Handler["entry"], { kind: "ScheduleEntry" }>,
  table: ScheduleTable,
): string {
  const { unit, source } = scope;
  const { value, span } = entry.schedule;
  const fields = value.split(/\s+/).filter((field) => field !== "");
  if (fields.length !== 5) {
    unit.findings.report(source, "bynk.cron.invalid_schedule", span, { fields: fields.length });
    return value;
  }
  const wrong = findWrongField(fields);
  if (wrong !== undefined) {
    const args = { text: JSON.stringify(wrong.text), name: wrong.name };
    unit.findings.report(source, "bynk.cron.invalid_schedule", span, args, { variant: "field" });
  }
  const first = table.get(value);
  if (first === undefined) table.set(value, { source, span });
  else {
    const related = [{ ...first, message: "the first of the two" }];
    unit.findings.report(source, "bynk.cron.duplicate_schedule", span, { schedule: value }, { related });
  }
  return value;
}

/** The `E` of `Effect[Result[(), E]]`. */
function checkCronResult(scope: ServiceScope, handler: ResolvedHandler): Type {
  const { result, decl } = handler;
  const inner = result.kind === "effect" ? result.value : undefined;
  if (inner?.kind === "result" && isUnit(inner.ok)) return inner.err;
  if (result.kind === "error" || inner?.kind === "error") return errorType;
  const args = { found: printType(result) };
  scope.unit.findings.report(scope.source, "bynk.cron.return_not_effect_result", decl.result.span, args);
  return errorType;
}

/** What the runtime and the platforms take as a queue's name. */
const QUEUE_NAME = /^[A-Za-z][A-Za-z0-9_-]{0,63}$/;

/** Queues of a context so far, each consumed once. */
export type QueueTable = Map<string, Place>;

export function resolveQueue(
  scope: ServiceScope,
  protocol: QueueProtocol,
  handlers: readonly Handler[],
  table: QueueTable,
): QueueService | undefined {
  const { unit, source } = scope;
  const { value: queue, span } = protocol.queue;
  if (queue.trim() === "") unit.findings.report(source, "bynk.queue.invalid_name", span, {});
  else if (!QUEUE_NAME.test(queue)) {
    unit.findings.report(source, "bynk.queue.invalid_name", span, { queue }, { variant: "letters" });
  } else claimQueue(scope, queue, span, table);
  const [first, ...others] = handlers;
  if (first === undefined) return undefined;
  for (const other of others) {
    const related = [{ source, span: first.entry.span, message: "the first of the two" }];
    unit.findings.report(source, "bynk.queue.duplicate_consumer", other.entry.span, { queue }, { related });
    resolveHandler(scope, other);
  }
  const handler = resolveHandler(scope, first);
  const message = checkMessage(scope, handler);
  if (message === undefined) return undefined;
  return { kind: "queue", ...serviceParts(scope), queue, handler: { ...handler, message } };
}

function claimQueue(scope: ServiceScope, queue: string, span: Place["span"], table: QueueTable): void {
  const first = table.get(queue);
  if (first === undefined) {
    table.set(queue, { source: scope.source, span });
    return;
  }
  const related = [{ ...first, message: "the first of the two" }];
  scope.unit.findings.report(scope.source, "bynk.queue.duplicate_consumer", span, { queue }, { related });
}

function checkMessage(scope: ServiceScope, handler: ResolvedHandler) {
  const { unit, source } = scope;
  const { result, decl, params } = handler;
  const isQueueResult =
    result.kind === "effect" && (result.value.kind === "queueResult" || result.value.kind === "error");
  if (result.kind !== "error" && !isQueueResult) {
    const args = { found: printType(result) };
    unit.findings.report(source, "bynk.queue.return_not_queue_result", decl.result.span, args);
  }
  const [message] = params;
  const [param, second] = decl.params;
  if (message === undefined || param === undefined || second !== undefined) {
    unit.findings.report(source, "bynk.queue.bad_params", second?.name.span ?? decl.entry.span, {
      found: params.length,
    });
    return undefined;
  }
  checkBoundary(unit, source, param.type, message.type);
  return message;
}
