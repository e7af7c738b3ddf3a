/** Owns what a build comes to: files compared with those that stand there, written or only named, and what to do next. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { shownPath } from "../shown-path.ts";
import type { WorkerPlan } from "./worker-plan.ts";
import { ENTRY_FILE, wranglerFile } from "./wrangler-file.ts";

export const CONFIG_FILE = "wrangler.jsonc";

export interface Outcome {
  /** Texts by path below the output folder. */
  readonly files: Readonly<Record<string, string>>;
  /** Paths whose text differs from what stands there. */
  readonly changed: readonly string[];
  readonly notes: readonly string[];
}

/** What plans and other files come to in a folder. Writes nothing. */
export function outcomeOf(
  out: string,
  plans: readonly WorkerPlan[],
  modules: Readonly<Record<string, string>> = {},
): Outcome {
  const files: Record<string, string> = { ...modules };
  const notes: string[] = [];
  for (const plan of plans) {
    const config = join(plan.folder, CONFIG_FILE);
    const where = join(out, config);
    const written = wranglerFile(plan, readIfThere(where), shownPath(where));
    files[join(plan.folder, ENTRY_FILE)] = plan.entry;
    files[config] = written.text;
    notes.push(...written.notes);
  }
  const changed = Object.entries(files).flatMap(([path, text]) =>
    readIfThere(join(out, path)) === text ? [] : [path],
  );
  return { files, changed, notes };
}

/** Writes what has changed. */
export function writeOutcome(out: string, { files, changed }: Outcome): void {
  for (const path of changed) {
    const file = join(out, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, files[path]!);
  }
}

export function readIfThere(file: string): string | null {
  return existsSync(file) ? readFileSync(file, "utf8") : null;
}

/** Commands that bring it to the platform, in their order: those that answer calls before those that make them. */
export function nextSteps(out: string, plans: readonly WorkerPlan[]): readonly string[] {
  const steps: string[] = [];
  for (const queue of new Set(plans.flatMap(({ queues }) => queues))) steps.push(`npx wrangler queues create ${queue}`);
  for (const plan of plans) {
    const config = shownPath(join(out, plan.folder, CONFIG_FILE));
    steps.push(`npx wrangler deploy -c ${config}`);
    for (const secret of plan.secrets) steps.push(`npx wrangler secret put ${secret} -c ${config}`);
  }
  return steps;
}
