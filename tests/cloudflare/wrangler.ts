/**
 * Owns running Workers as their `wrangler.jsonc` says, on raw `workerd`: each entry bundled as wrangler bundles it, classes,
 * bindings, secrets and dates taken from the file and from nowhere else. What the file lacks, the Worker lacks here too.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseJsonc } from "../../src/cli/build/jsonc.ts";
import { bundleWorker, startConfigured, type Workerd } from "./workerd.ts";

const runtime = fileURLToPath(new URL("../../src/bynk/runtime/index.ts", import.meta.url));

/** What of the file is translated. */
export interface WranglerConfig {
  readonly name: string;
  readonly main: string;
  readonly compatibility_date: string;
  readonly compatibility_flags?: readonly string[];
  readonly workers_dev?: boolean;
  readonly durable_objects: { readonly bindings: readonly { readonly name: string; readonly class_name: string }[] };
  readonly migrations: readonly { readonly tag: string; readonly new_sqlite_classes?: readonly string[] }[];
  readonly services?: readonly {
    readonly binding: string;
    readonly service: string;
    readonly entrypoint?: string;
    readonly props?: Readonly<Record<string, unknown>>;
  }[];
  readonly triggers?: { readonly crons: readonly string[] };
  readonly queues?: { readonly consumers: readonly { readonly queue: string }[] };
}

export function readConfig(folder: string): WranglerConfig {
  return parseJsonc(readFileSync(join(folder, "wrangler.jsonc"), "utf8")) as WranglerConfig;
}

/** A Worker that hands events of the platform to others: `POST /<worker>/scheduled` and `POST /<worker>/queue`. */
const PLATFORM = `export default {
  async fetch(request, env) {
    const [, worker, kind] = new URL(request.url).pathname.split("/");
    const event = await request.json();
    if (kind === "scheduled") return Response.json(await env[worker].scheduled({ cron: event.cron, scheduledTime: new Date(event.scheduledTime) }));
    const messages = event.messages.map((body, index) => ({ id: String(index), timestamp: new Date(), attempts: 1, body }));
    const result = await env[worker].queue(event.queue, messages);
    return Response.json({ outcome: result.outcome, retries: result.retryMessages.length, all: result.retryBatch.retry });
  },
};
`;

/** Serves Workers together; the socket of each has its name, `platform` is the platform's own. */
export async function startWranglers(
  folders: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<Workerd> {
  const configs = folders.map((folder) => ({ folder, config: readConfig(folder) }));
  const bundles = configs.map(async ({ folder, config }) => {
    const alias = { "byward/bynk/runtime": runtime };
    return [`${config.name}.mjs`, await bundleWorker({ entry: join(folder, config.main), alias })] as const;
  });
  const modules = { ...Object.fromEntries(await Promise.all(bundles)), "platform.mjs": PLATFORM };
  return startConfigured({
    modules,
    config: (dataDir) =>
      capnp(
        configs.map(({ config }) => config),
        dataDir,
        env,
      ),
    sockets: configs.map(({ config }) => config.name),
    experimental: true,
  });
}

const text = (value: string): string => JSON.stringify(value);
const constant = (name: string): string => `worker${name.replaceAll(/[^a-z0-9]/gi, "")}`;

function capnp(configs: readonly WranglerConfig[], dataDir: string, env: Readonly<Record<string, string>>): string {
  const names = configs.map(({ name }) => name);
  const services = names.map((name) => `( name = ${text(name)}, worker = .${constant(name)} ),`);
  const sockets = names.map(
    (name) => `( name = ${text(name)}, address = "127.0.0.1:0", http = (), service = ${text(name)} ),`,
  );
  const bindings = names.map((name) => `( name = ${text(name)}, service = ${text(name)} ),`);
  return `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    ${services.join("\n    ")}
    ( name = "platform", worker = .platform ),
    ( name = "disk", disk = ( path = ${text(dataDir)}, writable = true ) ),
    ( name = "internet", network = ( allow = [] ) ),
  ],
  sockets = [
    ${sockets.join("\n    ")}
    ( name = "http", address = "127.0.0.1:0", http = (), service = "platform" ),
  ],
);
const platform :Workerd.Worker = (
  modules = [ ( name = "worker", esModule = embed "platform.mjs" ) ],
  compatibilityDate = "2026-04-01",
  compatibilityFlags = ["service_binding_extra_handlers"],
  bindings = [ ${bindings.join(" ")} ],
);
${configs.map((config) => workerOf(config, env)).join("")}`;
}

function workerOf(config: WranglerConfig, env: Readonly<Record<string, string>>): string {
  const { name, durable_objects, migrations, services = [], compatibility_flags = [] } = config;
  const classes = migrations.flatMap(({ new_sqlite_classes = [] }) => new_sqlite_classes);
  const bindings = [
    ...durable_objects.bindings.map(
      (one) => `( name = ${text(one.name)}, durableObjectNamespace = ${text(one.class_name)} ),`,
    ),
    ...services.map(({ binding, service, entrypoint, props }) => {
      const point = entrypoint === undefined ? "" : `, entrypoint = ${text(entrypoint)}`;
      const stated = props === undefined ? "" : `, props = ( json = ${text(JSON.stringify(props))} )`;
      return `( name = ${text(binding)}, service = ( name = ${text(service)}${point}${stated} ) ),`;
    }),
    ...Object.entries(env).map(([key, value]) => `( name = ${text(key)}, text = ${text(value)} ),`),
  ];
  const namespaces = classes.map(
    (one) => `( className = ${text(one)}, uniqueKey = ${text(`${name}-${one}`)}, enableSql = true ),`,
  );
  return `const ${constant(name)} :Workerd.Worker = (
  modules = [ ( name = "worker", esModule = embed ${text(`${name}.mjs`)} ) ],
  compatibilityDate = ${text(config.compatibility_date)},
  compatibilityFlags = [ ${compatibility_flags.map(text).join(", ")} ],
  bindings = [
    ${bindings.join("\n    ")}
  ],
  durableObjectNamespaces = [ ${namespaces.join(" ")} ],
  durableObjectStorage = ( localDisk = "disk" ),
);
`;
}
