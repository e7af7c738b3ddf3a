import {
  actor,
  anyOf,
  bearer,
  event,
  hasClaim,
  internal,
  party,
  pure,
  queue,
  refine,
  service,
  setup,
  UserError,
  Visitor,
} from "byward";
import { expect, test } from "vitest";
import type { MatrixRow } from "../../src/access/matrix.ts";
import { type ProbedMatrix, type ProbedRow, probeMatrix } from "../../src/access/probe.ts";

const User = party("User", { auth: bearer({ secret: "PROBE_USER" }) });
const Admin = refine("Admin", User, hasClaim("admin"));

const find = (matrix: ProbedMatrix, owner: string, kind: MatrixRow["kind"], name?: string): ProbedRow =>
  matrix.rows.find((row) => row.owner === owner && row.kind === kind && row.name === name)!;

test("no handler runs, and what deciders change stays nowhere", async () => {
  let ran = 0;
  let decided = 0;
  const counter = actor({
    by: anyOf(User, Visitor),
    state: { decisions: 0 },
    canInvoke: (c) => {
      decided += 1;
      c.state.decisions += 1;
      // Each decision begins with the initial state.
      return c.state.decisions === 1;
    },
    onCreate: () => {
      ran += 1;
    },
    run: () => {
      ran += 1;
    },
    actions: {
      read: () => {
        ran += 1;
      },
    },
    onRequest: () => {
      ran += 1;
      return new Response();
    },
  });
  const matrix = await probeMatrix(setup({ use: { counter } }).config);
  expect(decided).toBeGreaterThan(10);
  expect(ran).toBe(0);
  expect(find(matrix, "counter", "action", "read").cells).toMatchObject({
    User: "allow",
    Visitor: "allow",
    Caller: "403",
  });
});

test("a decision about the identity and the key depends, with a witness for each verdict", async () => {
  const cart = actor({
    by: anyOf(User, Visitor),
    canInvoke: (c) => c.caller.party === "User" && c.caller.identity === c.key[0] && c.key.length === 1,
    actions: { read: () => 1 },
  });
  const row = find(await probeMatrix(setup({ use: { cart } }).config), "cart", "action", "read");
  expect(row.cells).toMatchObject({ User: "depends", Visitor: "403" });
  expect(row.allowedWhen["User"]).toEqual(["identity = key"]);
  expect(row.why["User"]).toMatchObject([
    { verdict: "allow", caller: { subject: "alice" }, key: ["alice"], when: "identity = key" },
    { verdict: "403", caller: { subject: "alice" }, key: ["somebody-else"], when: "identity ≠ key" },
  ]);
});

test("a given state is decided in beside the initial one", async () => {
  const room = actor({
    by: User,
    state: { banned: [] as string[] },
    canInvoke: (c) => !c.state.banned.includes(c.caller.identity),
    actions: { say: () => 1 },
  });
  const { config } = setup({ use: { room } });
  expect(find(await probeMatrix(config), "room", "action", "say").cells["User"]).toBe("allow");
  const states = { room: { banned: ["alice"] } };
  const row = find(await probeMatrix(config, { states }), "room", "action", "say");
  expect(row.cells["User"]).toBe("depends");
  expect(row.why["User"]).toMatchObject([
    { verdict: "allow", caller: { subject: "alice" }, when: "as alice, in the initial state" },
    { verdict: "403", caller: { subject: "alice" }, when: "as alice, in the given state" },
  ]);
  expect(row.allowedWhen["User"]).toEqual([
    "as alice, in the initial state",
    "as bob, in the given state",
    "as bob, in the initial state",
  ]);
  expect(states).toEqual({ room: { banned: ["alice"] } });
});

test("claims that code looks at are tried and named", async () => {
  const desk = actor({
    by: User,
    canInvoke: (c, invoke) => {
      if (invoke.kind === "action" && invoke.name === "staff") return c.caller.claims["staff"] === true;
      return c.caller.claims["role"] === "editor";
    },
    actions: { staff: () => 1, edit: () => 1 },
  });
  const matrix = await probeMatrix(setup({ use: { desk } }).config);
  expect(find(matrix, "desk", "action", "staff").cells["User"]).toBe("depends");
  const edit = find(matrix, "desk", "action", "edit");
  expect(edit.cells["User"]).toBe("403");
  expect(edit.reads["User"]).toEqual(["role"]);
});

test("code that fails, answers otherwise or asks outside is told apart", async () => {
  const odd = actor({
    by: Visitor,
    canInvoke: async (c, invoke) => {
      if (invoke.kind !== "action") return false;
      if (invoke.name === "throws") throw new Error("broken");
      if (invoke.name === "truthy") return 1 as unknown as boolean;
      if (invoke.name === "says") throw new UserError("No.", { code: "closed" });
      if (invoke.name === "hangs") return new Promise(() => {});
      await (c.client() as never as Record<string, { getOrCreate(key: string): { ask(): Promise<void> } }>)
        ["other"]!.getOrCreate("x")
        .ask();
      return true;
    },
    options: { canInvokeTimeout: 20 },
    actions: { throws: () => 1, truthy: () => 1, says: () => 1, hangs: () => 1, asks: () => 1 },
  });
  const matrix = await probeMatrix(setup({ use: { odd } }).config);
  const seen = ["throws", "truthy", "says", "hangs", "asks"].map((name) => {
    const { cells, why } = find(matrix, "odd", "action", name);
    return [name, cells["Visitor"], why["Visitor"]![0]!.because];
  });
  expect(seen).toEqual([
    ["throws", "500", "can_invoke.threw: broken"],
    ["truthy", "500", "can_invoke.not_boolean:number: canInvoke must return true or false; it returned 1."],
    ["says", "403", "the code denied with UserError closed"],
    ["hangs", "500", "canInvoke did not answer in time"],
    ["asks", "?", expect.stringContaining("what it decides is not in the code")],
  ]);
});

test("names that are not declared, those of every object included, are decided too", async () => {
  const bag = actor({
    by: Visitor,
    canInvoke: (_c, invoke) => invoke.kind === "action" && invoke.name in { open: 1 },
    actions: { open: () => 1 },
  });
  const row = find(await probeMatrix(setup({ use: { bag } }).config), "bag", "action", "*");
  expect(row.cells["Visitor"]).toBe("depends");
  expect(row.allowedWhen["Visitor"]).toEqual(["named constructor"]);
});

test("two refinements of one caller, internal callers by name, creation and services are decided", async () => {
  const Editor = refine("Editor", User, hasClaim("editor"));
  const Desk = party("Desk", { auth: internal({ from: "desk" }) });
  const room = actor({
    by: anyOf(User, Desk),
    guards: { actions: { edit: { by: Editor }, ban: { by: Admin } } },
    canCreate: ({ caller, key }) => caller.party === "User" && caller.identity === key[0],
    canInvoke: (c) => c.caller.party !== "Desk",
    actions: { edit: () => 1, ban: () => 1, read: () => 1 },
  });
  const desk = actor({ by: Visitor, actions: { go: () => 1 } });
  const api = service({
    by: User,
    canInvoke: (c, { kind }) =>
      kind === "http" && (c as never as { url: URL }).url.pathname.endsWith(`/${c.caller.identity}`),
    routes: { "GET /users/:id": { handle: () => new Response() } },
  });
  const matrix = await probeMatrix(setup({ use: { room, desk }, services: { api } }).config);
  expect(find(matrix, "room", "action", "ban").cells).toMatchObject({ User: "403", Admin: "allow", Editor: "depends" });
  expect(find(matrix, "room", "action", "read").cells).toMatchObject({ Desk: "403", User: "allow" });
  expect(find(matrix, "room", "create").allowedWhen["User"]).toEqual([
    "identity = first part of the key",
    "identity = key",
  ]);
  const route = find(matrix, "api", "http", "GET /users/:id");
  expect(route.cells["User"]).toBe("depends");
  expect(route.allowedWhen["User"]).toEqual(["identity = path parameter"]);
});

test("a predicate that no caller was found for stays open and says so", async () => {
  const Odd = refine("Odd", User, hasClaim("a").and(hasClaim("a").not()));
  const one = actor({
    by: User,
    guards: { actions: { go: { by: Odd } } },
    events: { e: event() },
    queues: { q: queue() },
    canInvoke: () => true,
    actions: { go: () => 1 },
  });
  const row = find(await probeMatrix(setup({ use: { one } }).config), "one", "action", "go");
  expect(row.cells["Odd"]).toBe("?");
  expect(row.why["Odd"]![0]!.because).toContain("no caller of this party was found");
});

test("a pure decision fills the cells as any other does, and is shown where it was written", async () => {
  const plain = (c: { readonly caller: { readonly party: string } }, invoke: { readonly kind: string }): boolean =>
    c.caller.party === "User" && invoke.kind === "action";
  const traced = new Set<unknown>();
  const tracer = {
    trace: async <T>(code: unknown, decide: () => Promise<T>) => {
      traced.add(code);
      return { result: await decide(), at: null };
    },
  };
  const matrices: string[] = [];
  for (const canInvoke of [plain, pure(plain)]) {
    const room = actor({ by: anyOf(User, Visitor), events: { e: event() }, canInvoke, actions: { go: () => 1 } });
    const api = service({ by: User, canInvoke, routes: { "GET /a": { handle: () => 1 } } });
    const { config } = setup({ use: { room }, services: { api } });
    matrices.push(JSON.stringify(await probeMatrix(config, { tracer })));
  }
  expect(matrices[0]).toContain("canInvoke returned true");
  expect(matrices[1]).toBe(matrices[0]);
  expect([...traced].filter((code) => code !== undefined)).toEqual([plain]);
});
