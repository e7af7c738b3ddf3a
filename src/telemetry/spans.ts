/**
 * Owns decisions as OpenTelemetry spans. A span is written when its decision is made, from arrival to verdict; a caller's
 * `traceparent` (W3C Trace Context §3.2) is parsed strictly and joined as the options say.
 */
import {
  type Link,
  ROOT_CONTEXT,
  type SpanContext,
  SpanKind,
  SpanStatusCode,
  type Tracer,
  trace,
} from "@opentelemetry/api";
import type { Decision, DecisionSinkContext } from "../actors/decisions.ts";
import { nameOf } from "./tally.ts";

export type TraceContext = "link" | "parent" | "ignore";

const TRACEPARENT = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/;
const NO_TRACE = "0".repeat(32);
const NO_SPAN = "0".repeat(16);

export class SpanWriter {
  readonly #tracer: Tracer;
  readonly #which: "all" | "refused" | "none";
  readonly #traceContext: TraceContext;
  #context: Pick<DecisionSinkContext, "isDeclared"> | null = null;

  constructor(tracer: Tracer, which: "all" | "refused" | "none", traceContext: TraceContext) {
    this.#tracer = tracer;
    this.#which = which;
    this.#traceContext = traceContext;
  }

  start(context: Pick<DecisionSinkContext, "isDeclared">): void {
    this.#context = context;
  }

  write(decision: Decision): void {
    const { outcome, at, duration, correlationId } = decision;
    if (this.#which === "none" || (this.#which === "refused" && outcome === "ok")) return;
    const caller = this.#traceContext === "ignore" ? null : spanContextOf(decision.traceparent);
    const isChild = caller !== null && this.#traceContext === "parent";
    const links: Link[] = caller === null || isChild ? [] : [{ context: caller }];
    const name = nameOf(this.#context, decision);
    const span = this.#tracer.startSpan(
      `gate ${decision.target}${name === "" ? "" : `.${name}`}`,
      {
        kind: isChild ? SpanKind.SERVER : SpanKind.INTERNAL,
        startTime: at,
        root: !isChild,
        links,
        attributes: {
          "byward.target": decision.target,
          "byward.kind": decision.kind,
          "byward.name": name,
          "byward.party": decision.party ?? "",
          "byward.outcome": outcome,
          "byward.reason": decision.reason,
          ...(correlationId === null ? {} : { "byward.correlation_id": correlationId }),
        },
      },
      isChild ? trace.setSpanContext(ROOT_CONTEXT, caller) : ROOT_CONTEXT,
    );
    // A refusal is the gate at work; only a fault is an error of this program.
    if (outcome === "fault") span.setStatus({ code: SpanStatusCode.ERROR, message: decision.reason });
    span.end(at + duration);
  }
}

/** The remote span a header names; null for anything the specification does not allow. */
export function spanContextOf(traceparent: string | null): SpanContext | null {
  const match = traceparent === null ? null : TRACEPARENT.exec(traceparent);
  if (match === null) return null;
  const [, traceId = "", spanId = "", flags = ""] = match;
  if (traceId === NO_TRACE || spanId === NO_SPAN) return null;
  return { traceId, spanId, traceFlags: Number.parseInt(flags, 16), isRemote: true };
}
