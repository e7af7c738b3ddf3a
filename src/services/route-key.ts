/**
 * Owns route keys: `"GET /users/:id"` as a method and segments. What is written twice in two spellings is one route: empty
 * segments do not count, and neither do the names of parameters.
 */
import { ConfigurationError } from "../boundary/errors.ts";
import { isDotSegment } from "../protocol/key.ts";
import type { Method } from "./types.ts";

export const METHODS: readonly Method[] = ["GET", "POST", "PUT", "PATCH", "DELETE"];

export interface RoutePath {
  readonly method: Method;
  /** Static text, percent-decoded, or the name of a parameter. */
  readonly segments: readonly RouteSegment[];
  /** As declared. */
  readonly key: string;
}

export type RouteSegment = { readonly text: string } | { readonly param: string };

const KEY = /^([A-Z]+) (\/\S*)$/;
const PARAM_NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;
/** Paths of the runtime itself. */
const RESERVED = new Set(["actors", "_byward"]);

/**
 * Reads a route key.
 * @throws ConfigurationError `service.route_invalid`, `service.route_reserved`
 */
export function parseRouteKey(key: string): RoutePath {
  const [, method, path] = KEY.exec(key) ?? [];
  if (method === undefined || path === undefined || !METHODS.includes(method as Method)) {
    throw invalid(key, `it is written "GET /users/:id", with a method of ${METHODS.join(", ")}`);
  }
  if (/[?#\\]/.test(path)) throw invalid(key, "a path has no ?, # or backslash; declare the query with `query`");
  const segments = path
    .split("/")
    .filter((segment) => segment !== "")
    .map((segment) => parseSegment(key, segment));
  assertDistinctParams(key, segments);
  const first = segments[0];
  if (first !== undefined && "text" in first && RESERVED.has(first.text)) {
    throw new ConfigurationError(
      "service.route_reserved",
      `service(): route ${JSON.stringify(key)}: paths below /${first.text} belong to the runtime. Choose another prefix.`,
    );
  }
  return { method: method as Method, segments, key };
}

function parseSegment(key: string, segment: string): RouteSegment {
  if (segment.startsWith(":")) {
    const param = segment.slice(1);
    if (!PARAM_NAME.test(param)) throw invalid(key, `${JSON.stringify(segment)} is no parameter; write :name`);
    return { param };
  }
  if (isDotSegment(segment)) throw invalid(key, "a path has no dot segments");
  try {
    return { text: decodeURIComponent(segment) };
  } catch {
    throw invalid(key, `${JSON.stringify(segment)} is not percent-encoded UTF-8`);
  }
}

function assertDistinctParams(key: string, segments: readonly RouteSegment[]): void {
  const seen = new Set<string>();
  for (const segment of segments) {
    if (!("param" in segment)) continue;
    if (seen.has(segment.param)) throw invalid(key, `the parameter :${segment.param} stands twice`);
    seen.add(segment.param);
  }
}

function invalid(key: string, why: string): ConfigurationError {
  return new ConfigurationError("service.route_invalid", `service(): route ${JSON.stringify(key)}: ${why}.`);
}
