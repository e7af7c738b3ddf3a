/** Owns attempts by request: actions, sends, subscriptions as streams, raw requests, creation, routes. */

import { pathOfRoute } from "../access/route-path.ts";
import { type Attempt, type Result, SHARED_KEY, UNDECLARED, type Verdict, type Way, type WayParts } from "./way.ts";
import { type HeaderList, headerOf } from "./wire.ts";

const JSON_TYPE: readonly [string, string] = ["content-type", "application/json"];

interface Shape {
  readonly method: string;
  readonly path: string;
  readonly body: string | null;
}

/** Makes one attempt. */
export async function attemptHttp(
  way: Omit<Way, "attempt">,
  attempt: Attempt,
  sample: unknown,
  basePath: string,
  { wire, origin, ran }: WayParts,
): Promise<Result> {
  const shape = shapeOf(way, attempt, sample, basePath);
  const method = attempt.method ?? shape.method;
  const path = attempt.path ?? shape.path;
  const asked = attempt.query === undefined ? path : `${path}?${attempt.query}`;
  const written = typeof attempt.body === "string" ? attempt.body : shape.body;
  const presented = await attempt.present({ method, url: `${origin}${asked}`, body: written ?? "" });
  const headers: [string, string][] = [...(attempt.headers ?? []), ...(presented.headers ?? [])].map(
    ([name, value]) => [name, value],
  );
  if (presented.token !== undefined) headers.push(["authorization", `Bearer ${presented.token}`]);
  const body = presented.body ?? attempt.body ?? shape.body;
  if (body !== null && !headers.some(([name]) => name === "content-type")) headers.push([...JSON_TYPE]);
  const since = ran(way.row.owner, way.actor === null ? "" : (attempt.key ?? SHARED_KEY));
  const answer = await wire.send({
    method,
    path: presented.query === undefined ? asked : `${path}?${presented.query}`,
    headers,
    ...(body === null ? {} : { body }),
    ...(way.transport === "sse" ? { until: /\n\n/ } : {}),
  });
  return {
    verdict: verdictOf(answer.status),
    status: answer.status,
    came: cameOf(answer),
    text: answer.text,
    headers: answer.headers,
    ran: since(),
    ms: answer.ms,
  };
}

/** What a status says of whether somebody came in. */
export function verdictOf(status: number): Verdict {
  if (status === 0) return "broken";
  if (status === 401 || status === 403 || status === 429 || status === 503) return "refused";
  if (status >= 500) return "fault";
  return status >= 400 ? "turned" : "passed";
}

function cameOf(answer: { readonly status: number; readonly text: string; readonly headers: HeaderList }): string {
  if (answer.status === 0) return answer.text;
  const type = headerOf(answer, "content-type") ?? "";
  return `${answer.status} ${/json|event-stream/.test(type) ? answer.text : type}`;
}

function shapeOf(way: Omit<Way, "attempt">, attempt: Attempt, sample: unknown, basePath: string): Shape {
  const { row } = way;
  const name = encodeURIComponent(attempt.name ?? (row.name === "*" ? UNDECLARED : (row.name ?? "")));
  const actor = `${basePath}/actors/${row.owner}/${attempt.key ?? SHARED_KEY}`;
  switch (row.kind) {
    case "action":
      return { method: "POST", path: `${actor}/actions/${name}`, body: JSON.stringify(sample ?? []) };
    case "queue":
      return { method: "POST", path: `${actor}/queues/${name}`, body: JSON.stringify({ body: sample ?? null }) };
    case "subscribe":
      return { method: "GET", path: `${actor}/events/${name}`, body: null };
    case "request":
      return { method: "GET", path: `${actor}/request/${attempt.name ?? SHARED_KEY}`, body: null };
    case "create":
      return { method: "PUT", path: actor, body: "{}" };
    default:
      return routeShape(row.name ?? "GET /", attempt, sample, basePath);
  }
}

function routeShape(route: string, attempt: Attempt, sample: unknown, basePath: string): Shape {
  const [method = "GET"] = route.split(" ");
  const path = pathOfRoute(route, attempt.name ?? "alice");
  return { method, path: `${basePath}${path}`, body: method === "GET" ? null : JSON.stringify(sample ?? {}) };
}
