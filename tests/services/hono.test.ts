/** `byward/hono`: the gate as a middleware, and the check that no route stands outside it. */
import { anyOf, bearer, hasClaim, party, refine, signature, Visitor } from "byward";
import { assertGuarded, by, unguardedRoutes } from "byward/hono";
import { Hono } from "hono";
import { cors } from "hono/cors";
import { logger } from "hono/logger";
import { expect, expectTypeOf, test } from "vitest";
import { coversPath } from "../../src/registry/services-hono-paths.ts";
import { createRig, get, post, show, sign } from "./rig.ts";

const User = party("User", { auth: bearer({ secret: "KEY" }) });
const Admin = refine("Admin", User, hasClaim("admin"));
const Hook = party("Hook", { auth: signature({ secret: "HOOK", header: "X-Signature", timestamp: "X-Timestamp" }) });
const rig = createRig();
const options = { host: rig.host };

test("lets proved callers on, typed, and answers everybody else", async () => {
  let ran = 0;
  const app = new Hono()
    .get("/me", by(User, options), (c) => {
      ran += 1;
      const { caller } = c.var;
      expectTypeOf(caller.party).toEqualTypeOf<"User">();
      return c.json({ who: caller.identity, token: c.req.header("authorization")?.slice(0, 6) });
    })
    .get("/admin", by(Admin, options), (c) => c.text(c.var.caller.party))
    .get("/open", by(anyOf(User, Visitor), options), (c) => c.text(c.get("caller").party));
  const good = await app.request(get("/me", rig.bearer("ann")));
  expect(await good.json()).toEqual({ who: "ann", token: "Bearer" });
  expect(await show(await app.request(get("/me")))).toBe("401 auth/unauthenticated");
  expect(await show(await app.request(get("/me", { authorization: "Bearer x" })))).toBe("401 auth/unauthenticated");
  expect(await show(await app.request(get("/admin", rig.bearer("ann"))))).toBe("403 auth/forbidden");
  expect(await (await app.request(get("/open"))).text()).toBe("Visitor");
  expect(ran).toBe(1);
});

test("covers what is registered after it on paths it matches", async () => {
  const app = new Hono();
  app.use("/api/*", by(User, options));
  app.get("/api/x", (c) => c.text("x"));
  app.get("/other", (c) => c.text("other"));
  expect((await app.request(get("/api/x"))).status).toBe(401);
  expect((await app.request(get("/api/x", rig.bearer("ann")))).status).toBe(200);
  expect(unguardedRoutes(app)).toEqual(["GET /other"]);
});

test("the handler reads the bytes that were verified, also after a middleware that read them", async () => {
  const app = new Hono();
  app.post("/hook", by(Hook, options), async (c) => c.json([await c.req.text(), c.var.caller.party]));
  app.use("/read", async (c, next) => {
    await c.req.text();
    await next();
  });
  app.post("/read", by(Hook, options), async (c) => c.json(await c.req.json()));
  const body = '{"a": 1.0}';
  const signed = sign(body, rig.clock.now());
  expect(await (await app.request(post("/hook", body, signed))).json()).toEqual([body, "Hook"]);
  expect((await app.request(post("/hook", '{"a":1}', signed))).status).toBe(401);
  expect(await (await app.request(post("/read", body, signed))).json()).toEqual({ a: 1 });
});

test("secrets of the platform come with the request", async () => {
  const app = new Hono<{ Bindings: { KEY: string } }>();
  app.get(
    "/me",
    by(User, { host: (env) => ({ ...rig.host, env: (name) => env?.[name] as string | undefined }) }),
    (c) => c.text(c.var.caller.identity),
  );
  expect((await app.request("/me", { headers: rig.bearer("ann") }, { KEY: rig.host.env("KEY")! })).status).toBe(200);
  expect(
    (await app.request("/me", { headers: rig.bearer("ann") }, { KEY: "another-key-of-at-least-32-bytes!" })).status,
  ).toBe(401);
});

test("a streamed response ends with its caller's lease", async () => {
  const app = new Hono().get("/stream", by(User, options), () => {
    let sent = 0;
    return new Response(
      new ReadableStream<Uint8Array>({
        async pull(controller) {
          if (sent++ > 0) await new Promise<void>((resolve) => rig.clock.after(60_000, resolve));
          controller.enqueue(Uint8Array.of(65));
        },
      }),
    );
  });
  const now = Math.floor(rig.clock.now() / 1000);
  const answer = await app.request(get("/stream", rig.bearer("ann", { exp: now + 90 })));
  const reading = answer.text();
  reading.catch(() => {});
  await rig.clock.advance(600_000);
  await expect(reading).rejects.toThrow(/lease/);
});

test("assertGuarded names the routes that anybody reaches", () => {
  const app = new Hono();
  app.use(logger());
  app.use("*", cors());
  app.get("/before", (c) => c.text("before"));
  app.get("/public", by(Visitor, options), (c) => c.text("public"));
  app.use("/api/*", by(User, options));
  app.get("/api/a", (c) => c.text("a"));
  app.post(
    "/api/b",
    async (_c, next) => next(),
    (c) => c.text("b"),
  );
  app.post("/post-only", by(User, options));
  app.get("/post-only", (c) => c.text("get"));
  app.all("/all", (c) => c.text("all"));
  app.on(["PUT", "DELETE"], "/on", (c) => c.text("on"));
  const inner = new Hono();
  inner.get("/inside", (c) => c.text("inside"));
  app.route("/api/inner", inner);
  const guarded = new Hono();
  guarded.onError((_error, c) => c.text("error", 500));
  guarded.use("*", by(User, options));
  guarded.get("/x", (c) => c.text("x"));
  app.route("/own", guarded);
  app.route("/loose", inner);
  expect(unguardedRoutes(app)).toEqual([
    "GET /before",
    "GET /post-only",
    "ALL /all",
    "PUT /on",
    "DELETE /on",
    "GET /loose/inside",
  ]);
  expect(() => assertGuarded(app)).toThrow(/GET \/before, GET \/post-only, ALL \/all/);
  expect(() => assertGuarded(app)).toThrow(expect.objectContaining({ code: "hono.unguarded" }));
});

test("a guard of a path is none of the same path with a slash behind it: Hono runs the handler without it", async () => {
  const app = new Hono();
  app.use("/me", by(User, options));
  app.get("/me/", (c) => c.text("reached"));
  expect(await (await app.request(get("/me/"))).text()).toBe("reached");
  expect(unguardedRoutes(app)).toEqual(["GET /me/"]);
});

test("assertGuarded is content with an app whose every route has one", () => {
  const app = new Hono();
  app.use(logger());
  app.use(by(anyOf(User, Visitor), options));
  app.get("/", (c) => c.text("root"));
  app.get("/x/:id", (c) => c.text("x"));
  expect(() => assertGuarded(app)).not.toThrow();
  expect(() => assertGuarded(new Hono())).not.toThrow();
});

test.each([
  ["*", "/", true],
  ["/*", "/a/b", true],
  ["/api/*", "/api", true],
  ["/api/*", "/api/x/:y", true],
  ["/api/*", "/apix", false],
  ["/api", "/api/x", false],
  ["/a/:b", "/a/:c", true],
  ["/a/:b", "/a/x", true],
  ["/a/:b", "/a", false],
  ["/a/:b", "/a/:c?", false],
  ["/a/:b{[0-9]+}", "/a/x", false],
  ["/a/:b{[0-9]+}", "/a/:b{[0-9]+}", true],
  ["/a/:b", "/a/:c{.+}", false],
  ["/a/:b?", "/a/x", false],
  ["/:a/b", "/x/b", true],
  ["/:a/b", "/x/*", false],
  ["/*/b", "/x/b", true],
  ["/me", "/me/", false],
  ["/me/", "/me", false],
  ["/a/:b", "/a/", false],
  ["/a/:b", "/a/x/", false],
  ["/a//b", "/a/b", false],
  ["/api/*", "/api/", true],
])("a guard on %s covers a route on %s: %s", (guard, route, expected) => {
  expect(coversPath(guard, route)).toBe(expected);
});
