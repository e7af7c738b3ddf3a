/** `byward/cedar` in real actors: the verdicts it gives, what it refuses at setup, and that nothing it cannot decide is allowed. */
import { actor, anyOf, bearer, event, hasClaim, party, pure, refine, setup, Visitor } from "byward";
import { cedar } from "byward/cedar";
import { setupTest } from "byward/testing";
import fc from "fast-check";
import { expect, test } from "vitest";

const User = party("User", { auth: bearer({ secret: "AUTH_JWT_SECRET" }) });
const Admin = refine("Admin", User, hasClaim("admin"));

const SCHEMA = `
  entity ActorType;
  entity Actor in [ActorType] = { key: String, owner?: String };
  entity User = { identity: String, claims: { level?: Long, team?: String, vip?: Bool } };
  entity Admin in [User] = { identity: String };
  entity Visitor;
  action "action" appliesTo { principal: [User, Admin, Visitor], resource: [Actor], context: { name: String } };
  action "action:say", "action:read", "action:clear" in ["action"]
    appliesTo { principal: [User, Admin, Visitor], resource: [Actor], context: { name: String } };
  action "subscribe" appliesTo { principal: [User], resource: [Actor], context: { name?: String } };
`;
const POLICIES = `
  permit (principal, action == Action::"action:read", resource in ActorType::"room");
  permit (principal is User, action == Action::"action:say", resource)
    when { principal.claims has level && principal.claims.level >= 3 };
  permit (principal is User, action == Action::"action:say", resource)
    when { resource has owner && resource.owner == principal.identity };
  permit (principal is Admin, action == Action::"action:clear", resource);
  permit (principal is User, action == Action::"subscribe", resource) when { resource.key == principal.identity };
  forbid (principal is User, action in Action::"action", resource)
    when { principal.claims has team && principal.claims.team == "banned" };
`;

let ran: string[] = [];
const parties = anyOf(User, Visitor);

function roomWith(canInvoke: (c: never, invoke: never) => boolean) {
  return setup({
    use: {
      room: actor({
        by: parties,
        state: { owner: "ada" },
        events: { said: event<string>() },
        guards: { actions: { clear: { by: Admin } } },
        canInvoke: canInvoke as never,
        actions: {
          say: () => void ran.push("say"),
          read: () => void ran.push("read"),
          clear: () => void ran.push("clear"),
          other: () => void ran.push("other"),
        },
      }),
    },
  });
}

const byCedar = roomWith(
  cedar(POLICIES, SCHEMA, {
    resource: (c) => ({ owner: (c as unknown as { state: { owner: string } }).state.owner }),
  }) as never,
);

interface HandCaller {
  readonly party: string;
  readonly identity?: string;
  readonly claims: Readonly<Record<string, unknown>>;
}
const byHand = roomWith(((
  c: { caller: HandCaller; key: readonly string[]; state: { owner: string } },
  invoke: { kind: string; name: string },
): boolean => {
  const { caller } = c;
  const isUser = caller.party === "User";
  if (isUser && invoke.kind === "action" && caller.claims["team"] === "banned") return false;
  if (invoke.kind === "subscribe") return isUser && c.key[0] === caller.identity;
  if (invoke.kind !== "action") return false;
  if (invoke.name === "read") return true;
  if (invoke.name === "clear") return caller.party === "Admin";
  if (invoke.name !== "say" || !isUser) return false;
  return Number(caller.claims["level"] ?? 0) >= 3 || c.state.owner === caller.identity;
}) as never);

interface Attempt {
  readonly status: number;
  readonly code: string | null;
  readonly ran: readonly string[];
}
type Kit = Awaited<ReturnType<typeof setupTest<typeof byCedar>>>;

async function attempt(kit: Kit, path: string, token: string | null): Promise<Attempt> {
  ran = [];
  const isStream = path.includes("/events/");
  const stop = new AbortController();
  const response = await kit.fetch(path, {
    method: isStream ? "GET" : "POST",
    signal: stop.signal,
    headers: {
      ...(token === null ? {} : { authorization: `Bearer ${token}` }),
      ...(isStream ? {} : { "content-type": "application/json" }),
    },
    ...(isStream ? {} : { body: "[]" }),
  });
  const isError = response.status !== 200;
  const { code } = isError ? ((await response.json()) as { code: string }) : { code: null };
  stop.abort();
  return { status: response.status, code, ran };
}

test("over generated callers Cedar and the same rules by hand give the same verdicts", async () => {
  await using one = await setupTest(null, byCedar, {
    env: { AUTH_JWT_SECRET: "one-secret-for-both-of-at-least-32-bytes" },
  });
  await using other = await setupTest(null, byHand, {
    env: { AUTH_JWT_SECRET: "one-secret-for-both-of-at-least-32-bytes" },
  });
  const claims = fc.record(
    {
      level: fc.integer({ min: 0, max: 6 }),
      team: fc.constantFrom("red", "banned"),
      vip: fc.boolean(),
      admin: fc.boolean(),
      // Nothing of a claim that the schema does not declare reaches Cedar.
      scope: fc.jsonValue(),
    },
    { requiredKeys: [] },
  );
  const caller = fc.option(fc.record({ sub: fc.constantFrom("ada", "bob"), claims }), { nil: null, freq: 5 });
  const entry = fc.constantFrom(
    "actions/say",
    "actions/read",
    "actions/clear",
    "actions/other",
    "actions/nobody",
    "events/said",
  );
  const seed = Number(process.env["BYWARD_SEED"] ?? Date.now() % 1_000_000);
  console.log(`cedar seed ${seed}`);
  const seen = new Set<number>();
  await fc.assert(
    fc.asyncProperty(caller, entry, fc.constantFrom("ada", "bob", "lobby"), async (who, what, key) => {
      const token = who === null ? null : await one.mint(User, who);
      const path = `/actors/room/${key}/${what}`;
      const found = await attempt(one, path, token);
      seen.add(found.status);
      expect(found).toEqual(await attempt(other as unknown as Kit, path, token));
    }),
    { numRuns: 300, seed },
  );
  expect([...seen].sort()).toEqual([200, 401, 403]);
});

const asking = (policies: string, schema: string, options = {}) => {
  const decide = cedar(policies, schema, options);
  return (caller: object, invoke: object = { kind: "action", name: "say" }): unknown =>
    decide(
      { caller: { base: "User", party: "User", claims: {}, ...caller }, name: "room", key: ["lobby"] },
      invoke as never,
    );
};

const SMALL = `
  entity Actor;
  entity User = { identity?: String, claims?: { level?: Long, tags?: Set<String>, deep?: { x?: String } } };
  action "action" appliesTo { principal: [User], resource: [Actor], context: { name?: String, params?: { room?: String } } };
`;
const ALL = "permit (principal, action, resource);";

test("a policy that fails makes the decision fail, also where another one permits", () => {
  const overflows = `${ALL} forbid (principal, action, resource) when
    { principal has claims && principal.claims has level && principal.claims.level * 9223372036854775807 > 0 };`;
  const ask = asking(overflows, SMALL);
  expect(ask({ claims: {} })).toBe(true);
  expect(ask({ claims: { level: 1 } })).toBe(false);
  expect(() => ask({ claims: { level: 2 } })).toThrow("Cedar could not decide");
});

test("a claim that is not of the declared type fails the decision", () => {
  const ask = asking(ALL, SMALL);
  for (const level of ["3", 1.5, { __extn: { fn: "decimal", arg: "1.0" } }, [3], true, 2 ** 60]) {
    expect(() => ask({ claims: { level } })).toThrow();
  }
  for (const tags of [{ __entity: { type: "User", id: "ada" } }, [{ __entity: { type: "User", id: "ada" } }], "x"]) {
    expect(() => ask({ claims: { tags } })).toThrow();
  }
  expect(() => ask({ claims: { deep: { x: { __entity: { type: "User", id: "root" } } } } })).toThrow(
    "data must not have",
  );
  expect(ask({ claims: { deep: { x: "y", __entity: { type: "User", id: "root" } } } })).toBe(true);
  expect(ask({ claims: { level: null, tags: ["a", "b"] } })).toBe(true);
});

test("a peer is told internal_error, and nothing runs", async () => {
  const room = roomWith(cedar(ALL, SMALL) as never);
  await using kit = await setupTest(null, room);
  expect(await attempt(kit, "/actors/room/lobby/actions/say", await kit.mint(User, { claims: { level: 1 } }))).toEqual({
    status: 200,
    code: null,
    ran: ["say"],
  });
  const wrong = await attempt(
    kit,
    "/actors/room/lobby/actions/say",
    await kit.mint(User, { claims: { level: "one" } }),
  );
  expect(wrong).toEqual({ status: 500, code: "internal_error", ran: [] });
});

test("a caller or a kind that the schema does not apply is denied", () => {
  const ask = asking(ALL, SMALL);
  expect(ask({})).toBe(true);
  expect(ask({ party: "Visitor", base: "Visitor" })).toBe(false);
  expect(ask({}, { kind: "queue", name: "jobs" })).toBe(false);
  expect(ask({}, { kind: "constructor" })).toBe(false);
  expect(ask({ party: "__proto__" })).toBe(false);
});

test("an identity is text and cannot name another entity", () => {
  const ask = asking('permit (principal == User::"ada", action, resource);', SMALL);
  expect(ask({ identity: "ada" })).toBe(true);
  expect(ask({ identity: 'ada", x' })).toBe(false);
  expect(() => ask({ identity: { id: "ada" } })).toThrow();
  expect(ask({ identity: undefined })).toBe(false);
});

test("what is wrong with policies or schema is said at setup, with its place", () => {
  const fails = (policies: string, schema: string): string => {
    try {
      cedar(policies, schema);
    } catch (error) {
      const { code, message } = error as { code: string; message: string };
      return `${code}: ${message}`;
    }
    return "taken";
  };
  expect(fails(`${ALL}\n\npermit (nobody, action, resource);`, SMALL)).toMatch(
    /^cedar\.policies_invalid: .*policies, line 3, column 9/,
  );
  expect(fails("// ü\npermit (principal is Usr, action, resource);", SMALL)).toMatch(
    /cedar\.policies_invalid: .*line 2, column 22: .*Usr/,
  );
  expect(fails(ALL, `${SMALL} entity`)).toMatch(/^cedar\.schema_invalid: .*schema, line \d+, column/);
  // Misspelled: it could never apply.
  expect(
    fails('forbid (principal, action, resource) when { context has nmae && context.nmae == "x" };', SMALL),
  ).toMatch(/cedar\.policies_invalid: .*impossible/);
  expect(() => cedar(ALL, SMALL, { namespace: "App" })).toThrow("cedar.namespace");
  expect(() => cedar(ALL, SMALL, { warnings: "ignore" })).not.toThrow();
});

test("a namespace, several key components and parameters reach the policies", () => {
  const schema = `namespace App { ${SMALL.replace("entity Actor;", "entity Actor = { key: String, keys: Set<String> };")} }`;
  const policy = `permit (principal is App::User, action == App::Action::"action", resource == App::Actor::"room/a%20b,c")
    when { resource.keys.contains("a b") && resource.key == "a%20b,c" && context has params && context.params.room == "x" };`;
  // `room` is optional, so that its use has to be guarded.
  expect(() => cedar(policy, schema, { namespace: "App" })).toThrow("cedar.policies_invalid");
  const decide = cedar(
    policy.replace("context.params.room", "context.params has room && context.params.room"),
    schema,
    {
      namespace: "App",
    },
  );
  const c = {
    caller: { party: "User", base: "User", claims: {} },
    name: "room",
    key: ["a b", "c"],
    conn: { params: { room: "x" } },
  };
  expect(decide(c, { kind: "action", name: "say" })).toBe(true);
  expect(decide({ ...c, key: ["a b"] }, { kind: "action", name: "say" })).toBe(false);
});

test("two actors are never one resource: a component with a comma is not two components", () => {
  const schema = SMALL.replace("entity Actor;", "entity Actor = { key: String };");
  const texts: readonly (readonly [string, readonly string[]])[] = [
    ["acme,ada", ["acme", "ada"]],
    ["acme%2Cada", ["acme,ada"]],
    ["acme%252Cada", ["acme%2Cada"]],
    ["%", [""]],
    ["", []],
    ["%25", ["%"]],
    ["a b", ["a b"]],
  ];
  const caller = { party: "User", base: "User", claims: {} };
  for (const [text, own] of texts) {
    for (const condition of [`when { resource.key == "${text}" }`, `when { resource == Actor::"room/${text}" }`]) {
      const decide = cedar(`permit (principal, action, resource) ${condition};`, schema);
      const allowed = texts.filter(([, key]) => decide({ caller, name: "room", key }, { kind: "action", name: "say" }));
      expect(allowed).toEqual([[text, own]]);
    }
  }
});

test("policies may decide purely: parameters reach them, and what the state would say is a fault", () => {
  const schema = SMALL.replace("entity Actor;", "entity Actor = { key: String };");
  const policy = 'permit (principal is User, action, resource) when { resource.key == "a" };';
  const caller = { party: "User", base: "User", claims: {} };
  const decide = pure(cedar(policy, schema));
  const invoke = { kind: "action", name: "say" } as const;
  expect(decide({ caller, name: "room", key: ["a"] }, invoke)).toBe(true);
  expect(decide({ caller, name: "room", key: ["b"] }, invoke)).toBe(false);
  const byState = cedar(policy, schema, { resource: (c) => ({ owner: (c as { state?: unknown }).state }) });
  expect(() => pure(byState)({ caller, name: "room", key: ["a"] }, invoke)).toThrow("c.state");
});
