/** Owns `byward compile`: turns a Bynk file or project into TypeScript. Writes nothing when there is an error. */
import { join, relative, resolve, sep } from "node:path";
import { type Command, Option } from "commander";
import { defaultManifest, readManifest } from "../../bynk/project/manifest.ts";
import { writeOutput } from "../bynk/output.ts";
import { Progress } from "../bynk/progress.ts";
import { countOf, report } from "../bynk/report.ts";
import { BynkSession } from "../bynk/session.ts";
import { watchSources } from "../bynk/watch.ts";
import { CommandFailure } from "../failure.ts";
import { shownPath } from "../shown-path.ts";
import { waitForStop } from "../stop.ts";
import { paint, stdout } from "../terminal.ts";

interface CompileFlags {
  readonly out?: string;
  readonly target: "bundle" | "worker";
  readonly json?: boolean;
  readonly watch?: boolean;
}

export function define(command: Command): void {
  command
    .description("Compile a Bynk file or project to TypeScript: one module for each unit, with source maps.")
    .argument("[path]", "a .bynk file, or the folder of a project", ".")
    .option("--out <folder>", "where to write (default: paths.out of bynk.toml, else out)")
    .addOption(
      new Option("--target <target>", "worker adds an entry and a configuration for each context")
        .choices(["bundle", "worker"])
        .default("bundle"),
    )
    .option("--json", "print the diagnostics as JSON")
    .option("--watch", "compile again whenever a source changes")
    .action(compilePath);
}

async function compilePath(path: string, flags: CompileFlags): Promise<void> {
  const session = new BynkSession(path, flags.target);
  if (flags.watch !== true) {
    if (!(await compileOnce(session, flags))) process.exitCode = 1;
    return;
  }
  const { root } = await session.check();
  let running = Promise.resolve<unknown>(undefined);
  const next = (): void => {
    running = running.then(() => compileOnce(session, flags)).catch(told);
  };
  // Watched before the first round, so that what changes while it runs is not missed.
  const watcher = watchSources(root, next);
  next();
  await waitForStop();
  watcher.close();
  await running;
}

/** A project that is gone for a moment is not the end of watching it. */
function told(error: unknown): void {
  if (!(error instanceof CommandFailure)) throw error;
  stdout(error.message);
}

async function compileOnce(session: BynkSession, { out, json = false }: CompileFlags): Promise<boolean> {
  const round = await session.check();
  const { root } = round;
  const isSound = report({ diagnostics: round.diagnostics, files: round.files, json });
  if (!isSound) return false;
  const folder = out === undefined ? join(root, outOf(round.manifest)) : resolve(out);
  const files = session.emit(round, relative(root, folder).split(sep).join("/"));
  const progress = new Progress();
  const changed = writeOutput(folder, files, (file) => progress.step("Writing", file));
  progress.clear();
  if (!json) {
    const modules = Object.keys(files).filter((file) => file.endsWith(".ts")).length;
    const sources = countOf(Object.keys(round.files).length, "file");
    const written =
      changed.length === 0 ? "nothing has changed" : `${countOf(modules, "module")} in ${shownPath(folder)}`;
    stdout(`${paint("green", "✓")} ${sources} compiled: ${written}`);
  }
  return true;
}

function outOf(manifest: string | undefined): string {
  return manifest === undefined ? defaultManifest.out : readManifest(manifest).manifest.out;
}
