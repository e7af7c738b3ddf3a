/** Owns planning the Worker of a registry: loads its entry, refuses what Workers do not have, and says what is to be written. */
import { existsSync, readFileSync } from "node:fs";
import { basename, dirname, join, relative, resolve, sep } from "node:path";
import { pathToFileURL } from "node:url";
import * as onNode from "../../index.node.ts";
import * as portable from "../../index.ts";
import type { Registry } from "../../registry/registry.ts";
import { loadRegistry } from "../entry.ts";
import { CommandFailure } from "../failure.ts";
import { shownPath } from "../shown-path.ts";
import { registryEntry } from "./entry-text.ts";
import { type ForeignImport, ImportRecord } from "./imports.ts";
import { factsOf, type WorkerPlan } from "./worker-plan.ts";

export interface RegistryBuild {
  /** The output folder. */
  readonly out: string;
  /** Name of the Worker where one was asked for, or an earlier build gave one. */
  readonly name: string | null;
  /** Takes messages of the platform's queues too. */
  readonly queues: boolean;
}

/** @throws CommandFailure `entry.…`, `build.node_only`, `build.cron_unsupported`, `build.name_invalid` */
export async function planRegistry(entry: string, { out, name, queues }: RegistryBuild): Promise<WorkerPlan> {
  const path = resolve(entry);
  const record = new ImportRecord();
  let registry: Registry;
  try {
    registry = await loadRegistry(entry);
  } finally {
    record.stop();
  }
  const { href } = pathToFileURL(path);
  const foreign = record.foreign(href, NODE_NAMES);
  if (foreign.length > 0) throw nodeOnly(entry, foreign);
  const facts = factsOf(registry);
  return {
    ...facts,
    name: named(name ?? defaultName(path)),
    folder: "",
    entry: registryEntry(modulePath(out, path), await exportedAs(href, registry), facts.crons),
    queues: queues ? facts.queues : [],
    consumes: [],
    isPublic: true,
  };
}

/** Names that `byward` exports on Node alone. */
const NODE_NAMES: ReadonlySet<string> = new Set(Object.keys(onNode).filter((name) => !Object.hasOwn(portable, name)));

/** The entry was loaded already: this is the same module. */
async function exportedAs(href: string, registry: Registry): Promise<string> {
  const module = (await import(href)) as Readonly<Record<string, unknown>>;
  return module["registry"] === registry ? "registry" : "default";
}

function nodeOnly(entry: string, foreign: readonly ForeignImport[]): CommandFailure {
  const [first] = foreign;
  const told = foreign.map(({ file, what }) => `${shownPath(file)} imports ${what}`);
  return new CommandFailure("build.node_only", `${entry} needs Node, which Workers are not: ${told.join("; ")}.`, {
    where: shownPath(first!.file),
    hint:
      first!.kind === "name"
        ? `\`${first!.what}\` is for Node. Keep it in the module that serves the registry there.`
        : "Use what the web platform has instead, or import it where only Node comes: await import(name), inside a function.",
  });
}

/** From the output folder to a module, as an import names it. */
export function modulePath(out: string, file: string): string {
  const path = relative(resolve(out), file).split(sep).join("/");
  return path.startsWith(".") ? path : `./${path}`;
}

function defaultName(entry: string): string {
  for (let folder = dirname(entry); ; folder = dirname(folder)) {
    const manifest = join(folder, "package.json");
    if (existsSync(manifest)) {
      const { name } = JSON.parse(readFileSync(manifest, "utf8")) as { name?: unknown };
      return workerName(typeof name === "string" ? name : basename(folder));
    }
    if (dirname(folder) === folder) return workerName(basename(dirname(entry)));
  }
}

/** `@shop/API_v2` → `shop-api-v2`. */
function workerName(text: string): string {
  const name = text
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .slice(0, 54)
    .replace(/^-+|-+$/g, "");
  return name === "" ? "byward" : name;
}

/** Names are part of addresses: Cloudflare allows 63 characters, 54 with previews. */
function named(name: string): string {
  if (/^[a-z0-9](?:[a-z0-9_-]{0,61}[a-z0-9])?$/.test(name)) return name;
  throw new CommandFailure("build.name_invalid", `"${name}" is no name for a Worker.`, {
    hint: "Take small letters, digits and dashes, at most 63.",
    exitCode: 2,
  });
}
