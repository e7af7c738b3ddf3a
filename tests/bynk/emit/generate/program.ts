/** Makes whole programs: functions over every type, and a service whose routes say who may come in every way there is. */
import { createRandom, type Random } from "../../support/random.ts";
import { type Actor, declare, IDENTITY, randomClaim } from "./callers.ts";
import { block, DECLARATIONS, type Func, type Scope, TYPES } from "./expressions.ts";

export interface Route {
  readonly method: "GET" | "POST";
  readonly path: string;
  readonly by: readonly Actor[];
}

export interface Generated {
  readonly name: string;
  readonly text: string;
  readonly routes: readonly Route[];
}

export function generateProgram(seed: number): Generated {
  const random = createRandom(seed);
  const name = `gen${seed}`;
  const functions: Func[] = [];
  const texts: string[] = [];
  const count = 2 + random.below(6);
  for (let index = 0; index < count; index++) {
    const func = makeFunction(random, index, functions);
    texts.push(func.text);
    functions.push(func);
  }
  const actors = makeActors(random);
  const routes = makeRoutes(random, actors);
  const service = `service api from http {\n${routes.map((route) => routeText(random, route)).join("\n")}\n}\n`;
  const text = [`context ${name}\n`, DECLARATIONS, IDENTITY, ...texts, ...actors.map(declare), service].join("\n");
  return { name, text, routes };
}

const NAMES = [
  "value",
  "subject",
  "result",
  "class",
  "new",
  "equals",
  "codec",
  "int",
  "answer",
  "await",
  "context",
  "a",
  "b",
];
const KEPT: ReadonlySet<string> = new Set(["context"]);

function makeFunction(random: Random, index: number, functions: readonly Func[]): Func & { readonly text: string } {
  const result = random.pick(TYPES);
  const used = new Set<string>();
  const params = Array.from({ length: random.below(4) }, (_, at) => {
    const wanted = random.pick(NAMES);
    const name = used.has(wanted) || KEPT.has(wanted) ? `p${at}` : wanted;
    used.add(name);
    return { name, type: random.pick(TYPES) };
  });
  let names = 0;
  const error = /^Result\[\w+, (\w+)\]$/.exec(result)?.[1];
  const scope: Scope = { random, variables: params, functions, error, fresh: () => `v${names++}` };
  const name = `f${index}`;
  const list = params.map((param) => `${param.name}: ${param.type}`).join(", ");
  const text = `fn ${name}(${list}) -> ${result} ${block(scope, result, 1 + random.below(4))}\n`;
  return { name, params, result, text };
}

function makeActors(random: Random): readonly Actor[] {
  const one = { kind: "bearer", name: "One", secret: "KEY_ONE" } as const;
  const two = { kind: "bearer", name: "Two", secret: "KEY_TWO" } as const;
  return [
    { kind: "none", name: random.below(3) === 0 ? "Anybody" : "Visitor" },
    one,
    two,
    { kind: "signature", name: "Hook", tolerance: random.pick([60, 300]) },
    { kind: "refined", name: "Chief", base: one, claim: randomClaim(random) },
    { kind: "refined", name: "Second", base: two, claim: randomClaim(random) },
  ];
}

function makeRoutes(random: Random, actors: readonly Actor[]): readonly Route[] {
  return Array.from({ length: 2 + random.below(4) }, (_, index) => {
    const by = random.below(2) === 0 ? [random.pick(actors)] : makeSum(random, actors);
    const needsBody = by.some(({ kind }) => kind === "signature");
    return { method: needsBody || random.below(2) === 0 ? "POST" : "GET", path: `/r${index}`, by };
  });
}

/** Distinct schemes, no refinements, and whoever proves nothing at the end. */
function makeSum(random: Random, actors: readonly Actor[]): readonly Actor[] {
  const pick = (kind: Actor["kind"]): readonly Actor[] => {
    const found = actors.filter((actor) => actor.kind === kind);
    return random.below(3) === 0 || found.length === 0 ? [] : [random.pick(found)];
  };
  const proving =
    random.below(2) === 0 ? [...pick("bearer"), ...pick("signature")] : [...pick("signature"), ...pick("bearer")];
  const members = [...proving, ...pick("none")];
  return members.length === 0 ? [random.pick(actors)] : members;
}

/** The handler says who came. */
function routeText(random: Random, { method, path, by }: Route): string {
  const [only] = by;
  const body = method === "POST" ? "body: Point" : "";
  const entry = `  on ${method}("${path}")`;
  const result = "-> Effect[HttpResult[String]]";
  const write = (clause: string, answer: string): string => {
    const early = random.below(2) === 0;
    const [before, after] = early ? [` by ${clause}`, ""] : ["", ` by ${clause}`];
    return `${entry}${before} (${body}) ${result}${after} { ${answer} }`;
  };
  if (by.length === 1 && only !== undefined) {
    const hasIdentity = only.kind === "bearer" || only.kind === "refined";
    if (hasIdentity && random.below(3) > 0) return write(`u: ${only.name}`, `Ok("${only.name} \\(u.identity)")`);
    return write(only.name, `Ok("${only.name}")`);
  }
  const arms = by.map(({ kind, name }) =>
    kind === "bearer" ? `${name}(id) => Ok("${name} \\(id)")` : `${name} => Ok("${name}")`,
  );
  return write(`who: ${by.map(({ name }) => name).join(" | ")}`, `match who { ${arms.join(", ")} }`);
}
