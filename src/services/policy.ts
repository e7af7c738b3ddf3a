/**
 * Owns a service's policies on its answers: CORS, `nosniff`, HSTS. Answers of known routes are stamped whatever came of them,
 * refusals too, so that a page can read why it was refused. Nothing here decides access: CORS tells browsers, not attackers.
 */
import type { InboundRequest, OutboundResponse } from "../hosts/port.ts";
import type { CompiledService } from "./entrypoints.ts";
import type { CorsPolicy } from "./types.ts";

type Headers = [string, string][];

const DEFAULT_EXPOSED = ["byward-correlation-id", "byward-duplicate", "etag", "retry-after"];

export class Policy {
  readonly #origins: ReadonlySet<string> | "any" | null;
  readonly #cors: CorsPolicy | null;
  readonly #allowHeaders: string;
  readonly #expose: string;
  readonly #nosniff: boolean;
  readonly #hsts: number | null;

  /** `fallback` holds for services that declare no `cors`. */
  constructor(service: CompiledService, fallback: CorsPolicy | null) {
    const cors = service.config.cors ?? fallback;
    this.#cors = cors;
    this.#origins = cors === null ? null : cors.origins.includes("*") ? "any" : new Set(cors.origins);
    this.#allowHeaders = (cors?.headers ?? defaultHeaders(service)).join(", ");
    this.#expose = (cors?.expose ?? DEFAULT_EXPOSED).join(", ");
    this.#nosniff = service.config.security?.nosniff ?? true;
    this.#hsts = service.config.security?.hsts ?? null;
  }

  /** Adds what every answer of the service carries. */
  stamp(headers: Headers, inbound: InboundRequest): void {
    this.#addCors(headers, inbound.header("origin"));
    if (!this.#nosniff) dropHeader(headers, "x-content-type-options");
    else if (!hasHeader(headers, "x-content-type-options")) headers.push(["x-content-type-options", "nosniff"]);
    if (this.#hsts !== null) headers.push(["strict-transport-security", `max-age=${this.#hsts}`]);
  }

  /** The answer to a CORS preflight, before any proof; null where the service has no CORS policy. */
  preflight(inbound: InboundRequest, allow: readonly string[]): OutboundResponse | null {
    if (this.#cors === null) return null;
    const headers: Headers = [];
    if (this.#addCors(headers, inbound.header("origin"))) {
      headers.push(["access-control-allow-methods", allow.join(", ")]);
      headers.push(["access-control-allow-headers", this.#allowHeaders]);
      if (this.#cors.maxAge !== undefined) headers.push(["access-control-max-age", String(this.#cors.maxAge)]);
    }
    return { status: 204, headers, body: null };
  }

  /** True when the page may read the answer. */
  #addCors(headers: Headers, origin: string | null): boolean {
    if (this.#origins === null) return false;
    if (this.#origins === "any") {
      if (origin === null) return false;
      headers.push(["access-control-allow-origin", "*"], ["access-control-expose-headers", this.#expose]);
      return true;
    }
    // The answer depends on the origin even where there was none: a shared cache must keep them apart.
    headers.push(["vary", "Origin"]);
    if (origin === null || !this.#origins.has(origin)) return false;
    headers.push(["access-control-allow-origin", origin], ["access-control-expose-headers", this.#expose]);
    if (this.#cors?.credentials === true) headers.push(["access-control-allow-credentials", "true"]);
    return true;
  }
}

function defaultHeaders(service: CompiledService): readonly string[] {
  const readsToken = service.routes.some(({ bases }) => bases.some(({ scheme }) => scheme.carrier === "authorization"));
  return readsToken ? ["content-type", "authorization"] : ["content-type"];
}

export function hasHeader(headers: readonly (readonly [string, string])[], name: string): boolean {
  return headers.some(([known]) => known === name);
}

function dropHeader(headers: Headers, name: string): void {
  const at = headers.findIndex(([known]) => known === name);
  if (at !== -1) headers.splice(at, 1);
}
