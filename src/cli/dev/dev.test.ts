import { mkdtempSync, readFileSync, realpathSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { byward, listenFor, paste, type Running, start } from "../../../tests/cli/process.ts";

// Each starts processes, which take their time on a busy machine.
vi.setConfig({ testTimeout: 90_000, hookTimeout: 90_000 });

let folder: string;
let running: Running[] = [];

beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), "byward-dev-")));
});
afterEach(async () => {
  await Promise.all(running.map((program) => program.stop()));
  running = [];
  rmSync(folder, { recursive: true });
});

/** At once, as editors do: who watches never sees half of it. */
const write = (name: string, text: string): void => {
  writeFileSync(join(folder, `${name}.new`), text);
  renameSync(join(folder, `${name}.new`), join(folder, name));
};

const writeRegistry = (answer: string, limits = ""): void => {
  write("answer.ts", `export const answer = ${answer};\n`);
  write(
    "registry.ts",
    `import { actor, bearer, event, hasClaim, party, refine, setup } from "byward";
import { answer } from "./answer.ts";

const User = party("User", { auth: bearer({ secret: "CLI_DEV_SECRET" }) });
const Admin = refine("Admin", User, hasClaim("admin"));
const desk = actor({
  by: User,
  state: { asked: 0 },
  events: { asked: event() },
  actions: { ask: (c, what: string) => (c.state.asked++, answer), clear: () => 0 },
  guards: { actions: { clear: { by: Admin } } },
});
export const registry = setup({ use: { desk }, ${limits} });
`,
  );
};

function dev(args: readonly string[] = [], env: Record<string, string | undefined> = {}): Running {
  const program = start("src/cli/main.ts", ["dev", "registry.ts", "--port", "0", ...args], { cwd: folder, env });
  running.push(program);
  return program;
}

interface Serving {
  readonly url: string;
  readonly tokens: readonly { readonly party: string; readonly token: string }[];
}

/** Waits for the n-th time it serves. */
async function servingOf(program: Running, time = 1): Promise<Serving> {
  const pattern = new RegExp(`(?:[^]*?^(\\{"event":"serving".*\\})$){${time}}`, "m");
  const [, line = ""] = await program.waitFor(pattern);
  return JSON.parse(line) as Serving;
}

const ask = (url: string, token?: string): Promise<Response> =>
  fetch(`${url}/actors/desk/1/actions/ask`, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    },
    body: "[]",
  });

test("the printed curl lines work as they stand", async () => {
  writeRegistry("42");
  const program = dev();
  await program.waitFor(/curl -sN/);
  const [call = "", listen = ""] = program.stdout.match(/^ {2}curl .*$/gm) ?? [];
  expect((await paste(call)).stdout).toBe('{"output":42}');
  await listenFor(listen, /event: ready/);
});

test("there is a token for each bearer party, good for what that party may do and no more", async () => {
  writeRegistry("42");
  const { url, tokens } = await servingOf(dev(["--json"]));
  expect(tokens.map(({ party }) => party)).toEqual(["User", "Admin"]);
  const clear = async (token: string): Promise<number> => {
    const headers = { "content-type": "application/json", authorization: `Bearer ${token}` };
    return (await fetch(`${url}/actors/desk/1/actions/clear`, { method: "POST", headers, body: "[]" })).status;
  };
  expect(await clear(tokens[0]!.token)).toBe(403);
  expect(await clear(tokens[1]!.token)).toBe(200);
  expect((await ask(url)).status).toBe(401);
});

test("a registry of services alone has its secrets, tokens and lines too", async () => {
  write(
    "registry.ts",
    `import { bearer, party, service, setup } from "byward";
const User = party("User", { auth: bearer({ secret: "CLI_DEV_SECRET" }) });
const api = service({ by: User, routes: { "GET /me": { handle: (c) => ({ id: c.caller.identity }) } } });
export const registry = setup({ services: { api } });
`,
  );
  const program = dev(["--as", "bob"]);
  const [line] = await program.waitFor(/^ {2}curl .*$/m);
  expect((await paste(line)).stdout).toBe('{"id":"bob"}');
});

test("a change restarts it on the same port, with tokens and state still good", async () => {
  writeRegistry("1");
  const program = dev(["--json"]);
  const first = await servingOf(program);
  const { token } = first.tokens[0]!;
  expect(await (await ask(first.url, token)).json()).toEqual({ output: 1 });
  write("answer.ts", "export const answer = 2;\n");
  const second = await servingOf(program, 2);
  expect(second.url).toBe(first.url);
  expect(await (await ask(second.url, token)).json()).toEqual({ output: 2 });
});

test("a change restarts it at once, though somebody listens to events", async () => {
  // Longer than any test: a restart that waited for the listener would not come.
  writeRegistry("1", "limits: { drainTimeout: 3_600_000 }");
  const program = dev(["--json"]);
  const { url, tokens } = await servingOf(program);
  const headers = { authorization: `Bearer ${tokens[0]!.token}` };
  const stream = await fetch(`${url}/actors/desk/1/events/asked`, { headers });
  write("answer.ts", "export const answer = 2;\n");
  await servingOf(program, 2);
  expect(await stream.text().catch(() => "cut off")).toMatch(/event: ready/);
});

test("a broken change is told, and the mended one runs", async () => {
  writeRegistry("1");
  const program = dev(["--json"]);
  await servingOf(program);
  write("answer.ts", "export const answer = ;\n");
  await program.waitFor(/"event":"failed".*"entry\.syntax".*answer\.ts:1/);
  write("answer.ts", "export const answer = 3;\n");
  const { url, tokens } = await servingOf(program, 2);
  expect(await (await ask(url, tokens[0]!.token)).json()).toEqual({ output: 3 });
});

test("a file that was missing at the start is waited for", async () => {
  writeRegistry("1");
  rmSync(join(folder, "answer.ts"));
  const program = dev(["--json"]);
  await program.waitFor(/"event":"failed".*"entry\.import_missing"/);
  write("answer.ts", "export const answer = 4;\n");
  const { url, tokens } = await servingOf(program);
  expect(await (await ask(url, tokens[0]!.token)).json()).toEqual({ output: 4 });
});

test("made-up secrets are kept for the owner alone, out of git, and are the same the next time", async () => {
  writeRegistry("1");
  const first = dev(["--json"]);
  const { tokens } = await servingOf(first);
  expect((await first.stop()).code).toBe(0);
  const file = join(folder, ".byward", "dev-secrets.json");
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(readFileSync(join(folder, ".byward", ".gitignore"), "utf8")).toBe("*\n");
  const { url } = await servingOf(dev(["--json"]));
  expect((await ask(url, tokens[0]!.token)).status).toBe(200);
  const { stdout } = await byward(["token", "bob", "--secret", "CLI_DEV_SECRET"], { cwd: folder });
  expect((await ask(url, stdout.trim())).status).toBe(200);
});

test("a secret of the environment is used and not written down", async () => {
  writeRegistry("1");
  await servingOf(dev(["--json"], { CLI_DEV_SECRET: "e".repeat(48) }));
  expect(() => statSync(join(folder, ".byward", "dev-secrets.json"))).toThrow("ENOENT");
});

test("no secret is made up for other machines to reach, nor in production", async () => {
  writeRegistry("1");
  const open = dev(["--json", "--hostname", "0.0.0.0"]);
  await open.waitFor(/"event":"failed".*CLI_DEV_SECRET, which is not set/);
  const production = await byward(["dev", "registry.ts"], { cwd: folder, env: { NODE_ENV: "production" } });
  expect(production.code).toBe(1);
  expect(production.stderr).toContain("dev.production");
  expect(() => statSync(join(folder, ".byward", "dev-secrets.json"))).toThrow("ENOENT");
});

test("serve does not take the made-up secret, in the very same folder", async () => {
  writeRegistry("1");
  const program = dev(["--json"]);
  await servingOf(program);
  await program.stop();
  const { code, stderr } = await byward(["serve", "registry.ts", "--port", "0"], { cwd: folder });
  expect(code).toBe(1);
  expect(stderr).toContain("CLI_DEV_SECRET, which is not set");
});
