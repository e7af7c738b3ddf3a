/** The package as users get it: packed, installed into an empty project, and the README's first program run there. */
import { spawn, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { afterAll, beforeAll, expect, test } from "vitest";
import { filesOf } from "../../scripts/check-docs.ts";
import { listenFor, paste, Running } from "../cli/process.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
  readonly exports: Readonly<Record<string, unknown>>;
  readonly devDependencies: Readonly<Record<string, string>>;
};
const folder = realpathSync(mkdtempSync(join(tmpdir(), "byward-package-")));
const project = join(folder, "project");
let tarball: string;

/** A person's shell: nothing of this repository's own run is in it. */
const env: NodeJS.ProcessEnv = Object.fromEntries(
  Object.entries({ ...process.env, NO_COLOR: "1" }).filter(
    ([name]) => !/^(npm_|NODE_|VITEST|INIT_CWD|FORCE_COLOR|AUTH_JWT_SECRET)/.test(name),
  ),
);
env["PATH"] = (process.env["PATH"] ?? "")
  .split(":")
  .filter((part) => !part.includes("node_modules"))
  .join(":");

function npm(cwd: string, ...args: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync("npm", args, { cwd, env, encoding: "utf8" });
  expect(status, `npm ${args.join(" ")}\n${stdout}${stderr}`).toBe(0);
  return stdout;
}

function startIn(cwd: string, command: string, ...args: readonly string[]): Running {
  return new Running(spawn(command, args, { cwd, env, stdio: ["ignore", "pipe", "pipe"], detached: true }));
}

/** Ends npm and what it started: npm itself does not always pass a signal on. */
async function stopAll(program: Running): Promise<void> {
  const ended = program.finished();
  process.kill(-program.child.pid!, "SIGINT");
  await ended;
}

const pinned = (name: string): string => `${name}@${manifest.devDependencies[name]}`;

beforeAll(() => {
  mkdirSync(project);
  const [packed] = JSON.parse(npm(root, "pack", "--json", "--ignore-scripts", "--pack-destination", folder)) as {
    filename: string;
  }[];
  tarball = join(folder, packed!.filename);
  writeFileSync(join(project, "package.json"), '{"private":true,"type":"module"}\n');
  npm(
    project,
    "install",
    tarball,
    pinned("node"),
    pinned("typescript"),
    pinned("@types/node"),
    pinned("react"),
    pinned("@types/react"),
  );
});
afterAll(() => rmSync(folder, { recursive: true }));

test("the package holds what it should and nothing of its tests", () => {
  const installed = join(project, "node_modules", "byward");
  const files = readdirSync(installed, { recursive: true, encoding: "utf8" }).filter(
    (path) => !path.startsWith("node_modules"),
  );
  expect(files).toEqual(
    expect.arrayContaining(["package.json", "README.md", "LICENSE", "SECURITY.md", "dist/cli/main.js"]),
  );
  expect(
    files.filter((path) => /\.test\.|-suite\.|(^|\/)src(\/|$)|\.built$/.test(path) && !path.startsWith("templates")),
  ).toEqual([]);
});

test("every subpath is importable and typed", () => {
  const names = Object.keys(manifest.exports).filter((name) => name !== "./package.json");
  const specifiers = names.map((name) => `byward${name.slice(1)}`);
  const imports = specifiers.map((name, index) => `import * as m${index} from "${name}";`).join("\n");
  const counts = specifiers.map((_name, index) => `Object.keys(m${index}).length`).join(", ");
  writeFileSync(join(project, "all.ts"), `${imports}\nif ([${counts}].some((n) => n === 0)) process.exit(1);\n`);
  writeFileSync(
    join(project, "tsconfig.json"),
    JSON.stringify({
      compilerOptions: {
        module: "nodenext",
        target: "es2024",
        strict: true,
        noEmit: true,
        types: ["node"],
        skipLibCheck: false,
      },
      include: ["*.ts"],
    }),
  );
  npm(project, "exec", "--", "tsc");
  npm(project, "exec", "--", "node", "all.ts");
});

test("the README's first program runs in an empty project, and its printed call is answered", async () => {
  const files = filesOf(readFileSync(join(root, "README.md"), "utf8"));
  expect(files.length).toBeGreaterThan(0);
  for (const { name, text } of files) writeFileSync(join(project, name), text);
  // With declarations: who exports a registry from a package of their own must be able to name its types.
  npm(project, "exec", "--", "tsc", "--allowImportingTsExtensions", "--declaration");
  const program = startIn(project, "npm", "exec", "--", "byward", "dev", files[0]!.name, "--port", "0");
  try {
    await program.waitFor(/^ {2}curl -s .*$/m);
    const [call = ""] = program.stdout.match(/^ {2}curl .*$/m) ?? [];
    expect((await paste(call)).stdout).toMatch(/^\{"output":/);
    const visitor = call.replace(/ -H 'Authorization: [^']*'/, " -w ' %{http_code}'");
    expect((await paste(visitor)).stdout).toMatch(/"code":"unauthenticated".* 401$/);
  } finally {
    await stopAll(program);
  }
});

test("a new project installs, type-checks, passes its tests and serves", async () => {
  npm(project, "exec", "--", "byward", "new", join(folder, "fresh"), "--byward", `file:${tarball}`);
  const fresh = join(folder, "fresh");
  npm(fresh, "install");
  npm(fresh, "run", "types");
  expect(npm(fresh, "test")).toContain("pass 2");
  expect(npm(fresh, "run", "access")).toContain("board");
  const program = startIn(fresh, "npm", "run", "dev", "--", "--port", "0");
  try {
    const [, url] = await program.waitFor(/^(http:\S+) /m);
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
  } finally {
    await stopAll(program);
  }
});

test("npm start serves the chat within 10 s, and its three commands do what they say", async () => {
  const startedAt = performance.now();
  const program = startIn(root, "npm", "start", "--", "--port", "0", "--data-dir", join(folder, "chat"));
  try {
    await program.waitFor(/Ctrl\+C/);
    expect(performance.now() - startedAt).toBeLessThan(10_000);
    const [post = "", refused = "", subscribe = ""] = program.stdout.match(/^ {2}curl .*$/gm) ?? [];
    expect((await paste(post)).stdout).toMatch(/"author":"alice".* 200\n$/);
    expect((await paste(refused)).stdout).toMatch(/"code":"unauthenticated".* 401\n$/);
    await listenFor(subscribe, /event: ready/);
  } finally {
    await stopAll(program);
  }
});

test("byward --help takes less than 90 ms beyond the start of Node, so 120 ms on an idle machine", () => {
  const main = join(project, "node_modules", "byward", "dist", "cli", "main.js");
  const fastest = (...args: readonly string[]): number =>
    Math.min(
      ...Array.from({ length: 15 }, () => {
        const startedAt = performance.now();
        expect(spawnSync(process.execPath, args, { env }).status).toBe(0);
        return performance.now() - startedAt;
      }),
    );
  const node = fastest("-e", "0");
  // Where Node itself takes long to start, the machine is slow.
  expect(fastest(main, "--help") - node).toBeLessThan(Math.max(90, 2 * node));
});

test("an older Node is told so in one line", () => {
  const main = join(project, "node_modules", "byward", "dist", "cli", "main.js");
  const older = 'data:text/javascript,Object.defineProperty(process.versions,"node",{value:"20.19.0"})';
  const { status, stdout, stderr } = spawnSync(process.execPath, ["--import", older, main, "--help"], {
    env,
    encoding: "utf8",
  });
  expect(status).toBe(1);
  expect(stdout).toBe("");
  expect(stderr).toMatch(/^byward needs Node 24\.15 or newer, and this is Node 20\.19\.0 [^\n]*\n$/);
});

test("a browser bundle of the client carries nothing of a server", async () => {
  const { outputFiles, metafile } = await build({
    stdin: { contents: 'export { createClient } from "byward/client";', resolveDir: project },
    bundle: true,
    platform: "browser",
    format: "esm",
    write: false,
    metafile: true,
  });
  expect(outputFiles[0]!.text).not.toMatch(/node:|\bjose\b|sqlite|canInvoke/);
  const foreign = Object.keys(metafile.inputs).filter(
    (path) => !/\/dist\/(client|protocol)\/|cbor-x|<stdin>/.test(path),
  );
  expect(foreign).toEqual([]);
});
