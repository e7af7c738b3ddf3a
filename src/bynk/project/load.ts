/**
 * Finding a project on a disk that someone else reads: the root, its manifest and its sources (reference §2.1–§2.3).
 *
 * I1. Nothing here touches a file system; all of it comes through `Disk`.
 * I2. A file that cannot be read is a diagnostic, and the others are still loaded.
 */
import { type Diagnostic, diagnose } from "../diagnostics/diagnostic.ts";
import { createSourceFile } from "../diagnostics/source-file.ts";
import { selectSources } from "./discovery.ts";
import { defaultManifest, manifestPath, readManifest } from "./manifest.ts";

/** What loading needs of a file system. Paths are absolute or relative to whatever the host likes, with slashes. */
export interface Disk {
  /** All files below a folder, relative to it. Hosts may leave out `node_modules` and dot-folders. */
  readonly list: (folder: string) => Promise<readonly string[]>;
  /** The bytes of a file; rejects when it cannot be read. */
  readonly read: (path: string) => Promise<Uint8Array>;
  readonly exists: (path: string) => Promise<boolean>;
}

export interface LoadedProject {
  readonly root: string;
  readonly files: Readonly<Record<string, string>>;
  readonly manifest: string | undefined;
  readonly diagnostics: readonly Diagnostic[];
}

/**
 * The nearest folder at or above `start` that has a `bynk.toml` or a `src` folder.
 *
 * `start` is a folder. When it is given explicitly as the project, there is no need to ask.
 */
export async function findProjectRoot(
  start: string,
  disk: Disk,
): Promise<{ root: string } | { diagnostics: readonly Diagnostic[] }> {
  for (let folder = trimSlash(start); ; folder = parentOf(folder)) {
    if (await disk.exists(join(folder, manifestPath))) return { root: folder };
    if (await disk.exists(join(folder, "src"))) return { root: folder };
    if (folder === parentOf(folder)) break;
  }
  const source = createSourceFile(start, "");
  return { diagnostics: [diagnose(source, "bynk.project.no_root", { start: 0, end: 0 }, { path: start })] };
}

/** Reads the manifest and every source of the project at `root`. */
export async function loadProject(root: string, disk: Disk): Promise<LoadedProject> {
  const diagnostics: Diagnostic[] = [];
  const manifest = (await disk.exists(join(root, manifestPath)))
    ? await readText(root, manifestPath, disk, diagnostics)
    : undefined;
  const settings = manifest === undefined ? defaultManifest : readManifest(manifest).manifest;
  const files: Record<string, string> = {};
  for (const { path } of selectSources(await disk.list(root), settings)) {
    const text = await readText(root, path, disk, diagnostics);
    if (text !== undefined) files[path] = text;
  }
  return { root, files, manifest, diagnostics };
}

async function readText(
  root: string,
  path: string,
  disk: Disk,
  diagnostics: Diagnostic[],
): Promise<string | undefined> {
  try {
    const bytes = await disk.read(join(root, path));
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (error) {
    const reason = error instanceof TypeError ? "it is not UTF-8 text" : "the file could not be opened";
    const source = createSourceFile(path, "");
    diagnostics.push(diagnose(source, "bynk.project.read_failed", { start: 0, end: 0 }, { path, reason }));
    return undefined;
  }
}

function join(folder: string, name: string): string {
  if (folder === "" || folder === ".") return name;
  return folder.endsWith("/") ? `${folder}${name}` : `${folder}/${name}`;
}

function trimSlash(folder: string): string {
  return folder.length > 1 && folder.endsWith("/") ? folder.slice(0, -1) : folder;
}

function parentOf(folder: string): string {
  const slash = folder.lastIndexOf("/");
  if (slash < 0) return folder;
  return slash === 0 ? "/" : folder.slice(0, slash);
}
