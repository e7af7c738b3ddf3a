/**
 * Owns starting a runner: a process that has its share of a registry's actors at a Rivet Engine, and a public port of its own
 * from which every actor is reached, wherever it is. Several runners on one engine are one host.
 */
import type { AddressInfo } from "node:net";
import type { Runtime } from "../../actors/runtime.ts";
import { ConfigurationError } from "../../boundary/errors.ts";
import type { Edge } from "../../registry/edge.ts";
import type { Registry } from "../../registry/registry.ts";
import { nodeHost, systemClock } from "../node/host.ts";
import { trustedProxies } from "../node/inbound.ts";
import { nodeLogger } from "../node/log.ts";
import { NodeServer } from "../node/server.ts";
import type { Logger } from "../port.ts";
import { reply } from "./ask.ts";
import { answerCall, serveInternalStream } from "./callee.ts";
import { startCrons } from "./crons.ts";
import { answerRows, distantRows } from "./distant.ts";
import { fleetOf, surroundingsOf } from "./fleet.ts";
import { frontOf } from "./front.ts";
import { Membership } from "./membership.ts";
import { setNoDelay } from "./no-delay.ts";
import type { RivetKit, RivetRegistry } from "./platform.ts";
import { type Resident, Residents } from "./residents.ts";
import { rivetActors } from "./rivet-actors.ts";
import { serveRequest } from "./serve-stream.ts";
import { type DistantQuestion, RivetStore } from "./store.ts";
import type { RequestHead } from "./tunnel/inbound.ts";
import type { Stream } from "./tunnel/mux.ts";
import { TunnelPool } from "./tunnel/pool.ts";
import { ProofBook, tunnelKey } from "./tunnel/proof.ts";

export interface RivetOptions {
  /** Where the engine's guard listens, such as `http://10.0.0.5:6420`. Default `RIVET_ENDPOINT`. */
  readonly endpoint?: string;
  /** The engine's admin token. It also is the secret by which runners know each other. Default `RIVET_TOKEN`. */
  readonly token?: string;
  /** Default `default`. */
  readonly namespace?: string;
  /** The pool of runners at the engine. Default `default`. */
  readonly pool?: string;
  /** Version of the program: the engine moves actors off runners of an older one. Default `RIVET_ENVOY_VERSION`, or 1. */
  readonly version?: number;
  /** Public port; 0 = any. Default 6420. */
  readonly port?: number;
  /** Public address. Default `127.0.0.1`. */
  readonly hostname?: string;
  /** ms a runner that is silent counts as serving: the longest a revocation waits for it. Default 30 000. */
  readonly lease?: number;
  /** ms until work of a crashed runner is taken up by itself; a call takes it up at once. Default 30 000. */
  readonly guard?: number;
  /** ms a call waits for an actor that moves. Default 15 000. */
  readonly patience?: number;
  /** What `import("rivetkit")` and `import("rivetkit/db")` give, where they are not to be found from here. */
  readonly rivetkit?: RivetKit;
  /** Secrets and settings by name. Default `process.env`. */
  readonly env?: (name: string) => string | undefined;
}

/** A running runner. */
export interface RivetServed {
  /** Origin, without trailing slash. */
  readonly url: string;
  readonly port: number;
  /** Stops taking requests, lets those in flight finish, and hands every actor to the other runners. */
  close(): Promise<void>;
}

const DEFAULT_PORT = 6420;
const DEFAULT_LEASE = 30_000;
const DEFAULT_GUARD = 30_000;
const DEFAULT_PATIENCE = 15_000;
const LOOPBACK = ["localhost", "127.0.0.1", "::1", "[::1]"];

/**
 * Makes this process a runner of a registry at a Rivet Engine. Beta.
 *
 * @throws ConfigurationError `rivet.endpoint_missing`, `rivet.token_missing`, `rivet.package_missing`
 */
export async function serveOnRivet(registry: Registry, options: RivetOptions = {}): Promise<RivetServed> {
  const settings = settingsOf(options);
  // With it RivetKit's native part walks the stack for every message: one core at 100 %.
  delete process.env["RUST_BACKTRACE"];
  const kit = options.rivetkit ?? (await loadKit());
  const runner = new Runner(registry as Registry, options, settings, nodeLogger());
  try {
    await runner.start(kit);
    return await runner.listen();
  } catch (error) {
    await runner.abandon();
    throw error;
  }
}

interface Settings {
  readonly endpoint: string;
  readonly token: string;
  readonly namespace: string;
  readonly poolName: string;
  readonly version: number;
}

function settingsOf(options: RivetOptions): Settings {
  const endpoint = options.endpoint ?? process.env["RIVET_ENDPOINT"];
  const token = options.token ?? process.env["RIVET_TOKEN"];
  if (endpoint === undefined || endpoint === "") {
    throw new ConfigurationError("rivet.endpoint_missing", "Say where the engine is: `endpoint`, or RIVET_ENDPOINT.");
  }
  if (token === undefined || token === "") {
    throw new ConfigurationError(
      "rivet.token_missing",
      "Give the engine's admin token: `token`, or RIVET_TOKEN. Without one anybody who reaches the engine runs it.",
    );
  }
  const version = options.version ?? Number(process.env["RIVET_ENVOY_VERSION"] ?? 1);
  return { endpoint, token, namespace: options.namespace ?? "default", poolName: options.pool ?? "default", version };
}

async function loadKit(): Promise<RivetKit> {
  // Not literal: the types of an optional peer must not be needed to check this file.
  const [main, database] = ["rivetkit", "rivetkit/db"];
  try {
    const [{ actor, setup }, { db }] = await Promise.all([import(main), import(database)]);
    return { actor, setup, db };
  } catch (error) {
    throw new ConfigurationError(
      "rivet.package_missing",
      `Install the peer: npm install rivetkit@2.3.19. (${error instanceof Error ? error.message : String(error)})`,
    );
  }
}

class Runner {
  readonly #registry: Registry;
  readonly #options: RivetOptions;
  readonly #settings: Settings;
  readonly #log: Logger;
  readonly #pool: TunnelPool;
  readonly #membership: Membership;
  readonly #residents: Residents;
  readonly #store: RivetStore;
  readonly #started = Promise.withResolvers<Runtime>();
  readonly #proofs: ProofBook;
  #edge: Edge | null = null;
  #rivet: RivetRegistry | null = null;
  #server: NodeServer | null = null;
  #stopCrons: (() => void) | null = null;
  #closing: Promise<void> | null = null;

  constructor(registry: Registry, options: RivetOptions, settings: Settings, log: Logger) {
    this.#registry = registry;
    this.#options = options;
    this.#settings = settings;
    this.#log = log;
    const key = tunnelKey(settings.token);
    this.#proofs = new ProofBook(key);
    this.#started.promise.catch(() => {});
    const clock = systemClock;
    this.#pool = new TunnelPool({
      ...settings,
      key,
      clock,
      log,
      patience: options.patience ?? DEFAULT_PATIENCE,
    });
    this.#membership = new Membership({
      pool: this.#pool,
      clock,
      log,
      lease: options.lease ?? DEFAULT_LEASE,
      learn: (rows, epoch) => this.#edge?.runtime.learn(rows, epoch) ?? [],
      lapsed: () => void this.#residents.lapse(),
      joined: () => this.#residents.resume(),
    });
    this.#store = new RivetStore(this.#membership, distantRows(this.#pool));
    this.#residents = new Residents({
      store: this.#store,
      clock,
      log,
      proofs: this.#proofs,
      guard: options.guard ?? DEFAULT_GUARD,
      runtime: this.#started.promise,
      serve: (resident, stream, head) => {
        this.#serve(resident, stream, head as { readonly kind?: unknown }).catch((error: unknown) => {
          log.error({ actor: resident.ref.name, key: resident.ref.key, err: error }, "a call through a tunnel failed");
          stream.reset("fault");
        });
      },
    });
  }

  async start(kit: RivetKit): Promise<void> {
    const { endpoint, token, namespace, poolName, version } = this.#settings;
    const directory = {
      proofs: this.#proofs,
      clock: systemClock,
      log: this.#log,
      lease: this.#options.lease ?? DEFAULT_LEASE,
    };
    const rivet = kit.setup({
      use: rivetActors(kit, this.#residents, directory),
      endpoint,
      token,
      namespace,
      startEngine: false,
      startServices: false,
      noWelcome: true,
      logging: { level: "error" },
      envoy: { poolName, version },
    });
    this.#rivet = rivet;
    await rivet.startAndWait();
    await setNoDelay(portOf(endpoint));
    const parts = {
      pool: this.#pool,
      store: this.#store,
      residents: this.#residents,
      membership: this.#membership,
      clock: systemClock,
      runtime: this.#started.promise,
    };
    const { env } = this.#options;
    const host = {
      ...nodeHost({ store: this.#store, log: this.#log, ...(env === undefined ? {} : { env }) }),
      kind: "rivet" as const,
    };
    const edge = await this.#registry.start(host, { fleet: fleetOf(parts), surroundings: surroundingsOf(parts) });
    this.#edge = edge;
    // What was revoked between reading the rows and joining comes with the state that is told to who joins.
    await this.#membership.join();
    this.#started.resolve(edge.runtime);
    this.#stopCrons = startCrons({
      services: this.#registry.config.services,
      runtime: edge.services,
      clock: systemClock,
      log: this.#log,
      claim: (schedule, at) => this.#membership.claim(schedule, at),
    });
  }

  async listen(): Promise<RivetServed> {
    const { config } = this.#registry;
    const hostname = this.#options.hostname ?? "127.0.0.1";
    const isServing = (): boolean => !this.#residents.isLapsed;
    const server = new NodeServer({
      edge: frontOf(this.#edge!, config, this.#pool, isServing),
      publicUrl: config.publicUrl,
      isTrusted: trustedProxies(config.trustProxy),
      fallbackOrigin: `http://${hostname}`,
      maxPayload: Math.max(config.limits.maxIncomingMessageSize, config.limits.maxOutgoingMessageSize),
      hostNames: hostNamesFor(hostname, config),
    });
    this.#server = server;
    const port = await new Promise<number>((done, fail) => {
      server.http.once("error", fail);
      server.http.listen(this.#options.port ?? DEFAULT_PORT, hostname, () => {
        server.http.off("error", fail);
        done((server.http.address() as AddressInfo).port);
      });
    });
    const name = hostname.includes(":") ? `[${hostname}]` : hostname;
    return { url: `http://${name}:${port}`, port, close: () => this.close() };
  }

  async #serve(resident: Resident, stream: Stream, head: { readonly kind?: unknown }): Promise<void> {
    const edge = this.#edge!;
    const { kind } = head;
    if (kind === "http" || kind === "ws") {
      const request = head as RequestHead;
      if (request.internal === undefined) await serveRequest(edge, stream, request);
      else await serveInternalStream(edge.runtime, stream, request);
    } else if (kind === "callee") await reply(stream, (content) => answerCall(edge.runtime, content));
    else if (kind === "rows") {
      await reply(stream, (question) => answerRows(resident.ref, resident.storage, question as DistantQuestion));
    } else if (kind === "queue") {
      await reply(stream, (content) => {
        const [name, question, args] = content as [string, string, readonly unknown[]];
        return this.#registry.queueActors.answer(name, question, args);
      });
    } else stream.reset("unknown");
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#stopCrons?.();
    await this.#server?.drain(this.#registry.config.limits.drainTimeout);
    await this.#residents.close();
    await this.#registry.close();
    this.#membership.close();
    await this.#rivet?.shutdown();
    this.#pool.close();
    this.#server?.destroy();
  }

  /** The start failed, wherever: nothing that had begun goes on, and no other runner waits for this one. */
  async abandon(): Promise<void> {
    this.#started.reject(new Error("the runner did not start"));
    this.#stopCrons?.();
    this.#server?.destroy();
    for (const part of [this.#residents, this.#registry]) {
      await part.close().catch((error: unknown) => {
        this.#log.error({ err: error }, "a runner that did not start did not stop cleanly");
      });
    }
    this.#membership.close();
    await this.#rivet?.shutdown().catch(() => {});
    this.#pool.close();
  }
}

function portOf(endpoint: string): number {
  const { port, protocol } = new URL(endpoint);
  return Number(port === "" ? (protocol === "https:" ? 443 : 80) : port);
}

/** On loopback only loopback names are accepted, so that no page elsewhere reaches it by DNS rebinding. */
function hostNamesFor(hostname: string, config: Registry["config"]): ReadonlySet<string> | null {
  if (!LOOPBACK.includes(hostname)) return null;
  const names = new Set([...LOOPBACK, ...config.hosts.map((name) => name.toLowerCase())]);
  if (config.publicUrl !== null) names.add(new URL(config.publicUrl).hostname);
  return names;
}
