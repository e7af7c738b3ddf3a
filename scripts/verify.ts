/**
 * Runs all that must hold before a change is accepted, as CI does; goes on after a failure, so that one run shows all. The
 * last line is `N passed, N failed`: tests as Vitest counted them, and every other step that failed.
 *
 * `--long` runs instead what takes longer than a change can wait: tests named `*.long.ts`, and the benches.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const reports = mkdtempSync(join(tmpdir(), "byward-verify-"));
const bin = (name: string): string => join(root, "node_modules", ".bin", name);

interface Step {
  readonly name: string;
  readonly command: readonly string[];
  /** Vitest writes its counts there. */
  readonly report?: string;
}

function vitest(name: string, ...more: readonly string[]): Step {
  const report = join(reports, `${name.replaceAll(" ", "-")}.json`);
  const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${report}`];
  return { name, command: [bin("vitest"), "run", ...more, ...reporters], report };
}

const SHORT: readonly Step[] = [
  { name: "format and lint", command: [bin("biome"), "ci", "."] },
  { name: "types", command: [bin("tsc"), "-p", "tsconfig.json"] },
  { name: "build", command: [process.execPath, "scripts/build.ts"] },
  { name: "client size", command: [process.execPath, "scripts/client-size.ts"] },
  vitest("tests"),
  vitest("package", "--config", "vitest.package.config.ts"),
  { name: "attack", command: [process.execPath, "scripts/attack-examples.ts"] },
];
const LONG: readonly Step[] = [
  { name: "build", command: [process.execPath, "scripts/build.ts"] },
  vitest("long tests", "--config", "vitest.long.config.ts"),
  { name: "benches", command: [process.execPath, "scripts/bench.ts"] },
];

/** A log is read as a file: colours only for somebody who watches. */
const ENV = process.stdout.isTTY ? process.env : { ...process.env, NO_COLOR: "1", FORCE_COLOR: undefined };

interface Result {
  readonly name: string;
  readonly passed: number;
  readonly failed: number;
  readonly seconds: number;
}

function run(step: Step): Result {
  console.log(`\n── ${step.name}`);
  const startedAt = performance.now();
  const [program = "", ...args] = step.command;
  const { status } = spawnSync(program, args, { cwd: root, stdio: "inherit", env: ENV });
  const counts = step.report === undefined ? null : countsOf(step.report);
  // A step that fails without a failed test, such as a file that does not load, counts as one.
  const failed = Math.max(counts?.failed ?? 0, status === 0 ? 0 : 1);
  return { name: step.name, passed: counts?.passed ?? 0, failed, seconds: (performance.now() - startedAt) / 1000 };
}

function countsOf(report: string): { readonly passed: number; readonly failed: number } | null {
  try {
    const { numPassedTests, numFailedTests } = JSON.parse(readFileSync(report, "utf8"));
    return { passed: numPassedTests, failed: numFailedTests };
  } catch {
    return null;
  }
}

const results = (process.argv.includes("--long") ? LONG : SHORT).map(run);
rmSync(reports, { recursive: true });

console.log("");
for (const { name, passed, failed, seconds } of results) {
  const counts = passed + failed === 0 ? "" : `  ${passed} passed, ${failed} failed`;
  console.log(`${failed === 0 ? "✓" : "✗"} ${name.padEnd(16)} ${seconds.toFixed(1).padStart(6)} s${counts}`);
}
const total = (key: "passed" | "failed"): number => results.reduce((sum, result) => sum + result[key], 0);
console.log(`${total("passed")} passed, ${total("failed")} failed`);
process.exitCode = total("failed") === 0 ? 0 : 1;
