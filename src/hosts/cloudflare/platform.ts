/**
 * Owns the shapes of the Workers platform that this host uses, and no more: structural, so that any version of the
 * platform's own types fits. Source: the Durable Objects and Workers API reference of Cloudflare, and `workerd`.
 */

export type SqlValue = string | number | null | ArrayBuffer;

export interface SqlCursor<Row> extends Iterable<Row> {
  toArray(): Row[];
}

export interface SqlDatabase {
  exec<Row = Record<string, SqlValue>>(query: string, ...bindings: unknown[]): SqlCursor<Row>;
}

export interface ObjectStorage {
  readonly sql: SqlDatabase;
  transactionSync<T>(run: () => T): T;
  setAlarm(at: number): Promise<void>;
  getAlarm(): Promise<number | null>;
  deleteAlarm(): Promise<void>;
}

export interface ObjectId {
  readonly name?: string;
  toString(): string;
}

/** A WebSocket of the platform, the server's end. */
export interface PlatformSocket {
  readonly readyState: number;
  binaryType?: string;
  accept(): void;
  send(data: string | ArrayBuffer | ArrayBufferView): void;
  close(code?: number, reason?: string): void;
  serializeAttachment(value: unknown): void;
  deserializeAttachment(): unknown;
  addEventListener(
    type: "message" | "close" | "error",
    listener: (event: { readonly data?: unknown; readonly code?: number; readonly reason?: string }) => void,
  ): void;
}

/** What a Durable Object gets with its construction. */
export interface ObjectState {
  readonly id: ObjectId;
  readonly storage: ObjectStorage;
  acceptWebSocket(socket: PlatformSocket, tags?: string[]): void;
  getWebSockets(tag?: string): PlatformSocket[];
  waitUntil(promise: Promise<unknown>): void;
}

/** A namespace of Durable Objects of our class, as a binding. */
export interface ObjectNamespace<Stub> {
  idFromName(name: string): ObjectId;
  /** @throws for text that is no id of this namespace */
  idFromString(id: string): ObjectId;
  get(id: ObjectId): Stub;
}

export interface ExecutionContext {
  waitUntil(promise: Promise<unknown>): void;
}

/** What an entrypoint gets: `props` are those of the binding that the call came over. */
export interface EntrypointContext extends ExecutionContext {
  readonly props?: unknown;
}

/** Bindings, variables and secrets by name. */
export type WorkerEnv = Readonly<Record<string, unknown>>;

/** Makes the two ends of a WebSocket. @throws outside of the Workers runtime */
export function socketPair(): { readonly client: PlatformSocket; readonly server: PlatformSocket } {
  const { WebSocketPair } = globalThis as unknown as { WebSocketPair: new () => Record<0 | 1, PlatformSocket> };
  const pair = new WebSocketPair();
  return { client: pair[0], server: pair[1] };
}
