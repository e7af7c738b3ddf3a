/**
 * Owns `byward/hono`: the gate as a middleware, and a check that no route of an app stands outside it. Uses types of Hono only.
 */
import type { Context, Hono, MiddlewareHandler } from "hono";
import { ConfigurationError } from "../boundary/errors.ts";
import { Admission } from "../boundary/gate.ts";
import type { By, CallerOf } from "../boundary/party.ts";
import { Door, type GuardOptions } from "./services-guard.ts";
import { coversPath } from "./services-hono-paths.ts";

/** What the middleware sets: `c.get("caller")`, or `c.var.caller`. */
export interface GuardedVariables<B extends By> {
  Variables: { caller: CallerOf<B> };
}

const GUARDS = new WeakSet<object>();

/**
 * A middleware that lets proved callers on and answers everybody else. Secrets are those of `c.env`, else of the process. The
 * request stays as it came, credentials included: the code behind it stays as it was.
 *
 * @example
 * app.use("/api/*", by(User));
 * app.get("/api/me", (c) => c.json({ id: c.var.caller.identity }));
 *
 * @throws ConfigurationError `service.by_invalid`, `service.by_channel`, `service.limit_invalid`
 */
export function by<const B extends By>(party: B, options: GuardOptions = {}): MiddlewareHandler<GuardedVariables<B>> {
  const door = new Door(party, { ...options, exposeCredentials: true });
  const middleware: MiddlewareHandler<GuardedVariables<B>> = async (c, next) => {
    const passage = await door.open(await unread(c), envOf(c));
    if (passage instanceof Response) return passage;
    Admission.spend(passage.admitted.admission);
    // Where the gate has read the body, the bytes it verified are what the handler reads.
    if (door.readsBody) c.req.raw = passage.request();
    c.set("caller", passage.admitted.caller as unknown as CallerOf<B>);
    await next();
    const left = passage.leave(c.res);
    if (left === c.res) return undefined;
    // Without this Hono would merge the headers of both.
    c.res = undefined;
    c.res = left;
    return undefined;
  };
  GUARDS.add(middleware);
  return middleware;
}

/** The request with its body still to be read, also where an earlier middleware has read it. */
async function unread(c: Context): Promise<Request> {
  const { raw } = c.req;
  if (!raw.bodyUsed) return raw;
  return new Request(raw.url, { method: raw.method, headers: raw.headers, body: await c.req.arrayBuffer() });
}

function envOf(c: Context): Readonly<Record<string, unknown>> | undefined {
  const env: unknown = c.env;
  return typeof env === "object" && env !== null && Object.keys(env).length > 0
    ? (env as Readonly<Record<string, unknown>>)
    : undefined;
}

/** A route as Hono lists it. */
interface ListedRoute {
  readonly method: string;
  readonly path: string;
  readonly handler: object;
}

/**
 * Routes that can be reached without passing a {@link by}, as `GET /path`. A guard covers what is registered after it on a path
 * it matches. A handler that takes `next` and is registered for all methods counts as middleware, not as a route; so does what
 * `app.mount` adds: guard its path with `app.use`.
 */
export function unguardedRoutes(app: Pick<Hono, "routes">): readonly string[] {
  const routes: readonly ListedRoute[] = app.routes;
  const unguarded = new Set<string>();
  routes.forEach((route, at) => {
    if (isGuard(route) || isMiddleware(routes, route, at)) return;
    const covered = routes
      .slice(0, at)
      .some((guard) => isGuard(guard) && coversMethod(guard, route) && coversPath(guard.path, route.path));
    if (!covered) unguarded.add(`${route.method} ${route.path}`);
  });
  return [...unguarded];
}

/**
 * Throws unless every route of the app stands behind a {@link by}; public routes say so with `by(Visitor)`.
 * @throws ConfigurationError `hono.unguarded`, naming the routes
 */
export function assertGuarded(app: Pick<Hono, "routes">): void {
  const unguarded = unguardedRoutes(app);
  if (unguarded.length === 0) return;
  throw new ConfigurationError(
    "hono.unguarded",
    `These routes run for anybody: ${unguarded.join(", ")}. Put by(…) in front of each: a party, or by(Visitor) for a public one.`,
  );
}

function isGuard({ handler }: ListedRoute): boolean {
  return GUARDS.has(target(handler));
}

/** Hono wraps the handlers of a mounted app that has an error handler of its own, and keeps the original under this name. */
function target(handler: object): object {
  const inner = (handler as { __COMPOSED_HANDLER?: object }).__COMPOSED_HANDLER;
  return inner === undefined ? handler : target(inner);
}

/** Only the last handler of a route answers; those before it on the same method and path pass on. */
function isMiddleware(routes: readonly ListedRoute[], route: ListedRoute, at: number): boolean {
  const handler = target(route.handler) as { readonly length: number };
  if (handler.length < 2) return false;
  if (route.method === "ALL") return true;
  return routes.slice(at + 1).some(({ method, path }) => method === route.method && path === route.path);
}

function coversMethod(guard: ListedRoute, route: ListedRoute): boolean {
  return guard.method === "ALL" || guard.method === route.method;
}
