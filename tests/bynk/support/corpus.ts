/** The valid programs that tests share. `corpus` is one project of ring 1; `later-rings` only has to parse. */
import { readdirSync, readFileSync } from "node:fs";

export interface Program {
  /** Relative to the folder, with forward slashes: in `corpus` it is the unit's name as a path. */
  readonly path: string;
  readonly text: string;
}

export function readPrograms(folder: "corpus" | "later-rings"): readonly Program[] {
  const root = new URL(`../${folder}/`, import.meta.url);
  return readdirSync(root, { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".bynk"))
    .map((path) => path.replaceAll("\\", "/"))
    .toSorted()
    .map((path) => ({ path, text: readFileSync(new URL(path, root), "utf8") }));
}
