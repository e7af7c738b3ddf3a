/**
 * Owns loading an entry file: a module that exports a registry as `registry` or as its default export. Says in words why a
 * file cannot be loaded, with the place in the user's code.
 */
import { statSync } from "node:fs";
import { resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { Registry } from "../registry/registry.ts";
import { CommandFailure, describeFailure } from "./failure.ts";
import { shownPath } from "./shown-path.ts";
import { packageRoot } from "./version.ts";

/** Loads the registry of an entry file. @throws CommandFailure `entry.…`, or the code of a definition that is refused */
export async function loadRegistry(entry: string): Promise<Registry> {
  const path = resolve(entry);
  assertFile(entry, path);
  let module: Readonly<Record<string, unknown>>;
  try {
    module = await import(pathToFileURL(path).href);
  } catch (error) {
    throw cannotLoad(entry, error);
  }
  const found = [module["registry"], module["default"]].find(isRegistry);
  if (found !== undefined) return found;
  throw new CommandFailure("entry.no_registry", `${entry} exports no registry.`, {
    where: shownPath(path),
    hint: "Export one: export const registry = setup({ use: { … } });",
  });
}

/** Told by shape: the project may have another copy of this package than the command. */
function isRegistry(value: unknown): value is Registry {
  if (typeof value !== "object" || value === null) return false;
  const { serve, config } = value as Partial<Registry>;
  return typeof serve === "function" && config?.actors instanceof Map;
}

function assertFile(entry: string, path: string): void {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats?.isFile()) return;
  throw new CommandFailure("entry.missing", `${entry} is ${stats === undefined ? "not there" : "not a file"}.`, {
    where: path,
    hint: "Name the file that exports the registry, such as src/registry.ts.",
    exitCode: 2,
  });
}

function cannotLoad(entry: string, error: unknown): CommandFailure {
  const { code, what } = describeFailure(error);
  const where = error instanceof Error ? placeOf(error) : undefined;
  const nodeCode = error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined;
  if (nodeCode === "ERR_MODULE_NOT_FOUND") return importMissing(entry, error as Error);
  if (nodeCode?.endsWith("_TYPESCRIPT_SYNTAX") || error instanceof SyntaxError) {
    const hint =
      nodeCode === "ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX"
        ? "Node runs TypeScript by leaving types away. Write enums as objects, and parameter properties as fields."
        : undefined;
    return new CommandFailure("entry.syntax", `${entry} cannot be read: ${what}`, { where, hint, cause: error });
  }
  if (code !== "cli.failed") return new CommandFailure(code, what, { where, cause: error });
  return new CommandFailure("entry.threw", `${entry} threw while it was loaded: ${what}`, { where, cause: error });
}

function importMissing(entry: string, error: Error): CommandFailure {
  const [, kind, wanted = "", importer = ""] =
    /^Cannot find (module|package) '([^']+)' imported from (.+)$/.exec(error.message.split("\n")[0] ?? "") ?? [];
  const hint =
    kind === "package"
      ? `Install it: npm install ${wanted}`
      : "Check the name. Imports of your own files name the whole file, such as ./room.ts.";
  const name = kind === "package" ? wanted : shownPath(wanted);
  return new CommandFailure("entry.import_missing", `${entry} imports ${name}, which is not there.`, {
    where: importer === "" ? undefined : shownPath(importer),
    hint,
    cause: error,
  });
}

/** The innermost place of an error in the user's code; undefined when it has none. */
function placeOf(error: Error): string | undefined {
  // A syntax error has its place in the first line of the stack: `file:///…/room.ts:12`.
  for (const line of (error.stack ?? "").split("\n")) {
    const [, location, row, column] = /(file:\/\/\/?[^\s():]+|\/[^\s():]+):(\d+)(?::(\d+))?\)?$/.exec(line) ?? [];
    if (location === undefined) continue;
    const path = location.startsWith("file:") ? fileURLToPath(location) : location;
    if (isForeign(path)) continue;
    return `${shownPath(path)}:${row}${column === undefined ? "" : `:${column}`}`;
  }
  return undefined;
}

function isForeign(path: string): boolean {
  if (path.includes("/node_modules/")) return true;
  return path.startsWith(`${packageRoot}src/`) || path.startsWith(`${packageRoot}dist/`);
}
