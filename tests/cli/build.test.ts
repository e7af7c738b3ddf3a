/** `byward build --cloudflare`: what it writes, what it keeps when it runs again, and what it refuses. */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import { cronTrigger } from "../../src/cli/build/cron-triggers.ts";
import { registryEntry } from "../../src/cli/build/entry-text.ts";
import { parseJsonc } from "../../src/cli/build/jsonc.ts";
import type { WorkerPlan } from "../../src/cli/build/worker-plan.ts";
import { wranglerFile } from "../../src/cli/build/wrangler-file.ts";
import { byward, type Finished } from "./process.ts";

// Each starts processes, which take their time on a busy machine.
vi.setConfig({ testTimeout: 90_000 });

const REGISTRY = `import { actor, bearer, party, setup } from "byward";
const User = party("User", { auth: bearer({ secret: "AUTH_JWT_SECRET" }) });
const room = actor({ by: User, state: {}, actions: { read: () => 1 } });
export const registry = setup({ use: { room } });
`;

function project(files: Readonly<Record<string, string>>): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "byward-cli-build-")));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
  for (const [path, text] of Object.entries({
    "package.json": '{ "name": "@acme/Chat_Room", "type": "module" }',
    ...files,
  })) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  return folder;
}

const build = (cwd: string, ...args: readonly string[]): Promise<Finished> =>
  byward(["build", "--cloudflare", ...args], { cwd });
const textIn = (folder: string, path: string): string => readFileSync(join(folder, "dist/cloudflare", path), "utf8");
const configIn = (folder: string): Record<string, unknown> =>
  parseJsonc(textIn(folder, "wrangler.jsonc")) as Record<string, unknown>;

test("build writes an entry that imports the registry, and a configuration that names secrets without values", async () => {
  const folder = project({ "src/registry.ts": REGISTRY });
  const { code, stdout, stderr } = await build(folder, "src/registry.ts");
  expect([code, stderr]).toEqual([0, ""]);
  expect(textIn(folder, "worker.js")).toContain('import { registry } from "../../src/registry.ts";');
  expect(configIn(folder)).toEqual({
    name: "acme-chat-room",
    main: "worker.js",
    compatibility_date: "2026-04-01",
    durable_objects: { bindings: [{ name: "BYWARD_ACTOR", class_name: "BywardActor" }] },
    migrations: [{ tag: "v1", new_sqlite_classes: ["BywardActor"] }],
  });
  expect(textIn(folder, "wrangler.jsonc")).toContain("//   npx wrangler secret put AUTH_JWT_SECRET\n");
  expect(stdout).toContain("npx wrangler deploy -c dist/cloudflare/wrangler.jsonc");
  expect(stdout).toContain("npx wrangler secret put AUTH_JWT_SECRET -c dist/cloudflare/wrangler.jsonc");
});

test("a second build keeps settings and migrations, --check passes after it and fails before", async () => {
  const folder = project({ "src/registry.ts": REGISTRY });
  await build(folder, "src/registry.ts", "--name", "rooms");
  const own = { ...configIn(folder), routes: [{ pattern: "chat.example/*" }], vars: { LEVEL: "high" }, name: "kept" };
  const file = join(folder, "dist/cloudflare/wrangler.jsonc");
  writeFileSync(file, `// Actors: lobby, room\n${JSON.stringify(own)}`);
  const stale = await build(folder, "src/registry.ts", "--check");
  expect([stale.code, stale.stdout]).toEqual([1, expect.stringContaining("dist/cloudflare/wrangler.jsonc")]);
  expect(readFileSync(file, "utf8")).toContain("// Actors: lobby, room\n{");
  const { stdout } = await build(folder, "src/registry.ts");
  expect(stdout).toContain("The actor lobby is gone.");
  expect(configIn(folder)).toEqual(own);
  const checked = await build(folder, "src/registry.ts", "--check", "--json");
  expect([checked.code, JSON.parse(checked.stdout)]).toMatchObject([0, { upToDate: true, changed: [] }]);
  expect((await build(folder, "src/registry.ts")).stdout).toContain("nothing has changed");
});

test("what needs Node is refused with the file that imports it, and nothing is written", async () => {
  const folder = project({
    "src/registry.ts": `import "./deep/files.ts";\n${REGISTRY}`,
    "src/deep/files.ts": 'import { readFileSync } from "fs";\nimport "pack";\nexport const read = readFileSync;\n',
    "node_modules/pack/package.json": '{ "name": "pack", "main": "index.js" }',
    "node_modules/pack/index.js": 'require("node:net");\n',
  });
  const { code, stderr } = await build(folder, "src/registry.ts");
  expect(code).toBe(1);
  expect(stderr).toContain("build.node_only");
  expect(stderr).toContain("src/deep/files.ts imports node:fs");
  expect(stderr).toContain("node_modules/pack/index.js imports node:net");
  expect(existsSync(join(folder, "dist"))).toBe(false);
});

test("a name that byward has on Node alone is refused; a package with files of its own for Workers is not", async () => {
  const log = REGISTRY.replace("import { actor,", "import { actor, decisionLog,").replace(
    "use: { room } }",
    "use: { room }, decisions: decisionLog({ directory: 'log' }) }",
  );
  const refused = await build(project({ "registry.ts": log }), "registry.ts");
  expect([refused.code, refused.stderr]).toEqual([1, expect.stringContaining("registry.ts imports decisionLog")]);
  const folder = project({
    "registry.ts": `import "pack";\n${REGISTRY}`,
    "node_modules/pack/package.json": JSON.stringify({
      name: "pack",
      exports: { workerd: "./worker.js", default: "./index.js" },
    }),
    "node_modules/pack/worker.js": "",
    "node_modules/pack/index.js": 'require("node:net");\n',
  });
  expect((await build(folder, "registry.ts")).code).toBe(0);
});

test("an entry without a registry, a platform that is not named, and a schedule that is no trigger are refused", async () => {
  const cron = `import { service, setup } from "byward";
const times = service({ crons: { dawn: { schedule: "0 6 * * *", timezone: "Europe/Berlin", handle: () => {} } } });
export const registry = setup({ services: { times } });
`;
  const folder = project({ "none.ts": "export const other = 1;\n", "cron.ts": cron, "registry.ts": REGISTRY });
  const cases = [
    [await build(folder, "none.ts"), 1, "entry.no_registry"],
    [await build(folder, "cron.ts"), 1, 'The cron times/dawn ("0 6 * * *") is no cron trigger: it is in Europe/Berlin'],
    [await build(folder, "registry.ts", "--name", "Bad Name"), 2, "build.name_invalid"],
    [await byward(["build", "registry.ts"], { cwd: folder }), 2, "byward build --cloudflare <entry>"],
  ] as const;
  for (const [{ code, stderr }, wanted, text] of cases) {
    expect(stderr).toContain(text);
    expect(code).toBe(wanted);
  }
});

test("schedules become triggers with days of the week by name, or say why they cannot", () => {
  const trigger = (schedule: string): unknown => {
    const made = cronTrigger(schedule, "UTC");
    return typeof made === "string" ? null : made.trigger;
  };
  expect(trigger("*/5 * * * *")).toBe("*/5 * * * *");
  expect(trigger("0 9 * * 1-5")).toBe("0 9 * * MON,TUE,WED,THU,FRI");
  expect(trigger("0 9 * * 0,7")).toBe("0 9 * * SUN");
  expect(trigger("0 9 * * 5-7")).toBe("0 9 * * SUN,FRI,SAT");
  expect(trigger("0 9 * * */2")).toBe("0 9 * * SUN,TUE,THU,SAT");
  expect(trigger("0 9 * * mon-fri")).toBe("0 9 * * mon-fri");
  for (const other of ["0 0 9 * * *", "0 9 * * 5#2", "0 9 * * 5L", "0 9 * * 3/2", "0 9 * * 5-1"]) {
    expect([other, trigger(other)]).toEqual([other, null]);
  }
});

test("an entry knows schedules by the trigger they are due with, two of one trigger too", () => {
  const crons = [
    { trigger: "0 9 * * MON", schedule: "0 9 * * 1" },
    { trigger: "0 9 * * MON", schedule: "0 9 * * MON" },
    { trigger: "0 3 * * *", schedule: "0 3 * * *" },
  ];
  const text = registryEntry("./registry.ts", "default", crons);
  expect(text).toContain('import { default as registry } from "./registry.ts";');
  expect(text).toContain('  "0 9 * * MON": ["0 9 * * 1","0 9 * * MON"],\n};');
  expect(registryEntry("./registry.ts", "registry", crons.slice(2))).toContain("export default handler;");
});

const plan: WorkerPlan = {
  name: "shop",
  folder: "",
  entry: "",
  actors: [],
  secrets: [],
  crons: [],
  queues: ["mails"],
  consumes: [{ binding: "CONTEXT_a", worker: "a", caller: "shop" }],
  isPublic: true,
};
const written = (
  existing: object | null,
): { readonly config: Record<string, unknown>; readonly notes: readonly string[] } => {
  const text = existing === null ? null : `/* kept // not */ ${JSON.stringify(existing)}`;
  const { text: made, notes } = wranglerFile(plan, text, "wrangler.jsonc");
  return { config: parseJsonc(made) as Record<string, unknown>, notes };
};

test("a class is added under the next tag; one that is gone is told and never deleted", () => {
  const { config, notes } = written({ migrations: [{ tag: "v1", new_sqlite_classes: ["Old"] }, { tag: "v7" }] });
  expect(config["migrations"]).toEqual([
    { tag: "v1", new_sqlite_classes: ["Old"] },
    { tag: "v7" },
    { tag: "v8", new_sqlite_classes: ["BywardActor"] },
  ]);
  expect(notes).toEqual([expect.stringMatching(/^The class Old .* Nothing was deleted.*"deleted_classes": \["Old"\]/)]);
  const deleted = {
    migrations: [
      { tag: "v1", new_sqlite_classes: ["Old"] },
      { tag: "v2", deleted_classes: ["Old"] },
    ],
  };
  expect(written(deleted).notes).toEqual([]);
  const withoutSqlite = { migrations: [{ tag: "v1", new_classes: ["BywardActor"] }] };
  expect(() => written(withoutSqlite)).toThrow("was made without SQLite");
  expect(() => wranglerFile(plan, "name = 1", "wrangler.jsonc")).toThrow("no JSON object");
});

test("bindings of one's own stay, those to contexts are written anew, consumers keep their settings", () => {
  const { config } = written({
    durable_objects: { bindings: [{ name: "OTHER", class_name: "Other", script_name: "other" }] },
    services: [
      { binding: "MINE", service: "mine" },
      { binding: "CONTEXT_gone", service: "gone", entrypoint: "BywardCalls", props: { caller: "shop" } },
    ],
    queues: {
      producers: [{ queue: "out", binding: "OUT" }],
      consumers: [{ queue: "mails", max_retries: 5 }, { queue: "x" }],
    },
    triggers: { crons: ["1 1 1 1 *"] },
  });
  expect(config).toMatchObject({
    durable_objects: { bindings: [{ name: "BYWARD_ACTOR" }, { name: "OTHER", script_name: "other" }] },
    services: [
      { binding: "CONTEXT_a", service: "a", entrypoint: "BywardCalls", props: { caller: "shop" } },
      { binding: "MINE", service: "mine" },
    ],
    queues: { producers: [{ queue: "out", binding: "OUT" }], consumers: [{ queue: "mails", max_retries: 5 }] },
  });
  expect((config["services"] as unknown[]).length).toBe(2);
  expect(config["triggers"]).toBeUndefined();
});

test("a Worker that is to be reached and has no address is told", () => {
  expect(written({ workers_dev: false }).notes).toEqual([expect.stringContaining("Nothing outside reaches shop")]);
  expect(written({ workers_dev: false, routes: [{ pattern: "shop.example/*" }] }).notes).toEqual([]);
  expect(written({ workers_dev: false }).config).toMatchObject({ workers_dev: false });
});

test("comments and trailing commas are read, and text that looks like them is left", () => {
  const text = '{ // one\n "a": "// no /* no */", /* two */ "b": [1, 2, ], "c": ",}", }';
  expect(parseJsonc(text)).toEqual({ a: "// no /* no */", b: [1, 2], c: ",}" });
});
