/**
 * Owns the host port: all an actor runtime needs from the platform under it. Two doors for data, `load` and `commit`;
 * no SQL, no platform type and no ambient time or randomness reaches the floors above (design §6).
 *
 * G8 rests here: `commit` resolves only when everything in the write set is durable, all of it or nothing.
 */
import type { MaybePromise } from "../boundary/maybe-promise.ts";
import type { CallerRecord, SchemeEnvironment } from "../boundary/scheme.ts";

export type LogLevel = "debug" | "info" | "warn" | "error";

/** A structured logger; fields first, then the message. Never given a token or a secret. */
export interface Logger {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
  child(fields: object): Logger;
}

/** An actor's address: type name and canonical key text (ruling 3: components percent-encoded, joined by `,`; `~` = empty). */
export interface ActorRef {
  readonly name: string;
  readonly key: string;
}

export interface QueueRow {
  /** Ascending per actor, from 1, across its queues. */
  readonly id: number;
  readonly queue: string;
  /** Tagged-JSON text of the body. */
  readonly body: string;
  /** Who enqueued it, as data (ruling 18); null for the actor's own sends. */
  readonly caller: CallerRecord | null;
  readonly createdAt: number;
  /** Not deliverable before; epoch ms. Backoff of a redelivery. */
  readonly availableAt: number;
  /** Deliveries so far. */
  readonly attempt: number;
  /** Idempotency id given by the sender, or null. Unique per queue while the message or its mark lives. */
  readonly idempotencyKey: string | null;
  /** `ready` = to be delivered, `dead` = dead-lettered, `done` = completed, kept as mark of its idempotency id. */
  readonly status: "ready" | "dead" | "done";
  /** When a `done` mark may be forgotten; epoch ms. */
  readonly keepUntil?: number | null;
  /** Tagged-JSON text of the completion reply, with `done`. */
  readonly response?: string | null;
  /** Why it is dead, for people. */
  readonly deadReason?: string | null;
}

export interface ScheduleRow {
  readonly id: string;
  /** Epoch ms of the next firing. */
  readonly dueAt: number;
  readonly action: string;
  /** Tagged-JSON text of the argument list. */
  readonly args: string;
  /** Cron expression for repeating schedules, else null. */
  readonly cron: string | null;
  readonly createdAt: number;
}

/** A connection kept across sleep: its lease and subscriptions as data. */
export interface ConnectionRow {
  readonly id: string;
  /** Tagged-JSON text: params, connection state, subscriptions, credential records, epoch. */
  readonly data: string;
}

export interface ReplayRow {
  /** Digest or id, scoped by party and entrypoint. */
  readonly id: string;
  readonly status: "in_progress" | "done" | "failed";
  /** Epoch ms after which it may be forgotten. */
  readonly keepUntil: number;
}

/** Facts of an actor beside its state. */
export interface ActorMeta {
  /** Random, new for each incarnation: stale ids never address a later actor with the same key. */
  readonly id: string;
  readonly createdAt: number;
  /** Version of the state's shape (`migrate`). */
  readonly version: number;
  /** The next queue id. */
  readonly nextQueueId: number;
  /** True while `run` has not settled: such an actor is woken after a start (ruling 28). */
  readonly running: boolean;
}

export interface Snapshot {
  readonly meta: ActorMeta;
  /** Tagged-JSON text; null when the actor has no state. */
  readonly state: string | null;
  readonly schedules: readonly ScheduleRow[];
  readonly connections: readonly ConnectionRow[];
  /** How many rows stand in each queue, by status; messages themselves are read in pages. */
  readonly queues: Readonly<Record<string, { readonly ready: number; readonly dead: number }>>;
}

export type KvKey = Uint8Array;

/** Everything one commit changes, of one actor, atomically. Absent parts are untouched. */
export interface WriteSet {
  readonly actor: ActorRef;
  /** `create` fails with `conflict` if the actor exists; `update` fails if it does not; `destroy` wipes all of it. */
  readonly mode: "create" | "update" | "destroy";
  readonly meta?: ActorMeta;
  readonly state?: string | null;
  /** Rows written whole, by id, in the order given. */
  readonly queuePut?: readonly QueueRow[];
  readonly queueDelete?: readonly number[];
  readonly schedulePut?: readonly ScheduleRow[];
  readonly scheduleDelete?: readonly string[];
  readonly connectionPut?: readonly ConnectionRow[];
  readonly connectionDelete?: readonly string[];
  readonly kvPut?: readonly { readonly key: KvKey; readonly value: Uint8Array }[];
  readonly kvDelete?: readonly KvKey[];
  readonly replayPut?: readonly ReplayRow[];
  readonly replayDelete?: readonly string[];
  /** When the actor must be woken next (earliest schedule or deliverable message), epoch ms; null = nothing due. */
  readonly wakeAt?: number | null;
  /** `relaxed` commits may be lost by a crash: the promise resolves without waiting for the disk. */
  readonly durability?: "durable" | "relaxed";
}

export interface KvRange {
  readonly start?: KvKey;
  /** Exclusive. */
  readonly end?: KvKey;
  readonly prefix?: KvKey;
  readonly limit?: number;
  readonly reverse?: boolean;
}

/** A revocation, as data (ruling 19). */
export interface RevocationRow {
  readonly id: string;
  readonly party: string | null;
  /** Digest of the identity, or null. */
  readonly identity: string | null;
  readonly claim: { readonly name: string; readonly value: string } | null;
  readonly tokenId: string | null;
  /** Tokens issued at or before this instant (epoch ms) are refused; null with `tokenId`. */
  readonly issuedBefore: number | null;
  readonly revokedAt: number;
  /** When it may be forgotten: every token it could match has expired (`maxLifetime`). */
  readonly keepUntil: number;
}

/** An actor and when it must be woken, epoch ms. */
export interface DueActor {
  readonly actor: ActorRef;
  readonly wakeAt: number;
}

/** Durable storage of actors. Failure of `commit` means nothing of it happened. */
export interface ActorStore {
  /** Null when no such actor exists. Rejects with {@link DamagedActorError} when its rows fail their checksums. */
  load(actor: ActorRef): MaybePromise<Snapshot | null>;
  /**
   * Resolves when durable. Commits of one actor are applied in the order they were handed over; a commit may be
   * handed over while an earlier one is under way. After a failed commit the caller decides; nothing is retried here,
   * and commits of the same actor handed over before the failure was known fail too, since they were built on it.
   * An id both put and deleted in one set, and an idempotency id that another message holds (`conflict`), are refused.
   * @throws StoreError with code `conflict`, `missing`, `full` (disk), `damaged` or `failed`.
   */
  commit(writes: WriteSet): Promise<void>;
  /** Messages of the given status in ascending id order, after `afterId`, at most `limit`; of one queue, or of all (null). */
  readQueue(
    actor: ActorRef,
    query: {
      readonly queue: string | null;
      readonly status: "ready" | "dead";
      readonly afterId: number;
      readonly limit: number;
    },
  ): MaybePromise<readonly QueueRow[]>;
  /** The message (ready, dead or done) that carries this idempotency id in this queue. */
  findQueueKey(actor: ActorRef, queue: string, idempotencyKey: string): MaybePromise<QueueRow | null>;
  kvGet(actor: ActorRef, keys: readonly KvKey[]): MaybePromise<readonly (Uint8Array | null)[]>;
  kvList(actor: ActorRef, range: KvRange): MaybePromise<readonly { readonly key: KvKey; readonly value: Uint8Array }[]>;
  replayGet(actor: ActorRef, id: string): MaybePromise<ReplayRow | null>;
  /** Replay rows of an actor that are still to be kept; for limits. */
  replayCount(actor: ActorRef): MaybePromise<number>;
  /**
   * Forgets replay ids and `done` messages of the actor whose `keepUntil` is earlier than `before`. Where there are many it
   * may resolve after the first of them and forget the rest beside other work.
   */
  replayPrune(actor: ActorRef, before: number): Promise<void>;
  /** Actors in key order of one type, in pages; for inspection and `data list`. */
  list(name: string, after: string | null, limit: number): MaybePromise<readonly ActorRef[]>;
  /** The ref of the live incarnation with this id, if any. */
  findById(id: string): MaybePromise<ActorRef | null>;
  /**
   * Actors that must be woken: those with `meta.running`, reported as due at 0, then those with `wakeAt` at or before
   * `before`; ascending by (due time, name, key). In pages: `after` is the last entry of the page before.
   */
  due(before: number, limit: number, after?: DueActor): MaybePromise<readonly DueActor[]>;
  /** The earliest `wakeAt` of all actors after `after`, or null. */
  nextDue(after: number): MaybePromise<number | null>;
  /** Host-wide rows: revocations and the policy epoch. Durable before it resolves. */
  putRevocation(row: RevocationRow): Promise<void>;
  listRevocations(now: number): MaybePromise<readonly RevocationRow[]>;
  putEpoch(epoch: number): Promise<void>;
  getEpoch(): MaybePromise<number>;
  close(): Promise<void>;
}

export type StoreFailure = "conflict" | "missing" | "full" | "damaged" | "failed" | "closed";

/** Why the store refused; `full` heals by itself when there is room again. */
export class StoreError extends Error {
  override readonly name = "StoreError";
  readonly code: StoreFailure;
  constructor(code: StoreFailure, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.code = code;
  }
}

/** A timer that can be cancelled; never keeps a process alive by itself. */
export interface Timer {
  cancel(): void;
}

export interface Clock {
  /** Epoch ms. */
  now(): number;
  /** Runs `task` once, `delay` ms from now (0 = as soon as possible). Delays beyond 24.8 days are the clock's matter. */
  after(delay: number, task: () => void): Timer;
}

/**
 * A host: clock, randomness, secrets, crypto, storage and log. One object per process or isolate; actors of a
 * registry live on exactly one host at a time.
 */
export interface Host {
  readonly kind: "memory" | "node" | "cloudflare" | "rivet";
  readonly clock: Clock;
  readonly store: ActorStore;
  readonly log: Logger;
  /** Random bytes from a cryptographic source (seeded in tests). */
  random(bytes: number): Uint8Array;
  /** Environment variable or secret by name. */
  env(name: string): string | undefined;
  fetch(input: string, init?: RequestInit): Promise<Response>;
  readonly hmac?: SchemeEnvironment["hmac"];
  readonly sha256?: SchemeEnvironment["sha256"];
}

/**
 * An HTTP request as a transport read it, without the cost of a `Request` on the hot path. `path` and `query` are raw,
 * not decoded: routing happens once, on the raw path (ruling 3).
 */
export interface InboundRequest {
  readonly method: string;
  readonly path: string;
  /** Without `?`; empty when there is none. */
  readonly query: string;
  /** Public origin, such as `https://chat.example`, after `publicUrl` and `trustProxy`. */
  readonly origin: string;
  /** Address of the peer after `trustProxy`, for rate limits and the log. */
  readonly remoteAddress: string;
  /** By lower-case name; repeated headers joined by `, `. */
  header(name: string): string | null;
  headers(): Iterable<readonly [string, string]>;
  /**
   * The exact body bytes, read once; later calls give the same bytes. Rejects with Refusal `too_large` beyond `limit`
   * bytes, counted on the stream, not by `Content-Length` alone.
   */
  bytes(limit: number): Promise<Uint8Array>;
  /** The body as a stream, for raw requests; null when there is none. Exclusive with `bytes`, unless bytes came first. */
  stream(): ReadableStream<Uint8Array> | null;
  /** Fires when the peer went away. */
  readonly signal: AbortSignal;
}

/** An answer for a transport to write. `stream` bodies are pulled with back-pressure. */
export interface OutboundResponse {
  readonly status: number;
  readonly headers: readonly (readonly [string, string])[];
  readonly body: string | Uint8Array | ReadableStream<Uint8Array> | null;
}

/** A WebSocket as the runtime sees it. The transport delivers frames in order and never re-enters a handler. */
export interface Socket {
  readonly protocol: string;
  /** Bytes accepted but not yet on the wire. */
  readonly bufferedAmount: number;
  send(data: string | Uint8Array): void;
  /** Does what `send(shared.data)` does; for what goes to many sockets. Absent where the host gains nothing by it. */
  sendShared?(shared: SharedFrame): void;
  /** Codes 1000–1015 and 3000–4999; reason at most 123 bytes. Idempotent. */
  close(code: number, reason: string): void;
  /** Drops the link at once, for peers that do not answer a close. */
  terminate(): void;
  /** Set once, by the runtime, before the first frame is delivered. */
  attach(handlers: SocketHandlers): void;
  /**
   * Given where the socket may outlive the memory of its process: it is asked, whenever the socket is to be left alone, for
   * the text from which the connection on it is resumed.
   */
  remember?(describe: () => string): void;
}

/** One message for many sockets. */
export interface SharedFrame {
  readonly data: string | Uint8Array;
  /** The host's own: what it made of the data for the first socket. */
  prepared?: unknown;
}

export interface SocketHandlers {
  message(data: string | Uint8Array): void;
  close(code: number, reason: string): void;
  /** The transport's buffer drained below its mark. */
  drain?(): void;
}
