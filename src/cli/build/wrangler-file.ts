/**
 * Owns `wrangler.jsonc` of a Worker: written from a plan and from what stands there. Settings that are not this command's stay
 * as they are; migrations are kept and only ever added to, because the platform remembers which it has run.
 */
import { CommandFailure } from "../failure.ts";
import { parseJsonc } from "./jsonc.ts";
import { CALLS_ENTRYPOINT, OBJECT, type WorkerPlan } from "./worker-plan.ts";

/** What the host was tested with; an existing file keeps its own. */
const COMPATIBILITY_DATE = "2026-04-01";
export const ENTRY_FILE = "worker.js";

type Settings = Readonly<Record<string, unknown>>;

interface Migration {
  readonly tag: string;
  readonly new_sqlite_classes?: readonly string[];
  readonly new_classes?: readonly string[];
  readonly deleted_classes?: readonly string[];
  readonly renamed_classes?: readonly { readonly from: string; readonly to: string }[];
}

export interface WranglerFile {
  readonly text: string;
  /** What its author should know, in sentences. */
  readonly notes: readonly string[];
}

/** The file's text. `existing` is what stands there, null where nothing does. @throws CommandFailure `build.config_unreadable`, `build.class_not_sqlite` */
export function wranglerFile(plan: WorkerPlan, existing: string | null, where: string): WranglerFile {
  const old = existing === null ? {} : read(existing, where);
  const migrations = migrate((old["migrations"] ?? []) as readonly Migration[], where);
  const settings = {
    name: plan.name,
    main: ENTRY_FILE,
    compatibility_date: old["compatibility_date"] ?? COMPATIBILITY_DATE,
    ...(plan.isPublic ? {} : { workers_dev: false, preview_urls: false }),
    durable_objects: { ...(old["durable_objects"] as Settings | undefined), bindings: objectBindings(old) },
    migrations: migrations.all,
    ...listed("services", serviceBindings(old, plan)),
    ...section(old, "triggers", "crons", [...new Set(plan.crons.map(({ trigger }) => trigger))]),
    ...section(old, "queues", "consumers", consumers(old, plan)),
  };
  const kept = Object.fromEntries(Object.entries(old).filter(([key]) => !OWNED.has(key)));
  const notes = [...migrations.notes, ...goneActors(existing, plan.actors), ...noAddress(old, plan)];
  return { text: `${header(plan)}${JSON.stringify({ ...settings, ...kept }, null, 2)}\n`, notes };
}

/** Keys that this command writes; `workers_dev` and `preview_urls` only where a Worker is to be unreachable. */
const OWNED: ReadonlySet<string> = new Set([
  "name",
  "main",
  "compatibility_date",
  "durable_objects",
  "migrations",
  "services",
  "triggers",
  "queues",
]);

const ACTORS_LINE = "// Actors: ";

function header({ secrets, actors }: WorkerPlan): string {
  return [
    "// Written by `byward build --cloudflare`. Settings of your own stay when it runs again; comments do not. Commit this file:",
    "// its migrations say which classes the platform already has.",
    ...(actors.length === 0 ? [] : [`${ACTORS_LINE}${actors.join(", ")}`]),
    ...(secrets.length === 0 ? [] : ["// Secrets, whose values never stand here:"]),
    ...secrets.map((name) => `//   npx wrangler secret put ${name}`),
    "",
  ].join("\n");
}

/** Types of actors that the last build had and this one has not. */
function goneActors(existing: string | null, actors: readonly string[]): readonly string[] {
  const line = existing?.split("\n").find((one) => one.startsWith(ACTORS_LINE));
  const before = line === undefined ? [] : line.slice(ACTORS_LINE.length).split(", ");
  return before
    .filter((name) => !actors.includes(name))
    .map(
      (name) => `The actor ${name} is gone. Nobody reaches its objects any more; what they hold stays on the platform.`,
    );
}

/** A context that had calls alone got no address, and keeps none when routes are added: only its author gives it one. */
function noAddress(old: Settings, { isPublic, name }: WorkerPlan): readonly string[] {
  const hasRoute = old["route"] !== undefined || old["routes"] !== undefined;
  if (!isPublic || old["workers_dev"] !== false || hasRoute) return [];
  return [`Nothing outside reaches ${name}: its configuration says "workers_dev": false and has no routes.`];
}

/** The Worker's name in a file; null where there is none. @throws CommandFailure `build.config_unreadable` */
export function nameIn(existing: string | null, where: string): string | null {
  const name = existing === null ? undefined : read(existing, where)["name"];
  return typeof name === "string" ? name : null;
}

function read(text: string, where: string): Settings {
  try {
    const settings: unknown = parseJsonc(text);
    if (typeof settings === "object" && settings !== null && !Array.isArray(settings)) return settings as Settings;
  } catch {
    // Told below: what it is not matters, not where the parser gave up.
  }
  throw new CommandFailure("build.config_unreadable", "The configuration that stands there is no JSON object.", {
    where,
    hint: "Repair it, or move it away: without its migrations the platform cannot be told what is new.",
  });
}

/** Classes that the platform has after all migrations, and whether with SQLite. */
function classesAfter(migrations: readonly Migration[]): ReadonlyMap<string, boolean> {
  const classes = new Map<string, boolean>();
  for (const migration of migrations) {
    for (const name of migration.new_classes ?? []) classes.set(name, false);
    for (const name of migration.new_sqlite_classes ?? []) classes.set(name, true);
    for (const { from, to } of migration.renamed_classes ?? []) {
      classes.set(to, classes.get(from) ?? true);
      classes.delete(from);
    }
    for (const name of migration.deleted_classes ?? []) classes.delete(name);
  }
  return classes;
}

function migrate(
  existing: readonly Migration[],
  where: string,
): { readonly all: readonly Migration[]; readonly notes: readonly string[] } {
  const classes = classesAfter(existing);
  const { className } = OBJECT;
  if (classes.get(className) === false) {
    throw new CommandFailure(
      "build.class_not_sqlite",
      `The class ${className} was made without SQLite (new_classes).`,
      {
        where,
        hint: "The platform cannot change that. Deploy under another Worker name, with this file moved away.",
      },
    );
  }
  const notes = [...classes.keys()]
    .filter((name) => name !== className)
    .map(
      (name) =>
        `The class ${name} stands in the migrations, and this Worker does not export it. Nothing was deleted: to delete it ` +
        `with all it holds, add the migration { "tag": "${nextTag(existing)}", "deleted_classes": ["${name}"] } yourself.`,
    );
  const all = classes.has(className)
    ? existing
    : [...existing, { tag: nextTag(existing), new_sqlite_classes: [className] }];
  return { all, notes };
}

function nextTag(migrations: readonly Migration[]): string {
  const numbers = migrations.map(({ tag }) => Number(/^v(\d+)$/.exec(tag)?.[1] ?? 0));
  return `v${Math.max(migrations.length, ...numbers) + 1}`;
}

interface ObjectBinding {
  readonly name: string;
  readonly class_name: string;
}

function objectBindings(old: Settings): readonly ObjectBinding[] {
  const others = ((old["durable_objects"] as Settings | undefined)?.["bindings"] ?? []) as readonly ObjectBinding[];
  const own = { name: OBJECT.binding, class_name: OBJECT.className };
  return [own, ...others.filter(({ name }) => name !== OBJECT.binding)];
}

interface ServiceBinding {
  readonly binding: string;
  readonly service: string;
  readonly entrypoint?: string;
  readonly props?: Settings;
}

/** Those to other contexts are written anew: what a context no longer consumes it must not reach. */
function serviceBindings(old: Settings, { consumes }: WorkerPlan): readonly ServiceBinding[] {
  const others = (old["services"] ?? []) as readonly ServiceBinding[];
  const own = consumes.map(({ binding, worker, caller }) => ({
    binding,
    service: worker,
    entrypoint: CALLS_ENTRYPOINT,
    props: { caller },
  }));
  return [...own, ...others.filter(({ entrypoint }) => entrypoint !== CALLS_ENTRYPOINT)];
}

interface Consumer {
  readonly queue: string;
}

/** A consumer keeps its settings; one of a queue that no service takes would only fail. */
function consumers(old: Settings, { queues }: WorkerPlan): readonly Consumer[] {
  const known = ((old["queues"] as Settings | undefined)?.["consumers"] ?? []) as readonly Consumer[];
  return queues.map((queue) => known.find((one) => one.queue === queue) ?? { queue });
}

function listed(key: string, values: readonly unknown[]): Settings {
  return values.length === 0 ? {} : { [key]: values };
}

/** `{ outer: { …kept, inner } }`, or nothing where nothing is in it. */
function section(old: Settings, outer: string, inner: string, values: readonly unknown[]): Settings {
  const rest = Object.entries((old[outer] ?? {}) as Settings).filter(([key]) => key !== inner);
  const whole = { ...Object.fromEntries(rest), ...listed(inner, values) };
  return Object.keys(whole).length === 0 ? {} : { [outer]: whole };
}
