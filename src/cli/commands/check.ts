/** Owns `byward check`: says everything that is wrong with a Bynk file or project. Writes nothing. */
import type { Command } from "commander";
import { countOf, report } from "../bynk/report.ts";
import { BynkSession } from "../bynk/session.ts";
import { watchSources } from "../bynk/watch.ts";
import { CommandFailure } from "../failure.ts";
import { waitForStop } from "../stop.ts";
import { paint, stdout } from "../terminal.ts";

interface CheckFlags {
  readonly json?: boolean;
  readonly watch?: boolean;
}

export function define(command: Command): void {
  command
    .description("Check a Bynk file or project. Exits with 1 when there is an error; warnings alone pass.")
    .argument("[path]", "a .bynk file, or the folder of a project", ".")
    .option("--json", "print the diagnostics as JSON")
    .option("--watch", "check again whenever a source changes")
    .action(checkPath);
}

async function checkPath(path: string, flags: CheckFlags): Promise<void> {
  const session = new BynkSession(path, "bundle");
  if (flags.watch !== true) {
    if (!(await checkOnce(session, flags))) process.exitCode = 1;
    return;
  }
  const { root } = await session.check();
  let running = Promise.resolve<unknown>(undefined);
  const next = (): void => {
    running = running.then(() => checkOnce(session, flags)).catch(told);
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

async function checkOnce(session: BynkSession, { json = false }: CheckFlags): Promise<boolean> {
  const round = await session.check();
  const isSound = report({ diagnostics: round.diagnostics, files: round.files, json });
  if (!json && isSound) stdout(`${paint("green", "✓")} ${countOf(Object.keys(round.files).length, "file")} checked`);
  return isSound;
}
