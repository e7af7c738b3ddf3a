import { mergeConfig } from "vitest/config";
import base from "./vitest.config.ts";

/** Tests too long for every change: `npm run verify:long`. */
export default mergeConfig(
  { ...base, test: { ...base.test, include: [] } },
  {
    test: {
      include: ["src/**/*.long.ts", "tests/**/*.long.ts"],
      testTimeout: 30 * 60_000,
      passWithNoTests: true,
      fileParallelism: false,
    },
  },
);
