/**
 * Owns raw sockets (`GET /actors/{name}/{key}/websocket/…`, `docs/wire.md` §7): decided before `onConnect`, then handed to
 * the actor as a `RawSocket`. Without our subprotocol the credential is `Authorization` or nothing was presented; under
 * `byward.v1` it is the first frame. The lease is checked at every frame, both ways (G7); what is sent leaves when the commit it
 * rests on is durable (G8). A socket that may hibernate outlives its actor's sleep: a frame wakes the actor, the decision is
 * taken again, and the handler of the new life gets the socket.
 */
import { Refusal } from "../boundary/errors.ts";
import { isPromise } from "../boundary/maybe-promise.ts";
import type { Presentation } from "../boundary/scheme.ts";
import type { Socket } from "../hosts/port.ts";
import { FrameError, readClientFrame } from "../protocol/client-frames.ts";
import { jsonCodec } from "../protocol/codec.ts";
import { type ErrorMessage, type HelloMessage, SUBPROTOCOL } from "../protocol/messages.ts";
import type { Connection, ConnectionLink } from "./connection.ts";
import { InvocationScope } from "./context.ts";
import type { CompiledActor } from "./entrypoints.ts";
import { correlationOf, outcomeOf, reasonOf, toWireFailure } from "./failure.ts";
import { Admission, admit } from "./gate.ts";
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

const APPLICATION_PREFIX = `${SUBPROTOCOL}+`;

export function serveRawSocket(options: RawOptions): void {
  if (options.withHello) awaitHello(options);
  else void new RawSession(options).open(null);
}

/** Waits for the first frame, with a deadline and a bound on how many wait. */
function awaitHello(options: RawOptions): void {
  const { runtime, socket } = options;
  const session = new RawSession(options);
  const cancel = runtime.pendingSocket(() => {
    session.refuse(new Refusal("timeout", { reason: "hello.deadline", group: "request", message: "No hello in time" }));
  });
  if (cancel === null) {
    session.refuse(new Refusal("overloaded", { reason: "sockets.pending" }));
    return;
  }
  let seen = false;
  socket.attach({
    message: (data) => {
      if (seen) {
        session.received(data);
        return;
      }
      seen = true;
      cancel();
      const hello = readHello(data);
      if (hello instanceof Refusal) session.refuse(hello);
      else void session.open(hello);
    },
    close: (code, reason) => {
      cancel();
      session.closed(code, reason);
    },
  });
}

function readHello(data: string | Uint8Array): HelloMessage | Refusal {
  try {
    const [first, ...more] = readClientFrame(jsonCodec, data);
    if (first?.t === "hello" && more.length === 0) return first;
  } catch (error) {
    if (!(error instanceof FrameError)) throw error;
  }
  return new Refusal("malformed", {
    reason: "hello.malformed",
    group: "message",
    code: "invalid_message",
    message: "The first frame must be one hello message",
  });
}

/** Which offer is taken: ours (with or without an application's name behind it) means a hello comes first. */
export function rawProtocol(offered: readonly string[]): { selected: string; application: string; withHello: boolean } {
  const ours = offered.find((name) => name === SUBPROTOCOL || name.startsWith(APPLICATION_PREFIX));
  if (ours === undefined) return { selected: offered[0] ?? "", application: offered[0] ?? "", withHello: false };
  const application = ours === SUBPROTOCOL ? "" : ours.slice(APPLICATION_PREFIX.length);
  return { selected: ours, application, withHello: true };
}

class RawSession implements ConnectionLink {
  readonly #options: RawOptions;
  readonly #socket: Socket;
  #facade: RawSocketFacade;
  #connection: Connection | null = null;
  #instance: ActorInstance | null = null;
  #over = false;
  /** Bytes that wait for a commit. */
  #held = 0;
  #isWaking = false;
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
    const settled = (outcome: "handled" | "failed"): void => {
      instance.unpin();
      if (this.#scope === scope) this.#isSettled = true;
      scope.endQueue(outcome);
      instance.outbox.settle();
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
    running.then(
      () => settled("handled"),
      (error: unknown) => {
        settled("failed");
        // What it waited for ended with the socket: nothing failed.
        if (this.#over) return;
        instance.log.error({ err: error, connection: connection.id }, "onWebSocket failed");
        connection.close(1011, "byward/internal_error");
      },
    );
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
    const { clock, runtime } = instance;
    const started = clock.now();
    instance.pin();
    try {
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
        instance.ref.name,
        instance.ref.key,
        "websocket",
        "",
        isAdmitted ? verdict.caller : connection.caller,
        isAdmitted ? "ok" : outcomeOf(verdict),
        isAdmitted ? "" : reasonOf(verdict),
        isAdmitted ? null : correlationOf(runtime.host, verdict),
        clock.now() - started,
      );
      if (!isAdmitted) throw verdict;
      if (!this.#over && !connection.closed) this.#run(verdict, instance, connection);
    } catch (error) {
      const failure = toWireFailure(runtime.host, error, { actor: instance.ref.name, key: instance.ref.key });
      connection.close(closeCodeOf(failure), `${failure.group}/${failure.code}`);
    } finally {
      instance.unpin();
    }
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
