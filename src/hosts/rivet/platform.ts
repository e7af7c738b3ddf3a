/**
 * Owns what this host uses of the `rivetkit` package, as structural types: the package is an optional peer, and nothing of
 * it is needed to check or build Byward. Written against the declarations of rivetkit 2.3.19.
 */

/** `c.db`: SQLite of one actor. Commits are fenced by the engine: an owner that was replaced cannot commit. */
export interface RivetDatabase {
  execute(sql: string, ...args: readonly unknown[]): Promise<readonly Readonly<Record<string, unknown>>[]>;
  transaction<T>(run: (tx: RivetDatabase) => Promise<T>, options?: { readonly name?: string }): Promise<T>;
}

/** The actor's side of a raw WebSocket. */
export interface RivetSocket {
  readonly readyState: number;
  binaryType: string;
  send(data: string | Uint8Array): void;
  close(code?: number, reason?: string): void;
  addEventListener(type: "message" | "close", listener: (event: RivetSocketEvent) => void): void;
}

export interface RivetSocketEvent {
  readonly data?: unknown;
  readonly code?: number;
  readonly reason?: string;
}

/** What hooks of an actor receive; each hook has an object of its own, `vars` is one for a life of the actor. */
export interface RivetContext {
  readonly db: RivetDatabase;
  readonly vars: RivetLife;
  readonly actorId: string;
  readonly key: readonly string[];
  /** The one durable deadline of an actor: the engine starts it then, wherever it was. */
  readonly run: { setWakeAt(timestamp: number | null): Promise<void> };
  /** Keeps the actor from sleeping until the promise settles. */
  keepAwake<T>(promise: Promise<T>): Promise<T>;
  sleep(): void;
  destroy(): void;
}

/** One life of an actor on a runner: from its wake to its sleep. */
export interface RivetLife {
  readonly id: string;
}

export interface RivetActorConfig {
  readonly db: unknown;
  createVars(): RivetLife;
  readonly options: { readonly sleepTimeout: number; readonly sleepGracePeriod: number };
  onWake(c: RivetContext): Promise<void>;
  onSleep(c: RivetContext): Promise<void>;
  onDestroy(c: RivetContext): Promise<void>;
  run(c: RivetContext): Promise<void>;
  onRequest(c: RivetContext, request: Request): Promise<Response>;
  onWebSocket(c: RivetContext, socket: RivetSocket): void;
}

/** The members of `rivetkit` and `rivetkit/db` this host calls. */
export interface RivetKit {
  actor(config: RivetActorConfig): unknown;
  setup(options: {
    readonly use: Readonly<Record<string, unknown>>;
    readonly endpoint: string;
    readonly token: string;
    readonly namespace: string;
    readonly startEngine: false;
    readonly startServices: false;
    readonly noWelcome: true;
    readonly logging: { readonly level: "error" | "warn" | "info" | "debug" | "silent" };
    readonly envoy: { readonly poolName: string; readonly version: number };
  }): RivetRegistry;
  db(options: { onMigrate(db: RivetDatabase): Promise<void> }): unknown;
}

export interface RivetRegistry {
  /** Resolves when the engine knows this runner. */
  startAndWait(): Promise<void>;
  shutdown(): Promise<void>;
}
