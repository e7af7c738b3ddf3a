import { expect, test } from "vitest";
import { z } from "zod";
import { ConfigurationError } from "../boundary/errors.ts";
import { anyOf, Caller, Producer, party, Scheduler, Visitor } from "../boundary/party.ts";
import { bearer } from "../boundary/schemes/bearer.ts";
import { internal } from "../boundary/schemes/internal.ts";
import { compileServices } from "../registry/services-setup.ts";
import { service } from "./define.ts";

const User = party("User", { auth: bearer({ secret: "KEY" }) });
const handle = (): number => 1;

/** What a JavaScript author might write: the types forbid all of it. */
const loose = service as unknown as (config: unknown) => ReturnType<typeof service>;
const route = (members: object, key = "GET /x"): unknown => ({ by: User, routes: { [key]: { handle, ...members } } });

test.each<[string, unknown, string]>([
  ["no object", null, "service.unknown_key"],
  ["an unknown key", { by: User, rutes: {} }, "service.unknown_key"],
  ["an unknown member of a route", route({ querry: 1 }), "service.unknown_key"],
  ["an unknown member of limits", { by: User, limits: { maxbody: 1 } }, "service.unknown_key"],
  ["an unknown member of cors", { by: User, cors: { origins: ["*"], origin: 1 } }, "service.unknown_key"],
  ["a route nobody guards", { routes: { "GET /x": { handle } } }, "service.unguarded"],
  [
    "a route nobody guards, beside canInvoke",
    { canInvoke: () => true, routes: { "GET /x": { handle } } },
    "service.unguarded",
  ],
  ["a party by name", route({ by: "User" }), "service.by_invalid"],
  ["null for a party", route({ by: null }), "service.by_invalid"],
  ["an internal party on a route", route({ by: Caller }), "service.by_channel"],
  ["an internal party for all routes", { by: anyOf(Caller, Visitor), routes: {} }, "service.by_channel"],
  ["an outside party on a call", { calls: { x: { by: User, handle } } }, "service.by_channel"],
  ["another channel on a call", { calls: { x: { by: Scheduler, handle } } }, "service.by_channel"],
  ["another channel on a queue", { queues: { x: { by: Caller, handle } } }, "service.by_channel"],
  [
    "another channel on a cron",
    { crons: { x: { by: Producer, schedule: "* * * * *", handle } } },
    "service.by_channel",
  ],
  ["a route without handler", { by: User, routes: { "GET /x": {} } }, "service.entry_invalid"],
  ["a handler in place of a route", { by: User, routes: { "GET /x": handle } }, "service.entry_invalid"],
  ["a schema that is none", route({ query: {} }), "service.entry_invalid"],
  ["a body on GET", route({ body: z.string() }), "service.entry_invalid"],
  ["a body on DELETE", route({ body: z.string() }, "DELETE /x"), "service.entry_invalid"],
  ["a body form without body", route({ bodyAs: "form" }, "POST /x"), "service.entry_invalid"],
  ["an unknown body form", route({ body: z.string(), bodyAs: "xml" }, "POST /x"), "service.entry_invalid"],
  ["a cache rule on POST", route({ cache: { maxAge: 1 } }, "POST /x"), "service.cache_invalid"],
  ["a cache rule of no time", route({ cache: { maxAge: 0 } }), "service.cache_invalid"],
  ["a cache rule of half a second", route({ cache: { maxAge: 0.5 } }), "service.cache_invalid"],
  ["a shared cache for a private route", route({ cache: { maxAge: 1, scope: "public" } }), "service.cache_invalid"],
  ["a method that is none", route({}, "LIST /x"), "service.route_invalid"],
  ["a path of actors", route({}, "GET /actors/x"), "service.route_reserved"],
  [
    "two routes that are one",
    { by: User, routes: { "GET /:a": { handle }, "GET /:b": { handle } } },
    "service.route_duplicate",
  ],
  ["a schedule of four fields", { crons: { x: { schedule: "* * * *", handle } } }, "service.cron_invalid"],
  ["a schedule of words", { crons: { x: { schedule: "a b c d e", handle } } }, "service.cron_invalid"],
  [
    "a time zone that is none",
    { crons: { x: { schedule: "0 0 * * *", timezone: "Moon/Base", handle } } },
    "service.cron_invalid",
  ],
  ["an origin with a path", { cors: { origins: ["https://a.example/"] } }, "service.policy_invalid"],
  ["no origins", { cors: { origins: [] } }, "service.policy_invalid"],
  ["any origin with credentials", { cors: { origins: ["*"], credentials: true } }, "service.policy_invalid"],
  ["any origin beside one", { cors: { origins: ["*", "https://a.example"] } }, "service.policy_invalid"],
  ["a header that is none", { cors: { origins: ["*"], headers: ["x y"] } }, "service.policy_invalid"],
  ["HSTS of no time", { security: { hsts: 0 } }, "service.policy_invalid"],
  ["a body limit of nothing", { by: User, limits: { maxBody: 0 } }, "service.limit_invalid"],
  [
    "a rate by connection",
    { by: User, limits: { rate: [{ per: "connection", limit: 1, window: 1 }] } },
    "service.limit_invalid",
  ],
  ["a rate that is none", route({ limits: { rate: [{ per: "address" }] } }), "rate.rule_invalid"],
  ["a queue with a slash", { queues: { "a/b": { handle } } }, "service.entry_invalid"],
  ["a queue without attempts", { queues: { a: { maxAttempts: 0, handle } } }, "service.limit_invalid"],
  ["a call with a space", { calls: { "a b": { handle } } }, "service.entry_invalid"],
])("refuses %s with its code", (_what, config, code) => {
  expect(() => loose(config)).toThrow(ConfigurationError);
  expect(() => loose(config)).toThrow(expect.objectContaining({ code }));
});

test("says where it is wrong and what to do", () => {
  expect(() => loose({ routes: { "GET /x": { handle } } })).toThrow(/routes\["GET \/x"\] has no party.*by: Visitor/);
  expect(() => loose(route({ by: Caller }))).toThrow(/routes\["GET \/x"\]\.by: Caller cannot come this way/);
});

test("accepts what is right, and freezes it", () => {
  const api = service({
    by: anyOf(User, Visitor),
    routes: { "GET /kept": { cache: { maxAge: 60, scope: "public" }, handle } },
    calls: { x: { by: party("Billing", { auth: internal({ from: "shop" }) }), handle } },
    queues: { "name of a platform": { handle: () => undefined } },
    crons: { "any name": { schedule: "*/5 * * * * *", timezone: "Europe/Berlin", handle } },
  });
  expect(Object.isFrozen(api)).toBe(true);
  expect(Object.isFrozen(api.calls.x)).toBe(true);
});

const one = (): ReturnType<typeof service> => service({ by: Visitor, routes: { "GET /x": { handle } } }) as never;
const shared = one();

test.each<[string, object, string]>([
  ["a name that is none", { "a b": one() }, "setup.name_invalid"],
  ["a reserved name", { $replay: one() }, "setup.name_invalid"],
  ["what service() did not make", { a: { type: "service", config: {} } }, "setup.not_a_service"],
  ["nothing", { a: undefined }, "setup.not_a_service"],
  ["one definition twice", { a: shared, b: shared }, "setup.not_a_service"],
  ["one route twice", { a: one(), b: one() }, "service.route_duplicate"],
  [
    "two parts with one call",
    { a: [service({ calls: { c: { handle } } }), service({ calls: { c: { handle } } })] },
    "setup.name_taken",
  ],
])("setup refuses %s", (_what, services, code) => {
  expect(() => compileServices(services as never, new Map())).toThrow(expect.objectContaining({ code }));
});
