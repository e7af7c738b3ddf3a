/** Owns the text of Worker entries: what the platform loads, and nothing that could go wrong by itself. */
import type { CronTrigger } from "./cron-triggers.ts";
import { CALLS_ENTRYPOINT, OBJECT } from "./worker-plan.ts";

const HEADER =
  "/** The Worker's entry, written by `byward build --cloudflare`. Changes are lost when it runs again. */";

/** The entry of a registry that a module exports as `exported`. */
export function registryEntry(module: string, exported: string, crons: readonly CronTrigger[]): string {
  const imported = exported === "registry" ? "{ registry }" : `{ ${exported} as registry }`;
  return lines(
    HEADER,
    `import ${imported} from ${JSON.stringify(module)};`,
    "",
    "const { handler, Actor } = registry.worker();",
    "",
    ...defaultExport(crons),
    `export const ${OBJECT.className} = Actor;`,
  );
}

/** What a context's entry is made of. */
export interface ContextEntry {
  /** The context's own module, as the entry imports it. */
  readonly module: string;
  readonly definition: string;
  /** The contexts it calls, by the binding that leads to each. */
  readonly consumes: readonly { readonly module: string; readonly definition: string; readonly binding: string }[];
  readonly crons: readonly CronTrigger[];
}

/** The entry of a Bynk context; other contexts are reached over their bindings. */
export function contextEntry({ module, definition, consumes, crons }: ContextEntry): string {
  const others = consumes.map((one, index) => ({ ...one, name: `context${index + 1}` }));
  const bindings = others.map(({ binding, name }) => `${binding}: ${name}`).join(", ");
  return lines(
    HEADER,
    'import { setup } from "byward";',
    'import { worker } from "byward/cloudflare";',
    `import { ${definition} as context } from ${JSON.stringify(module)};`,
    ...others.map((one) => `import { ${one.definition} as ${one.name} } from ${JSON.stringify(one.module)};`),
    "",
    "const registry = setup({ services: context });",
    `const { handler, Actor, Calls } = worker(registry${bindings === "" ? "" : `, { consumes: { ${bindings} } }`});`,
    "",
    ...defaultExport(crons),
    `export const ${OBJECT.className} = Actor;`,
    `export const ${CALLS_ENTRYPOINT} = Calls;`,
  );
}

/** The platform names the trigger that is due; where it is spelled otherwise than the schedule, the entry knows both. */
function defaultExport(crons: readonly CronTrigger[]): readonly string[] {
  const renamed = crons.filter(({ trigger, schedule }) => trigger !== schedule);
  if (renamed.length === 0) return ["export default handler;"];
  const byTrigger = Map.groupBy(renamed, ({ trigger }) => trigger);
  const same = (trigger: string): readonly string[] =>
    crons.flatMap((one) => (one.trigger === trigger ? [one.schedule] : []));
  return [
    "/** Schedules by the trigger they are due with. */",
    "const schedules = {",
    ...[...byTrigger.keys()].map((trigger) => `  ${JSON.stringify(trigger)}: ${JSON.stringify(same(trigger))},`),
    "};",
    "",
    "export default {",
    "  ...handler,",
    "  async scheduled({ cron, scheduledTime }, env) {",
    "    for (const due of schedules[cron] ?? [cron]) await handler.scheduled({ cron: due, scheduledTime }, env);",
    "  },",
    "};",
  ];
}

function lines(...all: readonly string[]): string {
  return `${all.join("\n")}\n`;
}
