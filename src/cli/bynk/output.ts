/** Owns writing what was compiled. Files whose text is the same are left alone, so that nobody who watches them stirs. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** Writes files below `folder`; gives the paths of those that changed. */
export function writeOutput(
  folder: string,
  files: Readonly<Record<string, string>>,
  step: (file: string) => void = () => {},
): readonly string[] {
  const changed: string[] = [];
  for (const [path, text] of Object.entries(files)) {
    step(path);
    const file = join(folder, path);
    if (existsSync(file) && readFileSync(file, "utf8") === text) continue;
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
    changed.push(path);
  }
  return changed;
}
