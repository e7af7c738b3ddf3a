/** Owns where the shards' entry file lies: `.ts` when run from source, `.js` from the build, which rewrites no URLs. */
export const THREAD_ENTRY: URL = new URL(
  import.meta.url.endsWith(".ts") ? "./thread.ts" : "./thread.js",
  import.meta.url,
);
