import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

/**
 * Files side by side: many of them wait for timers and processes most of their time, so two even where one processor is
 * left; and eight at most, for many start processes and threads of their own.
 */
const WORKERS = Math.min(8, Math.max(2, availableParallelism() - 1));

const source = (path: string): string => fileURLToPath(new URL(`./src/${path}`, import.meta.url));

/** Tests import `byward` and its subpaths as users do; here those names mean the source, not the build. */
export default defineConfig({
  resolve: {
    alias: [
      { find: /^byward$/, replacement: source("index.node.ts") },
      { find: /^byward\/client$/, replacement: source("client/index.ts") },
      { find: /^byward\/testing$/, replacement: source("testing/index.ts") },
      { find: /^byward\/react$/, replacement: source("client/react/index.ts") },
      { find: /^byward\/bynk\/runtime$/, replacement: source("bynk/runtime/index.ts") },
      { find: /^byward\/hono$/, replacement: source("registry/services-hono.ts") },
      { find: /^byward\/bynk$/, replacement: source("bynk/index.ts") },
      { find: /^byward\/cloudflare$/, replacement: source("hosts/cloudflare/index.ts") },
      { find: /^byward\/telemetry$/, replacement: source("telemetry/index.ts") },
      { find: /^byward\/rivet$/, replacement: source("hosts/rivet/index.ts") },
      { find: /^byward\/cedar$/, replacement: source("cedar/index.node.ts") },
    ],
  },
  test: {
    include: ["src/**/*.test.ts", "src/**/*.test.tsx", "tests/**/*.test.ts", "examples/**/*.test.ts"],
    // Bounds for what hangs, not for what is slow: the machine may have one core, and others on it.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    expect: { poll: { timeout: 30_000 } },
    pool: "forks",
    maxWorkers: WORKERS,
    env: { BYWARD_LOG: "silent" },
  },
});
