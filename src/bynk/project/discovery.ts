/** Which of a project's files are sources, and where each stands below its include root (reference §2.2, §2.3). */
import { type Manifest, normalizeDirectory } from "./manifest.ts";

export interface SourcePath {
  /** Relative to the project root. */
  readonly path: string;
  /** The include root it was found under; `.` for the project root. */
  readonly root: string;
  /** Relative to that root. */
  readonly relative: string;
}

const standardRoots = ["src", "tests"];

/** The source files among `paths`, sorted by path. A file under two include roots belongs to the deeper one. */
export function selectSources(paths: readonly string[], manifest: Manifest): readonly SourcePath[] {
  const candidates = paths.filter((path) => path.endsWith(".bynk"));
  const roots = includeRoots(candidates, manifest).toSorted((a, b) => b.length - a.length);
  const skipped = [...manifest.exclude, normalizeDirectory(manifest.out)].filter((folder) => folder !== ".");
  return candidates
    .filter((path) => !isToolFolder(path) && !skipped.some((folder) => isInside(path, folder)))
    .flatMap((path) => placeUnder(path, roots))
    .toSorted((a, b) => (a.path < b.path ? -1 : 1));
}

/** The folders a project is searched in. */
export function includeRoots(paths: readonly string[], manifest: Manifest): readonly string[] {
  if (manifest.include !== undefined) return manifest.include;
  const standard = standardRoots.filter((root) => paths.some((path) => isInside(path, root)));
  return standard.length > 0 ? standard : ["."];
}

function placeUnder(path: string, roots: readonly string[]): readonly SourcePath[] {
  const root = roots.find((candidate) => candidate === "." || isInside(path, candidate));
  if (root === undefined) return [];
  return [{ path, root, relative: root === "." ? path : path.slice(root.length + 1) }];
}

function isInside(path: string, folder: string): boolean {
  return path.startsWith(`${folder}/`);
}

function isToolFolder(path: string): boolean {
  return path
    .split("/")
    .slice(0, -1)
    .some((part) => part === "node_modules" || part.startsWith("."));
}
