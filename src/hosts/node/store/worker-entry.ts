/** Owns where the threads' entry file lies: `.ts` when run from source, `.js` from the build, which rewrites no URLs. */
export const WORKER_ENTRY: URL = new URL(
  import.meta.url.endsWith(".ts") ? "./worker.ts" : "./worker.js",
  import.meta.url,
);
