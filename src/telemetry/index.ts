/** The public names of `byward/telemetry`. */
export type { TraceContext } from "./spans.ts";
export { type MetricsEndpointOptions, type Telemetry, type TelemetryOptions, telemetry } from "./telemetry.ts";
