/**
 * Owns the way from the gate into compiled handlers and back: what a handler returns becomes a response, a reply, an
 * acknowledgement. Each refuses an invocation that no gate let through before any code of the author's runs.
 */
import type { ServiceMap } from "../../registry/services-setup.ts";
import type { AnyServiceDefinition } from "../../services/define.ts";
import { ack, retry } from "../../services/queue-result.ts";
import type { QueueResult as Acknowledgement, CallRef } from "../../services/types.ts";
import { BoundaryFailure } from "./boundary-error.ts";
import type { Codec } from "./codec.ts";
import { Fault } from "./fault.ts";
import { type HttpResult, statusOf } from "./http-result.ts";
import { assertAdmitted, type Invocation } from "./invocation.ts";
import type { QueueResult } from "./queue-result.ts";
import type { Result } from "./result.ts";

/** Runs a route's handler; a good answer is left to the service, which adds its validators. */
export async function answer<T>(
  context: Invocation,
  codec: Codec<T>,
  run: () => Promise<HttpResult<T>>,
): Promise<unknown> {
  assertAdmitted(context);
  const result = await run();
  return result.tag === "Ok" ? codec.encode(result.value) : responseOf(result, codec);
}

function responseOf<T>(result: HttpResult<T>, codec: Codec<T>): Response {
  const status = statusOf(result);
  if ("value" in result) return Response.json(codec.encode(result.value), { status });
  if ("message" in result) return Response.json({ error: result.message }, { status });
  if ("location" in result) return new Response(null, { status, headers: { location: result.location } });
  if (result.tag === "Raw") {
    return new Response(result.bytes.slice(), { status, headers: { "content-type": result.contentType } });
  }
  return new Response(null, { status });
}

/** Runs an `on call` handler; the reply crosses in its wire form. */
export async function reply<T>(context: Invocation, codec: Codec<T>, run: () => Promise<T>): Promise<unknown> {
  assertAdmitted(context);
  return codec.encode(await run());
}

/** Runs a schedule's handler; an `Err` is logged, and there is nobody to tell. */
export async function scheduled(context: Invocation, run: () => Promise<Result<void, unknown>>): Promise<void> {
  assertAdmitted(context);
  const result = await run();
  if (result.tag === "Err") context.log.error({ error: shown(result.error) }, "a schedule ended in an error");
}

/** Runs a queue's handler. */
export async function delivered(context: Invocation, run: () => Promise<QueueResult>): Promise<Acknowledgement> {
  assertAdmitted(context);
  const result = await run();
  return result.tag === "Ack" ? ack() : retry(result.reason);
}

function shown(error: unknown): unknown {
  return typeof error === "object" && error !== null ? JSON.stringify(error) : error;
}

/** A call of another context's service, as this context. A reply of another shape is a fault, never an `Err`. */
export async function remote<T>(
  context: Invocation,
  call: CallRef<never>,
  argument: unknown,
  codec: Codec<T>,
): Promise<T> {
  // Calls of compiled services take the wire form, which their input's codec reads.
  const wire = await context.call(call as unknown as CallRef)(argument);
  try {
    return codec.decode(wire, "$");
  } catch (error) {
    if (!(error instanceof BoundaryFailure)) throw error;
    throw new Fault(`the reply of ${call.name} does not have the type it promises: ${error.message}`);
  }
}

/** The parts of another context's services that can be called: its routes, queues and schedules stay its own. */
export function callable(definition: ServiceMap): ServiceMap {
  const entries = Object.entries(definition).map(([name, parts]) => {
    const all = (Array.isArray(parts) ? parts : [parts]) as readonly AnyServiceDefinition[];
    return [name, all.filter(({ config }) => config.calls !== undefined)] as const;
  });
  return Object.fromEntries(entries);
}
