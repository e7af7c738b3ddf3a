import { actor, anyOf, bearer, event, hasClaim, party, refine, service, setup, Visitor } from "byward";
import { expect, test } from "vitest";
import { z } from "zod";
import { type AccessMatrix, AccessMismatch, expectAccess } from "./index.ts";

const User = party("User", { auth: bearer({ secret: "AUTH_JWT_SECRET" }) });
const Admin = refine("Admin", User, hasClaim("admin"));

let ran = 0;
const room = actor({
  by: anyOf(User, Visitor),
  state: { isOpen: true },
  events: { said: event<string>(), audit: event<string>() },
  queues: { jobs: z.object({ id: z.number() }) },
  guards: { actions: { ban: { by: Admin, input: z.object({ who: z.string() }) } }, events: { audit: { by: Admin } } },
  canInvoke: (c, invoke) => {
    if (invoke.kind === "action" && invoke.name === "say") return c.state.isOpen && c.caller.party === "User";
    if (invoke.kind === "action" && invoke.name === "broken") return "yes" as unknown as boolean;
    return invoke.kind !== "request";
  },
  actions: {
    say: () => ++ran,
    ban: () => ++ran,
    broken: () => ++ran,
    close: (c) => {
      c.state.isOpen = false;
    },
  },
  onRequest: () => new Response(String(++ran)),
  onWebSocket: () => {
    ran += 1;
  },
});
const registry = setup({ use: { room } });

const matrix: AccessMatrix = {
  room: {
    "action say": { User: "allow", Admin: "allow", else: 403 },
    "action ban": { Admin: "allow", User: 403, Caller: 403, Visitor: 401 },
    "action broken": { else: 403 },
    "action close": { else: "allow", Caller: 403 },
    "queue jobs": { else: "allow", Caller: 403 },
    "subscribe said": { else: "allow" },
    "subscribe audit": { Admin: "allow", User: 403, Visitor: 401 },
    request: { else: 403 },
    websocket: { else: "allow" },
    connect: { else: "allow" },
    create: { else: "allow", Caller: 403 },
  },
};

const failures = async (given: AccessMatrix, options = {}): Promise<readonly string[]> => {
  const error = await expectAccess(registry, given, options).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(AccessMismatch);
  return (error as AccessMismatch).cells;
};

test("each cell is tried, no handler runs, and only what differs is named", async () => {
  const cells = await failures(matrix);
  expect(cells).toHaveLength(3);
  for (const party of ["User", "Admin", "Visitor"]) {
    expect(cells).toContainEqual(
      `room · action broken · ${party}: expected 403, got a fault (can_invoke.not_boolean:string: canInvoke must return true or false; it returned "yes".)`,
    );
  }
  expect(ran).toBe(0);
});

test("an entrypoint, a party or a name that is not there is a failure", async () => {
  const { "action say": _say, ...rest } = matrix["room"]!;
  const cells = await failures({
    room: { ...rest, "action typo": { else: 403 }, request: { Usr: 403 } },
    lobby: {},
  });
  expect(cells).toEqual(
    expect.arrayContaining([
      "room · action say: the matrix does not mention it",
      "room · action typo: there is no such entrypoint",
      'room · request · Usr: no entrypoint of "room" names this party',
      "room · request · User: nothing is expected of it",
      "lobby: there is no such actor or service",
    ]),
  );
});

test("decisions that rest on state are tried in the state the test prepared", async () => {
  const cells = await failures(matrix, {
    key: "closed",
    prepare: async (kit: {
      client: { getOrCreate(name: string, key: string): { action(call: object): Promise<unknown> } };
    }) => {
      await kit.client.getOrCreate("room", "closed").action({ name: "close" });
    },
  });
  expect(cells).toContain("room · action say · User: expected allow, got 403");
});

test("a call that a limit refuses says nothing of access: it is not taken for allowed", async () => {
  const room = actor({
    by: Visitor,
    canInvoke: (_c, invoke) => invoke.kind !== "action" || invoke.name !== "last",
    actions: { first: () => 1, last: () => 1 },
  });
  const limited = setup({
    use: { room },
    limits: { rate: [{ party: "Visitor", per: "address", limit: 1, window: 60 }] },
  });
  const matrix = {
    room: { "action first": { Visitor: "allow", Caller: 403 }, "action last": { Visitor: "allow", Caller: 403 } },
  } as const;
  const found = await expectAccess(limited, matrix).catch((error: AccessMismatch) => error.cells);
  expect(found).toEqual([expect.stringMatching(/^room · action last · Visitor: expected allow, got 429/)]);
});

test("routes whose text looks like a parameter, or has to be encoded, are called where they are", async () => {
  const by = Visitor;
  const handle = () => ({ ran: ++ran });
  const routes = { "GET /files/*": { by, handle }, "GET /a:b/:id": { by, handle }, "POST /größe/:id": { by, handle } };
  const api = service({ routes });
  const rows = Object.fromEntries(Object.keys(routes).map((route) => [route, { Visitor: "allow" }] as const));
  await expectAccess(setup({ services: { api } }), { api: rows });
});
