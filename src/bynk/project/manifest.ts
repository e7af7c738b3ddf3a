/** `bynk.toml`: what a project says about itself (reference §2.2). Unknown keys are ignored. */
import { type Diagnostic, diagnose } from "../diagnostics/diagnostic.ts";
import { createSourceFile } from "../diagnostics/source-file.ts";
import { readToml, type Toml, type TomlValue } from "./toml.ts";

export interface Manifest {
  /** For display only. */
  readonly name: string | undefined;
  readonly version: string | undefined;
  /** Directories to search; undefined: those of `src` and `tests` that exist, else the root. */
  readonly include: readonly string[] | undefined;
  readonly exclude: readonly string[];
  readonly out: string;
}

export const manifestPath = "bynk.toml";

export const defaultManifest: Manifest = {
  name: undefined,
  version: undefined,
  include: undefined,
  exclude: [],
  out: "out",
};

export function readManifest(text: string): { manifest: Manifest; diagnostics: readonly Diagnostic[] } {
  const source = createSourceFile(manifestPath, text);
  const toml = readToml(text);
  const wrongKinds: Diagnostic[] = [];
  const read = <Value>(key: string, accept: (value: TomlValue) => Value | undefined, expected: string) => {
    const entry = toml.values.get(key);
    if (entry === undefined) return undefined;
    const value = accept(entry.value);
    if (value === undefined) {
      wrongKinds.push(diagnose(source, "bynk.project.bad_manifest", entry.span, { expected: `${key}: ${expected}` }));
    }
    return value;
  };
  const manifest: Manifest = {
    name: read("project.name", asText, "a string"),
    version: read("project.version", asText, "a string"),
    include: read("paths.include", asDirectories, "a list of directories"),
    exclude: read("paths.exclude", asDirectories, "a list of directories") ?? [],
    out: read("paths.out", asText, "a directory") ?? defaultManifest.out,
  };
  return { manifest, diagnostics: [...unreadable(toml, source), ...wrongKinds] };
}

function unreadable(toml: Toml, source: ReturnType<typeof createSourceFile>): readonly Diagnostic[] {
  return toml.problems.map(({ span, expected }) => diagnose(source, "bynk.project.bad_manifest", span, { expected }));
}

function asText(value: TomlValue): string | undefined {
  return typeof value === "string" ? value : undefined;
}

function asDirectories(value: TomlValue): readonly string[] | undefined {
  if (!Array.isArray(value)) return undefined;
  const texts = value.filter((element): element is string => typeof element === "string");
  return texts.length === value.length ? texts.map(normalizeDirectory) : undefined;
}

/** `./src/` and `src` are one directory; `.` is the root. */
export function normalizeDirectory(path: string): string {
  const parts = path.split("/").filter((part) => part !== "" && part !== ".");
  return parts.length === 0 ? "." : parts.join("/");
}
