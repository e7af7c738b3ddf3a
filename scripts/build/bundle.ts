/**
 * Owns joining the compiled modules of `dist/` into few files, since Node pays for each file it loads: the root of the package
 * was 135 of them. Declarations stay as they are.
 *
 * B1 A module is in one file only, so that a class is the same class whatever entry it comes through. B2 What the portable root
 *    loads is one file, the core; the rest is split by who reaches it, and `import()` stays lazy. B3 Apart, each a file of its
 *    own: the client and the protocol, which other bundlers take into pages module by module, and modules that know where they
 *    lie. B4 A file that is written names only files that are written: the build fails otherwise.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, relative, resolve, sep } from "node:path";
import { type BuildOptions, build, type Metafile, type Plugin } from "esbuild";
import { CORE, type CoreNames, coreNames, coreText, placed, placedInCore, written } from "./places.ts";

/** The root whose modules make the core. */
const ROOT = "index.js";
const CHUNKS = "chunks";
const APART = /^(client|protocol)\//;
/** Started by path, as threads and processes: `package.json` does not name them. */
const STARTED = ["hosts/node/store/worker.js", "hosts/node/shards/thread.js", "cli/dev/child.js"];

/** A tree of conditions, with paths from the package's root as leaves. */
type Targets = string | readonly Targets[] | { readonly [condition: string]: Targets };

interface Core {
  readonly names: CoreNames;
  /** What the core loads when it is first used: entries, of which it knows the paths. */
  readonly lazy: ReadonlySet<string>;
}

/** Joins the modules below `dist`. `named` is what the manifest exports, and its commands. */
export async function bundle(dist: string, named: Targets): Promise<void> {
  const modules = modulesOf(dist);
  const apart = new Set(modules.filter((path) => APART.test(path) || knowsItsPlace(join(dist, path))));
  const core = await coreOf(dist, apart);
  const entries = new Set([...pathsIn(named), ...STARTED, ...core.lazy].filter((path) => !apart.has(path)));

  const both = [...entries].find((path) => core.names.has(path));
  if (both !== undefined) throw new Error(`dist/${both} is an entry and part of the core: it would be in two files`);

  const joined = await build({
    ...common(dist),
    stdin: { contents: coreText(core.names), resolveDir: dist },
    outfile: join(dist, CORE),
    plugins: [leave(dist, (path) => (apart.has(path) || core.lazy.has(path) ? placed(path) : null))],
  });
  const rest = await build({
    ...common(dist),
    entryPoints: [...entries],
    outbase: dist,
    outdir: dist,
    splitting: true,
    chunkNames: `${CHUNKS}/[name]-[hash]`,
    plugins: [
      leave(dist, (path) => (core.names.has(path) ? placedInCore(path) : apart.has(path) ? placed(path) : null)),
    ],
  });

  for (const path of modules) if (!apart.has(path)) rmSync(join(dist, path));
  for (const { path, text } of [...joined.outputFiles, ...rest.outputFiles]) {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, written(text, below(dist, path), core.names));
  }
  for (const path of modulesOf(dist)) assertWhole(join(dist, path));
}

async function coreOf(dist: string, apart: ReadonlySet<string>): Promise<Core> {
  const { metafile } = await build({ ...common(dist), entryPoints: [ROOT], outdir: dist });
  const members = new Set<string>();
  const lazy = new Set<string>();
  const visit = (path: string): void => {
    if (members.has(path) || apart.has(path)) return;
    members.add(path);
    for (const { path: next, kind } of importsOf(metafile, path)) {
      if (kind === "import-statement") visit(next);
      else if (!apart.has(next)) lazy.add(next);
    }
  };
  visit(ROOT);
  members.delete(ROOT);
  for (const path of members) lazy.delete(path);
  return { names: coreNames(await exportsOf(dist, [...members].sort())), lazy };
}

const importsOf = (metafile: Metafile, path: string): readonly { readonly path: string; readonly kind: string }[] =>
  metafile.inputs[path]!.imports.filter(({ external }) => external !== true);

async function exportsOf(dist: string, modules: readonly string[]): Promise<ReadonlyMap<string, readonly string[]>> {
  const { metafile } = await build({
    ...common(dist),
    bundle: false,
    packages: undefined,
    entryPoints: [...modules],
    outbase: dist,
    outdir: dist,
  });
  return new Map(modules.map((path) => [path, metafile.outputs[path]!.exports]));
}

/** Leaves imports of modules for which `specifier` has one. */
function leave(dist: string, specifier: (path: string) => string | null): Plugin {
  return {
    name: "leave",
    setup: ({ onResolve }) => {
      onResolve({ filter: /^\./ }, ({ path, resolveDir }) => {
        const left = specifier(below(dist, resolve(resolveDir, path)));
        return left === null ? undefined : { path: left, external: true, sideEffects: false };
      });
    },
  };
}

/** @throws Error when a file names another that is not there (B4) */
function assertWhole(path: string): void {
  for (const [, to = ""] of readFileSync(path, "utf8").matchAll(/["'](\.\.?\/[^"'`$\s]+\.js)["']/g)) {
    if (!existsSync(resolve(dirname(path), to)))
      throw new Error(`${path} names ${to}, which is joined into another file`);
  }
}

/** `createRequire(import.meta.url)` does not count: packages are found from every file of this one. */
const knowsItsPlace = (path: string): boolean =>
  /new URL\([^;]*import\.meta\.url|import\.meta\.(dir|file)name/.test(readFileSync(path, "utf8"));

function common(dist: string) {
  return {
    absWorkingDir: dist,
    bundle: true,
    format: "esm",
    platform: "neutral",
    packages: "external",
    target: "esnext",
    charset: "utf8",
    logLevel: "warning",
    metafile: true,
    write: false,
  } satisfies BuildOptions;
}

function modulesOf(dist: string): readonly string[] {
  return readdirSync(dist, { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".js"))
    .map(posixly);
}

function pathsIn(targets: Targets): readonly string[] {
  if (typeof targets !== "string") return Object.values(targets).flatMap(pathsIn);
  const [, path] = /^\.\/dist\/(.+\.js)$/.exec(targets) ?? [];
  return path === undefined ? [] : [path];
}

const below = (dist: string, path: string): string => posixly(relative(dist, path));
const posixly = (path: string): string => path.split(sep).join("/");
