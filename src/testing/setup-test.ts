/**
 * Owns `setupTest`: the definitions of a registry on a host of their own, with time, secrets and network of the test's.
 * The registry given is not started; each call is a world of its own.
 */
import { createInternalClient } from "../actors/internal-client.ts";
import { ConfigurationError } from "../boundary/errors.ts";
import { type AnyParty, baseOf, membersOf } from "../boundary/party.ts";
import type { Channel } from "../boundary/scheme.ts";
import { createClientOn } from "../client/create-client.ts";
import type { Runtime } from "../client/runtime.ts";
import type { Client, ClientMembers, ClientOptions } from "../client/types.ts";
import type { Host } from "../hosts/port.ts";
import type { Edge } from "../registry/edge.ts";
import type { Registry } from "../registry/registry.ts";
import { RealTestClock, type TestClock, turn, VirtualTestClock } from "./clock.ts";
import { Credentials, type InternalOptions, type Member, type SignOptions, type TokenOptions } from "./credentials.ts";
import { createNetwork, type Network, ORIGIN } from "./network.ts";
import { createProvider } from "./provider.ts";
import { makeSecrets } from "./secrets.ts";
import { type LogLine, Session, type SessionParts } from "./session.ts";
import { openStorage, platformDigests, type Storage } from "./storage.ts";

/** A running test, as test runners hand it over: Vitest's context, or `t` of `node:test`. */
export interface TestScope {
  onTestFinished?(cleanUp: () => Promise<void>): unknown;
  after?(cleanUp: () => Promise<void>): unknown;
}

export interface SetupTestOptions {
  /** `virtual` (default): time stands still until the test moves it. */
  readonly clock?: "virtual" | "real";
  /** `memory` (default), or `sqlite`: the store of the Node host, in a directory of its own. */
  readonly host?: "memory" | "sqlite";
  /** Secrets and settings by name. Secrets that parties name and that are absent here are made up. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Answers what the registry fetches: keys of OpenID providers. Default: the kit's own provider. */
  readonly fetch?: Host["fetch"];
  /** Address the clients call from. Default `127.0.0.1`. */
  readonly address?: string;
}

/** Who a client of {@link TestKit.as} is, and options of the client itself. */
export interface AsOptions extends TokenOptions, InternalOptions, Pick<ClientOptions, "params" | "encoding"> {}

/** A registry under test, whichever it is: what functions take that help tests of several registries. */
export interface AnyTestKit extends AsyncDisposable {
  /** A client that presents nothing. Of any kit it has the accessors by name: `kit.client.getOrCreate("room", "a")`. */
  readonly client: ClientMembers;
  readonly clock: TestClock;
  /** The running registry: `revoke`, `bumpEpoch`, `runtime`. Another one after {@link restart}. */
  readonly registry: Registry;
  /** What the registry logged, oldest first. */
  readonly log: readonly LogLine[];
  /** The origin of {@link fetch}. */
  readonly url: string;
  /** Requests to the registry, by path or URL; nothing leaves the process. */
  readonly fetch: typeof globalThis.fetch;
  readonly WebSocket: typeof globalThis.WebSocket;
  /**
   * A client whose caller is of this party, with a real credential. With `expiresIn` its token is minted once and ends;
   * without, a fresh one is minted whenever it is asked for. Signature parties sign each request; internal ones call
   * through the channel, as `name` and `key`.
   * @throws ConfigurationError `testing.party_unknown`, `testing.channel`
   */
  readonly as: (member: Member, options?: AsOptions) => ClientMembers;
  /** A token of a bearer or oidc party. @throws ConfigurationError `testing.no_token` and others of the kit */
  readonly mint: (member: Member, options?: TokenOptions) => Promise<string>;
  /** The headers that sign a delivery. @throws ConfigurationError `testing.no_signature` and others of the kit */
  readonly sign: (member: Member, body: string | Uint8Array, options?: SignOptions) => Promise<Record<string, string>>;
  /** A client over the kit's network with options of its own. */
  readonly createClient: (options?: ClientOptions) => ClientMembers;
  /** Breaks every open socket, as a lost link does. */
  readonly cutConnections: () => void;
  /** Stops the registry cleanly and starts it again on the same storage. */
  readonly restart: () => Promise<void>;
  /** Ends the registry as `kill -9` does, and starts it again on the same storage. */
  readonly crash: () => Promise<void>;
  readonly dispose: () => Promise<void>;
}

/** A registry under test, with clients of its own types. */
export interface TestKit<R extends Registry = Registry> extends AnyTestKit {
  readonly client: Client<R>;
  readonly registry: R;
  readonly as: (member: Member, options?: AsOptions) => Client<R>;
  readonly createClient: (options?: ClientOptions) => Client<R>;
}

/**
 * Runs a registry's definitions for one test and cleans up after it. Without a scope, dispose of the kit yourself
 * (`await using kit = await setupTest(null, registry)`).
 *
 * @throws ConfigurationError whatever stops the registry from starting
 */
export async function setupTest<R extends Registry>(
  scope: TestScope | null,
  registry: R,
  options: SetupTestOptions = {},
): Promise<TestKit<R>> {
  const kit = await Kit.start<R>(registry, options);
  const cleanUp = (): Promise<void> => kit.dispose();
  if (scope?.onTestFinished !== undefined) scope.onTestFinished(cleanUp);
  else scope?.after?.(cleanUp);
  return kit;
}

/** Every party that an entrypoint of the registry names. */
export function partiesOf(registry: Registry): ReadonlySet<AnyParty> {
  const { actors, services } = registry.config;
  const ofActors = [...actors.values()].flatMap(({ allBy }) => allBy.flatMap(membersOf));
  return new Set([...ofActors.map(baseOf), ...services.flatMap(({ bases }) => bases)]);
}

/** Longer than all timeouts of a stopping actor together. */
const MAX_STOP_SECONDS = 3600;

class Kit<R extends Registry> implements TestKit<R> {
  readonly client: Client<R>;
  readonly clock: TestClock;
  readonly log: LogLine[];
  readonly url = ORIGIN;
  readonly #config: Registry["config"];
  readonly #parts: SessionParts;
  readonly #storage: Storage;
  readonly #credentials: Credentials;
  readonly #network: Network;
  readonly #clients: { dispose(): Promise<void> }[] = [];
  #session: Session;
  /** What the session started; set before anybody gets the kit. */
  #running!: Edge;
  #disposed: Promise<void> | null = null;

  private constructor(
    config: Registry["config"],
    parts: SessionParts,
    storage: Storage,
    credentials: Credentials,
    address: string,
  ) {
    this.#config = config;
    this.#parts = parts;
    this.#storage = storage;
    this.#credentials = credentials;
    this.clock = parts.clock;
    this.log = parts.log;
    this.#network = createNetwork(() => this.#edge(), config.publicUrl, address);
    this.#session = new Session(config, parts);
    this.client = this.createClient();
  }

  static async start<R extends Registry>(registry: R, options: SetupTestOptions): Promise<Kit<R>> {
    const parties = partiesOf(registry);
    const clock = options.clock === "real" ? new RealTestClock() : new VirtualTestClock();
    const secrets = await makeSecrets(parties, options.env ?? {});
    const provider = await createProvider(parties);
    const storage = await openStorage(options.host ?? "memory");
    const parts: SessionParts = {
      clock,
      store: storage.store,
      track: (work) => clock.track(work),
      env: (name) => secrets.env.get(name),
      fetch: options.fetch ?? provider.fetch,
      log: [],
      digests: await platformDigests(),
    };
    const credentials = new Credentials({ parties, secrets, provider, now: () => clock.now() });
    const kit = new Kit<R>(registry.config, parts, storage, credentials, options.address ?? "127.0.0.1");
    try {
      kit.#running = await kit.#session.edge;
    } catch (error) {
      await storage.dispose();
      throw error;
    }
    return kit;
  }

  get registry(): R {
    // The same class with the same definitions; its type parameter is what the given registry's was.
    return this.#session.registry as R;
  }
  get fetch(): typeof globalThis.fetch {
    return this.#network.fetch;
  }
  get WebSocket(): typeof globalThis.WebSocket {
    return this.#network.WebSocket;
  }

  #edge(): Promise<Edge> {
    return this.#session.edge;
  }

  readonly mint = (member: Member, options?: TokenOptions): Promise<string> =>
    this.#track(this.#credentials.mint(member, options));
  readonly sign = (member: Member, body: string | Uint8Array, options?: SignOptions): Promise<Record<string, string>> =>
    this.#track(this.#credentials.sign(member, body, options));
  #track<T>(work: Promise<T>): Promise<T> {
    return this.#parts.track(work);
  }

  readonly as = (member: Member, options: AsOptions = {}): Client<R> => {
    this.#credentials.assertKnown(member);
    const { params, encoding } = options;
    const common: ClientOptions = {
      ...(params === undefined ? {} : { params }),
      ...(encoding === undefined ? {} : { encoding }),
    };
    switch (baseOf(member).scheme.kind) {
      case "none":
        return this.createClient(common);
      case "bearer":
      case "oidc":
        return this.createClient({ ...common, token: this.#tokenSource(member, options) });
      case "signature":
        return this.createClient({ ...common, fetch: this.#signingFetch(member, options) });
      case "internal":
        return this.#internalClient(member, options);
    }
  };

  #tokenSource(member: Member, options: AsOptions): () => Promise<string> {
    if (options.expiresIn === undefined) return () => this.mint(member, options);
    const once = this.mint(member, options);
    // Who calls learns of a failure; before that, nobody may.
    once.catch(() => {});
    return () => once;
  }

  #signingFetch(member: Member, options: AsOptions): typeof globalThis.fetch {
    return async (input, init) => {
      const request = new Request(input, init);
      const body = new Uint8Array(await request.arrayBuffer());
      const id = this.#uniqueId();
      const given = Object.fromEntries(request.headers);
      const { secret } = options;
      const signed = await this.sign(member, body, {
        id,
        url: request.url,
        headers: given,
        ...(secret === undefined ? {} : { secret }),
      });
      const bodyless = request.method === "GET" || request.method === "HEAD";
      return this.fetch(request.url, {
        method: request.method,
        headers: { ...given, ...signed },
        signal: request.signal,
        ...(bodyless ? {} : { body }),
      });
    };
  }

  #internalClient(member: Member, options: AsOptions): Client<R> {
    const caller = {
      name: options.name ?? "test",
      ...(options.key === undefined ? {} : { key: options.key }),
      ...(options.onBehalfOf === undefined ? {} : { onBehalfOf: options.onBehalfOf }),
    };
    const channel: Channel = { kind: "caller", caller };
    const presented = { channel, method: "", url: "", header: () => null, body: null, frameToken: null };
    if (!baseOf(member).scheme.isPresented(presented)) {
      throw new ConfigurationError(
        "testing.channel",
        `"${member.name}" is the actor's own schedule or queue, which nobody outside can be: move the clock instead.`,
      );
    }
    const clientOn = (runtime: Edge["runtime"]): object => createInternalClient(runtime, caller, runtime.outgoing);
    // Asked anew at each use: after `restart` there is another runtime. Its accessors are those of a client.
    return new Proxy({}, { get: (_target, name) => Reflect.get(clientOn(this.#running.runtime), name) }) as Client<R>;
  }

  readonly createClient = (options: ClientOptions = {}): Client<R> => {
    const { clock } = this;
    const runtime: Runtime = {
      fetch: options.fetch ?? this.#network.fetch,
      WebSocket: options.WebSocket ?? this.#network.WebSocket,
      now: () => clock.now(),
      random: () => 0.5,
      uniqueId: () => this.#uniqueId(),
      later: (ms, run) => {
        if (ms <= 0) return soon(run);
        const timer = clock.after(ms, run);
        return () => timer.cancel();
      },
      report: (error) => {
        this.log.push({
          level: "error",
          message: "an error of a client that nobody listens for",
          fields: { err: error },
        });
      },
    };
    const client = createClientOn<R>(runtime, { endpoint: ORIGIN, ...options });
    this.#clients.push(client);
    return client;
  };

  #uniqueId(): string {
    return crypto.randomUUID();
  }

  readonly cutConnections = (): void => {
    this.#network.cut("link");
  };

  readonly restart = async (): Promise<void> => {
    await this.#session.stop();
    await this.#begin();
  };

  readonly crash = async (): Promise<void> => {
    this.#session.crash();
    this.#network.cut("crash");
    await this.#begin();
  };

  async #begin(): Promise<void> {
    this.#session = new Session(this.#config, this.#parts);
    this.#network.cut("link");
    this.#running = await this.#session.edge;
  }

  readonly dispose = (): Promise<void> => {
    this.#disposed ??= this.#disposeNow();
    return this.#disposed;
  };

  async #disposeNow(): Promise<void> {
    // A stop that waits for time would wait for ever under a clock nobody moves any more.
    const ending = Promise.all(this.#clients.map((client) => client.dispose())).then(() => this.#session.stop());
    let isOver = false;
    const over = ending.finally(() => {
      isOver = true;
    });
    over.catch(() => {});
    for (let seconds = 0; this.clock instanceof VirtualTestClock && !isOver; seconds++) {
      if (seconds > MAX_STOP_SECONDS)
        throw new Error("The registry did not stop: something it waits for never settles.");
      await this.clock.advance(1000);
    }
    await over.finally(() => this.#storage.dispose());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.dispose();
  }
}

/** As soon as possible; time of the test does not have to move for it. */
function soon(run: () => void): () => void {
  let cancelled = false;
  void turn().then(() => {
    if (!cancelled) run();
  });
  return () => {
    cancelled = true;
  };
}
