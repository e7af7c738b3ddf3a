/**
 * Owns a live connection: it opens, keeps itself open, and says what it is doing. The states and what leads from one to
 * the next are here; links, calls, subscriptions and renewal are beside it.
 *
 * Invariants:
 * - The state is one of a union, and every state but `failed` and `disposed` leads on by itself: it has a timer, a
 *   question with a deadline, or a link with one.
 * - An answer that belongs to a state that has passed is dropped.
 * - After a refusal of the credential there is one attempt with a fresh one; after `forbidden` there is none.
 */
import type { Codec } from "../../protocol/codec.ts";
import type { ErrorMessage, ReadyMessage, ServerMessage } from "../../protocol/messages.ts";
import { backoff } from "../backoff.ts";
import type { ClientConfig } from "../config.ts";
import { ActorConnDisposed, ActorError, clientError, encoding, errorOfMessage } from "../errors.ts";
import { type Dial, dialDirectly } from "../open-socket.ts";
import { asReceipt } from "../receipt.ts";
import { askParams, askToken, helloOf, pathOf, type Target } from "../target.ts";
import type {
  ActionCall,
  ActorConnStatus,
  ConnMembers,
  EventUnsubscribe,
  SendOptions,
  SubscribeOptions,
} from "../types.ts";
import { Calls } from "./calls.ts";
import { dispositionOf } from "./disposition.ts";
import { Link, type LinkEnd } from "./link.ts";
import { Listeners } from "./listeners.ts";
import { Renewal } from "./renewal.ts";
import { Subscriptions } from "./subscriptions.ts";

type State =
  /** Asking for token, parameters and encoding. */
  | { readonly kind: "preparing" }
  | { readonly kind: "opening"; readonly link: Link }
  | { readonly kind: "ready"; readonly link: Link; readonly since: number; readonly connection: string }
  /** For the next attempt. */
  | { readonly kind: "waiting"; readonly cancel: () => void }
  | { readonly kind: "failed"; readonly error: ActorError }
  | { readonly kind: "disposed" };

const STATUS: Readonly<Record<State["kind"], ActorConnStatus>> = {
  preparing: "connecting",
  opening: "connecting",
  ready: "connected",
  waiting: "disconnected",
  failed: "disconnected",
  disposed: "idle",
};

/** A connection that lived this long, ms, starts the backoff over. */
const STABLE = 10_000;

const END_OF_TURN = Promise.resolve();

type EventListener = (...args: unknown[]) => void;

/** Every member of `ConnMembers` by name; their types are one actor's, and erased here. */
export class Connection implements Readonly<Record<Exclude<keyof ConnMembers, "then">, unknown>> {
  readonly #config: ClientConfig;
  readonly #target: Target;
  readonly #calls: Calls;
  readonly #subscriptions: Subscriptions;
  readonly #renewal: Renewal;
  readonly #onDispose: () => void;
  // A listener for errors that throws cannot be told of it.
  readonly #errors = new Listeners<[ActorError]>((error) => this.#config.runtime.report(error));
  readonly #opens = new Listeners<[]>((error) => this.#reportThrow(error));
  readonly #closes = new Listeners<[]>((error) => this.#reportThrow(error));
  readonly #statuses = new Listeners<[ActorConnStatus]>((error) => this.#reportThrow(error));
  #state: State = { kind: "preparing" };
  #failures = 0;
  #isRefreshed = false;
  #willFlush = false;
  #actorId: string | undefined;
  readonly onError = this.#errors.add;
  readonly onOpen = this.#opens.add;
  readonly onClose = this.#closes.add;
  readonly onStatusChange = this.#statuses.add;

  constructor(config: ClientConfig, target: Target, onDispose: () => void) {
    this.#config = config;
    this.#target = target;
    this.#onDispose = onDispose;
    this.#calls = new Calls(config.maxBuffered);
    this.#subscriptions = new Subscriptions(this.#subscriptionPort());
    this.#renewal = new Renewal({
      runtime: config.runtime,
      freshToken: () => askToken(config, true),
      renew: (token) => this.#callOfLink({ t: "renew", token }),
      reportError: (error) => this.#errors.emit(error),
    });
    const codec = config.codec();
    if (!(codec instanceof Promise)) this.#calls.setCodec(codec);
    target.signal?.addEventListener("abort", this.#abort);
    // Not within the constructor: whoever constructs cannot be called back yet.
    if (target.signal?.aborted) queueMicrotask(this.#abort);
    else void this.#attempt(this.#state, false);
  }

  get connStatus(): ActorConnStatus {
    return STATUS[this.#state.kind];
  }
  get isConnected(): boolean {
    return this.#state.kind === "ready";
  }
  get actorId(): string | undefined {
    return this.#actorId;
  }
  get connId(): string | undefined {
    return this.#state.kind === "ready" ? this.#state.connection : undefined;
  }
  get $failure(): ActorError | undefined {
    return this.#state.kind === "failed" ? this.#state.error : undefined;
  }

  action({ name, args = [], signal }: ActionCall<string, unknown[]>): Promise<unknown> {
    const refusal = this.#refusal();
    if (refusal !== null) return Promise.reject(refusal);
    const answer = this.#calls.add({ t: "action", name, args }, signal);
    this.#flushSoon();
    return answer;
  }

  async send(name: string, body: unknown, options: SendOptions = {}): Promise<unknown> {
    const { wait, timeout, signal, id = this.#config.runtime.uniqueId() } = options;
    const bounds = { ...(wait === undefined ? {} : { wait }), ...(timeout === undefined ? {} : { timeout }) };
    const refusal = this.#refusal();
    if (refusal !== null) throw refusal;
    const answer = this.#calls.add({ t: "send", name, body, key: id, ...bounds }, signal);
    this.#flushSoon();
    return asReceipt(await answer, options);
  }

  on(name: string, listener: EventListener, options?: SubscribeOptions): EventUnsubscribe {
    return this.#subscriptions.add(name, listener, false, options);
  }
  once(name: string, listener: EventListener, options?: SubscribeOptions): EventUnsubscribe {
    return this.#subscriptions.add(name, listener, true, options);
  }

  $reconnect(): void {
    const { kind } = this.#state;
    if (kind !== "waiting" && kind !== "failed") return;
    if (this.#state.kind === "waiting") this.#state.cancel();
    this.#failures = 0;
    this.#isRefreshed = false;
    this.#start(kind === "failed");
  }

  dispose(): Promise<void> {
    return this.#dispose(new ActorConnDisposed());
  }

  /** `reason` is what calls under way reject with. */
  async #dispose(reason: unknown): Promise<void> {
    const before = this.#state;
    if (before.kind === "disposed") return;
    this.#target.signal?.removeEventListener("abort", this.#abort);
    this.#renewal.stop();
    this.#enter({ kind: "disposed" });
    this.#calls.rejectAll(reason, true);
    this.#subscriptions.clear();
    this.#onDispose();
    if (before.kind === "waiting") before.cancel();
    if (before.kind === "opening" || before.kind === "ready") await before.link.close("disposed");
  }

  readonly #abort = (): void => {
    void this.#dispose(this.#target.signal?.reason);
  };

  #start(fresh: boolean): void {
    const state: State = { kind: "preparing" };
    this.#enter(state);
    void this.#attempt(state, fresh);
  }

  async #attempt(state: State, fresh: boolean): Promise<void> {
    try {
      const [codec, dial, token, params] = await Promise.all([
        this.#config.codec(),
        this.#config.dial?.(),
        askToken(this.#config, fresh),
        askParams(this.#config, this.#target),
      ]);
      if (this.#state !== state) return;
      this.#calls.setCodec(codec);
      this.#enter({ kind: "opening", link: this.#open(codec, dial, token, params) });
    } catch (error) {
      if (this.#state !== state) return;
      const known = error instanceof ActorError ? error : clientError("network_failed", "The attempt failed.", error);
      if (known.code === "not_encodable" || known.code === "invalid_endpoint") this.#fail(known);
      else this.#retry(known);
    }
  }

  #open(codec: Codec, dial: Dial | undefined, token: string | undefined, params: unknown): Link {
    const path = pathOf(this.#target, { kind: "connect" });
    const hello = encoding(() => codec.encode(helloOf(this.#target, token, params), "hello"));
    const { runtime, endpoint } = this.#config;
    const socket = (dial ?? dialDirectly(runtime, endpoint))(codec, path);
    return new Link(runtime, socket, codec, hello, {
      onReady: (ready) => this.#ready(ready),
      onMessage: (message) => this.#receive(message),
      onEnd: (end) => this.#ended(end),
    });
  }

  #ready({ actor, connection, expiresAt, now }: ReadyMessage): void {
    if (this.#state.kind !== "opening") return;
    const { link } = this.#state;
    this.#actorId = actor;
    this.#isRefreshed = false;
    // Before anybody is told: a listener that disposes of it stops it, too.
    if (typeof this.#config.token === "function") this.#renewal.start({ expiresAt, now });
    this.#enter({ kind: "ready", link, since: this.#config.runtime.now(), connection });
    if (!this.isConnected) return;
    this.#opens.emit();
    if (!this.isConnected) return;
    this.#subscriptions.requestAll();
    this.#flush();
  }

  #receive(message: ServerMessage): void {
    if (message.t === "event") this.#subscriptions.deliver(message.name, message.args);
    else if (message.t === "result") this.#calls.resolve(message);
    else if (message.t === "error") this.#refused(message);
  }

  #refused(message: ErrorMessage): void {
    if (message.id !== undefined) this.#calls.reject(message.id, errorOfMessage(message));
    else this.#subscriptions.ended(message);
  }

  #ended(end: LinkEnd): void {
    const before = this.#state;
    this.#renewal.stop();
    if (before.kind === "ready" && this.#config.runtime.now() - before.since >= STABLE) this.#failures = 0;
    // A message too large for the server would break the next link as well.
    this.#calls.linkLost(end.error, end.code !== 1009);
    const disposition = dispositionOf(end);
    if (disposition === "retry") this.#retry(end.error);
    else if (disposition === "credential" && !this.#isRefreshed && typeof this.#config.token === "function") {
      this.#isRefreshed = true;
      this.#retry(end.error, true);
    } else this.#fail(end.error);
    if (before.kind === "ready") this.#closes.emit();
  }

  #retry(error: ActorError, fresh = false): void {
    const delay = backoff(this.#config.runtime, this.#failures++, error.retryAfter);
    const cancel = this.#config.runtime.later(delay, () => this.#start(fresh || this.#isRefreshed));
    this.#enter({ kind: "waiting", cancel });
    this.#errors.emit(error);
  }

  #fail(error: ActorError): void {
    this.#enter({ kind: "failed", error });
    this.#calls.rejectAll(error, false);
    this.#errors.emit(error);
  }

  #enter(state: State): void {
    const before = this.connStatus;
    this.#state = state;
    if (this.connStatus !== before) this.#statuses.emit(this.connStatus);
  }

  /** Why nothing can be called any more; null while it can. */
  #refusal(): Error | null {
    const state = this.#state;
    if (state.kind === "disposed") return new ActorConnDisposed();
    return state.kind === "failed" ? state.error : null;
  }

  #callOfLink(message: Parameters<Calls["addOfLink"]>[0]): Promise<unknown> {
    const answer = this.#calls.addOfLink(message);
    this.#flushSoon();
    return answer;
  }

  /** What is asked for in one turn leaves in one frame. */
  #flushSoon(): void {
    if (this.#willFlush || this.#state.kind !== "ready") return;
    this.#willFlush = true;
    // As a reaction, not by `queueMicrotask`: that one makes Node track an asynchronous resource for each call.
    END_OF_TURN.then(this.#flushNow);
  }

  readonly #flushNow = (): void => {
    this.#willFlush = false;
    this.#flush();
  };

  #flush(): void {
    // A socket that is closing swallows what it is given: what has not left waits for the next link.
    if (this.#state.kind !== "ready" || !this.#state.link.isOpen) return;
    for (const frame of this.#calls.takeFrames()) this.#state.link.send(frame);
  }

  #subscriptionPort(): ConstructorParameters<typeof Subscriptions>[0] {
    const isReady = (): boolean => this.#state.kind === "ready";
    return {
      get isReady() {
        return isReady();
      },
      subscribe: (name) => this.#callOfLink({ t: "subscribe", name }),
      unsubscribe: (name) => {
        this.#calls.tell({ t: "unsubscribe", name });
        this.#flushSoon();
      },
      reportError: (error) => this.#errors.emit(error),
      reportThrow: (error) => this.#reportThrow(error),
    };
  }

  #reportThrow(error: unknown): void {
    if (this.#errors.size === 0) this.#config.runtime.report(error);
    else this.#errors.emit(clientError("listener_failed", "A listener threw.", error));
  }
}
