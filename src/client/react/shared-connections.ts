/**
 * Owns the connections that components share: one for everybody who asks for the same actor with the same parameters.
 * No React here.
 *
 * Invariants:
 * - A connection is open exactly while somebody holds it, give or take one macrotask: React's StrictMode lets go and
 *   takes hold again at once, and that must not reconnect.
 * - A view is replaced, never changed, and only when something in it changed.
 */
import { encode } from "../../protocol/json.ts";
import type { ActorError } from "../errors.ts";
import type { ActorConn, ActorConnStatus, ActorHandle, ActorKey, Client } from "../types.ts";

/** Which connection. */
export interface ActorRequest {
  readonly name: string;
  readonly key?: ActorKey | undefined;
  readonly params?: unknown;
  readonly createWithInput?: unknown;
  readonly noCreate?: boolean | undefined;
}

/** What a component sees of it. */
export interface ConnectionView {
  readonly connStatus: ActorConnStatus;
  /** The last error; null again once connected. */
  readonly error: ActorError | null;
  readonly handle: ActorHandle | null;
  readonly connection: ActorConn | null;
}

export const NO_CONNECTION: ConnectionView = Object.freeze({
  connStatus: "idle",
  error: null,
  handle: null,
  connection: null,
});

interface Shared {
  readonly connection: ActorConn;
  readonly watchers: Set<() => void>;
  view: ConnectionView;
  holders: number;
}

/** The same text for the same actor and parameters, whatever order their members are in. `createWithInput` is no part. */
export const hashOf = ({ name, key, params, noCreate }: ActorRequest): string =>
  encode([name, typeof key === "string" ? [key] : (key ?? []), sorted(params), noCreate === true], "useActor");

export class SharedConnections {
  readonly #client: Client;
  readonly #byHash = new Map<string, Shared>();

  constructor(client: Client) {
    this.#client = client;
  }

  view(hash: string): ConnectionView {
    return this.#byHash.get(hash)?.view ?? NO_CONNECTION;
  }

  /** Opens the connection, or joins it. Returns what lets go of it. */
  hold(hash: string, request: ActorRequest, watch: () => void): () => void {
    const shared = this.#byHash.get(hash) ?? this.#open(hash, request);
    // The same function may watch twice.
    const watcher = (): void => watch();
    shared.watchers.add(watcher);
    shared.holders++;
    return () => {
      shared.watchers.delete(watcher);
      shared.holders--;
      setTimeout(() => this.#close(hash, shared), 0);
    };
  }

  #open(hash: string, request: ActorRequest): Shared {
    const { name, key, params, createWithInput, noCreate } = request;
    const options = params === undefined ? {} : { params };
    const handle = noCreate
      ? this.#client.get(name, key, options)
      : this.#client.getOrCreate(name, key, createWithInput === undefined ? options : { ...options, createWithInput });
    const connection = handle.connect();
    const view: ConnectionView = { connStatus: connection.connStatus, error: null, handle, connection };
    const shared: Shared = { connection, watchers: new Set(), view, holders: 0 };
    this.#byHash.set(hash, shared);
    connection.onStatusChange((connStatus) =>
      change(shared, connStatus === "connected" ? { connStatus, error: null } : { connStatus }),
    );
    connection.onError((error) => change(shared, { error }));
    return shared;
  }

  #close(hash: string, shared: Shared): void {
    if (shared.holders > 0 || this.#byHash.get(hash) !== shared) return;
    this.#byHash.delete(hash);
    void shared.connection.dispose();
  }
}

const change = (shared: Shared, part: Partial<ConnectionView>): void => {
  shared.view = { ...shared.view, ...part };
  for (const watch of [...shared.watchers]) watch();
};

const sorted = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null || Object.getPrototypeOf(value) !== Object.prototype) return value;
  const entries = Object.entries(value).map(([name, member]): [string, unknown] => [name, sorted(member)]);
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
};
