/** Owns where the entry file of development children lies: `.ts` when run from source, `.js` from the build, which rewrites no URLs. */
import { fileURLToPath } from "node:url";

export const CHILD_ENTRY: string = fileURLToPath(
  new URL(import.meta.url.endsWith(".ts") ? "./child.ts" : "./child.js", import.meta.url),
);
