/**
 * Owns one raw socket from its admission to its end: the actor's handler on one side, the transport on the other. The lease
 * and the policy epoch are checked at every frame, both ways (G7); what is sent leaves when the commit it rests on is durable
 * (G8). A socket that may hibernate outlives its actor's sleep: a frame wakes the actor, the decision is taken again, and the
 * handler of the new life gets the socket.
 */
import { Refusal } from "../boundary/errors.ts";
import { isPromise } from "../boundary/maybe-promise.ts";
import type { Presentation } from "../boundary/scheme.ts";
import type { Socket } from "../hosts/port.ts";
import { jsonCodec } from "../protocol/codec.ts";
import type { ErrorMessage, HelloMessage } from "../protocol/messages.ts";
import type { Connection, ConnectionLink } from "./connection.ts";
import { InvocationScope } from "./context.ts";
import type { CompiledActor } from "./entrypoints.ts";
import { correlationOf, outcomeOf, reasonOf, toWireFailure } from "./failure.ts";
import { Admission, admit, type Verdict } from "./gate.ts";
import type { ActorInstance } from "./instance.ts";
import { copyOf, RawSocketFacade } from "./raw-facade.ts";
import { assertParamsSize, closeCodeOf, errorMessage } from "./rpc.ts";
import type { Runtime } from "./runtime.ts";
import { type Address, invokeStateless } from "./stateless.ts";
import type { InvokeTarget } from "./types.ts";

export interface RawOptions {
  readonly runtime: Runtime;
  readonly compiled: CompiledActor;
  readonly address: Address;
  readonly socket: Socket;
  readonly presentation: Omit<Presentation, "frameToken">;
  readonly path: string;
  readonly request: () => Request;
  /** True when the socket was opened under our subprotocol: a hello comes first. */
  readonly withHello: boolean;
  readonly mode: "get" | "getOrCreate";
  readonly params: unknown;
  readonly input: unknown;
  /** The application's own subprotocol. */
  readonly protocol: string;
}

/** Frames, either way, that wait while the decision is taken again. */
const MAX_UNDECIDED = 256;

export class RawSession implements ConnectionLink {
  readonly #options: RawOptions;
  readonly #socket: Socket;
  #facade: RawSocketFacade;
  #connection: Connection | null = null;
  #instance: ActorInstance | null = null;
  #over = false;
  /** Bytes that wait for a commit. */
  #held = 0;
  #isWaking = false;
  /** The policy epoch of the decision it stands on; null before the first. */
  #decidedIn: number | null = null;
  #isDeciding = false;
  #undecided: { readonly data: string | Uint8Array; readonly way: "in" | "out" }[] = [];
  #undecidedSize = 0;
  /** Of the handler of this life; null when the socket is over. */
  #scope: InvocationScope | null = null;
  #isSettled = false;

  constructor(options: RawOptions) {
    this.#options = options;
    this.#socket = options.socket;
    this.#facade = this.#newFacade(false);
  }

  #newFacade(isOpen: boolean): RawSocketFacade {
    const session = this;
    const facade = new RawSocketFacade(this.#options.protocol, () => this.#options.request().url, isOpen, {
      get bufferedAmount() {
        return session.#socket.bufferedAmount + session.#held;
      },
      send: (data) => {
        if (facade === this.#facade) this.#send(data);
      },
      close: (code, reason) => {
        if (facade === this.#facade) this.#closeByActor(code, reason);
      },
    });
    return facade;
  }

  async open(hello: HelloMessage | null): Promise<void> {
    const { runtime, compiled, address, presentation, request } = this.#options;
    if (hello === null) {
      this.#socket.attach({
        message: (data) => this.received(data),
        close: (code, reason) => this.closed(code, reason),
      });
    }
    try {
      assertParamsSize(hello?.params, runtime.limits.maxParamsSize);
      await invokeStateless(
        runtime,
        {
          compiled,
          address,
          target: this.#target,
          by: compiled.websocketBy,
          kind: "raw",
          presentation: { ...presentation, frameToken: hello?.token ?? null },
          mode: hello?.mode ?? this.#options.mode,
          input: hello?.input ?? this.#options.input,
          params: hello?.params ?? this.#options.params,
          request,
          keepConnection: true,
        },
        (admission, instance, connection) => this.#admitted(admission, instance, connection, hello !== null),
      );
    } catch (error) {
      this.refuse(error);
    }
  }

  get #target(): InvokeTarget {
    return { kind: "websocket", method: "GET", path: this.#options.path };
  }

  async #admitted(
    admission: Admission,
    instance: ActorInstance,
    connection: Connection,
    announce: boolean,
  ): Promise<void> {
    this.#connection = connection;
    this.#instance = instance;
    if (this.#over || connection.closed) {
      connection.lost();
      return;
    }
    connection.link = this;
    connection.mayHibernate = this.#mayHibernate(instance);
    if (announce) {
      const { endsAt } = connection.lease;
      this.#socket.send(
        jsonCodec.encode({
          t: "ready",
          actor: instance.id,
          connection: connection.id,
          expiresAt: Number.isFinite(endsAt) ? endsAt : null,
          now: instance.clock.now(),
        }),
      );
    }
    this.#run(admission, instance, connection);
  }

  #mayHibernate(instance: ActorInstance): boolean {
    const { canHibernateWebSocket: option = false } = this.#options.compiled.options;
    if (typeof option !== "function") return option;
    try {
      return option(this.#options.request()) === true;
    } catch (error) {
      instance.log.error({ err: error }, "canHibernateWebSocket failed; the socket keeps the actor awake");
      return false;
    }
  }

  /** Starts the handler on the present half. The actor stays awake until it settles. */
  #run(admission: Admission, instance: ActorInstance, connection: Connection): void {
    const facade = this.#facade;
    const scope = admission.context as InvocationScope;
    this.#scope = scope;
    this.#isSettled = false;
    this.#decidedIn = scope.decidedIn;
    const settled = (outcome: "handled" | "failed"): void => {
      instance.unpin();
      if (this.#scope === scope) this.#isSettled = true;
      try {
        if (outcome === "handled") scope.endHandled();
        else scope.endQueue("failed");
      } finally {
        instance.outbox.settle();
      }
    };
    instance.pin();
    let running: unknown;
    try {
      running = instance.invocations.runWebSocket(admission, facade);
    } catch (error) {
      settled("failed");
      throw error;
    }
    facade.started();
    if (!isPromise(running)) {
      settled("handled");
      return;
    }
    const failed = (error: unknown): void => {
      // What it waited for ended with the socket: nothing failed.
      if (this.#over) return;
      instance.log.error({ err: error, connection: connection.id }, "onWebSocket failed");
      connection.close(1011, "byward/internal_error");
    };
    Promise.resolve(running)
      .then(
        () => settled("handled"),
        (error: unknown) => {
          settled("failed");
          throw error;
        },
      )
      .catch(failed);
  }

  /** What listeners received and did not acknowledge is delivered again. */
  #endScope(): void {
    const scope = this.#scope;
    this.#scope = null;
    if (scope === null || this.#instance?.isStopping !== false) return;
    if (this.#isSettled) scope.endQueue("failed");
    else scope.forsakeQueue();
    this.#instance.outbox.settle();
  }

  received(data: string | Uint8Array): void {
    if (this.#over) return;
    if (this.#connection !== null && !this.#mayPass()) return;
    const instance = this.#instance;
    if (instance?.isStopping === true && this.#connection?.mayHibernate === true) this.#wake(instance);
    instance?.touch();
    if (this.#isUndecided()) {
      this.#hold(data, "in");
      return;
    }
    if (!this.#facade.received(data)) {
      this.refuse(new Refusal("overloaded", { reason: "socket.early_frames" }));
      return;
    }
    instance?.outbox.settle();
  }

  /** The actor goes to sleep; the socket stays. What comes is held for the handler of its next life. */
  suspend(): void {
    this.#facade.detach();
    this.#facade = this.#newFacade(true);
    // The handler of the next life runs on a decision of its own.
    this.#decidedIn = null;
    this.#scope?.unlink();
    this.#scope = null;
  }

  #wake(instance: ActorInstance): void {
    if (this.#isWaking) return;
    this.#isWaking = true;
    this.suspend();
    this.#options.runtime
      .awaken(instance)
      .catch((error: unknown) => this.refuse(error))
      .finally(() => {
        this.#isWaking = false;
      });
  }

  /** The actor is awake: the decision is taken again, then the handler gets the socket. No connection hook runs. */
  async resume(instance: ActorInstance): Promise<void> {
    const connection = this.#connection;
    if (connection === null || this.#over) return;
    this.#instance = instance;
    instance.pin();
    try {
      const verdict = await this.#decide(instance, connection);
      if (!(verdict instanceof Admission)) throw verdict;
      if (!this.#over && !connection.closed) this.#run(verdict, instance, connection);
    } catch (error) {
      this.#end(error);
    } finally {
      instance.unpin();
    }
  }

  /** Takes the decision again, for the caller as he was proved. */
  async #decide(instance: ActorInstance, connection: Connection): Promise<Verdict> {
    const { clock, runtime, ref } = instance;
    const started = clock.now();
    const verdict = await admit(instance, {
      target: this.#target,
      by: this.#options.compiled.websocketBy,
      credentials: connection.lease.credentials,
      leaseEnd: () => connection.leaseEnd(),
      createContext: (caller) => new InvocationScope(instance, connection, caller),
    });
    const isAdmitted = verdict instanceof Admission;
    runtime.decisions.record(
      started,
      ref.name,
      ref.key,
      "websocket",
      "",
      isAdmitted ? verdict.caller : connection.caller,
      isAdmitted ? "ok" : outcomeOf(verdict),
      isAdmitted ? "" : reasonOf(verdict),
      isAdmitted ? null : correlationOf(runtime.host, verdict),
      clock.now() - started,
    );
    return verdict;
  }

  /** An open socket ends by code and reason alone: its frames are the actor's. */
  #end(error: unknown): void {
    const { runtime, compiled } = this.#options;
    const failure = toWireFailure(runtime.host, error, { actor: compiled.name });
    this.#connection?.close(closeCodeOf(failure), `${failure.group}/${failure.code}`);
  }

  /** True while what stands on an older policy epoch is decided again; frames wait for it, both ways (G7). */
  #isUndecided(): boolean {
    if (this.#decidedIn === this.#options.runtime.epoch) return false;
    const instance = this.#instance;
    const connection = this.#connection;
    if (this.#decidedIn === null || this.#isDeciding || instance === null || connection === null)
      return this.#isDeciding;
    this.#isDeciding = true;
    this.#decide(instance, connection).then(
      (verdict) => {
        this.#isDeciding = false;
        if (!(verdict instanceof Admission)) {
          this.#end(verdict);
          return;
        }
        // The handler goes on in the context it has: the one of this decision is over.
        verdict.context.unlink();
        this.#letThrough(verdict.context.decidedIn);
      },
      (error: unknown) => this.#end(error),
    );
    return true;
  }

  #letThrough(epoch: number): void {
    this.#decidedIn = epoch;
    const undecided = this.#undecided;
    this.#undecided = [];
    this.#undecidedSize = 0;
    for (const { data, way } of undecided) {
      if (way === "in") this.received(data);
      else this.#write(data);
    }
  }

  /** Bounded as what comes before admission is. */
  #hold(data: string | Uint8Array, way: "in" | "out"): void {
    this.#undecided.push({ data: copyOf(data), way });
    this.#undecidedSize += data.length;
    if (this.#undecided.length <= MAX_UNDECIDED && this.#undecidedSize <= this.#options.runtime.limits.maxBufferedBytes)
      return;
    this.#connection?.close(1013, "byward/overloaded");
    this.#undecided = [];
  }

  closed(code: number, reason: string): void {
    if (this.#over) return;
    this.#over = true;
    this.#facade.closed(code, reason);
    this.#connection?.lost();
    this.#endScope();
  }

  /** True while the caller's lease lives; ends the connection otherwise. */
  #mayPass(): boolean {
    const end = this.#connection?.leaseEnd() ?? null;
    if (end === null) return true;
    this.#connection?.endLease(end);
    return false;
  }

  /** Leaves at once where nothing is to be written, else with the commit it rests on, in order (G8). */
  #send(data: string | Uint8Array): void {
    const outbox = this.#instance?.outbox;
    if (outbox === undefined || outbox.idle) {
      this.#write(data);
      return;
    }
    const sent = copyOf(data);
    this.#held += sent.length;
    outbox.release(
      () => {
        this.#held -= sent.length;
        this.#write(sent);
      },
      () => {
        this.#held -= sent.length;
      },
    );
    this.#assertRead();
  }

  #write(data: string | Uint8Array): void {
    if (this.#over || !this.#mayPass()) return;
    if (this.#isUndecided()) {
      this.#hold(data, "out");
      return;
    }
    this.#socket.send(data);
    this.#assertRead();
  }

  /** Cuts off a peer that does not read, as on every connection (G12). */
  #assertRead(): void {
    const { maxBufferedBytes } = this.#options.runtime.limits;
    if (this.#over || this.#socket.bufferedAmount + this.#held <= maxBufferedBytes) return;
    this.#connection?.close(1013, "byward/overloaded");
    this.#socket.terminate();
  }

  #closeByActor(code: number, reason: string): void {
    const outbox = this.#instance?.outbox;
    const close = (): void => this.#connection?.close(code, reason);
    if (outbox === undefined || outbox.idle) close();
    else outbox.release(close, close);
  }

  /** Events do not travel on raw sockets. */
  sendMessage(): void {}
  sendEvent(): void {}

  close(code: number, reason: string, error: ErrorMessage | null): void {
    if (this.#over) return;
    this.#over = true;
    const text = error === null ? reason : `${error.group}/${error.code}`;
    this.#socket.close(code, text);
    this.#facade.closed(code, text);
    this.#endScope();
  }

  refuse(error: unknown): void {
    if (this.#over) return;
    this.#over = true;
    const failure = toWireFailure(this.#options.runtime.host, error, { actor: this.#options.compiled.name });
    this.#connection?.lost();
    this.#endScope();
    this.#socket.send(jsonCodec.encode(errorMessage(failure)));
    this.#socket.close(closeCodeOf(failure), `${failure.group}/${failure.code}`);
  }
}
