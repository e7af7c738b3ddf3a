/**
 * Owns `registry.serve()` on Node: store, threads of actors, host, server, in this order; and stopping in the reverse one.
 * Binds 127.0.0.1 unless told otherwise.
 */
import type { AddressInfo } from "node:net";
import { resolve } from "node:path";
import type { Registry, Served, ServeOptions } from "../../registry/registry.ts";
import type { Logger } from "../port.ts";
import { nodeHost } from "./host.ts";
import { trustedProxies } from "./inbound.ts";
import { nodeLogger } from "./log.ts";
import { NodeServer } from "./server.ts";
import { Front } from "./shards/front.ts";
import { seatHere } from "./shards/seat.ts";
import { serveInShard } from "./shards/shard.ts";
import { SqliteStore } from "./store/sqlite-store.ts";

export const DEFAULT_PORT = 6420;
/** Ports tried after the default one. */
const PORTS_TRIED = 100;
const LOOPBACK = new Set(["localhost", "127.0.0.1", "::1", "[::1]"]);

/** `registry.serve()` on Node. */
export async function serveOnNode(registry: Registry, options: ServeOptions): Promise<Served> {
  const seat = seatHere();
  if (seat !== null) return serveInShard(registry, seat);
  const { config } = registry;
  const hostname = options.hostname ?? "127.0.0.1";
  const log = nodeLogger();
  const directory = resolve(options.dataDir ?? ".byward");
  const store = await SqliteStore.open({
    directory,
    onLost: (actor, error) => {
      log.error(
        { actor: actor.name, key: actor.key, err: error },
        "a relaxed update was answered and could not be written",
      );
    },
  });
  if (store.unclean) reportUncleanStop(store, directory, log);
  let server: NodeServer | null = null;
  let front: Front | null = null;
  let started = false;
  try {
    front = await Front.seat(registry, options, store, log);
    const edge = await registry.start(nodeHost({ store, log }), front?.spread);
    started = true;
    await front?.begin(edge);
    server = new NodeServer({
      edge,
      publicUrl: config.publicUrl,
      isTrusted: trustedProxies(config.trustProxy),
      fallbackOrigin: `http://${hostname}`,
      maxPayload: Math.max(config.limits.maxIncomingMessageSize, config.limits.maxOutgoingMessageSize),
      hostNames: hostNamesFor(hostname, config),
    });
    const port = await listen(server, hostname, options.port);
    return {
      url: `http://${hostname.includes(":") ? `[${hostname}]` : hostname}:${port}`,
      port,
      workers: front?.workers ?? 1,
      close: once(() => stop(registry, server!, front)),
    };
  } catch (error) {
    server?.destroy();
    // A registry that nobody reaches must not go on with its crons and schedules.
    await (started ? front?.stop() : front?.end());
    await (started ? registry.withdraw() : store.close());
    throw error;
  }
}

/** The store checks the file in the background; serving goes on meanwhile, damaged actors are refused by name. */
function reportUncleanStop(store: SqliteStore, directory: string, log: Logger): void {
  log.warn({ directory }, "the last stop was unclean; the data is being checked");
  store.checked.then(
    (report) => log.info({ directory, report }, "the data was checked after an unclean stop"),
    (error: unknown) => log.error({ directory, err: error }, "the data could not be checked: run byward data verify"),
  );
}

/** On loopback only loopback names are accepted, so that no page elsewhere reaches it by DNS rebinding. */
function hostNamesFor(hostname: string, config: Registry["config"]): ReadonlySet<string> | null {
  if (!LOOPBACK.has(hostname)) return null;
  const names = new Set([...LOOPBACK, ...config.hosts.map((name) => name.toLowerCase())]);
  if (config.publicUrl !== null) names.add(new URL(config.publicUrl).hostname);
  return names;
}

async function listen(server: NodeServer, hostname: string, port: number | undefined): Promise<number> {
  const first = port ?? DEFAULT_PORT;
  const last = port === undefined ? first + PORTS_TRIED : first;
  for (let candidate = first; ; candidate++) {
    try {
      return await listenOn(server, hostname, candidate);
    } catch (error) {
      const busy = (error as NodeJS.ErrnoException).code === "EADDRINUSE";
      if (!busy || candidate >= last) throw error;
    }
  }
}

function listenOn(server: NodeServer, hostname: string, port: number): Promise<number> {
  return new Promise((done, fail) => {
    server.http.once("error", fail);
    server.http.listen(port, hostname, () => {
      server.http.off("error", fail);
      done((server.http.address() as AddressInfo).port);
    });
  });
}

async function stop(registry: Registry, server: NodeServer, front: Front | null): Promise<void> {
  await server.drain(registry.config.limits.drainTimeout);
  await front?.stop();
  await registry.close();
  server.destroy();
}

function once<T>(task: () => Promise<T>): () => Promise<T> {
  let running: Promise<T> | null = null;
  return () => {
    running ??= task();
    return running;
  };
}
