/** Owns `byward access`: the access matrix of a registry, from its declarations. Runs no actor and reads no secret. */
import type { Command } from "commander";
import { declaredMatrix } from "../../access/matrix.ts";
import { renderMatrix } from "../../access/render-matrix.ts";
import { loadRegistry } from "../entry.ts";
import { type Paint, paint, stdout } from "../terminal.ts";

export function define(command: Command): void {
  command
    .description("Show who may reach what: every entrypoint against every party, as the code declares it.")
    .argument("<entry>", "file that exports the registry, such as src/registry.ts")
    .option("--json", "print the matrix as JSON")
    .action(showAccess);
}

const PAINTS: Readonly<Record<string, Paint>> = {
  allow: "green",
  "401": "red",
  "403": "red",
  "404": "dim",
  "?": "yellow",
};

async function showAccess(entry: string, flags: { readonly json?: boolean }): Promise<void> {
  const registry = await loadRegistry(entry);
  const matrix = declaredMatrix(registry.config);
  if (flags.json === true) stdout(JSON.stringify(matrix, null, 2));
  else stdout(renderMatrix(matrix, (verdict, text) => paint(PAINTS[verdict] ?? "reset", text)));
}
