/** Owns how long to wait before trying again: full jitter, so that clients cut off together do not come back together. */
import type { Runtime } from "./runtime.ts";

const FIRST = 250;
const LONGEST = 30_000;

/** ms before the next attempt, after `failures` in a row; at least what the server asked for. */
export const backoff = (runtime: Runtime, failures: number, retryAfter = 0): number =>
  retryAfter * 1000 + runtime.random() * Math.min(LONGEST, FIRST * 2 ** Math.min(failures, 16));
