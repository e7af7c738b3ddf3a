/** Owns `byward serve`: runs a registry until it is told to stop, then lets what is in flight finish. */
import type { Command } from "commander";
import { loadRegistry } from "../entry.ts";
import { addServeOptions, type ServeFlags, toServeOptions } from "../serve-options.ts";
import { waitForStop } from "../stop.ts";
import { stdout } from "../terminal.ts";

export function define(command: Command): void {
  addServeOptions(command)
    .description("Run a registry. Secrets come from the environment; a missing one stops the start, by name.")
    .argument("<entry>", "file that exports the registry, such as src/registry.ts")
    .option("--json", "print one line of JSON")
    .action(serve);
}

async function serve(entry: string, flags: ServeFlags & { readonly json?: boolean }): Promise<void> {
  const registry = await loadRegistry(entry);
  const served = await registry.serve(toServeOptions(flags));
  const { url, port } = served;
  stdout(flags.json === true ? JSON.stringify({ url, port }) : `Serving ${entry} at ${url}`);
  await waitForStop();
  await served.close();
}
