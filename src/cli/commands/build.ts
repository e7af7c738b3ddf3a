/** Owns `byward build`: writes what another platform needs to run a registry or a Bynk project. Deploys nothing itself. */
import { join, resolve } from "node:path";
import type { Command } from "commander";
import { planContexts } from "../build/bynk-workers.ts";
import { CONFIG_FILE, nextSteps, type Outcome, outcomeOf, readIfThere, writeOutcome } from "../build/outcome.ts";
import { planRegistry } from "../build/registry-worker.ts";
import type { WorkerPlan } from "../build/worker-plan.ts";
import { nameIn } from "../build/wrangler-file.ts";
import { isBynk } from "../bynk/project.ts";
import { countOf } from "../bynk/report.ts";
import { CommandFailure } from "../failure.ts";
import { shownPath } from "../shown-path.ts";
import { paint, stdout } from "../terminal.ts";

interface BuildFlags {
  readonly cloudflare?: boolean;
  readonly out: string;
  readonly name?: string;
  readonly queues?: boolean;
  readonly check?: boolean;
  readonly json?: boolean;
}

export function define(command: Command): void {
  command
    .description(
      "Write what Cloudflare needs: the Worker's entry and wrangler.jsonc, for a registry or for each context of a Bynk\n" +
        "project. Values of secrets are never written. Run it again after changes: migrations are kept and added to.",
    )
    .argument("<entry>", "file that exports the registry, such as src/registry.ts; or a Bynk file or project")
    .option("--cloudflare", "for Workers with Durable Objects")
    .option("--out <folder>", "where to write", "dist/cloudflare")
    .option("--name <name>", "name of the Worker (default: the one written before, else the package's)")
    .option("--queues", "take messages of Cloudflare Queues too, for each queue of a service")
    .option("--check", "write nothing; fail when the files that stand there are out of date")
    .option("--json", "print what was written as JSON")
    .action(build);
}

async function build(entry: string, flags: BuildFlags): Promise<void> {
  if (flags.cloudflare !== true) {
    throw new CommandFailure("build.platform_missing", "Say for which platform: byward build --cloudflare <entry>.", {
      exitCode: 2,
    });
  }
  const out = resolve(flags.out);
  const { plans, modules } = await plan(entry, out, flags);
  const outcome = outcomeOf(out, plans, modules);
  if (flags.check !== true) writeOutcome(out, outcome);
  else if (outcome.changed.length > 0) process.exitCode = 1;
  if (flags.json === true) stdout(JSON.stringify(asJson(out, plans, outcome, flags)));
  else for (const line of asText(out, plans, outcome, flags)) stdout(line);
}

interface Planned {
  readonly plans: readonly WorkerPlan[];
  readonly modules: Readonly<Record<string, string>>;
}

async function plan(entry: string, out: string, { name, queues = false }: BuildFlags): Promise<Planned> {
  if (isBynk(entry)) {
    if (name === undefined) return planContexts(entry, out);
    throw new CommandFailure("build.name_of_contexts", "Workers of Bynk contexts have the names of their contexts.", {
      hint: "Leave --name away.",
      exitCode: 2,
    });
  }
  const config = join(out, CONFIG_FILE);
  const known = name ?? nameIn(readIfThere(config), shownPath(config));
  return { plans: [await planRegistry(entry, { out, name: known, queues })], modules: {} };
}

function asJson(
  out: string,
  plans: readonly WorkerPlan[],
  { files, changed, notes }: Outcome,
  flags: BuildFlags,
): object {
  return {
    folder: shownPath(out),
    upToDate: changed.length === 0,
    files: Object.keys(files),
    changed,
    workers: plans.map(({ entry: _, ...told }) => told),
    notes,
    ...(flags.check === true ? {} : { next: nextSteps(out, plans) }),
  };
}

function asText(
  out: string,
  plans: readonly WorkerPlan[],
  { files, changed, notes }: Outcome,
  flags: BuildFlags,
): readonly string[] {
  const told = notes.map((note) => `${paint("yellow", "!")} ${note}`);
  if (flags.check === true) {
    if (changed.length === 0) return [`${paint("green", "✓")} ${shownPath(out)} is up to date`, ...told];
    const stale = changed.map((path) => `  ${shownPath(join(out, path))}`);
    return [`${paint("red", "✗")} Out of date; run it without --check:`, ...stale, ...told];
  }
  const what = changed.length === 0 ? "nothing has changed" : `${countOf(Object.keys(files).length, "file")} in`;
  return [
    `${paint("green", "✓")} ${countOf(plans.length, "Worker")}: ${what} ${changed.length === 0 ? "" : shownPath(out)}`.trimEnd(),
    ...told,
    "",
    "Next:",
    ...nextSteps(out, plans).map((step) => `  ${step}`),
  ];
}
