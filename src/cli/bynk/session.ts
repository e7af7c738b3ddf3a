/** Owns checking and compiling a project again and again: only files whose text has changed are parsed again. */
import { createProject, type Diagnostic, emit, type Program, type Project, type Target } from "../../bynk/index.ts";
import { Progress } from "./progress.ts";
import { type BynkProject, openProject } from "./project.ts";

/** What one round found. */
export interface Round {
  readonly root: string;
  readonly files: Readonly<Record<string, string>>;
  readonly manifest: string | undefined;
  readonly diagnostics: readonly Diagnostic[];
  readonly program: Program | undefined;
  /** Files parsed in this round. */
  readonly parsed: number;
}

export class BynkSession {
  readonly #path: string;
  readonly #target: Target;
  readonly #progress = new Progress();
  #project: Project | undefined;
  #known = new Set<string>();

  constructor(path: string, target: Target) {
    this.#path = path;
    this.#target = target;
  }

  async check(): Promise<Round> {
    const found = await openProject(this.#path, (file) => this.#progress.step("Reading", file));
    this.#progress.clear();
    const project = this.#update(found);
    const { diagnostics, program, work } = project.check();
    const all = [...found.diagnostics, ...diagnostics];
    return {
      root: found.root,
      files: found.files,
      manifest: found.manifest,
      diagnostics: all,
      program: found.diagnostics.length > 0 ? undefined : program,
      parsed: work.parsed.length,
    };
  }

  /** The files of a round without errors. */
  emit(round: Round, out: string): Readonly<Record<string, string>> {
    return round.program === undefined ? {} : emit(round.program, { out });
  }

  #update(found: BynkProject): Project {
    this.#project ??= createProject({ target: this.#target });
    const project = this.#project;
    const paths = new Set(Object.keys(found.files));
    for (const path of this.#known) if (!paths.has(path)) project.removeFile(path);
    for (const [path, text] of Object.entries(found.files)) project.setFile(path, text);
    project.setManifest(found.manifest);
    this.#known = paths;
    return project;
  }
}
