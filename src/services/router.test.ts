import fc from "fast-check";
import { expect, test } from "vitest";
import { ConfigurationError } from "../boundary/errors.ts";
import { METHODS, parseRouteKey } from "./route-key.ts";
import { type RouteMatch, Router } from "./router.ts";

function routerOf(keys: readonly string[]): Router<string> {
  const router = new Router<string>();
  for (const key of keys) router.add(parseRouteKey(key), key);
  return router;
}

function show(match: RouteMatch<string>): string {
  switch (match.kind) {
    case "found":
      return [match.entry, ...Object.entries(match.params).map(([name, value]) => `${name}=${value}`)].join(" ");
    case "other_method":
      return match.allow.join(", ");
    case "malformed":
      return match.reason;
    case "unknown":
      return "unknown";
  }
}

const shop = routerOf([
  "GET /",
  "GET /users",
  "POST /users",
  "GET /users/me",
  "GET /users/:id",
  "DELETE /users/:user",
  "GET /users/:id/posts/:post",
  "GET /:tenant/report",
  "GET /files/:name/:version",
  "GET /caf%C3%A9/:x",
  "PUT /:a/b",
  "PUT /a/:b",
]);

test.each([
  ["GET", "/", "GET /"],
  ["GET", "", "GET /"],
  ["GET", "/users", "GET /users"],
  ["GET", "/users/", "GET /users"],
  ["GET", "//users", "GET /users"],
  ["HEAD", "/users", "GET /users"],
  ["POST", "/users", "POST /users"],
  ["GET", "/users/me", "GET /users/me"],
  ["GET", "/users/%6De", "GET /users/me"],
  ["GET", "/users/7", "GET /users/:id id=7"],
  ["GET", "/users/7/", "GET /users/:id id=7"],
  ["DELETE", "/users/me", "DELETE /users/:user user=me"],
  ["GET", "/users/a%20b", "GET /users/:id id=a b"],
  ["GET", "/users/a%2Fb", "GET /users/:id id=a/b"],
  ["GET", "/users/%E2%82%AC/posts/1", "GET /users/:id/posts/:post id=€ post=1"],
  ["GET", "/caf%c3%a9/1", "GET /caf%C3%A9/:x x=1"],
  ["GET", "/users/report", "GET /:tenant/report tenant=users"],
  ["PUT", "/a/b", "PUT /:a/b a=a"],
  ["GET", "/nothing", "unknown"],
  ["GET", "/users/7/posts", "unknown"],
  ["GET", "/USERS", "unknown"],
  ["PATCH", "/users", "GET, HEAD, OPTIONS, POST"],
  ["POST", "/users/me", "DELETE, GET, HEAD, OPTIONS"],
  ["OPTIONS", "/users", "GET, HEAD, OPTIONS, POST"],
  ["HEAD", "/a/b", "OPTIONS, PUT"],
  ["get", "/users", "GET, HEAD, OPTIONS, POST"],
  ["GET", "/users/%", "path.encoding"],
  ["GET", "/users/%zz", "path.encoding"],
  ["GET", "/users/%ff", "path.encoding"],
  ["GET", "/users/..", "path.dot_segment"],
  ["GET", "/users/%2e%2E/x", "path.dot_segment"],
  ["GET", "/./users", "path.dot_segment"],
  ["GET", "/users\\me", "path.backslash"],
])("%s %s is %s", (method, path, expected) => {
  expect(show(shop.match(method, path))).toBe(expected);
});

test("parameters are own members of an object without prototype", () => {
  const router = routerOf(["GET /x/:__proto__/:constructor"]);
  const match = router.match("GET", "/x/1/2");
  if (match.kind !== "found") throw new Error(match.kind);
  expect(Object.entries(match.params)).toEqual([
    ["__proto__", "1"],
    ["constructor", "2"],
  ]);
});

test("the order of declaration does not matter", () => {
  const keys = ["GET /:a/:b", "GET /x/:b", "GET /:a/y", "GET /x/y"];
  for (const order of [keys, [...keys].reverse()]) {
    const router = routerOf(order);
    expect(show(router.match("GET", "/x/y"))).toBe("GET /x/y");
    expect(show(router.match("GET", "/x/z"))).toBe("GET /x/:b b=z");
    expect(show(router.match("GET", "/z/y"))).toBe("GET /:a/y a=z");
    expect(show(router.match("GET", "/z/z"))).toBe("GET /:a/:b a=z b=z");
  }
});

test.each([[["GET /a", "GET /a/"]], [["GET /a/:x", "GET /a/:y"]], [["POST /caf%C3%A9", "POST /caf%c3%a9"]]])(
  "%j are the same route and refused",
  (keys) => {
    expect(() => routerOf(keys)).toThrow(expect.objectContaining({ code: "service.route_duplicate" }));
  },
);

test.each([
  ["get /x", "service.route_invalid"],
  ["HEAD /x", "service.route_invalid"],
  ["GET", "service.route_invalid"],
  ["GET x", "service.route_invalid"],
  ["GET  /x", "service.route_invalid"],
  ["GET /x y", "service.route_invalid"],
  ["GET /x?y", "service.route_invalid"],
  ["GET /x\\y", "service.route_invalid"],
  ["GET /:", "service.route_invalid"],
  ["GET /:1", "service.route_invalid"],
  ["GET /:a-b", "service.route_invalid"],
  ["GET /:a/:a", "service.route_invalid"],
  ["GET /%", "service.route_invalid"],
  ["GET /../x", "service.route_invalid"],
  ["GET /actors", "service.route_reserved"],
  ["POST /actors/x", "service.route_reserved"],
  ["GET //actors/x", "service.route_reserved"],
  ["GET /%61ctors/x", "service.route_reserved"],
  ["GET /_byward/x", "service.route_reserved"],
])("refuses the key %j with %s", (key, code) => {
  expect(() => parseRouteKey(key)).toThrow(ConfigurationError);
  expect(() => parseRouteKey(key)).toThrow(expect.objectContaining({ code }));
});

/** The rule in plain words: all matching routes, fewest parameters, then text. */
function expected(keys: readonly string[], method: string, segments: readonly string[]): string | null {
  const matching = keys.filter((key) => {
    const route = parseRouteKey(key);
    return (
      route.method === method &&
      route.segments.length === segments.length &&
      route.segments.every((segment, at) => "param" in segment || segment.text === segments[at])
    );
  });
  const params = (key: string): number => parseRouteKey(key).segments.filter((segment) => "param" in segment).length;
  return matching.sort((a, b) => params(a) - params(b) || (a < b ? -1 : 1))[0] ?? null;
}

test("agrees with the rule over random routes and paths", () => {
  const segment = fc.constantFrom("a", "b", "c", ":p");
  const key = fc
    .tuple(fc.constantFrom(...METHODS), fc.array(segment, { maxLength: 4 }))
    .map(([method, parts]) => `${method} /${parts.map((part, at) => (part === ":p" ? `:p${at}` : part)).join("/")}`);
  fc.assert(
    fc.property(
      fc.uniqueArray(key, { maxLength: 40 }),
      fc.constantFrom(...METHODS),
      fc.array(fc.constantFrom("a", "b", "c", "d"), { maxLength: 4 }),
      (keys, method, segments) => {
        const match = routerOf(keys).match(method, `/${segments.join("/")}`);
        expect(match.kind === "found" ? match.entry : null).toBe(expected(keys, method, segments));
      },
    ),
    { numRuns: 500 },
  );
});

test("never throws for whatever path comes", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 40 }), (path) => {
      expect(["found", "other_method", "unknown", "malformed"]).toContain(shop.match("GET", path).kind);
    }),
    { numRuns: 200 },
  );
});

test("five thousand routes cost no more to search than fifty", () => {
  const time = (count: number): number => {
    const router = routerOf(Array.from({ length: count }, (_, at) => `GET /r${at}/:id/leaf`));
    const path = `/r${count - 1}/7/leaf`;
    for (let warm = 0; warm < 20_000; warm++) router.match("GET", path);
    const before = process.cpuUsage();
    for (let turn = 0; turn < 50_000; turn++) router.match("GET", path);
    const { user, system } = process.cpuUsage(before);
    return user + system;
  };
  const few = Math.min(time(50), time(50), time(50));
  const many = Math.min(time(5000), time(5000), time(5000));
  // A linear search would be a hundred times as slow.
  expect(many).toBeLessThan(few * 10);
});
