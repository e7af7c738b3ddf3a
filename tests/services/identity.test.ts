/** No ambient identity (G5), no way around the gate (G3), and no entrypoint that a table forgets. */
import { anyOf, bearer, Caller, party, service, setup, signature, Visitor } from "byward";
import { expect, test } from "vitest";
import { closing, createRig, get, post, show } from "./rig.ts";

const User = party("User", { auth: bearer({ secret: "KEY" }) });
const Hook = party("Hook", { auth: signature({ secret: "HOOK", header: "X-Signature", timestamp: "X-Timestamp" }) });

test("a hundred callers whose handlers interleave each see themselves", async () => {
  const rig = createRig();
  const api = service({
    by: User,
    routes: {
      "GET /me": {
        handle: async (c) => {
          const before = c.caller.identity;
          for (let turn = 0; turn < 5; turn++) await Promise.resolve();
          await new Promise((resolve) => setTimeout(resolve, Math.random() * 5));
          const inner: string = await c.call(api.calls.whom)();
          return [before, c.caller.identity, inner];
        },
      },
    },
    calls: { whom: { handle: (c): string => String(c.caller.onBehalfOf?.identity) } },
  });
  const registry = closing(setup({ services: { api }, host: rig.host }));
  const names = Array.from({ length: 100 }, (_, at) => `user${at}`);
  const answers = await Promise.all(
    names.map(async (name) => (await registry.fetch(get("/me", rig.bearer(name)))).json()),
  );
  expect(answers).toEqual(names.map((name) => [name, name, name]));
});

test("a caller cannot be changed, nor put into a context", async () => {
  const rig = createRig();
  const failures: string[] = [];
  const attempt = (change: () => void): void => {
    try {
      change();
      failures.push("changed");
    } catch (error) {
      failures.push((error as Error).name);
    }
  };
  const api = service({
    by: anyOf(User, Visitor),
    canInvoke: (c) => {
      attempt(() => Object.assign(c, { caller: { party: "User", identity: "root" } }));
      attempt(() => Object.assign(c.caller, { party: "User" }));
      attempt(() => Object.defineProperty(c.caller, "identity", { value: "root" }));
      attempt(() => Object.defineProperty(c, "caller", { value: { party: "User", identity: "root" } }));
      return true;
    },
    routes: { "GET /": { handle: (c) => [c.caller.party, "identity" in c.caller] } },
  });
  const registry = closing(setup({ services: { api }, host: rig.host }));
  const answer = await (await registry.fetch(get("/"))).json();
  expect(answer).toEqual(["Visitor", false]);
  expect(failures).toEqual(["TypeError", "TypeError", "TypeError", "TypeError"]);
});

test("every route that is declared refuses whoever it does not admit: none is forgotten", async () => {
  const rig = createRig();
  const ran: string[] = [];
  const handle = (c: { readonly service: string }): string => {
    ran.push(c.service);
    return "ran";
  };
  const users = service({
    by: User,
    routes: {
      "GET /u": { handle },
      "POST /u": { handle },
      "PUT /u/:id": { handle },
      "PATCH /u/:id/x": { handle },
      "DELETE /u/:id": { handle },
      "POST /u/hook": { by: Hook, handle },
      "GET /u/open": { by: Visitor, handle },
      "POST /u/either": { by: anyOf(Hook, User), handle },
    },
    calls: { c: { handle } },
    queues: { q: { handle: () => undefined } },
    crons: { k: { schedule: "0 0 1 1 *", handle } },
  });
  const registry = closing(setup({ services: { users }, host: rig.host }));
  const credentials: Record<string, string>[] = [
    {},
    { authorization: "Bearer" },
    { authorization: "Bearer x.y.z" },
    { "x-signature": "00", "x-timestamp": "1" },
    { "byward-caller": "users", "byward-channel": "caller" },
  ];
  let tried = 0;
  for (const { routes } of registry.config.services) {
    for (const route of routes) {
      const path = route.name.replace(/^\S+ /, "").replaceAll(/:\w+/g, "7");
      for (const headers of credentials) {
        for (const method of route.method === "GET" ? ["GET", "HEAD"] : [route.method]) {
          const answer = await registry.fetch(new Request(`http://x${path}`, { method, headers }));
          expect([route.name, answer.status]).toEqual([route.name, route.by === Visitor ? 200 : 401]);
          tried += 1;
        }
      }
    }
  }
  expect(tried).toBe((8 + 2) * credentials.length);
  expect(ran).toHaveLength(2 * credentials.length);
});

test("a service without routes answers nothing, and one beside actors leaves them theirs", async () => {
  const rig = createRig();
  const api = service({ calls: { x: { by: Caller, handle: () => 1 } } });
  const registry = closing(setup({ services: { api }, host: rig.host, basePath: "/v1" }));
  expect(await show(await registry.fetch(get("/v1/x")))).toBe("404 request/not_found");
  expect(await show(await registry.fetch(post("/v1/actors/x/y/actions/z", [])))).toBe("404 request/not_found");
});

test("HEAD has no body, on whatever host", async () => {
  const api = service({
    by: Visitor,
    routes: { "GET /x": { handle: () => "four" }, "GET /stream": { handle: () => new Response("stream") } },
  });
  const registry = closing(setup({ services: { api }, host: createRig().host }));
  for (const path of ["/x", "/stream"]) {
    const answer = await registry.fetch(get(path, {}, "HEAD"));
    expect([answer.status, await answer.text()], path).toEqual([200, ""]);
  }
  expect((await registry.fetch(get("/x", {}, "HEAD"))).headers.get("content-length")).toBe("6");
});

test("below a base path, and nowhere else", async () => {
  const rig = createRig();
  const api = service({
    by: Visitor,
    routes: { "GET /": { handle: () => "root" }, "GET /x": { handle: (c) => c.url.pathname } },
  });
  const registry = closing(setup({ services: { api }, host: rig.host, basePath: "/v1" }));
  expect(await (await registry.fetch(get("/v1/x"))).json()).toBe("/v1/x");
  expect(await (await registry.fetch(get("/v1"))).json()).toBe("root");
  expect(await (await registry.fetch(get("/v1/"))).json()).toBe("root");
  for (const path of ["/x", "/v1x", "/v2/x", "/v1/v1/x"])
    expect((await registry.fetch(get(path))).status, path).toBe(404);
});
