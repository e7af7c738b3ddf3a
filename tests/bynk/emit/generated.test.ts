/**
 * Programs nobody wrote: whatever the checker accepts is TypeScript that `tsc --strict` accepts, and its boundary decides as
 * the rules say. BYWARD_GENERATED sets the number of programs (default 40), BYWARD_GENERATED_SEED the first seed.
 */
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { compile } from "byward/bynk";
import { expect, test } from "vitest";
import { createRandom, type Random } from "../support/random.ts";
import { decide, SECRETS, type Situation } from "./generate/callers.ts";
import { type Generated, generateProgram, type Route } from "./generate/program.ts";
import { type ContextModule, writeFiles } from "./support/compiled.ts";
import { bearerToken, signatureOf } from "./support/credentials.ts";
import { typeErrors } from "./support/typescript.ts";

const programs = Number(process.env["BYWARD_GENERATED"] ?? 40);
const firstSeed = Number(process.env["BYWARD_GENERATED_SEED"] ?? 1);
const BODY = JSON.stringify({ x: 1, y: 2 });

interface Accepted {
  readonly program: Generated;
  readonly files: Readonly<Record<string, string>>;
}

function compileAll(): { readonly accepted: readonly Accepted[]; readonly refused: readonly string[] } {
  const accepted: Accepted[] = [];
  const refused: string[] = [];
  for (let seed = firstSeed; seed < firstSeed + programs; seed++) {
    const program = generateProgram(seed);
    const { diagnostics, files } = compile({ files: { [`src/${program.name}.bynk`]: program.text } });
    const error = diagnostics.find(({ severity }) => severity === "error");
    if (error === undefined) accepted.push({ program, files });
    else refused.push(`seed ${seed}: ${error.code} ${error.message} at ${error.line}:${error.column}`);
  }
  return { accepted, refused };
}

function randomSituation(random: Random): Situation {
  const token = {
    secret: random.pick(["KEY_ONE", "KEY_TWO"] as const),
    fault: random.pick(["none", "none", "none", "tampered", "expired"] as const),
    sub: random.pick(["ada", "eve", "NoIdentity", "waytoolongname"]),
    claims: random.pick([
      {},
      { admin: true },
      { admin: false, team: "blue" },
      { admin: 1, team: "red" },
      { team: ["red"] },
    ]),
  };
  const signature = { secret: random.pick(["HOOK", "HOOK", "KEY_ONE"] as const), age: random.pick([0, 30, 120, 4000]) };
  const kind = random.below(8);
  return { ...(kind < 5 ? { token } : {}), ...(kind === 4 || kind === 5 || kind === 6 ? { signature } : {}) };
}

async function requestOf(route: Route, { token, signature }: Situation): Promise<Request> {
  const headers = new Headers();
  if (token !== undefined) {
    const now = Math.floor(Date.now() / 1000);
    const life = token.fault === "expired" ? { iat: now - 900, exp: now - 600 } : {};
    const text = await bearerToken(SECRETS[token.secret], { ...token.claims, sub: token.sub, ...life });
    headers.set("authorization", `Bearer ${token.fault === "tampered" ? `${text.slice(0, -2)}xx` : text}`);
  }
  const body = route.method === "POST" ? BODY : undefined;
  if (signature !== undefined) {
    const time = String(Math.floor(Date.now() / 1000) - signature.age);
    headers.set("x-time", time);
    headers.set("x-sig", await signatureOf(SECRETS[signature.secret], `${time}.${body ?? ""}`));
  }
  return new Request(`https://gen.example${route.path}`, {
    method: route.method,
    headers,
    ...(body === undefined ? {} : { body }),
  });
}

/** What the compiled program did, in the words of the interpreter. */
async function answerOf(module: ContextModule, route: Route, situation: Situation): Promise<string> {
  const response = await module.default.fetch(await requestOf(route, situation), SECRETS);
  const text = await response.text();
  return response.status === 200 ? `200 ${JSON.parse(text)}` : String(response.status);
}

/** Without a binder the handler cannot name the identity. */
function expected(route: Route, situation: Situation, given: string): string {
  const decision = decide(route.by, situation);
  if (decision.status !== 200) return String(decision.status);
  const full = `200 ${decision.caller}`;
  return route.by.length === 1 && given === full.split(" ").slice(0, 2).join(" ") ? given : full;
}

test(`${programs} generated programs from seed ${firstSeed}: types hold, and the boundary decides as the rules say`, {
  timeout: 60_000 + programs * 1000,
}, async () => {
  const { accepted, refused } = compileAll();
  console.log(`seed ${firstSeed}: ${accepted.length} of ${programs} programs accepted`);
  expect(refused.slice(0, 3)).toEqual([]);
  const folder = writeFiles(Object.assign({}, ...accepted.map(({ files }) => files)));
  expect(typeErrors(folder).split("\n").slice(0, 8).join("\n")).toBe("");
  let decisions = 0;
  for (const { program } of accepted) {
    const random = createRandom(firstSeed + decisions);
    const module = (await import(pathToFileURL(join(folder, `${program.name}.ts`)).href)) as ContextModule;
    for (const route of program.routes) {
      for (let round = 0; round < 6; round++) {
        const situation = randomSituation(random);
        const given = await answerOf(module, route, situation);
        const where = `${program.name} ${route.method} ${route.path} by ${route.by.map(({ name }) => name).join(" | ")}`;
        expect(given, `${where} ${JSON.stringify(situation)}`).toBe(expected(route, situation, given));
        decisions += 1;
      }
    }
  }
  console.log(`${decisions} boundary decisions compared`);
});
