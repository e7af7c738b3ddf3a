/** Where threads cannot be had, one thread serves, and the log says why; and how a program of its own is started. */
import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import { moduleFor, workersFor } from "../../src/hosts/node/shards/workers-option.ts";
import { call, serveWorld } from "./rig.ts";

const here = (name: string): string => fileURLToPath(new URL(`./${name}`, import.meta.url));

test.each([
  ["one worker", { workers: 1 }],
  ["no module: a test runner was started, not a program", { module: null }],
  ["a module that is not there", { module: "./nowhere.ts" }],
  ["a module that throws", { module: new URL("./throwing-module.ts", import.meta.url) }],
  ["a module with another registry", { module: new URL("./conformance-registry.ts", import.meta.url) }],
] as const)("%s: one thread serves", async (_why, options) => {
  const world = await serveWorld(options);
  expect(world.served.workers).toBe(1);
  expect(await world.act("a", "thread")).toBe(await world.act("b", "thread"));
  expect(await world.act("a", "ask", "b", "add", "x")).toBe(1);
});

test("a number of workers is a whole number in bounds", async () => {
  for (const workers of [0, -1, 1.5, 129, Number.NaN]) {
    expect(() => workersFor(workers)).toThrow(expect.objectContaining({ code: "serve.workers_invalid" }));
  }
  expect(workersFor(undefined)).toBe(1);
  expect(workersFor("auto")).toBeGreaterThan(0);
});

test("without a module, the program's own file is run; not one of a package", () => {
  const [, entry] = process.argv;
  onTestFinished(() => {
    process.argv[1] = entry!;
  });
  expect(moduleFor(undefined)).toEqual({ why: expect.stringContaining("started by a package's command") });
  process.argv[1] = here("world.ts");
  expect(moduleFor(undefined)).toEqual({ url: new URL("./world.ts", import.meta.url).href });
  delete process.argv[1];
  expect(moduleFor(undefined)).toEqual({ why: expect.stringContaining("not started from a file") });
});

interface Program {
  readonly lines: readonly string[];
  readonly errors: readonly string[];
  readonly url: string;
}

/** Runs a program until it has printed a line of JSON with a url. */
async function run(args: readonly string[]): Promise<Program> {
  const dataDir = await mkdtemp(join(tmpdir(), "byward-shards-"));
  const child = spawn(process.execPath, [...args], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, BYWARD_LOG: "warn", BYWARD_TEST_DATA: dataDir, NODE_OPTIONS: "" },
    cwd: dataDir,
  });
  onTestFinished(async () => {
    child.kill("SIGKILL");
    await rm(dataDir, { recursive: true, force: true });
  });
  const lines: string[] = [];
  const errors: string[] = [];
  child.stderr.on("data", (chunk: Buffer) => errors.push(chunk.toString()));
  const url = await new Promise<string>((resolve, reject) => {
    child.stdout.on("data", (chunk: Buffer) => {
      lines.push(...chunk.toString().split("\n").filter(Boolean));
      const said = lines.find((line) => line.includes('"url"'));
      if (said !== undefined) resolve((JSON.parse(said) as { url: string }).url);
    });
    child.once("exit", (code) => reject(new Error(`ended with ${code}: ${errors.join("")}`)));
  });
  return { lines, errors, url };
}

test("a program that serves by itself: what follows serve() runs once", async () => {
  const { lines, url } = await run([here("program.ts")]);
  expect(new Set([await one(url, "a"), await one(url, "b"), await one(url, "c"), await one(url, "d")]).size).toBe(2);
  expect(lines.filter((line) => line === "before")).toHaveLength(3);
  expect(lines.filter((line) => line.includes('"url"'))).toHaveLength(1);
});

test("byward serve --workers", async () => {
  const cli = fileURLToPath(new URL("../../src/cli/main.ts", import.meta.url));
  const { lines, url } = await run([cli, "serve", here("world.ts"), "--port", "0", "--workers", "2", "--json"]);
  expect(JSON.parse(lines[0]!)).toMatchObject({ workers: 2 });
  expect(await one(url, "a")).toBeGreaterThan(0);
});

test("an evaluated program is served by one thread, and its log says why", async () => {
  const code = `
    const { build } = await import(${JSON.stringify(new URL("./world.ts", import.meta.url).href)});
    const { url, workers } = await build().serve({ port: 0, workers: 2, dataDir: process.env.BYWARD_TEST_DATA });
    console.log(JSON.stringify({ url, workers }));
  `;
  const { lines, errors, url } = await run(["--input-type=module", "-e", code]);
  expect(JSON.parse(lines[0]!)).toMatchObject({ workers: 1 });
  expect(await one(url, "a")).toBe(0);
  expect(errors.join("")).toContain("not started from a file");
});

const one = async (url: string, key: string): Promise<number> => (await call(url, key, "thread")).body;
