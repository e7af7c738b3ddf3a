/**
 * Owns raw sockets (`GET /actors/{name}/{key}/websocket/…`, `docs/wire.md` §7): decided before `onConnect`, then handed to
 * the actor as a `RawSocket`. Without our subprotocol the credential is `Authorization` or nothing was presented; under
 * `byward.v1` it is the first frame. The lease is checked at every frame, both ways (G7).
 */
import { Refusal } from "../boundary/errors.ts";
import { isPromise } from "../boundary/maybe-promise.ts";
import type { Presentation } from "../boundary/scheme.ts";
import type { Socket } from "../hosts/port.ts";
import { FrameError, readClientFrame } from "../protocol/client-frames.ts";
import { jsonCodec } from "../protocol/codec.ts";
import { type ErrorMessage, type HelloMessage, SUBPROTOCOL } from "../protocol/messages.ts";
import type { Connection, ConnectionLink } from "./connection.ts";
import type { CompiledActor } from "./entrypoints.ts";
import { toWireFailure } from "./failure.ts";
import type { Admission } from "./gate.ts";
import type { ActorInstance } from "./instance.ts";
import { assertParamsSize, closeCodeOf, errorMessage } from "./rpc.ts";
import type { Runtime } from "./runtime.ts";
import { type Address, invokeStateless } from "./stateless.ts";
import type { RawSocket, RawSocketEvents } from "./types.ts";

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

/** What a peer may send before it is admitted. */
const MAX_EARLY_BYTES = 262_144;
const MAX_EARLY_FRAMES = 256;

export function serveRawSocket(options: RawOptions): void {
  if (options.withHello) awaitHello(options);
  else void new RawSession(options, options).open(null);
}

/** Waits for the first frame, with a deadline and a bound on how many wait. */
function awaitHello(options: RawOptions): void {
  const { runtime, socket } = options;
  const session = new RawSession(options, options);
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
  readonly #facade: RawSocketFacade;
  #connection: Connection | null = null;
  #instance: ActorInstance | null = null;
  #over = false;

  constructor(options: RawOptions, { socket, protocol, request }: RawOptions) {
    this.#options = options;
    this.#socket = socket;
    this.#facade = new RawSocketFacade(socket, protocol, () => request().url, {
      mayPass: () => this.#mayPass(),
      close: (code, reason) => this.#closeByActor(code, reason),
    });
  }

  async open(hello: HelloMessage | null): Promise<void> {
    const { runtime, compiled, address, presentation, path, request } = this.#options;
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
          target: { kind: "websocket", method: "GET", path },
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
    const running = instance.invocations.runWebSocket(admission, this.#facade);
    this.#facade.opened();
    if (!isPromise(running)) return;
    running
      .catch((error: unknown) => {
        instance.log.error({ err: error, connection: connection.id }, "onWebSocket failed");
        connection.close(1011, "byward/internal_error");
      })
      .finally(() => instance.outbox.settle());
  }

  received(data: string | Uint8Array): void {
    if (this.#over) return;
    if (this.#connection !== null && !this.#mayPass()) return;
    this.#instance?.touch();
    if (!this.#facade.received(data)) {
      this.refuse(new Refusal("overloaded", { reason: "socket.early_frames" }));
      return;
    }
    this.#instance?.outbox.settle();
  }

  closed(code: number, reason: string): void {
    if (this.#over) return;
    this.#over = true;
    this.#facade.closed(code, reason);
    this.#connection?.lost();
    this.#instance?.outbox.settle();
  }

  /** True while the caller's lease lives; ends the connection otherwise. */
  #mayPass(): boolean {
    const end = this.#connection?.leaseEnd() ?? null;
    if (end === null) return true;
    this.#connection?.endLease(end);
    return false;
  }

  #closeByActor(code: number, reason: string): void {
    this.#connection?.close(code, reason);
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
  }

  refuse(error: unknown): void {
    if (this.#over) return;
    this.#over = true;
    const failure = toWireFailure(this.#options.runtime.host, error, { actor: this.#options.compiled.name });
    this.#connection?.lost();
    this.#socket.send(jsonCodec.encode(errorMessage(failure)));
    this.#socket.close(closeCodeOf(failure), `${failure.group}/${failure.code}`);
  }
}

type Listener<Type extends keyof RawSocketEvents> = (event: RawSocketEvents[Type]) => void;
type Listeners = { [Type in keyof RawSocketEvents]: Set<Listener<Type>> };

interface FacadeOwner {
  mayPass(): boolean;
  close(code: number, reason: string): void;
}

/** What `onWebSocket` gets. Frames that come before the first listener are held, within the transport's frame limit. */
class RawSocketFacade implements RawSocket {
  readonly protocol: string;
  binaryType: "arraybuffer" | "uint8array" = "arraybuffer";
  onopen: Listener<"open"> | null = null;
  onmessage: Listener<"message"> | null = null;
  onclose: Listener<"close"> | null = null;
  onerror: Listener<"error"> | null = null;
  readonly #socket: Socket;
  readonly #url: () => string;
  readonly #owner: FacadeOwner;
  readonly #listeners: Listeners = { open: new Set(), message: new Set(), close: new Set(), error: new Set() };
  #state: 0 | 1 | 2 | 3 = 0;
  #early: (string | Uint8Array)[] = [];
  #earlyBytes = 0;

  constructor(socket: Socket, protocol: string, url: () => string, owner: FacadeOwner) {
    this.#socket = socket;
    this.protocol = protocol;
    this.#url = url;
    this.#owner = owner;
  }

  get readyState(): 0 | 1 | 2 | 3 {
    return this.#state;
  }
  get url(): string {
    return this.#url();
  }
  get bufferedAmount(): number {
    return this.#socket.bufferedAmount;
  }

  send(data: string | ArrayBuffer | ArrayBufferView | Blob): void {
    if (this.#state >= 2 || !this.#owner.mayPass()) return;
    if (typeof data === "string" || data instanceof Uint8Array) this.#socket.send(data);
    else if (data instanceof ArrayBuffer) this.#socket.send(new Uint8Array(data));
    else if (ArrayBuffer.isView(data)) this.#socket.send(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
    else void data.arrayBuffer().then((buffer) => this.send(buffer));
  }

  close(code = 1000, reason = ""): void {
    if (this.#state >= 2) return;
    if (code !== 1000 && !(code >= 1001 && code <= 1011) && !(code >= 3000 && code <= 4999)) {
      throw new RangeError(`Close code ${code} is not allowed: use 1000–1011 or 3000–4999.`);
    }
    this.#state = 2;
    this.#owner.close(code, reason.slice(0, 123));
  }

  addEventListener<Type extends keyof RawSocketEvents>(type: Type, listener: Listener<Type>): void {
    this.#listeners[type].add(listener);
  }
  removeEventListener<Type extends keyof RawSocketEvents>(type: Type, listener: Listener<Type>): void {
    this.#listeners[type].delete(listener);
  }

  /** The handler has run its synchronous part: what came meanwhile is delivered. */
  opened(): void {
    if (this.#state !== 0) return;
    this.#state = 1;
    this.#emit("open", { type: "open" });
    const early = this.#early;
    this.#early = [];
    for (const data of early) this.received(data);
  }

  /** False when more came before admission than is held. */
  received(data: string | Uint8Array): boolean {
    if (this.#state === 0) {
      this.#earlyBytes += data.length;
      this.#early.push(data);
      return this.#earlyBytes <= MAX_EARLY_BYTES && this.#early.length <= MAX_EARLY_FRAMES;
    }
    if (this.#state !== 1) return true;
    const payload = typeof data === "string" || this.binaryType === "uint8array" ? data : toArrayBuffer(data);
    this.#emit("message", { type: "message", data: payload });
    return true;
  }

  closed(code: number, reason: string): void {
    if (this.#state === 3) return;
    this.#state = 3;
    this.#early = [];
    this.#emit("close", { type: "close", code, reason, wasClean: code !== 1006 });
  }

  #emit<Type extends keyof RawSocketEvents>(type: Type, event: RawSocketEvents[Type]): void {
    // The handler property of this type takes exactly this event.
    const handler = this[`on${type}`] as Listener<Type> | null;
    for (const listener of [...(handler === null ? [] : [handler]), ...this.#listeners[type]]) {
      try {
        listener(event);
      } catch (error) {
        if (type !== "error") this.#emit("error", { type: "error", message: String(error) });
      }
    }
  }
}

function toArrayBuffer(data: Uint8Array): ArrayBuffer {
  return data.buffer.slice(data.byteOffset, data.byteOffset + data.byteLength) as ArrayBuffer;
}
