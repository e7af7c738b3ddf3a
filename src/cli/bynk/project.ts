/**
 * Owns finding a Bynk project on this machine's disk: what a command was given becomes a root, its manifest and its sources
 * (ruling 32). A file that is a context stands for its project.
 */
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { basename, dirname, join, relative, resolve, sep } from "node:path";
import { type Diagnostic, type Disk, loadProject } from "../../bynk/index.ts";
import { CommandFailure } from "../failure.ts";

/** A project as it stands on disk. */
export interface BynkProject {
  /** Absolute. */
  readonly root: string;
  /** Texts by path below the root, with forward slashes. */
  readonly files: Readonly<Record<string, string>>;
  readonly manifest: string | undefined;
  /** What could not be read. */
  readonly diagnostics: readonly Diagnostic[];
}

/** True for what `byward dev` should compile first: a `.bynk` file, or a folder that holds a Bynk project. */
export function isBynk(path: string): boolean {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats === undefined) return path.endsWith(".bynk");
  if (stats.isFile()) return path.endsWith(".bynk");
  return existsSync(join(path, "bynk.toml")) || sourcesBelow(path).length > 0;
}

/** Reads the project of a file or folder. `read` is told of each file. @throws CommandFailure `bynk.missing` */
export async function openProject(path: string, read: (file: string) => void = () => {}): Promise<BynkProject> {
  const full = resolve(path);
  const stats = statSync(full, { throwIfNoEntry: false });
  if (stats === undefined) {
    throw new CommandFailure("bynk.missing", `${path} is not there.`, {
      hint: "Name a .bynk file, or the folder of a project.",
      exitCode: 2,
    });
  }
  if (stats.isDirectory()) return load(full, undefined, read);
  const root = projectAbove(dirname(full));
  if (root !== undefined) return load(root, undefined, read);
  const text = readFileSync(full, "utf8");
  if (isLoneCommons(text)) {
    read(basename(full));
    return { root: dirname(full), files: { [basename(full)]: text }, manifest: undefined, diagnostics: [] };
  }
  // Without a manifest the folder itself is where sources are.
  return load(rootOf(full, text), "", read);
}

async function load(root: string, manifest: string | undefined, read: (file: string) => void): Promise<BynkProject> {
  const disk: Disk = {
    list: async (folder) => sourcesBelow(folder),
    async read(file) {
      read(relative(root, file));
      return readFile(file);
    },
    exists: async (file) => existsSync(file),
  };
  const loaded = await loadProject(root, disk);
  return { ...loaded, root, manifest: loaded.manifest ?? manifest };
}

/** Sources below a folder, relative to it; what tools keep for themselves is left out. */
export function sourcesBelow(folder: string): readonly string[] {
  const found: string[] = [];
  const visit = (at: string): void => {
    for (const entry of readdirSync(at, { withFileTypes: true })) {
      if (entry.name === "node_modules" || entry.name.startsWith(".")) continue;
      const path = join(at, entry.name);
      if (entry.isDirectory()) visit(path);
      else if (entry.name.endsWith(".bynk")) found.push(relative(folder, path).split(sep).join("/"));
    }
  };
  visit(folder);
  return found.toSorted();
}

function projectAbove(folder: string): string | undefined {
  if (existsSync(join(folder, "bynk.toml"))) return folder;
  const above = dirname(folder);
  return above === folder ? undefined : projectAbove(above);
}

const HEADER = /^[ \t]*(commons|context|adapter)[ \t]+([A-Za-z][\w.]*)/m;

function isLoneCommons(text: string): boolean {
  return HEADER.exec(text)?.[1] === "commons" && !/^[ \t]*uses[ \t]/m.test(text);
}

/** `…/shop/api.bynk` that holds `shop.api` belongs to the folder above `shop`. */
function rootOf(file: string, text: string): string {
  const steps = (HEADER.exec(text)?.[2] ?? "").split(".");
  const expected = `${sep}${steps.join(sep)}.bynk`;
  return file.endsWith(expected) ? file.slice(0, -expected.length) || sep : dirname(file);
}
