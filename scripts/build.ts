/**
 * Builds `dist/` from `src/`: a clean folder, compiled by tsc, its modules joined into few files (`build/bundle.ts`). Types are
 * checked by `npm run types`, not here. `--if-stale` does nothing when no source is newer than the last build. Runs as
 * `prepare`, so that `npm ci` alone leaves every subpath importable.
 */
import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const dist = join(root, "dist");
const stamp = join(dist, ".built");
const inputs = ["src", "scripts/build.ts", "scripts/build", "package.json", "tsconfig.json", "tsconfig.build.json"];

if (process.argv.includes("--if-stale") && !isStale()) process.exit(0);
await build();

async function build(): Promise<void> {
  const startedAt = new Date();
  rmSync(dist, { recursive: true, force: true });
  const tsc = join(root, "node_modules", "typescript", "bin", "tsc");
  const { status } = spawnSync(process.execPath, [tsc, "-p", "tsconfig.build.json", "--noCheck"], {
    cwd: root,
    stdio: "inherit",
  });
  if (status !== 0) process.exit(status ?? 1);
  const { exports, bin } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  const { bundle } = await import("./build/bundle.ts");
  await bundle(dist, [exports, bin]);
  chmodSync(join(dist, "cli", "main.js"), 0o755);
  writeFileSync(stamp, "");
  // A source saved while tsc ran must count as newer than what was built.
  utimesSync(stamp, startedAt, startedAt);
}

function isStale(): boolean {
  if (!existsSync(stamp)) return true;
  const builtAt = statSync(stamp).mtimeMs;
  return inputs.some((input) => newest(join(root, input)) > builtAt);
}

function newest(path: string): number {
  const stats = statSync(path);
  if (!stats.isDirectory()) return stats.mtimeMs;
  return Math.max(stats.mtimeMs, ...readdirSync(path).map((name) => newest(join(path, name))));
}
