/**
 * Emission, the whole flow on one screen: a checked program → one TypeScript module for each unit, and its source map.
 *
 * I1. The same program gives the same files, byte for byte.
 * I2. A module imports `byward`, `byward/bynk/runtime` and sibling modules, nothing else.
 * I3. What is emitted needs nothing but its types taken away to run.
 */
import type { Program, ProgramUnit } from "../check/model.ts";
import type { SourceFile } from "../diagnostics/source-file.ts";
import { boundaryTypes } from "./boundary-types.ts";
import { nameUnit } from "./module.ts";
import { renderSourceMap } from "./source-map.ts";
import { emitUnit } from "./unit.ts";
import { emitWorkers } from "./worker.ts";

export interface EmitOptions {
  /** The folder the files will be written to, relative to the project's root; source maps lead from there to the sources. */
  readonly out: string;
}

/** TypeScript and source maps by path, relative to the output folder. */
export function emitProgram(program: Program, options: EmitOptions): Readonly<Record<string, string>> {
  const units = program.units.filter((unit) => !unit.firstParty);
  const names = new Map(units.map((unit) => [unit, nameUnit(unit)]));
  const crossing = boundaryTypes(program);
  const files: Record<string, string> = {};
  for (const unit of units) {
    const path = modulePath(unit);
    const writer = emitUnit({ unit, program, names, crossing });
    const map = `${path}.map`;
    const file = path.slice(path.lastIndexOf("/") + 1);
    files[path] = `${writer.toText()}//# sourceMappingURL=${file}.map\n`;
    const pathOf = (source: SourceFile): string => pathToSource(path, source, options.out);
    files[map] = renderSourceMap(writer.toMappedLines(), { file, pathOf });
  }
  return program.target === "worker" ? { ...files, ...emitWorkers(program, modulePath) } : files;
}

export function modulePath(unit: ProgramUnit): string {
  return `${unit.name.replaceAll(".", "/")}.ts`;
}

/** From the emitted file's folder to the project's root, then down to the source. */
function pathToSource(path: string, source: SourceFile, out: string): string {
  const folders = path.split("/").slice(0, -1);
  const home = out.split("/").filter((part) => part !== "" && part !== ".");
  const down = home.filter((part) => part !== "..");
  const outside = home.filter((part) => part === "..");
  if (outside.length > 0) return source.path;
  return `${"../".repeat(folders.length + down.length)}${source.path}`;
}
