/** Owns facts about the installed package: where it is, and what its manifest says. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** The package's root, with a slash at the end: two folders up, from `src/cli` as from `dist/cli`. */
export const packageRoot = fileURLToPath(new URL("../../", import.meta.url));

export interface Manifest {
  readonly version: string;
  readonly devDependencies: Readonly<Record<string, string>>;
}

export function packageManifest(): Manifest {
  return JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"));
}
