/** What the build makes of the modules: few files, each module in one of them, and all that is started by path still starts. */
import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { builtinModules } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { ConfigurationError } from "byward";
import { telemetry } from "byward/telemetry";
import { expect, onTestFinished, test } from "vitest";
import { Running } from "../cli/process.ts";
import { bundleWorker, hasWorkerd, startWorker } from "../cloudflare/workerd.ts";

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const dist = here("../../dist/");
const JSON_BODY = { "Content-Type": "application/json" };

interface Loaded {
  /** Below `dist/`. */
  readonly own: readonly string[];
  readonly packages: readonly string[];
  readonly builtins: readonly string[];
}

function loadedBy(specifier: string): Loaded {
  const { status, stdout, stderr } = spawnSync(process.execPath, [here("loaded.ts"), specifier], { encoding: "utf8" });
  expect(status, stderr).toBe(0);
  const urls = JSON.parse(stdout) as readonly string[];
  const files = urls.filter((url) => url.startsWith("file:")).map((url) => fileURLToPath(url));
  const packages = files.flatMap((path) => /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1] ?? []);
  return {
    own: files.filter((path) => path.startsWith(dist)).map((path) => path.slice(dist.length)),
    packages: [...new Set(packages)].sort(),
    builtins: urls.filter((url) => url.startsWith("node:") || builtinModules.includes(url)).sort(),
  };
}

const filesOf = (folder: string): readonly string[] =>
  readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((path) => path.endsWith(".js"));

test("importing byward loads few files, one package, and nothing that listens or stores", () => {
  const { own, packages, builtins } = loadedBy("byward");
  expect(own).toContain("core.js");
  expect(own.length, own.join("\n")).toBeLessThanOrEqual(20);
  expect(packages).toEqual(["croner"]);
  expect(builtins).toEqual(["node:crypto", "node:fs", "node:path"]);
  const bytes = own.reduce((sum, path) => sum + statSync(join(dist, path)).size, 0);
  expect(bytes).toBeLessThan(450_000);
});

test("importing the client loads the client and the protocol, and no package", () => {
  const { own, packages, builtins } = loadedBy("byward/client");
  expect(own.filter((path) => !/^(client|protocol)\//.test(path))).toEqual([]);
  expect(own.length, own.join("\n")).toBeLessThanOrEqual(40);
  expect([...packages, ...builtins]).toEqual([]);
});

test("a module is in one file, so that its classes are the same through every entry", () => {
  const homes = new Map<string, Set<string>>();
  for (const path of filesOf(dist)) {
    // Before the text of a module stands where it came from.
    for (const [, module = ""] of readFileSync(join(dist, path), "utf8").matchAll(/^\/\/ ([\w./-]+\.js)$/gm)) {
      homes.set(module, (homes.get(module) ?? new Set()).add(path));
    }
  }
  expect(homes.get("boundary/party.js")).toEqual(new Set(["core.js"]));
  expect(homes.size).toBeGreaterThan(300);
  expect([...homes].filter(([, files]) => files.size > 1)).toEqual([]);

  let thrown: unknown;
  try {
    telemetry({ spans: "some" as never });
  } catch (error) {
    thrown = error;
  }
  expect(thrown).toBeInstanceOf(ConfigurationError);
});

test("a program on the build serves by its threads, and its store keeps what they commit", async () => {
  const dataDir = mkdtempSync(join(tmpdir(), "byward-joined-"));
  onTestFinished(() => rmSync(dataDir, { recursive: true, force: true }));
  const env = { ...process.env, BYWARD_TEST_DATA: dataDir, BYWARD_LOG: "silent" };
  const program = new Running(
    spawn(process.execPath, [here("threads.ts")], { env, stdio: ["ignore", "pipe", "pipe"] }),
  );
  onTestFinished(async () => void (await program.stop()));

  const [line] = await program.waitFor(/^\{.*\}$/m);
  const { url, workers } = JSON.parse(line) as { readonly url: string; readonly workers: number };
  expect(workers).toBe(2);
  const call = (key: string, action: string): Promise<Response> =>
    fetch(`${url}/actors/clerk/${key}/actions/${action}`, { method: "POST", headers: JSON_BODY, body: "[]" });
  const threads = new Set<unknown>();
  for (const key of ["a", "b", "c", "d", "e", "f"]) {
    const answer = await call(key, "thread");
    expect(answer.status).toBe(200);
    threads.add(((await answer.json()) as { readonly output: unknown }).output);
  }
  expect(threads.size).toBe(2);
  expect((await call("a", "secret")).status).toBe(403);
});

test.skipIf(!hasWorkerd)("the build runs as a Worker", async () => {
  const built = {
    entry: here("clerk.worker.ts"),
    alias: {
      "byward/cloudflare": join(dist, "hosts/cloudflare/index.workerd.js"),
      byward: join(dist, "index.cloudflare.js"),
    },
  };
  expect(await bundleWorker(built)).toContain("// dist/core.js");
  const workerd = await startWorker(built);
  onTestFinished(() => workerd.stop());
  const call = (action: string): Promise<Response> =>
    fetch(`${workerd.url}/actors/clerk/a/actions/${action}`, { method: "POST", headers: JSON_BODY, body: "[]" });
  expect(await (await call("count")).json()).toEqual({ output: 1 });
  expect(await (await call("count")).json()).toEqual({ output: 2 });
  expect((await call("secret")).status).toBe(403);
});
