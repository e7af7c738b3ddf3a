/**
 * Owns `telemetry()`: one sink of decisions that counts them (`tally.ts`), shows them to OpenTelemetry as metrics and spans
 * (`instruments.ts`, `spans.ts`) and to Prometheus behind a party (`endpoint.ts`).
 *
 * Invariants: nothing a peer chose becomes a label (names nobody declared are counted as one); no identity, key, credential
 * or argument leaves; recording neither throws nor waits; what is held is bounded (G12).
 */
import { type Meter, metrics, type Tracer, trace } from "@opentelemetry/api";
import type { Decision, DecisionSink, DecisionSinkContext } from "../actors/decisions.ts";
import { ConfigurationError } from "../boundary/errors.ts";
import type { By } from "../boundary/party.ts";
import type { ServiceDefinition } from "../services/define.ts";
import { metricsService } from "./endpoint.ts";
import { type Instruments, instrument } from "./instruments.ts";
import { SpanWriter, type TraceContext } from "./spans.ts";
import { Tally } from "./tally.ts";

export interface TelemetryOptions {
  /** Where metrics go. Default: the meter `byward` of OpenTelemetry's global provider, which does nothing until one is set. */
  readonly meter?: Meter;
  /** Where spans go. Default: the tracer `byward` of the global provider. */
  readonly tracer?: Tracer;
  /** Decisions that become spans: every one, those that were refused, or none. Default `refused`. */
  readonly spans?: "all" | "refused" | "none";
  /**
   * What a `traceparent` of a caller is to a span: a `link` (default: whoever calls neither joins your traces nor decides what is
   * sampled), its `parent` (behind a proxy of yours that sets the header), or nothing (`ignore`).
   */
  readonly traceContext?: TraceContext;
  /** Upper bounds of the duration histogram, seconds, ascending. Default 1 ms to 10 s. */
  readonly buckets?: readonly number[];
}

export interface MetricsEndpointOptions {
  /** Who may read: a party, such as a bearer of its own for the scraper. There is no default. */
  readonly by: By;
  /** Default `/metrics`. */
  readonly path?: `/${string}`;
}

export interface Telemetry extends DecisionSink {
  /**
   * A service that answers `GET path` in the text format of Prometheus (version 0.0.4), for `setup({ services })`.
   * @throws ConfigurationError `telemetry.by`
   */
  endpoint(options: MetricsEndpointOptions): ServiceDefinition;
}

/** Seconds. */
const DEFAULT_BUCKETS: readonly number[] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const OPTIONS: ReadonlySet<string> = new Set(["meter", "tracer", "spans", "traceContext", "buckets"]);

/**
 * Counts decisions, leases, connections and queues, for `setup({ decisions })`.
 *
 * @throws ConfigurationError `telemetry.option`; at start `telemetry.busy`
 */
export function telemetry(options: TelemetryOptions = {}): Telemetry {
  assertOptions(options);
  const tally = new Tally(options.buckets ?? DEFAULT_BUCKETS);
  const spans = new SpanWriter(
    options.tracer ?? trace.getTracer("byward"),
    options.spans ?? "refused",
    options.traceContext ?? "link",
  );
  let instruments: Instruments | null = null;
  return {
    start(context: DecisionSinkContext) {
      if (instruments !== null) {
        throw new ConfigurationError(
          "telemetry.busy",
          "telemetry(): it counts for one registry. Make another for each further one.",
        );
      }
      tally.start(context);
      spans.start(context);
      // The global provider is asked as late as possible: a meter of it made before one is set counts nothing ever after.
      instruments = instrument(options.meter ?? metrics.getMeter("byward"), tally);
    },
    record(decision: Decision) {
      tally.add(decision);
      instruments?.measure(decision);
      spans.write(decision);
    },
    async close() {
      instruments?.stop();
      instruments = null;
    },
    endpoint: (endpoint) => metricsService(tally, endpoint),
  };
}

function assertOptions(options: TelemetryOptions): void {
  const refuse = (message: string): never => {
    throw new ConfigurationError("telemetry.option", `telemetry(): ${message}`);
  };
  for (const key of Object.keys(options)) {
    if (!OPTIONS.has(key)) refuse(`unknown option \`${key}\`. Known: ${[...OPTIONS].join(", ")}.`);
  }
  const { spans = "refused", traceContext = "link", buckets = DEFAULT_BUCKETS } = options;
  if (!["all", "refused", "none"].includes(spans)) refuse('`spans` is "all", "refused" or "none".');
  if (!["link", "parent", "ignore"].includes(traceContext)) refuse('`traceContext` is "link", "parent" or "ignore".');
  const isAscending = buckets.every((bound, at) => Number.isFinite(bound) && bound > (buckets[at - 1] ?? 0));
  if (buckets.length === 0 || !isAscending) refuse("`buckets` are seconds above 0, ascending; +Inf is added.");
}
