/** Owns how paths are shown: from the working directory where they lie in it, whole where they do not. */
import { relative } from "node:path";

export function shownPath(path: string): string {
  const near = relative(process.cwd(), path);
  if (near === "") return ".";
  return near.startsWith("..") ? path : near;
}
