/** Owns the checks of a service's configuration: each refuses with a code, says where, and how to mend it. */
import { isSchema } from "../actors/tokens.ts";
import { ConfigurationError } from "../boundary/errors.ts";
import { type By, baseOf, isBy, membersOf } from "../boundary/party.ts";
import { assertRateRules } from "../boundary/rate.ts";
import type { Channel, Presentation } from "../boundary/scheme.ts";
import { nextRun } from "./cron-pattern.ts";
import type { RuntimeRoute, RuntimeServiceConfig } from "./define.ts";
import { parseRouteKey } from "./route-key.ts";
import { Router } from "./router.ts";
import type { CorsPolicy, SecurityPolicy } from "./types.ts";

const KEYS = ["by", "canInvoke", "routes", "calls", "queues", "crons", "cors", "security", "limits", "problem"];
const ROUTE_KEYS = ["by", "params", "query", "body", "bodyAs", "cache", "limits", "exposeCredentials", "handle"];
const BODY_FORMS: readonly unknown[] = ["json", "any-json", "form", "text", "bytes"];
const NAME = /^[A-Za-z][A-Za-z0-9_-]{0,63}$/;
/** Queues may have names that a platform gave them. */
const QUEUE_NAME = /^[^/\\\u0000-\u001f\u007f]{1,128}$/;
const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

function refuse(code: string, message: string): never {
  throw new ConfigurationError(`service.${code}`, `service(): ${message}`);
}

/** @throws ConfigurationError, see `service()` */
export function assertServiceConfig(config: RuntimeServiceConfig): void {
  if (typeof config !== "object" || config === null) refuse("unknown_key", "takes one configuration object.");
  assertKeys(config, KEYS, "");
  assertBy(config.by, "by", "external");
  for (const key of ["canInvoke", "problem"] as const) {
    if (config[key] !== undefined && typeof config[key] !== "function") {
      refuse("entry_invalid", `\`${key}\` must be a function.`);
    }
  }
  assertRoutes(config);
  assertCalls(config);
  assertQueues(config);
  assertCrons(config);
  if (config.cors !== undefined) assertCors(config.cors);
  if (config.security !== undefined) assertSecurity(config.security);
  assertLimits(config.limits, "limits", ["maxBody", "timeout", "rate", "canInvokeTimeout"]);
}

function assertRoutes(config: RuntimeServiceConfig): void {
  const router = new Router<null>();
  for (const [key, route] of entriesOf(config.routes, "routes")) {
    const where = `routes[${JSON.stringify(key)}]`;
    const path = parseRouteKey(key);
    router.add(path, null);
    assertEntry(route, where, ROUTE_KEYS);
    if (route.by === undefined && config.by === undefined) {
      refuse(
        "unguarded",
        `${where} has no party, so nobody has said who may reach it. Give it one (\`by: User\`, or \`by: Visitor\` to make it ` +
          "public), or give the service one.",
      );
    }
    assertBy(route.by, `${where}.by`, "external");
    for (const part of ["params", "query", "body"] as const) assertSchema(route[part], `${where}.${part}`);
    assertBodyUse(path.method, route, where);
    assertCache(path.method, route, route.by ?? config.by!, where);
    assertLimits(route.limits, `${where}.limits`, ["maxBody", "timeout", "rate"]);
    if (route.exposeCredentials !== undefined && typeof route.exposeCredentials !== "boolean") {
      refuse("entry_invalid", `${where}.exposeCredentials is true or false.`);
    }
  }
}

function assertBodyUse(method: string, route: RuntimeRoute, where: string): void {
  if (route.bodyAs !== undefined && !BODY_FORMS.includes(route.bodyAs)) {
    refuse("entry_invalid", `${where}.bodyAs is one of ${BODY_FORMS.join(", ")}.`);
  }
  if (route.bodyAs !== undefined && route.body === undefined) {
    refuse("entry_invalid", `${where}.bodyAs says how \`body\` is read, and there is no \`body\`.`);
  }
  if (route.body !== undefined && (method === "GET" || method === "DELETE")) {
    refuse("entry_invalid", `${where}: a ${method} request has no body to speak of (RFC 9110 §9.3). Remove \`body\`.`);
  }
}

function assertCache(method: string, route: RuntimeRoute, by: By, where: string): void {
  const { cache } = route;
  if (cache === undefined) return;
  if (method !== "GET") refuse("cache_invalid", `${where}.cache: only GET answers are cached.`);
  if (typeof cache !== "object" || cache === null) refuse("cache_invalid", `${where}.cache must be an object.`);
  assertKeys(cache, ["maxAge", "scope"], `${where}.cache`);
  if (!isSeconds(cache.maxAge)) refuse("cache_invalid", `${where}.cache.maxAge is in whole seconds, above 0.`);
  if (cache.scope !== undefined && cache.scope !== "public" && cache.scope !== "private") {
    refuse("cache_invalid", `${where}.cache.scope is "public" or "private".`);
  }
  const isOpen = membersOf(by).some((member) => baseOf(member).scheme.kind === "none");
  if (cache.scope === "public" && !isOpen) {
    refuse(
      "cache_invalid",
      `${where}.cache.scope "public" would let shared caches answer callers whom the gate refuses. Use "private".`,
    );
  }
}

function assertCalls(config: RuntimeServiceConfig): void {
  for (const [name, call] of entriesOf(config.calls, "calls")) {
    const where = `calls.${name}`;
    assertName(name, where);
    assertEntry(call, where, ["by", "input", "limits", "handle"]);
    assertBy(call.by, `${where}.by`, "caller");
    assertSchema(call.input, `${where}.input`);
    assertLimits(call.limits, `${where}.limits`, ["timeout", "rate"]);
  }
}

function assertQueues(config: RuntimeServiceConfig): void {
  const numbers = ["maxAttempts", "concurrency", "maxSize", "maxMessageSize"] as const;
  for (const [name, queue] of entriesOf(config.queues, "queues")) {
    const where = `queues.${name}`;
    if (!QUEUE_NAME.test(name)) refuse("entry_invalid", `${where}: a queue name has 1 to 128 characters and no slash.`);
    assertEntry(queue, where, ["by", "message", ...numbers, "handle"]);
    assertBy(queue.by, `${where}.by`, "producer");
    assertSchema(queue.message, `${where}.message`);
    for (const key of numbers) {
      const value = queue[key];
      if (value !== undefined && !(Number.isSafeInteger(value) && value > 0)) {
        refuse("limit_invalid", `${where}.${key} must be a whole number above 0.`);
      }
    }
    if ((queue.concurrency ?? 1) > 256) refuse("limit_invalid", `${where}.concurrency is at most 256.`);
  }
}

function assertCrons(config: RuntimeServiceConfig): void {
  for (const [name, cron] of entriesOf(config.crons, "crons")) {
    const where = `crons[${JSON.stringify(name)}]`;
    assertEntry(cron, where, ["by", "schedule", "timezone", "handle"]);
    assertBy(cron.by, `${where}.by`, "scheduler");
    try {
      nextRun(cron.schedule, cron.timezone, 0);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      refuse("cron_invalid", `${where}: the schedule ${JSON.stringify(cron.schedule)} cannot be read: ${why}`);
    }
  }
}

function assertCors(cors: CorsPolicy): void {
  const bad = (what: string): never => refuse("policy_invalid", `cors.${what}`);
  assertKeys(cors, ["origins", "headers", "expose", "credentials", "maxAge"], "cors");
  const { origins } = cors;
  if (!Array.isArray(origins) || origins.length === 0) bad('origins lists origins, or is ["*"].');
  if (origins.includes("*") && (origins.length > 1 || cors.credentials === true)) {
    bad('origins: "*" stands alone and never with credentials: any page could then act as its visitor.');
  }
  for (const origin of origins) {
    if (origin !== "*" && !(URL.canParse(origin) && new URL(origin).origin === origin)) {
      bad(`origins: ${JSON.stringify(origin)} is not an origin such as "https://app.example" (no path, no slash).`);
    }
  }
  for (const key of ["headers", "expose"] as const) {
    const names = cors[key];
    if (names !== undefined && !(Array.isArray(names) && names.every((name) => TOKEN.test(name)))) {
      bad(`${key} lists header names.`);
    }
  }
  if (cors.credentials !== undefined && typeof cors.credentials !== "boolean") bad("credentials is true or false.");
  if (cors.maxAge !== undefined && !isSeconds(cors.maxAge)) bad("maxAge is in whole seconds, above 0.");
}

function assertSecurity(security: SecurityPolicy): void {
  assertKeys(security, ["nosniff", "hsts"], "security");
  if (security.nosniff !== undefined && typeof security.nosniff !== "boolean") {
    refuse("policy_invalid", "security.nosniff is true or false.");
  }
  if (security.hsts !== undefined && !isSeconds(security.hsts)) {
    refuse("policy_invalid", "security.hsts is in whole seconds, above 0.");
  }
}

function assertLimits(limits: object | undefined, where: string, keys: readonly string[]): void {
  if (limits === undefined) return;
  if (typeof limits !== "object" || limits === null) refuse("limit_invalid", `${where} must be an object.`);
  assertKeys(limits, keys, where);
  for (const [key, value] of Object.entries(limits)) {
    if (key === "rate") assertServiceRates(value, `service(): ${where}.rate`);
    else if (!(Number.isSafeInteger(value) && value > 0)) {
      refuse("limit_invalid", `${where}.${key} must be a whole number above 0.`);
    }
  }
}

function assertServiceRates(rules: unknown, where: string): void {
  assertRateRules(rules, where);
  if (rules.some(({ per }) => per === "connection")) {
    refuse(
      "limit_invalid",
      `${where}: requests of a service stand on no connection. Count per "address" or "identity".`,
    );
  }
}

function entriesOf<Entry>(
  entries: Readonly<Record<string, Entry>> | undefined,
  where: string,
): readonly (readonly [string, Entry])[] {
  if (entries === undefined) return [];
  if (typeof entries !== "object" || entries === null) refuse("entry_invalid", `\`${where}\` must be an object.`);
  return Object.entries(entries);
}

function assertEntry(entry: { readonly handle: unknown }, where: string, keys: readonly string[]): void {
  if (typeof entry !== "object" || entry === null)
    refuse("entry_invalid", `${where} must be an object with \`handle\`.`);
  assertKeys(entry, keys, where);
  if (typeof entry.handle !== "function") refuse("entry_invalid", `${where}.handle must be a function.`);
}

function assertKeys(value: object, known: readonly string[], where: string): void {
  for (const key of Object.keys(value)) {
    if (known.includes(key)) continue;
    refuse("unknown_key", `unknown key \`${where === "" ? "" : `${where}.`}${key}\`. Known: ${known.join(", ")}.`);
  }
}

function assertName(name: string, where: string): void {
  if (NAME.test(name)) return;
  refuse(
    "entry_invalid",
    `${where}: a name starts with a letter, has letters, digits, _ or -, and at most 64 characters.`,
  );
}

function assertSchema(schema: unknown, where: string): void {
  if (schema !== undefined && !isSchema(schema)) refuse("entry_invalid", `${where} must be a Standard Schema.`);
}

/** A party must be one that can come the way the entrypoint is reached: nothing else would ever be admitted. */
function assertBy(by: unknown, where: string, way: Channel["kind"]): void {
  if (by === undefined) return;
  if (!isBy(by)) refuse("by_invalid", `${where} must be a party, a refinement or anyOf(…).`);
  for (const member of membersOf(by)) {
    if (comesBy(member, way)) continue;
    refuse("by_channel", `${where}: ${member.name} cannot come this way. ${HINTS[way]}`);
  }
}

const HINTS: Readonly<Record<Channel["kind"], string>> = {
  external: "Routes are reached from outside; internal parties are for calls, queues and crons.",
  caller: "Calls come from actors and services: use Caller, or a party with internal({ from }).",
  scheduler: "Crons come from the clock: use Scheduler.",
  producer: "Messages come from their queue: use Producer.",
};

const CHANNELS: Readonly<Record<Channel["kind"], Channel>> = {
  external: { kind: "external" },
  caller: { kind: "caller", caller: { name: "" } },
  scheduler: { kind: "scheduler", subject: "" },
  producer: { kind: "producer", subject: "" },
};

function comesBy(member: Parameters<typeof baseOf>[0], way: Channel["kind"]): boolean {
  const { scheme } = baseOf(member);
  if (scheme.kind !== "internal") return way === "external";
  const presentation: Presentation = {
    channel: CHANNELS[way],
    method: "",
    url: "",
    header: () => null,
    body: null,
    frameToken: null,
  };
  return scheme.isPresented(presentation);
}

function isSeconds(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) > 0;
}
