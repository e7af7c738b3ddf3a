/**
 * Owns `byward new`: copies a project in `templates/` (`app`, or `bynk`) to a new folder, with names and versions filled in. Writes
 * nothing into a folder that holds anything.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { basename, dirname, join, relative, resolve, sep } from "node:path";
import type { Command } from "commander";
import { CommandFailure } from "../failure.ts";
import { shownPath } from "../shown-path.ts";
import { paint, stdout } from "../terminal.ts";
import { packageManifest, packageRoot } from "../version.ts";

const TEMPLATES = join(packageRoot, "templates");
/** npm leaves files of this name out of packages, so the template has it without the dot. */
const RENAMED: Readonly<Record<string, string>> = { gitignore: ".gitignore" };

export function define(command: Command): void {
  command
    .description("Make a project that runs: one actor, a test, and scripts for development and production.")
    .argument("<folder>", "folder to make; its name becomes the project's")
    .option("--bynk", "a service in Bynk instead of an actor in TypeScript")
    .option("--byward <spec>", "where npm gets byward from: a version, a folder or a tarball (default: this one)")
    .option("--json", "print the files as JSON")
    .action(createProject);
}

interface NewFlags {
  readonly bynk?: boolean;
  readonly byward?: string;
  readonly json?: boolean;
}

function createProject(folder: string, flags: NewFlags): void {
  const target = resolve(folder);
  const name = projectName(target);
  assertEmpty(folder, target);
  const values = valuesFor(name, target, flags.byward);
  const template = join(TEMPLATES, flags.bynk === true ? "bynk" : "app");
  const files = templateFiles(template).map((file) => writeFile(join(template, file), file, target, values));
  if (flags.json === true) {
    stdout(JSON.stringify({ name, folder: target, files }, null, 2));
    return;
  }
  stdout(`Made ${paint("bold", name)} in ${shownPath(target)}: ${files.join(", ")}`);
  stdout(`\nNext:\n  cd ${shownPath(target)}\n  npm install\n  npm run dev`);
}

function projectName(target: string): string {
  const name = basename(target).toLowerCase();
  if (/^[a-z0-9][a-z0-9._-]{0,100}$/.test(name)) return name;
  throw new CommandFailure("new.name", `${JSON.stringify(basename(target))} cannot be the name of a package.`, {
    hint: "Choose letters, digits, -, _ and dots, beginning with a letter or digit.",
    exitCode: 2,
  });
}

function assertEmpty(folder: string, target: string): void {
  const stats = statSync(target, { throwIfNoEntry: false });
  if (stats === undefined || (stats.isDirectory() && readdirSync(target).length === 0)) return;
  throw new CommandFailure("new.not_empty", `${folder} ${stats.isDirectory() ? "is not empty" : "is a file"}.`, {
    where: target,
    hint: "Choose a folder that does not exist yet.",
    exitCode: 2,
  });
}

/** The versions this package was tested with; byward itself from where this command runs. */
function valuesFor(name: string, target: string, byward: string | undefined): ReadonlyMap<string, string> {
  const { version, devDependencies } = packageManifest();
  const isCheckout = existsSync(join(packageRoot, "src")) && !packageRoot.includes(`${sep}node_modules${sep}`);
  const own = isCheckout ? `file:${relative(target, packageRoot).split(sep).join("/")}` : `^${version}`;
  return new Map([
    ["__NAME__", name],
    ["__BYWARD__", byward ?? own],
    ["__NODE__", devDependencies["node"] ?? "24"],
    ["__TYPES_NODE__", devDependencies["@types/node"] ?? "24"],
    ["__TYPESCRIPT__", devDependencies["typescript"] ?? "7"],
  ]);
}

function templateFiles(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
    .sort();
}

function writeFile(from: string, file: string, target: string, values: ReadonlyMap<string, string>): string {
  let text = readFileSync(from, "utf8");
  for (const [placeholder, value] of values) text = text.replaceAll(placeholder, value);
  const name = RENAMED[file] ?? file;
  mkdirSync(dirname(join(target, name)), { recursive: true });
  writeFileSync(join(target, name), text);
  return name;
}
