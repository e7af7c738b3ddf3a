/**
 * Owns the server's side of an RPC connection (`GET /actors/{name}/{key}/connect`): hello, then messages in arrival order,
 * each through the gate. `docs/wire.md` §6 is this file in prose.
 *
 * Messages of one connection start in the order they came: while one waits for its decision, later ones wait behind it.
 */
import { recordOf } from "../boundary/caller.ts";
import { Refusal } from "../boundary/errors.ts";
import { isPromise, type MaybePromise } from "../boundary/maybe-promise.ts";
import type { Presentation } from "../boundary/scheme.ts";
import type { SharedFrame, Socket } from "../hosts/port.ts";
import { FrameError, readClientFrame } from "../protocol/client-frames.ts";
import { type Codec, jsonCodec } from "../protocol/codec.ts";
import { encode } from "../protocol/json.ts";
import { writeResultText } from "../protocol/json-shortcuts.ts";
import { MAX_BATCH } from "../protocol/limits.ts";
import {
  type ActionMessage,
  type ClientMessage,
  type ErrorMessage,
  type HelloMessage,
  type RenewMessage,
  type SendMessage,
  type ServerMessage,
  SUBPROTOCOL_CBOR,
  type SubscribeMessage,
} from "../protocol/messages.ts";
import type { Connection, ConnectionLink, Outgoing } from "./connection.ts";
import type { InvocationScope } from "./context.ts";
import { describeConnection } from "./dormant.ts";
import type { CompiledActor } from "./entrypoints.ts";
import { correlationOf, outcomeOf, reasonOf, toWireFailure, type WireFailure } from "./failure.ts";
import { Admission, admit, type Verdict } from "./gate.ts";
import type { ActorInstance } from "./instance.ts";
import type { QueueReceipt } from "./queue.ts";
import { type GatedMessage, MessageCall } from "./rpc-message.ts";
import type { Runtime } from "./runtime.ts";
import { type Address, admittedAs, openStanding } from "./standing.ts";
import { refuseDead } from "./stateless.ts";

export interface RpcOptions {
  readonly runtime: Runtime;
  readonly compiled: CompiledActor;
  readonly address: Address;
  readonly socket: Socket;
  readonly codec: Codec;
  /** What the upgrade request presented, without the first frame. */
  readonly presentation: Omit<Presentation, "frameToken">;
  readonly request: () => Request;
}

type Wire = string | Uint8Array | SharedFrame;
type Phase = "hello" | "opening" | "open" | "closed";

const isShared = (wire: Wire): wire is SharedFrame => typeof wire === "object" && "data" in wire;
const dataOf = (wire: Wire): string | Uint8Array => (isShared(wire) ? wire.data : wire);

/**
 * Results in one frame. With 32 calls in flight, a frame of all 32 would make client and server take turns; parts
 * keep both at work. Of the sizes tried from 4 to 32, those from 6 to 12 did about equally well.
 */
const MAX_RESULTS = 8;

const END_OF_TURN = Promise.resolve();

/** Serves one RPC connection until it closes. */
export function serveRpc(options: RpcOptions): void {
  new RpcSession(options).start();
}

/** Serves a connection that stood before its process left memory. Its actor sleeps: the next message wakes it. */
export function resumeRpc(options: RpcOptions, connection: Connection): void {
  new RpcSession(options).takeUp(connection);
}

class RpcSession implements ConnectionLink {
  readonly #options: RpcOptions;
  readonly #runtime: Runtime;
  readonly #socket: Socket;
  readonly #codec: Codec;
  #phase: Phase = "hello";
  #instance: ActorInstance | null = null;
  #connection: Connection | null = null;
  #waiting: { readonly message: ClientMessage; readonly size: number }[] = [];
  /** Of what waits, as it came. */
  #waitingSize = 0;
  #deciding = false;
  /** Calls that are answered later: actions at work, sends that wait for their message. */
  #underWay = 0;
  #out: Wire[] = [];
  /** Results in `#out`. */
  #results = 0;
  /** Messages sent in this turn. */
  #inTurn = 0;
  /** The last turn with any had one. */
  #wasLone = false;
  /** The last frame that came held one message. */
  #isLone = false;
  #cancelHello: (() => void) | null = null;

  constructor(options: RpcOptions) {
    this.#options = options;
    this.#runtime = options.runtime;
    this.#socket = options.socket;
    this.#codec = options.codec;
  }

  start(): void {
    this.#cancelHello = this.#runtime.pendingSocket(() => {
      this.#refuse(new Refusal("timeout", { reason: "hello.deadline", group: "request", message: "No hello in time" }));
    });
    if (this.#cancelHello === null) {
      this.#refuse(new Refusal("overloaded", { reason: "sockets.pending" }));
      return;
    }
    this.#socket.attach({
      message: (data) => this.#received(data),
      close: () => this.#lost(),
    });
  }

  takeUp(connection: Connection): void {
    this.#connection = connection;
    connection.link = this;
    this.#phase = "open";
    this.#socket.attach({
      message: (data) => this.#received(data),
      close: () => this.#lost(),
    });
    this.#remember(connection);
  }

  #remember(connection: Connection): void {
    const { presentation } = this.#options;
    this.#socket.remember?.(() => describeConnection(connection, { codec: this.#codec.name, ...presentation }));
  }

  #received(data: string | Uint8Array): void {
    if (this.#phase === "closed") return;
    let messages: ClientMessage[];
    try {
      messages = readClientFrame(this.#codec, data);
    } catch (error) {
      if (!(error instanceof FrameError)) throw error;
      this.#malformed(error.message);
      return;
    }
    if (data.length > this.#runtime.limits.maxIncomingMessageSize && this.#isAnyTooLong(messages, data.length)) {
      this.#close(new Refusal("too_large", { reason: "message.too_long" }));
      return;
    }
    const size = data.length / messages.length;
    this.#isLone = messages.length === 1;
    for (const message of messages) this.#take(message, size);
  }

  /** In a long frame of several messages, each is measured: small ones beside it make no long one shorter. */
  #isAnyTooLong(messages: readonly ClientMessage[], length: number): boolean {
    const { maxIncomingMessageSize } = this.#runtime.limits;
    if (messages.length === 1 || length > maxIncomingMessageSize * messages.length) return true;
    try {
      return messages.some((message) => this.#codec.encode(message, "message").length > maxIncomingMessageSize);
    } catch {
      // What has no encoding of ours has no length that could be told.
      return true;
    }
  }

  #take(message: ClientMessage, size: number): void {
    if (this.#phase === "hello") {
      if (message.t !== "hello") this.#malformed("the first message must be a hello");
      else void this.#open(message);
      return;
    }
    if (this.#phase !== "open") {
      if (this.#phase === "opening") this.#malformed("nothing but hello is sent before ready");
      return;
    }
    if (!this.#deciding) {
      this.#begin(message);
      return;
    }
    const { maxPendingMessages, maxBufferedBytes } = this.#runtime.limits;
    this.#waitingSize += size;
    if (this.#waiting.length >= maxPendingMessages || this.#waitingSize > maxBufferedBytes) {
      this.#close(new Refusal("overloaded", { reason: "messages.pending" }));
      return;
    }
    this.#waiting.push({ message, size });
  }

  async #open(hello: HelloMessage): Promise<void> {
    this.#phase = "opening";
    this.#cancelHello?.();
    this.#cancelHello = null;
    const { compiled, address, presentation, request } = this.#options;
    try {
      assertParamsSize(hello.params, this.#runtime.limits.maxParamsSize);
      const { instance, connection } = await openStanding(this.#runtime, {
        compiled,
        address,
        kind: "rpc",
        presentation: { ...presentation, frameToken: hello.token ?? null },
        mode: hello.mode ?? "getOrCreate",
        input: hello.input,
        params: hello.params,
        request,
      });
      if ((this.#phase as Phase) === "closed") {
        connection.lost();
        return;
      }
      this.#instance = instance;
      this.#connection = connection;
      connection.link = this;
      this.#phase = "open";
      const { endsAt } = connection.lease;
      this.sendMessage({
        t: "ready",
        actor: instance.id,
        connection: connection.id,
        expiresAt: Number.isFinite(endsAt) ? endsAt : null,
        now: this.#runtime.host.clock.now(),
      });
      instance.connections.register(connection);
      this.#remember(connection);
    } catch (error) {
      this.#refuse(error);
    }
  }

  #begin(message: ClientMessage): void {
    let started: MaybePromise<void>;
    try {
      const isAsleep = this.#instance === null || this.#instance.isStopping;
      started = isAsleep ? this.#handleAwake(message) : this.#handle(message);
    } catch (error) {
      this.#answerError("id" in message ? message.id : undefined, error);
      return;
    }
    if (!isPromise(started)) return;
    this.#deciding = true;
    started
      .catch((error: unknown) => this.#answerError("id" in message ? message.id : undefined, error))
      .then(() => this.#next());
  }

  #next(): void {
    this.#deciding = false;
    while (!this.#deciding && this.#waiting.length > 0 && this.#phase === "open") {
      const { message, size } = this.#waiting.shift()!;
      this.#waitingSize = this.#waiting.length === 0 ? 0 : this.#waitingSize - size;
      this.#begin(message);
    }
  }

  /** The actor sleeps, or is about to: it is woken first, and this connection is its own again. */
  async #handleAwake(message: ClientMessage): Promise<void> {
    const { actorName: name, actorKey: key } = this.#connection!;
    this.#instance =
      this.#instance === null
        ? await this.#runtime.awakenAt(this.#options.compiled, { name, key })
        : await this.#runtime.awaken(this.#instance);
    if (this.#phase === "open") await this.#handle(message);
  }

  /** Settles when the message has started, not when it is answered: handlers interleave, starts do not. */
  #handle(message: ClientMessage): MaybePromise<void> {
    switch (message.t) {
      case "action":
      case "subscribe":
      case "send":
        return this.#gated(message);
      case "unsubscribe":
        this.#instance!.connections.unsubscribe(this.#connection!, message.name);
        return;
      case "renew":
        return this.#renew(message);
      case "hello":
        this.#malformed("hello is the first message only");
    }
  }

  #gated(message: GatedMessage): MaybePromise<void> {
    const instance = this.#instance!;
    const call = new MessageCall(instance, this.#connection!, message, this.#options.presentation.address ?? "");
    if (this.#underWay >= this.#runtime.limits.maxCallsUnderWay) {
      const refusal = new Refusal("overloaded", { reason: "calls.under_way" });
      this.#record(refusal, call);
      this.#answerError(message.id, refusal);
      return;
    }
    const verdict = admit(instance, call);
    if (!isPromise(verdict)) {
      this.#decided(verdict, call);
      return;
    }
    // An actor does not fall asleep over a question.
    instance.pin();
    return verdict.then((settled) => this.#decided(settled, call)).finally(() => instance.unpin());
  }

  #decided(verdict: Verdict, call: MessageCall): void {
    this.#record(verdict, call);
    const { message } = call;
    if (verdict instanceof Admission) {
      this.#run(verdict, message);
      return;
    }
    if (message.t === "subscribe") {
      this.#connection!.denyEvent(message.name);
    }
    this.#answerError(message.id, verdict, message.t === "subscribe" ? message.name : undefined);
  }

  #record(verdict: Verdict, call: MessageCall): void {
    const { message, started } = call;
    const admitted = verdict instanceof Admission;
    const { ref } = this.#instance!;
    this.#runtime.decisions.record(
      started,
      ref.name,
      ref.key,
      call.target.kind,
      message.name,
      admitted ? verdict.caller : this.#connection!.caller,
      admitted ? "ok" : outcomeOf(verdict),
      admitted ? "" : reasonOf(verdict),
      admitted ? null : correlationOf(this.#runtime.host, verdict),
      (admitted ? call.decided : this.#runtime.host.clock.now()) - started,
    );
  }

  #run(admission: Admission, message: GatedMessage): void {
    if (message.t === "action") this.#runAction(admission, message);
    else if (message.t === "subscribe") this.#subscribe(admission, message);
    else this.#enqueue(admission, message);
  }

  #runAction(admission: Admission, message: ActionMessage): void {
    // Its answer rests on what this instance makes durable, also when the actor slept and woke meanwhile.
    const instance = this.#instance!;
    let output: MaybePromise<unknown>;
    try {
      output = instance.invocations.runAction(admission, message.args, this.#connection!);
    } catch (error) {
      this.#answerError(message.id, error);
      return;
    }
    if (isPromise(output)) {
      this.#underWay += 1;
      output.then(
        (settled) => {
          this.#underWay -= 1;
          this.#answer(message.id, settled, instance);
        },
        (error: unknown) => {
          this.#underWay -= 1;
          this.#answerError(message.id, error, undefined, instance);
        },
      );
    } else {
      this.#answer(message.id, output);
    }
  }

  #subscribe(admission: Admission, message: SubscribeMessage): void {
    Admission.spend(admission);
    const connection = this.#connection!;
    const { maxSubscriptions } = this.#runtime.limits;
    if (connection.subscriptions.size >= maxSubscriptions && !connection.subscriptions.has(message.name)) {
      this.#answerError(message.id, new Refusal("overloaded", { reason: "subscriptions.limit" }), message.name);
      return;
    }
    const { decidedIn } = admission.context as InvocationScope;
    this.#instance!.connections.subscribe(connection, message.name, decidedIn);
    this.#answer(message.id, undefined);
  }

  #enqueue(admission: Admission, message: SendMessage): void {
    Admission.spend(admission);
    const { name, body, wait, timeout, key } = message;
    const caller = recordOf(admission.caller);
    this.#underWay += 1;
    this.#instance!.queues.enqueue({ name, body, caller, wait, timeout, id: key }).then(
      (receipt) => {
        this.#underWay -= 1;
        this.#answer(message.id, wireReceipt(receipt));
      },
      (error: unknown) => {
        this.#underWay -= 1;
        this.#answerError(message.id, error);
      },
    );
    this.#instance!.outbox.settle();
  }

  #renew(message: RenewMessage): MaybePromise<void> {
    const { compiled, presentation } = this.#options;
    const failing = this.#runtime.failedProofs.refuse(compiled.bases, { ...presentation, frameToken: message.token });
    if (failing !== null) return this.#answerError(message.id, failing);
    const fresh = this.#runtime.proveForConnection(compiled, { ...presentation, frameToken: message.token });
    const renewed = (credentials: Awaited<typeof fresh>): void => {
      const connection = this.#connection!;
      const refusal =
        refuseDead(this.#runtime, credentials) ?? connection.lease.renew(credentials, this.#runtime.host.clock.now());
      this.#runtime.decisions.record(
        this.#runtime.host.clock.now(),
        compiled.name,
        connection.actorKey,
        "renew",
        "",
        connection.caller,
        refusal === null ? "ok" : refusal.outcome,
        refusal?.reason ?? "",
        refusal === null ? null : correlationOf(this.#runtime.host, refusal),
        0,
      );
      if (refusal !== null) {
        this.#answerError(message.id, refusal);
        return;
      }
      connection.caller = admittedAs(compiled, credentials) ?? connection.caller;
      this.#instance!.connections.renewed(connection);
      const { endsAt } = connection.lease;
      this.#answer(message.id, {
        expiresAt: Number.isFinite(endsAt) ? endsAt : null,
        now: this.#runtime.host.clock.now(),
      });
    };
    return isPromise(fresh) ? fresh.then(renewed) : renewed(fresh);
  }

  /** Leaves when everything the answer rests on is durable (G8). */
  #answer(id: number, output: unknown, instance: ActorInstance = this.#instance!): void {
    let wire: string | Uint8Array;
    try {
      wire = this.#encodeResult(id, output);
    } catch (error) {
      this.#answerError(id, error);
      return;
    }
    if (wire.length > this.#runtime.limits.maxOutgoingMessageSize) {
      this.#answerError(id, outgoingTooLong(wire.length, this.#runtime.limits.maxOutgoingMessageSize));
      return;
    }
    const { outbox } = instance;
    if (outbox.isClear) {
      this.#sendResult(wire);
      return;
    }
    outbox.release(
      () => this.#sendResult(wire),
      (error) => this.#sendError(id, error),
    );
  }

  #encodeResult(id: number, output: unknown): string | Uint8Array {
    const short = this.#codec === jsonCodec ? writeResultText(id, output) : null;
    return (
      short ?? this.#codec.encode(output === undefined ? { t: "result", id } : { t: "result", id, output }, "output")
    );
  }

  #answerError(
    id: number | undefined,
    error: unknown,
    event?: string,
    instance: ActorInstance | null = this.#instance,
  ): void {
    if (instance === null) {
      this.#sendError(id, error, event);
      return;
    }
    instance.outbox.release(
      () => this.#sendError(id, error, event),
      (failure) => this.#sendError(id, failure, event),
    );
  }

  #sendError(id: number | undefined, error: unknown, event?: string): void {
    if (this.#phase === "closed") return;
    const { actorName: actor, actorKey: key } = this.#connection!;
    const failure = toWireFailure(this.#runtime.host, error, { actor, key });
    this.sendMessage(errorMessage(failure, id, event));
  }

  sendMessage(message: ServerMessage): void {
    this.#sendWire(this.#codec.encode(message, "message"));
  }

  sendEvent(event: Outgoing): void {
    this.#sendWire(event.shared(this.#codec));
  }

  /** Many results leave in parts, so that the peer goes on with the first while the others are made. */
  #sendResult(wire: Wire): void {
    this.#sendWire(wire);
    // A peer that asks one thing at a time need not wait until what brought it here is tidied up.
    const isLone = this.#isLone && this.#wasLone && this.#inTurn === 1;
    if (++this.#results >= MAX_RESULTS || isLone) this.#flush();
  }

  #sendWire(wire: Wire): void {
    if (this.#phase === "closed") return;
    this.#out.push(wire);
    if (++this.#inTurn > 1) return;
    // As a reaction, not by `queueMicrotask`: that one makes Node track an asynchronous resource for each call.
    END_OF_TURN.then(this.#endTurn);
  }

  readonly #endTurn = (): void => {
    this.#wasLone = this.#inTurn === 1;
    this.#inTurn = 0;
    this.#flush();
  };

  /** What became ready in one turn leaves as one frame, in order. */
  #flush(): void {
    this.#results = 0;
    const out = this.#out;
    if (out.length === 0 || this.#phase === "closed") return;
    this.#out = [];
    if (this.#socket.bufferedAmount > this.#runtime.limits.maxBufferedBytes) {
      this.#phase = "closed";
      this.#socket.close(1013, "byward/overloaded");
      this.#socket.terminate();
      this.#connection?.lost();
      return;
    }
    if (out.length === 1) {
      this.#sendOne(out[0]!);
      return;
    }
    for (let start = 0; start < out.length; start += MAX_BATCH) {
      const part = out.length <= MAX_BATCH ? out : out.slice(start, start + MAX_BATCH);
      this.#socket.send(this.#codec.list(part.map(dataOf) as never));
    }
  }

  #sendOne(wire: Wire): void {
    if (!isShared(wire)) this.#socket.send(wire);
    else if (this.#socket.sendShared === undefined) this.#socket.send(wire.data);
    else this.#socket.sendShared(wire);
  }

  close(code: number, reason: string, error: ErrorMessage | null): void {
    if (this.#phase === "closed") return;
    if (error !== null) this.sendMessage(error);
    this.#flush();
    this.#phase = "closed";
    this.#socket.close(code, error === null ? reason : `${error.group}/${error.code}`);
  }

  #malformed(message: string): void {
    this.#close(
      new Refusal("malformed", { reason: "message.invalid", group: "message", code: "invalid_message", message }),
    );
  }

  #close(refusal: Refusal): void {
    if (this.#connection === null) {
      this.#refuse(refusal);
      return;
    }
    const failure = toWireFailure(this.#runtime.host, refusal, { actor: this.#options.compiled.name });
    this.#connection.close(failure.closeCode ?? 1011, `${failure.group}/${failure.code}`, errorMessage(failure));
  }

  /** Before the connection stands: accept, say why, close, so that a browser can read it. */
  #refuse(error: unknown): void {
    if (this.#phase === "closed") return;
    this.#cancelHello?.();
    const failure = toWireFailure(this.#runtime.host, error, { actor: this.#options.compiled.name });
    this.#socket.send(this.#codec.encode(errorMessage(failure), "message"));
    this.#phase = "closed";
    this.#socket.close(closeCodeOf(failure), `${failure.group}/${failure.code}`);
  }

  #lost(): void {
    this.#cancelHello?.();
    this.#phase = "closed";
    this.#waiting = [];
    this.#connection?.lost();
  }
}

/** @throws Refusal `params/too_long` */
export function assertParamsSize(params: unknown, limit: number): void {
  if (params === undefined || encode(params, "params").length <= limit) return;
  throw new Refusal("too_large", {
    reason: "params.too_long",
    group: "params",
    code: "too_long",
    message: `The params have more than ${limit} bytes`,
  });
}

/** What a sender is told over the wire. */
export function wireReceipt(receipt: QueueReceipt): { readonly status: string; readonly response?: unknown } {
  return receipt.status === "completed"
    ? { status: "completed", response: receipt.response }
    : { status: receipt.status };
}

export function outgoingTooLong(size: number, limit: number): Refusal {
  return new Refusal("too_large", {
    reason: "output.too_long",
    code: "outgoing_too_long",
    message: `The output has ${size} bytes; at most ${limit} may leave`,
  });
}

/** Before anything was asked on a socket: says why, in the encoding that was selected for it, and closes. */
export function refuseSocket(runtime: Runtime, socket: Socket, error: unknown): void {
  const failure = toWireFailure(runtime.host, error, { transport: "websocket" });
  socket.attach({ message: () => {}, close: () => {} });
  const refuse = (codec: Codec): void => {
    socket.send(codec.encode(errorMessage(failure)));
    socket.close(closeCodeOf(failure), `${failure.group}/${failure.code}`);
  };
  if (socket.protocol !== SUBPROTOCOL_CBOR) refuse(jsonCodec);
  else void import("../protocol/cbor.ts").then(({ cborCodec }) => refuse(cborCodec));
}

/** Outcomes that never close an open connection still end one that could not be opened. */
export function closeCodeOf(failure: WireFailure): number {
  return failure.closeCode ?? 1008;
}

export function errorMessage(failure: WireFailure, id?: number, event?: string): ErrorMessage {
  return {
    t: "error",
    ...(id === undefined ? {} : { id }),
    group: failure.group,
    code: failure.code,
    message: failure.message,
    ...(failure.metadata === undefined ? {} : { metadata: failure.metadata }),
    ...(failure.retryAfter === undefined ? {} : { retryAfter: failure.retryAfter }),
    correlationId: failure.correlationId,
    ...(event === undefined ? {} : { event }),
  };
}
