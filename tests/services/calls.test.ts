/** Calls between services and from actors: the caller is minted by the channel, and nothing from outside can be one. */
import { actor, anyOf, bearer, Caller, internal, party, service, setup, UserError, Visitor } from "byward";
import { expect, test } from "vitest";
import { z } from "zod";
import { closing, createRig, get, post, show } from "./rig.ts";

const User = party("User", { auth: bearer({ secret: "KEY" }) });
const Billing = party("Billing", { auth: internal({ from: ["shop", "till"] }) });

interface Seen {
  readonly party: string;
  readonly identity: unknown;
  readonly onBehalfOf: unknown;
}
const seen: Seen[] = [];
const kept: number[][] = [];

const books = service({
  canInvoke: (c, invoke) => invoke.kind === "call" && (invoke.name !== "private" || c.caller.identity === "shop"),
  calls: {
    total: {
      handle: (c, a: number, b: number) => {
        seen.push({ party: c.caller.party, identity: c.caller.identity, onBehalfOf: c.caller.onBehalfOf?.identity });
        return a + b;
      },
    },
    private: { handle: () => "private" },
    billing: { by: Billing, handle: (c) => c.caller.party },
    sized: { input: z.string().transform((text) => text.length), handle: (_c, length) => length },
    keep: {
      handle: (_c, list: number[]) => {
        list.push(0);
        kept.push(list);
        return list;
      },
    },
    echo: { handle: (_c, value: unknown) => value },
    refuses: {
      handle: () => {
        throw new UserError("no", { code: "no" });
      },
    },
    slow: { limits: { timeout: 100 }, handle: () => new Promise<void>(() => {}) },
    deep: { handle: (c): Promise<number> => c.call(books.calls.total)(20, 22) },
  },
});

const till = actor({
  by: anyOf(User, Caller, Visitor),
  actions: {
    add: (c) => c.call(books.calls.total)(1, 2),
    billing: (c) => c.call(books.calls.billing)(),
  },
});

const shop = service({
  by: anyOf(User, Visitor),
  routes: {
    "GET /total": { handle: (c) => c.call(books.calls.total)(2, 3) },
    "GET /private": { handle: (c) => c.call(books.calls.private)() },
    "GET /billing": { handle: (c) => c.call(books.calls.billing)() },
    "GET /sized": { handle: (c) => c.call(books.calls.sized)("four") },
    // @ts-expect-error the schema takes a string
    "GET /unsized": { handle: (c) => c.call(books.calls.sized)(4) },
    "GET /refuses": { handle: (c) => c.call(books.calls.refuses)() },
    "GET /slow": { handle: (c) => c.call(books.calls.slow)() },
    "GET /deep": { handle: (c) => c.call(books.calls.deep)() },
    "GET /copies": {
      handle: async (c) => {
        const given = { list: [1], at: new Date(5), big: 7n, map: new Map([["a", 1]]) };
        const got = (await c.call(books.calls.echo)(given)) as typeof given;
        return [got === given, got.list === given.list, got.at.getTime(), got.big === 7n, got.map.get("a")];
      },
    },
    "GET /kept": {
      handle: async (c) => {
        const given = [1];
        const got = await c.call(books.calls.keep)(given);
        got.push(9);
        return [given, got, kept];
      },
    },
    "GET /actor": {
      handle: (c) => {
        const client = c.client() as unknown as { till: { getOrCreate(key: string): { add(): Promise<number> } } };
        return client.till.getOrCreate("one").add();
      },
    },
  },
});

const stranger = service({
  by: Visitor,
  routes: {
    "GET /stranger/private": { handle: (c) => c.call(books.calls.private)() },
    "GET /stranger/billing": { handle: (c) => c.call(books.calls.billing)() },
  },
});

const rig = createRig();
const registry = setup({
  use: { till },
  services: { books, shop, stranger },
  host: rig.host,
});
const ask = async (path: string, headers: Record<string, string> = {}): Promise<unknown> => {
  const answer = await registry.fetch(get(path, headers));
  return answer.ok ? answer.json() : show(answer);
};

test("a call carries the calling service, and whom it acts for", async () => {
  seen.length = 0;
  expect(await ask("/total", rig.bearer("ann"))).toBe(5);
  expect(await ask("/total")).toBe(5);
  expect(await ask("/deep", rig.bearer("ann"))).toBe(42);
  expect(seen).toEqual([
    { party: "Caller", identity: "shop", onBehalfOf: "ann" },
    { party: "Caller", identity: "shop", onBehalfOf: undefined },
    { party: "Caller", identity: "books", onBehalfOf: "ann" },
  ]);
});

test("an actor's call carries its name and key", async () => {
  seen.length = 0;
  const answer = await registry.fetch(post("/actors/till/front,desk/actions/add", [], rig.bearer("ann")));
  expect(await answer.json()).toEqual({ output: 3 });
  expect(seen).toEqual([{ party: "Caller", identity: "till/front,desk", onBehalfOf: "ann" }]);
});

test("a service calls actors as Caller", async () => {
  expect(await ask("/actor")).toBe(3);
});

test("canInvoke and parties decide calls as they do requests", async () => {
  expect(await ask("/private")).toBe("private");
  expect(await ask("/stranger/private")).toBe("403 auth/forbidden");
  expect(await ask("/billing")).toBe("Billing");
  expect(await ask("/stranger/billing")).toBe("403 auth/forbidden");
  const answer = await registry.fetch(post("/actors/till/one/actions/billing", []));
  expect(await answer.json()).toEqual({ output: "Billing" });
});

test("arguments and results cross by copy, with the types JSON lacks", async () => {
  expect(await ask("/copies")).toEqual([false, false, 5, true, 1]);
  expect(await ask("/kept")).toEqual([[1], [1, 0, 9], [[1, 0]]]);
});

test("an input schema sees the first argument", async () => {
  expect(await ask("/sized")).toBe(4);
  expect(await ask("/unsized")).toBe("400 request/invalid_request");
});

test("what the callee says reaches the caller, and its time is its own", async () => {
  expect(await ask("/refuses")).toBe("400 user/no");
  const slow = ask("/slow");
  await rig.clock.advance(100);
  expect(await slow).toBe("504 request/timed_out");
});

test("nothing from outside is a call: no path, no header, no socket", async () => {
  seen.length = 0;
  const forged = {
    "x-bynk-caller": "shop",
    "x-byward-caller": "shop",
    "byward-caller": "shop",
    "byward-channel": "caller",
    authorization: "Bearer shop",
  };
  const paths = [
    "/books/calls/total",
    "/calls/total",
    "/total/books",
    "/services/books/calls/total",
    "/_bynk/call/total",
    "/_byward/call/books/total",
    "/actors/books/~/actions/total",
    "/actors/books/~/request/total",
  ];
  for (const path of paths) {
    expect(await show(await registry.fetch(post(path, [1, 2], forged))), path).toMatch(/^404/);
    expect(await show(await registry.fetch(get(path, forged))), path).toMatch(/^404/);
    const edge = await registry.edge();
    const { inboundOf } = await import("../../src/registry/fetch.ts");
    const upgrade = await edge.upgrade(inboundOf(get(path, forged), { publicUrl: null }));
    const frames: string[] = [];
    upgrade.serve({
      protocol: "",
      bufferedAmount: 0,
      send: (frame) => frames.push(String(frame)),
      close: (code) => frames.push(String(code)),
      terminate: () => {},
      attach: () => {},
    });
    expect(frames.join(" "), path).toMatch(/not_found/);
  }
  expect(seen).toEqual([]);
});

test("a reference of a service that is not in this registry is refused", async () => {
  const elsewhere = service({ calls: { x: { handle: () => 1 } } });
  const caller = service({
    by: Visitor,
    routes: { "GET /elsewhere": { handle: (c) => c.call(elsewhere.calls.x)() } },
  });
  const own = closing(setup({ services: { caller }, host: createRig().host }));
  expect(await show(await own.fetch(get("/elsewhere")))).toBe("500 byward/internal_error");
});

test("a call is recorded with its caller", async () => {
  const before = (await rig.decisions(registry)).length;
  await ask("/stranger/billing");
  expect((await rig.decisions(registry)).slice(before)).toEqual([
    "http GET /stranger/billing Visitor ok",
    "call billing - forbidden party.internal_not_admitted",
  ]);
});
