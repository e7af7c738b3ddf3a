/**
 * A Bynk project in memory: files come and go, and `check` says what is wrong and what the program is.
 *
 * I1. A file is parsed again only when its text has changed.
 * I2. A unit is checked again only when it, or a unit it rests on, has changed.
 * I3. The result depends on the files and the settings alone, not on the order of changes.
 */
import { checkUnits } from "./check/check.ts";
import type { Platform, Program, Target } from "./check/model.ts";
import { assembleProgram } from "./check/program.ts";
import type { Units } from "./check/state.ts";
import { type Diagnostic, diagnose } from "./diagnostics/diagnostic.ts";
import { createSourceFile } from "./diagnostics/source-file.ts";
import { includeRoots, type SourcePath, selectSources } from "./project/discovery.ts";
import { Findings, sortDiagnostics } from "./project/findings.ts";
import { firstPartyNames, loadFirstParty } from "./project/first-party.ts";
import { defaultManifest, type Manifest, readManifest } from "./project/manifest.ts";
import { checkSchemaLock, schemaLockPath } from "./project/schema-lock.ts";
import { groupUnits, type ParsedSource, type UnitGroup } from "./project/units.ts";
import { parseFile, type SyntaxTree } from "./syntax/parse.ts";

export interface ProjectOptions {
  /** The text of `bynk.toml`, if there is one. */
  readonly manifest?: string | undefined;
  /** What will be emitted; default `bundle`. */
  readonly target?: Target | undefined;
  /** Where it will run; default `cloudflare`. */
  readonly platform?: Platform | undefined;
}

export interface CheckResult {
  /** In the order of paths and places. */
  readonly diagnostics: readonly Diagnostic[];
  /** Undefined when any diagnostic is an error. */
  readonly program: Program | undefined;
  /** What this check had to do: files parsed and units checked since the one before. */
  readonly work: { readonly parsed: readonly string[]; readonly checked: readonly string[] };
}

export interface Project {
  /** Adds a file, or replaces its text. `path` is relative to the project's root, with forward slashes. */
  readonly setFile: (path: string, text: string) => void;
  readonly removeFile: (path: string) => void;
  /** Replaces the text of `bynk.toml`; undefined when there is none. */
  readonly setManifest: (text: string | undefined) => void;
  /** The syntax tree of a source, as of the last check. */
  readonly syntaxOf: (path: string) => SyntaxTree | undefined;
  /** Checks what has changed since the last call, and tells everything that is wrong. Does not throw. */
  readonly check: () => CheckResult;
}

interface State {
  readonly texts: Map<string, string>;
  readonly trees: Map<string, Tree>;
  readonly firstParty: Map<string, UnitGroup | undefined>;
  readonly target: Target;
  readonly platform: Platform;
  manifest: string | undefined;
  units: Units;
}

interface Tree {
  readonly text: string;
  readonly singleFile: boolean;
  readonly tree: SyntaxTree;
  readonly parsed: ParsedSource;
}

export function createProject(options: ProjectOptions = {}): Project {
  const state: State = {
    texts: new Map(),
    trees: new Map(),
    firstParty: new Map(),
    target: options.target ?? "bundle",
    platform: options.platform ?? "cloudflare",
    manifest: options.manifest,
    units: new Map(),
  };
  return {
    setFile: (path, text) => void state.texts.set(path, text),
    removeFile: (path) => {
      state.texts.delete(path);
      state.trees.delete(path);
    },
    setManifest: (text) => {
      state.manifest = text;
    },
    syntaxOf: (path) => state.trees.get(path)?.tree,
    check: () => checkProject(state),
  };
}

function checkProject(state: State): CheckResult {
  const findings = new Findings();
  const manifest = openManifest(state, findings);
  const parsed: string[] = [];
  const sources = placeSources(state, manifest, findings).map(({ path, place }) =>
    parseSource(state, path, place, parsed),
  );
  const groups = groupUnits(sources, findings);
  const reachable = [...groups, ...firstPartyOf(state, groups)];
  const { units, fresh } = checkUnits(reachable, state.target, state.units);
  state.units = units;
  const diagnostics = collect(state, sources, findings);
  const sound = diagnostics.every((diagnostic) => diagnostic.severity !== "error");
  return {
    diagnostics,
    program: sound ? assembleProgram(units, state.target, state.platform) : undefined,
    work: { parsed, checked: fresh },
  };
}

function openManifest(state: State, findings: Findings): Manifest {
  if (state.manifest === undefined) return defaultManifest;
  const { manifest, diagnostics } = readManifest(state.manifest);
  for (const diagnostic of diagnostics) findings.add(diagnostic);
  return manifest;
}

interface Placed {
  readonly path: string;
  readonly place: SourcePath | undefined;
}

/** The sources of the project, or the one file that stands alone (reference §2.1). */
function placeSources(state: State, manifest: Manifest, findings: Findings): readonly Placed[] {
  const paths = [...state.texts.keys()];
  const [only] = paths;
  if (paths.length === 1 && only !== undefined && !only.includes("/") && state.manifest === undefined) {
    return [{ path: only, place: undefined }];
  }
  const lock = state.texts.get(schemaLockPath);
  if (lock !== undefined) checkSchemaLock(lock, findings);
  const sources = selectSources(paths, manifest);
  if (sources.length === 0) {
    const roots = includeRoots(paths, manifest).map((root) => `\`${root}\``);
    const source = createSourceFile("", "");
    findings.add(diagnose(source, "bynk.project.no_sources", { start: 0, end: 0 }, { roots: roots.join(", ") }));
  }
  return sources.map((place) => ({ path: place.path, place }));
}

function parseSource(state: State, path: string, place: SourcePath | undefined, done: string[]): ParsedSource {
  const text = state.texts.get(path) ?? "";
  const singleFile = place === undefined;
  const known = state.trees.get(path);
  if (known?.text === text && known.singleFile === singleFile) {
    // The include root may have changed with the manifest; the tree stays.
    return known.parsed.place?.root === place?.root ? known.parsed : { ...known.parsed, place };
  }
  done.push(path);
  const tree = parseFile(path, text, { singleFile });
  const broken = tree.diagnostics.some((diagnostic) => diagnostic.severity === "error");
  const parsed = { source: tree.source, ast: tree.ast, place, broken };
  state.trees.set(path, { text, singleFile, tree, parsed });
  return parsed;
}

/** The first-party units that the groups name. */
function firstPartyOf(state: State, groups: readonly UnitGroup[]): readonly UnitGroup[] {
  const named = new Set(groups.flatMap((group) => group.parts.flatMap((part) => part.node.items.flatMap(targetOf))));
  const taken = new Set(groups.map((group) => group.name));
  return firstPartyNames
    .filter((name) => named.has(name) && !taken.has(name))
    .flatMap((name) => {
      if (!state.firstParty.has(name)) state.firstParty.set(name, loadFirstParty(name));
      return state.firstParty.get(name) ?? [];
    });
}

function targetOf(item: UnitGroup["parts"][number]["node"]["items"][number]): readonly string[] {
  return item.kind === "UsesClause" || item.kind === "ConsumesClause" ? [item.target.text] : [];
}

function collect(state: State, sources: readonly ParsedSource[], findings: Findings): readonly Diagnostic[] {
  const syntax = sources.flatMap(({ source }) => state.trees.get(source.path)?.tree.diagnostics ?? []);
  const units = [...state.units.values()].flatMap((unit) => unit.findings.all);
  return sortDiagnostics([...syntax, ...findings.all, ...units]);
}
