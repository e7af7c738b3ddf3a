import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, expect, test, vi } from "vitest";
import { byward } from "../../../tests/cli/process.ts";

// Each starts processes, which take their time on a busy machine.
vi.setConfig({ testTimeout: 90_000, hookTimeout: 90_000 });

const root = fileURLToPath(new URL("../../..", import.meta.url));
const folder = realpathSync(mkdtempSync(join(tmpdir(), "byward-new-")));
afterAll(() => rmSync(folder, { recursive: true }));

const create = (...args: string[]) => byward(["new", ...args], { cwd: folder });

test("a new project has every file filled in and passes its own tests", async () => {
  const { code, stdout } = await create("my-app", "--byward", "1.2.3");
  expect(code).toBe(0);
  expect(stdout).toContain("npm run dev");
  const project = join(folder, "my-app");
  const files = readdirSync(project, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  expect(files.map(({ name }) => name).sort()).toEqual(
    [".gitignore", "README.md", "package.json", "registry.test.ts", "registry.ts", "tsconfig.json"].sort(),
  );
  for (const { name, parentPath } of files) expect(readFileSync(join(parentPath, name), "utf8")).not.toMatch(/__[A-Z]/);
  expect(JSON.parse(readFileSync(join(project, "package.json"), "utf8"))).toMatchObject({
    name: "my-app",
    dependencies: { byward: "1.2.3" },
  });

  // The dependencies of this repository stand in for an installation.
  symlinkSync(join(root, "node_modules"), join(project, "node_modules"));
  const useSource = join(root, "tests", "cli", "use-source.ts");
  const { status, stdout: report } = spawnSync(process.execPath, ["--import", useSource, "--test"], {
    cwd: project,
    encoding: "utf8",
    env: { ...process.env, AUTH_JWT_SECRET: undefined, NODE_TEST_CONTEXT: undefined },
  });
  expect(report).toContain("pass 2");
  expect(status).toBe(0);
});

test("a folder that holds anything is left alone", async () => {
  const full = mkdtempSync(join(folder, "full-"));
  writeFileSync(join(full, "mine.txt"), "mine");
  const { code, stderr } = await create(full);
  expect(code).toBe(2);
  expect(stderr).toContain("new.not_empty");
  expect(readdirSync(full)).toEqual(["mine.txt"]);
});

test("a name no package can have is refused before anything is written", async () => {
  const { code, stderr } = await create("näme");
  expect(code).toBe(2);
  expect(stderr).toContain("new.name");
  expect(readdirSync(folder)).not.toContain("näme");
});
