/**
 * The process that `byward dev` starts and restarts: loads the entry, serves it, and tells the supervisor what it loaded,
 * where it serves, or why it cannot. Ends cleanly on a stop message and when the supervisor is gone.
 */
import { resolve } from "node:path";
import { partiesOf } from "../../access/matrix.ts";
import type { Registry, Served } from "../../registry/registry.ts";
import { loadRegistry } from "../entry.ts";
import { describeFailure, renderFailure } from "../failure.ts";
import { curlHints } from "./hints.ts";
import { reportLoadedFiles } from "./loaded-files.ts";
import type { ChildOptions, FromChild, ToChild, Welcome } from "./messages.ts";
import { mayUseDevSecrets, supplyDevSecrets } from "./secrets.ts";
import { mintDevTokens, secretNamesOf } from "./tokens.ts";

const DEFAULT_HOSTNAME = "127.0.0.1";
const DEFAULT_DATA_DIR = ".byward";

const options = JSON.parse(process.argv[2] ?? "{}") as ChildOptions;
let phase: "loading" | "starting" | "serving" | "stopping" = "loading";
let served: Served | null = null;

process.on("message", (message: ToChild) => {
  if (message.type === "stop") void stop(0);
});
process.on("disconnect", () => void stop(0));
// The terminal sends Ctrl+C to both processes; the supervisor decides, so that state is closed once.
process.on("SIGINT", () => {});
process.on("uncaughtException", (error) => void fail(error));

reportLoadedFiles((files) => void tell({ type: "loaded", files }));
await run().catch(fail);

async function run(): Promise<void> {
  const registry = await loadRegistry(options.entry);
  phase = "starting";
  const welcome = await serve(registry);
  // Told to stop meanwhile: the store is open by now, so it is closed as always.
  if ((phase as string) === "stopping") return end(0);
  phase = "serving";
  await tell({ type: "serving", welcome });
}

/** Resolves when the message has left: a process that exits at once would lose it. */
function tell(message: FromChild): Promise<void> {
  return new Promise((resolve) => {
    if (!process.connected) resolve();
    else process.send?.(message, () => resolve());
  });
}

async function fail(error: unknown): Promise<void> {
  const failure = describeFailure(error);
  await tell({ type: "failed", failure: failure.toJSON(), text: renderFailure(failure, error) });
  await end(1);
}

async function stop(code: number): Promise<void> {
  if (phase === "stopping") return;
  const wasStarting = phase === "starting";
  phase = "stopping";
  if (!wasStarting) await end(code);
}

async function end(code: number): Promise<void> {
  phase = "stopping";
  await served?.close().catch(() => {});
  process.exit(code);
}

async function serve(registry: Registry): Promise<Welcome> {
  const { port, hostname = DEFAULT_HOSTNAME } = options;
  const dataDir = resolve(options.dataDir ?? DEFAULT_DATA_DIR);
  const { config } = registry;
  const parties = partiesOf(config);
  const { env } = process;
  const madeUp = mayUseDevSecrets(hostname, env) ? supplyDevSecrets(secretNamesOf(parties), dataDir, env) : [];
  served = await registry.serve({ hostname, dataDir, ...(port === undefined ? {} : { port }) });
  const tokens = await mintDevTokens(parties, { env, now: Date.now(), subject: options.subject });
  const { url } = served;
  return { url, port: served.port, dataDir, madeUp, tokens, hints: curlHints(url, config, tokens) };
}
