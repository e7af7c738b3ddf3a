/**
 * Owns the page a scraper reads, in the text format of Prometheus (exposition format 0.0.4), behind a party like every other
 * entrypoint: how many callers come and are refused is nobody's business.
 */
import { ConfigurationError } from "../boundary/errors.ts";
import { type ServiceDefinition, service } from "../services/define.ts";
import { exposition } from "./exposition.ts";
import type { Tally } from "./tally.ts";
import type { MetricsEndpointOptions } from "./telemetry.ts";

const CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8";

export function metricsService(tally: Tally, { by, path = "/metrics" }: MetricsEndpointOptions): ServiceDefinition {
  if (by === undefined) {
    throw new ConfigurationError(
      "telemetry.by",
      "telemetry().endpoint(): say who may read the metrics: `by` is a party, such as a bearer of its own for the scraper.",
    );
  }
  const route = {
    by,
    handle: () =>
      new Response(exposition(tally), { headers: { "content-type": CONTENT_TYPE, "cache-control": "no-store" } }),
  };
  return service({ routes: { [`GET ${path}`]: route } as Record<`GET /${string}`, typeof route> });
}
