import { mergeConfig } from "vitest/config";
import base from "../../vitest.config.ts";

/** Tests that need this folder's own packages: `npm run verify:rivet`. */
export default mergeConfig(
  { ...base, test: { ...base.test, include: [] } },
  {
    root: new URL("../..", import.meta.url).pathname,
    test: { include: ["tests/rivet/**/*.rivet.ts"], testTimeout: 60_000, hookTimeout: 60_000, fileParallelism: false },
  },
);
