import { mergeConfig } from "vitest/config";
import base from "./vitest.config.ts";

/** Tests that need the packages of `tests/rivet`: `npm run verify:rivet`. */
export default mergeConfig(
  { ...base, test: { ...base.test, include: [] } },
  {
    test: { include: ["tests/rivet/**/*.rivet.ts"], testTimeout: 60_000, hookTimeout: 60_000, fileParallelism: false },
  },
);
