/**
 * Owns Server-Sent Events: the *subscribe* entrypoint over HTTP (`docs/wire.md` §5). One stream is one connection with one
 * subscription. Its last message says why it ends, whatever ends it, unless the link or a slow reader does.
 */
import { OUTCOMES } from "../boundary/outcome.ts";
import type { OutboundResponse } from "../hosts/port.ts";
import { encode } from "../protocol/json.ts";
import type { ErrorMessage, ServerMessage } from "../protocol/messages.ts";
import type { Connection, ConnectionLink, Outgoing } from "./connection.ts";
import type { InvocationScope } from "./context.ts";
import { newCorrelationId } from "./failure.ts";
import { Admission } from "./gate.ts";
import type { ActorInstance } from "./instance.ts";

const KEEP_ALIVE_MS = 15_000;
/** What a subscriber is asked to wait after the end of a stream that was not his doing. */
const COME_AGAIN_SECONDS = 1;
const utf8 = new TextEncoder();

export function openEventStream(
  admission: Admission,
  instance: ActorInstance,
  connection: Connection,
  name: string,
  signal: AbortSignal,
): OutboundResponse {
  Admission.spend(admission);
  const stream = new EventStream(instance, connection, name, signal);
  connection.link = stream;
  instance.connections.subscribe(connection, name, (admission.context as InvocationScope).decidedIn);
  connection.armExpiry(instance.clock);
  return {
    status: 200,
    headers: [
      ["content-type", "text/event-stream"],
      ["cache-control", "no-store"],
      ["x-content-type-options", "nosniff"],
      ["x-accel-buffering", "no"],
      ["byward-correlation-id", newCorrelationId(instance.runtime.host)],
    ],
    body: stream.readable,
  };
}

class EventStream implements ConnectionLink {
  readonly readable: ReadableStream<Uint8Array>;
  readonly #instance: ActorInstance;
  readonly #connection: Connection;
  readonly #name: string;
  #controller: ReadableStreamDefaultController<Uint8Array> | null = null;
  #timer: { cancel(): void } | null = null;

  constructor(instance: ActorInstance, connection: Connection, name: string, signal: AbortSignal) {
    this.#instance = instance;
    this.#connection = connection;
    this.#name = name;
    this.readable = new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          this.#controller = controller;
        },
        cancel: () => this.#gone(),
      },
      { highWaterMark: instance.runtime.limits.maxBufferedBytes, size: (chunk) => chunk?.byteLength ?? 0 },
    );
    if (signal.aborted) this.#gone();
    else signal.addEventListener("abort", () => this.#gone(), { once: true });
    const { endsAt } = connection.lease;
    this.#write(
      `event: ready\ndata: ${encode({
        actor: instance.id,
        expiresAt: Number.isFinite(endsAt) ? endsAt : null,
        now: instance.clock.now(),
      })}\n\n`,
    );
    this.#keepAlive();
  }

  sendMessage(message: ServerMessage): void {
    // The only message a stream can carry is the end of its one subscription.
    if (message.t === "error") this.#finish(message, 3003);
  }

  sendEvent(event: Outgoing): void {
    // A direct send may be of another event, and a stream has no place to say of which.
    if (event.name !== this.#name) return;
    this.#write(`data: ${event.argsText()}\n\n`);
  }

  close(code: number, _reason: string, error: ErrorMessage | null): void {
    this.#finish(error, code);
  }

  /** Says why it ends; without an error it is not the subscriber's doing, and he may come again. */
  #finish(error: ErrorMessage | null, closeCode: number): void {
    if (this.#controller === null) return;
    const kind = error === null ? "closing" : closeCode === 3000 ? "expired" : "refused";
    const { group, code, message, correlationId, retryAfter } = error ?? this.#closing();
    const body = { group, code, message, correlationId, ...(retryAfter === undefined ? {} : { retryAfter }) };
    this.#write(`event: ${kind}\ndata: ${encode(body)}\n\n`);
    const controller = this.#controller;
    this.#controller = null;
    this.#timer?.cancel();
    controller?.close();
    this.#connection.lost();
  }

  #closing(): Omit<ErrorMessage, "t"> {
    const { group, code, message } = OUTCOMES.unavailable;
    const correlationId = newCorrelationId(this.#instance.runtime.host);
    return { group, code, message, correlationId, retryAfter: COME_AGAIN_SECONDS };
  }

  #write(text: string): void {
    const controller = this.#controller;
    if (controller === null) return;
    if ((controller.desiredSize ?? 0) <= 0) {
      // The reader is too slow: cut off, so that nobody else waits and memory stays bounded (G12).
      this.#controller = null;
      this.#timer?.cancel();
      controller.error(new Error("the subscriber reads too slowly"));
      this.#connection.lost();
      return;
    }
    controller.enqueue(utf8.encode(text));
  }

  #keepAlive(): void {
    this.#timer = this.#instance.clock.after(KEEP_ALIVE_MS, () => {
      this.#write(": \n\n");
      if (this.#controller !== null) this.#keepAlive();
    });
  }

  #gone(): void {
    const controller = this.#controller;
    this.#controller = null;
    // Whoever still reads in this process would wait for ever.
    controller?.error(new Error("the subscriber left"));
    this.#timer?.cancel();
    this.#connection.lost();
  }
}
