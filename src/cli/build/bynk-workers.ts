/**
 * Owns planning the Workers of a Bynk project: one for each context, with the compiled modules beside them. What a context
 * consumes it reaches over a service binding that says who calls.
 */
import { join, relative, sep } from "node:path";
import { type DeployedContext, deploymentOf } from "../../bynk/emit/deployment.ts";
import { report } from "../bynk/report.ts";
import { BynkSession } from "../bynk/session.ts";
import { CommandFailure } from "../failure.ts";
import { contextEntry } from "./entry-text.ts";
import { triggersOf, type WorkerPlan } from "./worker-plan.ts";

/** Folder of the compiled modules, below the output folder. */
const MODULES = "modules";
/** Folder of the Workers, below the output folder. */
const WORKERS = "workers";

export interface ContextsPlan {
  /** Those that are called before those that call them. */
  readonly plans: readonly WorkerPlan[];
  /** Compiled modules by path below the output folder. */
  readonly modules: Readonly<Record<string, string>>;
}

/** @throws CommandFailure `bynk.…`, `build.no_contexts`, `build.cron_unsupported` */
export async function planContexts(path: string, out: string): Promise<ContextsPlan> {
  const session = new BynkSession(path, "worker");
  const round = await session.check();
  const { diagnostics, files, program } = round;
  if (!report({ diagnostics, files, json: false }) || program === undefined) {
    throw new CommandFailure("bynk.unsound", `${path} does not compile.`, { where: path });
  }
  const contexts = deploymentOf(program);
  if (contexts.length === 0) {
    throw new CommandFailure("build.no_contexts", `${path} has no context with services: there is nothing to run.`, {
      where: path,
    });
  }
  const emitted = session.emit(round, relative(round.root, join(out, MODULES)).split(sep).join("/"));
  // The entries of the single-Worker target are other ones.
  const modules = Object.entries(emitted).filter(([file]) => !file.startsWith("workers/"));
  return {
    plans: contexts.map(planOf),
    modules: Object.fromEntries(modules.map(([file, text]) => [`${MODULES}/${file}`, text])),
  };
}

function planOf(context: DeployedContext): WorkerPlan {
  const crons = triggersOf(context.crons.map((cron) => ({ ...cron, timezone: "UTC" })));
  const moduleOf = ({ module }: DeployedContext): string => `../../${MODULES}/${module}`;
  return {
    name: context.worker,
    folder: `${WORKERS}/${context.worker}`,
    entry: contextEntry({
      module: moduleOf(context),
      definition: context.definition,
      consumes: context.calls.map((called) => ({
        module: moduleOf(called),
        definition: called.definition,
        binding: bindingOf(called),
      })),
      crons,
    }),
    actors: [],
    secrets: context.secrets,
    crons,
    queues: context.queues,
    consumes: context.calls.map((called) => ({
      binding: bindingOf(called),
      worker: called.worker,
      caller: context.context,
    })),
    isPublic: context.isPublic,
  };
}

/** `shop.pricing` → `CONTEXT_shop__pricing`: dots become two underscores, so that it meets no binding of another name. */
function bindingOf({ context }: DeployedContext): string {
  return `CONTEXT_${context.replaceAll(".", "__")}`;
}
