import { defineConfig } from "vitest/config";

/** What is tested on the build and on the packed package, as users get them; slower than other tests. */
export default defineConfig({
  test: {
    include: ["tests/package/**/*.verify.ts"],
    testTimeout: 180_000,
    hookTimeout: 300_000,
    fileParallelism: false,
  },
});
