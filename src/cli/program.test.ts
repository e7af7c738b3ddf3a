import { mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, expect, test, vi } from "vitest";
import { byward, start } from "../../tests/cli/process.ts";
import { COMMANDS } from "./commands.ts";

// Each starts processes, which take their time on a busy machine.
vi.setConfig({ testTimeout: 90_000, hookTimeout: 90_000 });

const registry = fileURLToPath(new URL("../../tests/fixtures/cli/registry.ts", import.meta.url));
const folder = realpathSync(mkdtempSync(join(tmpdir(), "byward-cli-")));
afterAll(() => rmSync(folder, { recursive: true }));

const write = (name: string, text: string): void => writeFileSync(join(folder, name), text);

test("--help names every command, and every command has help of its own", async () => {
  const { stdout, code } = await byward(["--help"]);
  expect(code).toBe(0);
  for (const { name, summary } of COMMANDS) expect(stdout).toMatch(new RegExp(`  ${name} +${summary}`));
  for (const { name } of COMMANDS) {
    const help = await byward(["help", name]);
    expect(help.code).toBe(0);
    expect(help.stdout).toContain(`Usage: byward ${name}`);
    expect(help.stdout).toContain("--json");
  }
});

test("a command that does not exist is refused with the nearest one", async () => {
  const { code, stderr } = await byward(["acess", "x.ts"]);
  expect(code).toBe(2);
  expect(stderr).toContain("unknown command 'acess'\n(Did you mean access?)");
});

test("nothing but a terminal gets colours", async () => {
  const piped = await byward(["access", registry], {
    env: { NO_COLOR: undefined, FORCE_COLOR: undefined },
  });
  expect(piped.stdout).not.toContain("\u001b[");
  const forced = await byward(["access", registry], { env: { NO_COLOR: undefined, FORCE_COLOR: "1" } });
  expect(forced.stdout).toContain("\u001b[");
});

test("an entry that is not there is named, without a stack", async () => {
  const { code, stdout, stderr } = await byward(["access", "src/none.ts"]);
  expect(code).toBe(2);
  expect(stdout).toBe("");
  expect(stderr).toMatch(/^✗ src\/none\.ts is not there\. \[entry\.missing\]\n {2}at .*\n {2}→ Name the file/);
  expect(stderr).not.toContain("    at ");
});

test("a broken entry says what, where and what to do", async () => {
  const open =
    'import { actor, setup } from "byward";\n\nsetup({ use: { open: actor({ actions: { read: () => 1 } }) } });\n';
  const cases: readonly (readonly [string, string, readonly string[]])[] = [
    [
      "empty.ts",
      "export const other = 1;\n",
      ["exports no registry", "entry.no_registry", "export const registry = setup"],
    ],
    ["throws.ts", '\nthrow new Error("no light");\n', ["loaded: no light", "entry.threw", "throws.ts:2:7"]],
    ["syntax.ts", "\nexport const registry = ;\n", ["cannot be read", "entry.syntax", "syntax.ts:2"]],
    ["enum.ts", "enum Colour {\n  Red,\n}\n", ["cannot be read", "entry.syntax", "Write enums as objects"]],
    ["import.ts", 'import "./absent.ts";\n', ["imports absent.ts", "at import.ts", "the whole file"]],
    ["package.ts", 'import "left-pad-of-nobody";\n', ["imports left-pad-of-nobody", "npm install left-pad-of-nobody"]],
    ["open.ts", open, ['actor "open" declares neither a party nor canInvoke', "setup.unguarded", "at open.ts:3:1"]],
  ];
  for (const [name, text, wanted] of cases) {
    write(name, text);
    const { code, stderr } = await byward(["access", name], { cwd: folder });
    expect(code, name).toBe(1);
    for (const part of wanted) expect(stderr).toContain(part);
    expect(stderr).not.toContain("\n    at ");
  }
});

test("BYWARD_DEBUG adds the stack, --json makes the failure JSON", async () => {
  write("fails.ts", '\nthrow new Error("no light");\n');
  const { code, stdout, stderr } = await byward(["access", "fails.ts", "--json"], {
    cwd: folder,
    env: { BYWARD_DEBUG: "1" },
  });
  expect(code).toBe(1);
  expect(stderr).toMatch(/\n {4}at .*fails\.ts:2:7/);
  expect(JSON.parse(stdout)).toMatchObject({ error: { code: "entry.threw", where: "fails.ts:2:7" } });
});

test("access prints the matrix as a table and as JSON", async () => {
  const table = await byward(["access", registry]);
  expect(table.stdout).toMatch(/^counter +User +Caller +Visitor\n/);
  expect(table.stdout).toMatch(/\n {2}action add +allow +403 +401\n/);
  const { stdout } = await byward(["access", registry, "--json"]);
  const { rows } = JSON.parse(stdout) as { rows: { kind: string; name?: string; cells: Record<string, string> }[] };
  expect(rows.find(({ name }) => name === "add")?.cells).toEqual({ User: "allow", Caller: "403", Visitor: "401" });
});

test("serve names a secret that is missing, and never takes a made-up one", async () => {
  const { code, stderr } = await byward(["serve", registry, "--port", "0"], {
    env: { CLI_SECRET: undefined },
  });
  expect(code).toBe(1);
  expect(stderr).toContain("CLI_SECRET, which is not set");
});

test("serve prints where it serves, and ends cleanly when told to", async () => {
  const served = start(
    "src/cli/main.ts",
    ["serve", registry, "--port", "0", "--json", "--data-dir", join(folder, "data")],
    {
      env: { CLI_SECRET: "s".repeat(48) },
    },
  );
  const [line] = await served.waitFor(/^\{.*\}$/m);
  const { url } = JSON.parse(line) as { url: string };
  expect((await fetch(`${url}/healthz`)).status).toBe(200);
  expect((await served.stop()).code).toBe(0);
});
