/** The matrix exported to Cedar permits what the matrix allows, and nothing else: Cedar's own evaluator is asked about every cell. */
import { fileURLToPath } from "node:url";
import * as engine from "@cedar-policy/cedar-wasm/nodejs";
import { actor, anyOf, bearer, Caller, event, hasClaim, party, queue, refine, Scheduler, setup, Visitor } from "byward";
import fc from "fast-check";
import { expect, test } from "vitest";
import { registry as chat } from "../../examples/chat/registry.ts";
import { registry as cursors } from "../../examples/cursors/registry.ts";
import { registry as matchmaker } from "../../examples/matchmaker/registry.ts";
import { registry as webhooks } from "../../examples/webhooks/registry.ts";
import { declaredMatrix, type Matrix, type MatrixRow } from "../../src/access/matrix.ts";
import { probeMatrix } from "../../src/access/probe.ts";
import { cedarActionOf, renderCedar } from "../../src/access/render-cedar.ts";
import { byward } from "../cli/process.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
let names = 0;

/** How many cells Cedar allows; fails where it differs from the matrix. */
function assertEqual(matrix: Matrix): number {
  const { schema, policies } = renderCedar(matrix);
  const validated = engine.validate({ schema, policies: { staticPolicies: policies } });
  expect(validated, policies).toMatchObject({ type: "success", validationErrors: [] });
  // Odd names are warned of; a policy that can never apply would be a defect.
  const warnings = validated.type === "success" ? validated.validationWarnings.map(({ error }) => error.message) : [];
  expect(warnings.filter((message) => message.includes("impossible"))).toEqual([]);
  const name = `matrix ${names++}`;
  expect(engine.preparseSchema(name, schema).type).toBe("success");
  expect(engine.preparsePolicySet(name, { staticPolicies: policies }).type).toBe("success");
  let allowed = 0;
  const differing: string[] = [];
  for (const row of matrix.rows) {
    for (const [who, verdict] of Object.entries(row.cells)) {
      const answer = decide(name, row, who);
      if (answer) allowed += 1;
      if (answer !== (verdict === "allow"))
        differing.push(`${row.owner} ${row.kind} ${row.name ?? ""} ${who}: ${verdict}`);
    }
  }
  expect(differing).toEqual([]);
  return allowed;
}

function decide(name: string, row: MatrixRow, who: string): boolean {
  const isActor = row.of === "actor";
  const resource = isActor ? { type: "Actor", id: `${row.owner}/any` } : { type: "Service", id: row.owner };
  const answer = engine.statefulIsAuthorized({
    principal: { type: who, id: "somebody" },
    action: { type: "Action", id: cedarActionOf(row) },
    resource,
    context: {},
    entities: [{ uid: resource, attrs: {}, parents: isActor ? [{ type: "ActorType", id: row.owner }] : [] }],
    preparsedSchemaName: name,
    preparsedPolicySetId: name,
    validateRequest: true,
  });
  if (answer.type !== "success") throw new Error(JSON.stringify(answer));
  expect(answer.response.diagnostics.errors).toEqual([]);
  return answer.response.decision === "allow";
}

test.each([
  ["chat", chat],
  ["cursors", cursors],
  ["matchmaker", matchmaker],
  ["webhooks", webhooks],
])("the matrix of %s, from declarations and probed", async (_name, { config }) => {
  const declared = assertEqual(declaredMatrix(config));
  const probed = assertEqual(await probeMatrix(config));
  expect(declared).toBeGreaterThan(0);
  expect(probed).toBeGreaterThanOrEqual(declared);
});

test("the matrix of the example in Bynk", { timeout: 60_000 }, async () => {
  const { stdout } = await byward(["access", "examples/bynk-api", "--json"], { cwd: root });
  const matrix = JSON.parse(stdout) as Matrix;
  expect(matrix.rows.length).toBeGreaterThan(3);
  expect(assertEqual(matrix)).toBeGreaterThan(0);
});

const User = party("User", { auth: bearer({ secret: "AUTH_JWT_SECRET" }) });
const Partner = party("Partner", { auth: bearer({ secret: "PARTNER_SECRET" }) });
const Admin = refine("Admin", User, hasClaim("admin"));
const Guest = refine("Guest", User, hasClaim('quo"te\\').not());
const BYS = [User, Partner, Admin, Guest, Visitor, Caller, Scheduler, anyOf(User, Visitor), anyOf(Caller, Partner)];

test("the matrices of generated registries", () => {
  const by = fc.constantFrom(...BYS);
  const guard = fc.option(by, { nil: undefined });
  const name = fc.constantFrom("say", "read", 'quo"te', "a:b", "naïve", "line\nbreak");
  const guards = fc.dictionary(name, guard, { maxKeys: 4 });
  const definition = fc.record({
    by,
    actions: guards,
    events: fc.option(guards, { nil: undefined }),
    queues: fc.option(guards, { nil: undefined }),
    request: guard,
    handles: fc.boolean(),
    decides: fc.boolean(),
  });
  const owners = fc.dictionary(fc.constantFrom("room", "chat-room", "User2", "Actor"), definition, {
    minKeys: 1,
    maxKeys: 3,
  });
  const seed = Number(process.env["BYWARD_SEED"] ?? Date.now() % 1_000_000);
  console.log(`cedar matrix seed ${seed}`);
  let cells = 0;
  fc.assert(
    fc.property(owners, (all) => {
      const use = Object.fromEntries(
        Object.entries(all).map(([owner, { by: own, actions, events, queues, request, handles, decides }]) => {
          const guarded = (given: Record<string, unknown>) =>
            Object.fromEntries(
              Object.entries(given).flatMap(([key, one]) => (one === undefined ? [] : [[key, { by: one }]])),
            );
          const declare = (given: Record<string, unknown>, make: () => unknown) =>
            Object.fromEntries(Object.keys(given).map((key) => [key, make()]));
          return [
            owner,
            actor({
              by: own,
              actions: declare(actions, () => () => {}),
              ...(events === undefined ? {} : { events: declare(events, event) }),
              ...(queues === undefined ? {} : { queues: declare(queues, queue) }),
              guards: {
                actions: guarded(actions),
                ...(events === undefined ? {} : { events: guarded(events) }),
                ...(queues === undefined ? {} : { queues: guarded(queues) }),
                ...(request === undefined ? {} : { request: { by: request } }),
              },
              ...(handles ? { onRequest: () => new Response() } : {}),
              ...(decides ? { canInvoke: () => true } : {}),
            } as never),
          ];
        }),
      );
      const matrix = declaredMatrix(setup({ use: use as never }).config);
      cells += matrix.rows.length * matrix.parties.length;
      assertEqual(matrix);
    }),
    { numRuns: 60, seed },
  );
  expect(cells).toBeGreaterThan(1000);
});

test("a cell that is wrong in the policies is found", () => {
  const { config } = setup({ use: { room: actor({ by: User, actions: { say: () => {} } }) } });
  const matrix = declaredMatrix(config);
  const wider = matrix.rows.map((row) => ({ ...row, cells: { ...row.cells, Visitor: "allow" as const } }));
  const { policies } = renderCedar({ ...matrix, rows: wider });
  const { schema } = renderCedar(matrix);
  engine.preparseSchema("wider", schema);
  engine.preparsePolicySet("wider", { staticPolicies: policies });
  const say = matrix.rows.find(({ name }) => name === "say")!;
  expect(say.cells["Visitor"]).toBe("401");
  expect(decide("wider", say, "Visitor")).toBe(true);
});

test("a party with a name that Cedar keeps is refused, saying which", () => {
  const Actor = party("Actor", { auth: bearer({ secret: "AUTH_JWT_SECRET" }) });
  const { config } = setup({ use: { room: actor({ by: Actor, actions: {} }) } });
  expect(() => renderCedar(declaredMatrix(config))).toThrow('The party "Actor"');
});

test("a name that one actor leaves open and another declares is permitted where it is open", () => {
  const closed = actor({
    by: Visitor,
    events: { news: event<string>() },
    queues: { jobs: queue<string>() },
    actions: {},
  });
  const open = actor({ by: Visitor, actions: {} });
  const matrix = declaredMatrix(setup({ use: { closed, open } }).config);
  assertEqual(matrix);
  const name = `matrix ${names - 1}`;
  for (const [kind, declared] of [
    ["subscribe", "news"],
    ["queue", "jobs"],
  ] as const) {
    const undeclared = matrix.rows.find((row) => row.owner === "open" && row.kind === kind)!;
    expect(undeclared.cells["Visitor"]).toBe("allow");
    // What `byward/cedar` asks: the schema has an action of this name.
    expect(decide(name, { ...undeclared, name: declared }, "Visitor")).toBe(true);
    expect(decide(name, { ...undeclared, name: declared }, "Caller")).toBe(false);
  }
});
