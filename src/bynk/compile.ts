/**
 * Compiling Bynk, as users call it: files in, diagnostics and files out.
 *
 * I1. It never throws, whatever the files hold.
 * I2. The same input gives the same output, byte for byte.
 * I3. With an error among the diagnostics there are no files.
 */
import type { Platform, Target } from "./check/model.ts";
import { type Diagnostic, diagnose } from "./diagnostics/diagnostic.ts";
import { createSourceFile } from "./diagnostics/source-file.ts";
import { emitProgram } from "./emit/emit.ts";
import { defaultManifest, readManifest } from "./project/manifest.ts";
import { type CheckResult, createProject } from "./project.ts";

export interface CompileInput {
  /** Texts by path, relative to the project's root with forward slashes: `src/library/desk.bynk`. */
  readonly files: Readonly<Record<string, string>>;
  /** The text of `bynk.toml`. */
  readonly manifest?: string | undefined;
  /** `bundle` (default): contexts in one process. `worker`: an entry for each context. */
  readonly target?: Target | undefined;
  /** Default `cloudflare`. */
  readonly platform?: Platform | undefined;
}

export interface CompileResult {
  /** In the order of paths and places. */
  readonly diagnostics: readonly Diagnostic[];
  /** TypeScript by path; empty when there is an error. */
  readonly files: Readonly<Record<string, string>>;
}

/**
 * Compiles a project, or a single commons when exactly one file without a folder and no manifest is given.
 *
 * Never throws: everything that is wrong is in `diagnostics`.
 */
export function compile(input: CompileInput): CompileResult {
  const { diagnostics, program } = check(input);
  if (program === undefined) return { diagnostics, files: {} };
  try {
    return { diagnostics, files: emitProgram(program, { out: outOf(input) }) };
  } catch (fault) {
    return { diagnostics: [...diagnostics, describeFault(fault)], files: {} };
  }
}

function outOf({ manifest }: CompileInput): string {
  return manifest === undefined ? defaultManifest.out : readManifest(manifest).manifest.out;
}

/** Checks without emitting. Never throws. */
export function check(input: CompileInput): CheckResult {
  try {
    const project = createProject(input);
    for (const path of Object.keys(input.files)) project.setFile(path, input.files[path] ?? "");
    return project.check();
  } catch (fault) {
    return { diagnostics: [describeFault(fault)], program: undefined, work: { parsed: [], checked: [] } };
  }
}

/** A mistake of the compiler's own, told like any other finding: whoever embeds it must not fall with it. */
function describeFault(fault: unknown): Diagnostic {
  const reason = fault instanceof Error ? fault.message : "unknown";
  return diagnose(createSourceFile("", ""), "bynk.internal", { start: 0, end: 0 }, { reason });
}
