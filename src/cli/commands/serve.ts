/** Owns `byward serve`: runs a registry until it is told to stop, then lets what is in flight finish. */
import type { Command } from "commander";
import { loadRegistry } from "../entry.ts";
import { addServeOptions, readWorkers, type ServeFlags, toServeOptions } from "../serve-options.ts";
import { waitForStop } from "../stop.ts";
import { stdout } from "../terminal.ts";

export function define(command: Command): void {
  addServeOptions(command)
    .description("Run a registry. Secrets come from the environment; a missing one stops the start, by name.")
    .argument("<entry>", "file that exports the registry, such as src/registry.ts")
    .option(
      "-w, --workers <count>",
      "threads that run actors: a number, or auto for the processors that are left (default: 1)",
      readWorkers,
    )
    .option("--json", "print one line of JSON")
    .action(serve);
}

interface OwnFlags extends ServeFlags {
  readonly workers?: number | "auto";
  readonly json?: boolean;
}

async function serve(entry: string, flags: OwnFlags): Promise<void> {
  const registry = await loadRegistry(entry);
  const served = await registry.serve({
    ...toServeOptions(flags),
    ...(flags.workers === undefined ? {} : { workers: flags.workers, module: entry }),
  });
  const { url, port, workers } = served;
  const how = workers === 1 ? "" : ` with ${workers} threads`;
  stdout(flags.json === true ? JSON.stringify({ url, port, workers }) : `Serving ${entry} at ${url}${how}`);
  await waitForStop();
  await served.close();
}
