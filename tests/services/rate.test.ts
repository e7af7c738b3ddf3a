/** Limits by caller, on services and on actors, over every way in; on a virtual clock. */
import { actor, anyOf, bearer, party, service, setup, Visitor } from "byward";
import { expect, test } from "vitest";
import { token } from "../vectors/tokens.ts";
import { closing, createRig, get, OTHER_KEY, post, type Rig, show } from "./rig.ts";

const User = party("User", { auth: bearer({ secret: "KEY" }) });

let ran = 0;
const handle = (): string => {
  ran += 1;
  return "ok";
};

function bad(rig: Rig): Record<string, string> {
  const now = Math.floor(rig.clock.now() / 1000);
  return { authorization: `Bearer ${token({ payload: { sub: "eve", iat: now, exp: now + 60 }, secret: OTHER_KEY })}` };
}

test("a rule of a service counts addresses over all its routes, one of a route that route alone", async () => {
  const rig = createRig();
  const api = service({
    by: Visitor,
    limits: { rate: [{ per: "address", limit: 3, window: 60 }] },
    routes: {
      "GET /a": { handle },
      "GET /b": { handle, limits: { rate: [{ per: "address", limit: 1, window: 60 }] } },
    },
  });
  const registry = closing(setup({ services: { api }, host: rig.host }));
  const ask = async (path: string, address = "192.0.2.1"): Promise<string> =>
    show(await rig.from(registry, address, get(path)));
  ran = 0;
  expect([await ask("/b"), await ask("/b"), await ask("/a")]).toEqual(["200", "429 byward/overloaded", "200"]);
  expect(await ask("/a")).toBe("429 byward/overloaded");
  expect(await ask("/a", "192.0.2.2")).toBe("200");
  expect(ran).toBe(3);
  await rig.clock.advance(20_000);
  expect(await ask("/a")).toBe("200");
});

test("429 says when to come back, and carries the service's policies", async () => {
  const rig = createRig();
  const api = service({
    by: Visitor,
    cors: { origins: ["https://app.example"] },
    limits: { rate: [{ per: "address", limit: 1, window: 60 }] },
    routes: { "GET /a": { handle } },
  });
  const registry = closing(setup({ services: { api }, host: rig.host }));
  const ask = (): Promise<Response> => rig.from(registry, "192.0.2.1", get("/a", { origin: "https://app.example" }));
  await ask();
  const answer = await ask();
  expect([answer.status, answer.headers.get("retry-after")]).toEqual([429, "60"]);
  expect(answer.headers.get("access-control-allow-origin")).toBe("https://app.example");
});

test("an identity is counted wherever it comes from, and others are not", async () => {
  const rig = createRig();
  const api = service({
    by: User,
    limits: { rate: [{ per: "identity", limit: 2, window: 60 }] },
    routes: { "GET /a": { handle } },
  });
  const registry = closing(setup({ services: { api }, host: rig.host }));
  const ask = async (who: string, address: string): Promise<string> =>
    show(await rig.from(registry, address, get("/a", rig.bearer(who))));
  expect(await ask("ann", "192.0.2.1")).toBe("200");
  expect(await ask("ann", "192.0.2.2")).toBe("200");
  expect(await ask("ann", "192.0.2.3")).toBe("429 byward/overloaded");
  expect(await ask("bob", "192.0.2.3")).toBe("200");
});

test("failed proofs are counted over services and actors, and refused unread", async () => {
  const rig = createRig();
  const api = service({ by: anyOf(User, Visitor), routes: { "GET /a": { handle } } });
  const room = actor({ by: anyOf(User, Visitor), actions: { say: handle } });
  const registry = closing(
    setup({ use: { room }, services: { api }, host: rig.host, limits: { maxFailedAuthentications: 4 } }),
  );
  const asService = async (headers: Record<string, string>, address = "192.0.2.1"): Promise<string> =>
    show(await rig.from(registry, address, get("/a", headers)));
  const asActor = async (headers: Record<string, string>): Promise<string> =>
    show(await rig.from(registry, "192.0.2.1", post("/actors/room/x/actions/say", [], headers)));
  ran = 0;
  for (let attempt = 0; attempt < 2; attempt++) {
    expect(await asService(bad(rig))).toBe("401 auth/unauthenticated");
    expect(await asActor(bad(rig))).toBe("401 auth/unauthenticated");
  }
  expect(ran).toBe(0);
  expect(await asService(bad(rig))).toBe("429 byward/overloaded");
  expect(await asActor(rig.bearer("ann"))).toBe("429 byward/overloaded");
  expect(await asService({})).toBe("200");
  expect(await asService(rig.bearer("ann"), "192.0.2.2")).toBe("200");
  await rig.clock.advance(60_000);
  expect(await asActor(rig.bearer("ann"))).toBe("200");
});

test("a rule of the registry selects by target, entrypoint and party", async () => {
  const rig = createRig();
  const api = service({ by: anyOf(User, Visitor), routes: { "GET /a": { handle }, "GET /b": { handle } } });
  const room = actor({ by: anyOf(User, Visitor), actions: { say: handle, leave: handle } });
  const registry = closing(
    setup({
      use: { room },
      services: { api },
      host: rig.host,
      limits: {
        rate: [
          { per: "address", limit: 1, window: 60, target: "api", entrypoint: "http:GET /a", party: "Visitor" },
          { per: "identity", limit: 1, window: 60, target: "room", entrypoint: ["action:say"] },
        ],
      },
    }),
  );
  const ask = async (request: Request): Promise<number> => (await rig.from(registry, "192.0.2.1", request)).status;
  const say = (action: string, who: string): Request => post(`/actors/room/x/actions/${action}`, [], rig.bearer(who));
  expect([await ask(get("/a")), await ask(get("/a"))]).toEqual([200, 429]);
  expect([await ask(get("/b")), await ask(get("/b")), await ask(get("/a", rig.bearer("ann")))]).toEqual([
    200, 200, 200,
  ]);
  expect([await ask(say("say", "ann")), await ask(say("say", "ann")), await ask(say("say", "bob"))]).toEqual([
    200, 429, 200,
  ]);
  expect([await ask(say("leave", "ann")), await ask(say("leave", "ann"))]).toEqual([200, 200]);
});

test("a connection is counted by itself, message by message", async () => {
  const rig = createRig();
  const room = actor({ by: Visitor, actions: { say: handle } });
  const registry = closing(
    setup({ use: { room }, host: rig.host, limits: { rate: [{ per: "connection", limit: 2, window: 60 }] } }),
  );
  const edge = await registry.edge();
  const { inboundOf } = await import("../../src/registry/fetch.ts");
  const open = async (): Promise<{ say(): void; readonly frames: { t: string; code?: string }[] }> => {
    const frames: { t: string; code?: string }[] = [];
    let receive: (frame: string) => void = () => {};
    const request = get("/actors/room/x/connect", { "sec-websocket-protocol": "byward.v1" });
    const { serve } = await edge.upgrade(inboundOf(request, { publicUrl: null }, "192.0.2.1"));
    serve({
      protocol: "byward.v1",
      bufferedAmount: 0,
      send: (frame) => {
        const parsed = JSON.parse(String(frame));
        frames.push(...(Array.isArray(parsed) ? parsed : [parsed]));
      },
      close: () => {},
      terminate: () => {},
      attach: (handlers) => {
        receive = (frame) => handlers.message(frame);
      },
    });
    receive('{"t":"hello"}');
    await rig.clock.drain();
    let id = 0;
    return { frames, say: () => receive(JSON.stringify({ t: "action", id: ++id, name: "say", args: [] })) };
  };
  const one = await open();
  const two = await open();
  ran = 0;
  for (let message = 0; message < 4; message++) one.say();
  two.say();
  await rig.clock.drain();
  expect(one.frames.map(({ t, code }) => code ?? t)).toEqual(["ready", "result", "result", "overloaded", "overloaded"]);
  expect(two.frames.map(({ t }) => t)).toEqual(["ready", "result"]);
  expect(ran).toBe(3);
});

test("a limit that cannot be meant is refused by setup and service", () => {
  expect(() => setup({ limits: { rate: [{ per: "address", limit: 0, window: 1 }] } })).toThrow(/limit/);
  expect(() => setup({ limits: { maxFailedAuthentications: 0 } })).toThrow(/maxFailedAuthentications/);
  expect(() =>
    service({ by: Visitor, limits: { rate: [{ per: "connection", limit: 1, window: 1 }] }, routes: {} }),
  ).toThrow(/no connection/);
});
