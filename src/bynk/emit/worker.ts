/**
 * The worker target: beside the modules, an entry and a configuration for each context that something outside can reach. A
 * Worker carries the contexts it calls with it: a call is a function call through the gate, so no address leads to it.
 */
import type { Program, ProgramUnit } from "../check/model.ts";
import { quote } from "./code.ts";

/** The files of the target, by path. `pathOf` gives a unit's module. */
export function emitWorkers(program: Program, pathOf: (unit: ProgramUnit) => string): Readonly<Record<string, string>> {
  const files: Record<string, string> = {};
  for (const unit of program.units) {
    if (unit.kind !== "context" || unit.firstParty || !isReachable(unit)) continue;
    const folder = `workers/${workerName(unit)}`;
    files[`${folder}/index.ts`] = `export { default } from "../../${pathOf(unit)}";\n`;
    files[`${folder}/wrangler.toml`] = configuration(unit);
  }
  return files;
}

/** A context of calls alone is carried by those who call it. */
function isReachable(unit: ProgramUnit): boolean {
  return unit.services.some((service) => service.kind !== "call");
}

/** Dots become dashes, which names of units do not have, and underscores stay: no two contexts share a folder. */
export function workerName(unit: ProgramUnit): string {
  return unit.name.replaceAll(".", "-");
}

const COMPATIBILITY_DATE = "2026-01-01";

function configuration(unit: ProgramUnit): string {
  const crons = unit.services.flatMap((service) =>
    service.kind === "cron" ? service.schedules.map(({ schedule }) => quote(schedule)) : [],
  );
  const queues = unit.services.flatMap((service) => (service.kind === "queue" ? [service.queue] : []));
  const secrets = [...secretsOf(unit)].toSorted();
  return [
    `name = ${quote(workerName(unit))}`,
    'main = "index.ts"',
    `compatibility_date = ${quote(COMPATIBILITY_DATE)}`,
    'compatibility_flags = ["nodejs_compat"]',
    ...(secrets.length === 0 ? [] : ["", ...secrets.map((name) => `# wrangler secret put ${name}`)]),
    ...(crons.length === 0 ? [] : ["", "[triggers]", `crons = [${crons.join(", ")}]`]),
    ...queues.flatMap((queue) => ["", "[[queues.consumers]]", `queue = ${quote(queue)}`]),
    "",
  ].join("\n");
}

/** The secrets of everybody who may come; their values are never in a file. */
export function secretsOf(unit: ProgramUnit): ReadonlySet<string> {
  const routes = unit.services.flatMap((service) => (service.kind === "http" ? service.routes : []));
  const schemes = routes.flatMap(({ by }) => by.members.map(({ scheme }) => scheme));
  return new Set(schemes.flatMap((scheme) => ("secret" in scheme ? [scheme.secret] : [])));
}
