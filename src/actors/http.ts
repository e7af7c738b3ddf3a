/**
 * Owns the HTTP surface of actors (`docs/wire.md` §3, §5): a routed path becomes a call through the gate, and its result a
 * response. Payloads are read after the decision, except the bytes a signature is verified over.
 */
import { recordOf } from "../boundary/caller.ts";
import { Refusal } from "../boundary/errors.ts";
import { endedLease, endedReply } from "../boundary/gate.ts";
import { andThen, isPromise, type MaybePromise } from "../boundary/maybe-promise.ts";
import type { By } from "../boundary/party.ts";
import type { Presentation } from "../boundary/scheme.ts";
import type { InboundRequest, OutboundResponse } from "../hosts/port.ts";
import { type Codec, jsonCodec } from "../protocol/codec.ts";
import { DecodeError } from "../protocol/errors.ts";
import type { ActorPath } from "../protocol/paths.ts";
import type { Connection } from "./connection.ts";
import type { InvocationScope } from "./context.ts";
import { type CompiledActor, needsBody } from "./entrypoints.ts";
import { newCorrelationId } from "./failure.ts";
import { Admission, partiesOf } from "./gate.ts";
import { bodyTooLarge, cleanRequest, failureResponse, presentationOf, valueOfHeader } from "./inbound.ts";
import type { ActorInstance } from "./instance.ts";
import { invalidArguments } from "./invocation.ts";
import { rawResponse } from "./raw-http.ts";
import { outgoingTooLong, wireReceipt } from "./rpc.ts";
import type { Runtime } from "./runtime.ts";
import { inForce } from "./second-decision.ts";
import { openEventStream } from "./sse.ts";
import { openStanding } from "./standing.ts";
import { type Address, authenticate, invokeStateless, type StatelessCall } from "./stateless.ts";
import type { InvokeTarget } from "./types.ts";

const METHODS = { action: "POST", queue: "POST", event: "GET", connect: "GET", websocket: "GET" } as const;

/** Answers a request whose path is an actor's. Never rejects. */
export async function handleActorRequest(
  runtime: Runtime,
  route: ActorPath,
  inbound: InboundRequest,
): Promise<OutboundResponse> {
  try {
    return await dispatch(runtime, route, inbound);
  } catch (error) {
    return failureResponse(runtime, error, route.name);
  }
}

function dispatch(runtime: Runtime, path: ActorPath, inbound: InboundRequest): Promise<OutboundResponse> {
  const compiled = runtime.actors.get(path.name);
  if (compiled === undefined) throw new Refusal("not_found", { reason: "actor.unknown_type" });
  const { route } = path;
  const address: Address = path.address.by === "id" ? { id: path.address.id } : { key: path.address.key };
  const context: RouteContext = { runtime, compiled, address, inbound };
  switch (route.kind) {
    case "action":
      assertMethod(inbound, METHODS.action);
      return callAction(context, route.name);
    case "queue":
      assertMethod(inbound, METHODS.queue);
      return sendToQueue(context, route.name);
    case "event":
      assertMethod(inbound, METHODS.event);
      return subscribe(context, route.name);
    case "request":
      return callRaw(context, route.path);
    case "actor":
      return touchActor(context);
    case "connect":
    case "websocket":
      assertMethod(inbound, METHODS[route.kind]);
      throw new Refusal("malformed", {
        reason: "upgrade.missing",
        message: "This path is a WebSocket: send an upgrade request",
      });
    case "unknown":
      throw new Refusal("not_found", { reason: "route.unknown" });
  }
}

interface RouteContext {
  readonly runtime: Runtime;
  readonly compiled: CompiledActor;
  readonly address: Address;
  readonly inbound: InboundRequest;
}

function assertMethod(inbound: InboundRequest, method: string): void {
  if (inbound.method !== method) throw methodNotAllowed(method);
}

function methodNotAllowed(allow: string): Refusal {
  return new Refusal("method_not_allowed", { reason: "method", headers: { allow } });
}

/** The call a request makes; `path` is that of a raw request, below the actor. */
function callOf(
  context: RouteContext,
  target: InvokeTarget,
  keepConnection: boolean,
  path?: string,
): MaybePromise<StatelessCall> {
  const by = partiesOf(context.compiled, target);
  const presenting = presentationOf(context, needsBody(by));
  if (!isPromise(presenting)) return new RequestCall(context, target, by, presenting, keepConnection, path);
  return presenting.then((presentation) => new RequestCall(context, target, by, presentation, keepConnection, path));
}

/** A call as its request says it. */
class RequestCall implements StatelessCall {
  readonly target: InvokeTarget;
  readonly by: By;
  readonly kind = "stateless";
  readonly presentation: Presentation;
  readonly mode: "get" | "getOrCreate";
  readonly keepConnection: boolean;
  readonly request: () => Request;
  readonly #context: RouteContext;

  constructor(
    context: RouteContext,
    target: InvokeTarget,
    by: By,
    presentation: Presentation,
    keepConnection: boolean,
    path: string | undefined,
  ) {
    this.target = target;
    this.by = by;
    this.presentation = presentation;
    this.mode = modeOf(context.inbound);
    this.keepConnection = keepConnection;
    this.request = () => cleanRequest(context.inbound, path);
    this.#context = context;
  }

  get compiled(): CompiledActor {
    return this.#context.compiled;
  }
  get address(): Address {
    return this.#context.address;
  }
  // Both read when they are needed, which is after the proof: who is nobody is told so, not how to write a header.
  get input(): unknown {
    return this.#valueOf("byward-input");
  }
  get params(): unknown {
    return this.#valueOf("byward-params");
  }
  #valueOf(header: "byward-input" | "byward-params"): unknown {
    const { inbound, runtime } = this.#context;
    return valueOfHeader(inbound, header, runtime.limits);
  }
}

function modeOf(inbound: InboundRequest): "get" | "getOrCreate" {
  const mode = inbound.header("byward-mode");
  if (mode === null || mode === "getOrCreate") return "getOrCreate";
  if (mode === "get") return "get";
  throw new Refusal("malformed", { reason: "header.mode", message: "Byward-Mode is `get` or absent" });
}

async function callAction(context: RouteContext, name: string): Promise<OutboundResponse> {
  const { runtime, inbound } = context;
  assertContentLength(inbound, runtime.limits.maxIncomingMessageSize);
  const calling = callOf(context, { kind: "action", name }, false);
  const call = isPromise(calling) ? await calling : calling;
  const encoding = replyCodec(inbound);
  const codec = isPromise(encoding) ? await encoding : encoding;
  return invokeStateless(runtime, call, async (admission, instance, connection) => {
    const args = await readBody(context, readArguments);
    if (!Array.isArray(args)) throw invalidArguments("The body is a JSON list of arguments");
    // Encoded in the turn the action ended: what waits for the disk must not show what others change meanwhile.
    return whenDurable(instance, connection, () =>
      andThen(instance.invocations.runAction(admission, args, connection), (output) =>
        writeResponse(context, codec, 200, output === undefined ? {} : { output }),
      ),
    );
  });
}

function readArguments(codec: Codec, bytes: Uint8Array): unknown {
  return bytes.length === 0 ? [] : decodeWith(codec, bytes);
}

/** Runs, then waits for the output gate, whether it returned or threw: a failure too may rest on what it read. */
async function whenDurable<T>(instance: ActorInstance, connection: Connection, run: () => Promise<T> | T): Promise<T> {
  try {
    const running = run();
    const output = isPromise(running) ? await running : running;
    if (!instance.outbox.idle) await instance.outbox.durable();
    const end = connection.leaseEnd();
    if (end !== null) throw endedReply(end);
    return output;
  } catch (error) {
    if (!instance.outbox.idle) await instance.outbox.durable();
    throw error;
  }
}

interface QueueRequest {
  readonly body?: unknown;
  readonly wait?: boolean;
  readonly timeout?: number;
  readonly id?: string;
}

async function sendToQueue(context: RouteContext, name: string): Promise<OutboundResponse> {
  const { runtime, inbound } = context;
  assertContentLength(inbound, runtime.limits.maxIncomingMessageSize);
  const call = await callOf(context, { kind: "queue", name }, false);
  const receipt = await invokeStateless(runtime, call, async (admission, instance, connection) => {
    const request = await readBody(context, (codec, bytes) => readQueueRequest(decodeWith(codec, bytes)));
    const end = connection.leaseEnd();
    if (end !== null) throw endedLease(end);
    const current = await inForce(admission, instance, connection);
    Admission.spend(current);
    const scope = current.context as InvocationScope;
    const sent = await instance.queues.enqueue({
      name,
      body: request.body,
      caller: recordOf(current.caller),
      wait: request.wait,
      timeout: request.timeout,
      id: request.id ?? scope.deliveryId(),
    });
    scope.remember();
    // What its handler said is for a caller whose lease lives.
    const over = sent.status === "completed" ? connection.leaseEnd() : null;
    if (over !== null) throw endedReply(over);
    return sent;
  });
  const response = await jsonResponse(context, 200, wireReceipt(receipt));
  return receipt.status === "queued" && receipt.duplicate
    ? { ...response, headers: [...response.headers, ["byward-duplicate", "true"]] }
    : response;
}

function readQueueRequest(value: unknown): QueueRequest {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw invalidQueueRequest("an object");
  const { wait, timeout, id } = value as Record<string, unknown>;
  for (const key of Object.keys(value)) {
    if (!["body", "wait", "timeout", "id"].includes(key)) throw invalidQueueRequest("an object without other members");
  }
  if (wait !== undefined && typeof wait !== "boolean") throw invalidQueueRequest("`wait` true or false");
  if (timeout !== undefined && !(Number.isSafeInteger(timeout) && (timeout as number) >= 0)) {
    throw invalidQueueRequest("`timeout` in ms");
  }
  if (id !== undefined && !(typeof id === "string" && id.length > 0 && id.length <= 256)) {
    throw invalidQueueRequest("`id` of 1 to 256 characters");
  }
  return value as QueueRequest;
}

function invalidQueueRequest(expected: string): Refusal {
  return new Refusal("malformed", {
    reason: "queue.request",
    group: "queue",
    code: "invalid_request",
    message: `The body is { "body", "wait"?, "timeout"?, "id"? }: expected ${expected}`,
  });
}

async function subscribe(context: RouteContext, name: string): Promise<OutboundResponse> {
  const call = await callOf(context, { kind: "subscribe", name }, true);
  return invokeStateless(context.runtime, call, (admission, instance, connection) =>
    openEventStream(admission, instance, connection, name, context.inbound.signal),
  );
}

async function callRaw(context: RouteContext, path: string): Promise<OutboundResponse> {
  const { inbound } = context;
  const target = { kind: "request", method: inbound.method, path } as const;
  const call = await callOf(context, target, true, path);
  return invokeStateless(context.runtime, call, async (admission, instance, connection) => {
    instance.pin();
    connection.armExpiry(instance.runtime.leaseClock);
    let response: Response | null = null;
    try {
      const request = cleanRequest(inbound, path);
      response = await instance.invocations.runRequest(admission, request);
      if (!instance.outbox.idle) await instance.outbox.durable();
      const end = connection.leaseEnd();
      if (end !== null) throw endedReply(end);
      const correlation = newCorrelationId(context.runtime.host);
      return rawResponse(response, inbound.method, connection, () => instance.unpin(), correlation);
    } catch (error) {
      // Nobody reads what it answered.
      response?.body?.cancel().catch(() => {});
      instance.unpin();
      connection.lost();
      if (!instance.outbox.idle) await instance.outbox.durable();
      throw error;
    }
  });
}

/** `GET` looks up, `PUT` gets or creates, `POST` creates: gated by party, like opening a connection. */
async function touchActor(context: RouteContext): Promise<OutboundResponse> {
  const { runtime, compiled, address, inbound } = context;
  const { method } = inbound;
  if (method !== "GET" && method !== "PUT" && method !== "POST") throw methodNotAllowed("GET, POST, PUT");
  if ("id" in address && method !== "GET") throw methodNotAllowed("GET");
  const presentation = await presentationOf(context, needsBody(compiled.by));
  let input: unknown;
  if (method !== "GET") {
    await authenticate(runtime, compiled.by, presentation);
    assertContentLength(inbound, runtime.limits.maxIncomingMessageSize);
    input = await readBody(context, (codec, bytes) => readInput(bytes.length === 0 ? {} : decodeWith(codec, bytes)));
  }
  const { instance, connection, created } = await openStanding(runtime, {
    compiled,
    address,
    kind: "stateless",
    presentation,
    mode: method === "GET" ? "get" : "getOrCreate",
    input,
    get params() {
      return valueOfHeader(inbound, "byward-params", runtime.limits);
    },
    request: () => cleanRequest(inbound),
  });
  connection.lost();
  if (method === "POST" && !created)
    throw new Refusal("conflict", { reason: "actor.exists", message: "The actor exists" });
  return jsonResponse(context, method === "POST" ? 201 : 200, { actor: instance.id });
}

function readInput(value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new Refusal("malformed", { reason: "input.shape", message: 'The body is { "input"?: … }' });
  }
  return Object.hasOwn(value, "input") ? (value as { input: unknown }).input : undefined;
}

function assertContentLength(inbound: InboundRequest, limit: number): void {
  const length = Number(inbound.header("content-length") ?? 0);
  if (length > limit) throw bodyTooLarge(limit);
}

const utf8 = new TextDecoder("utf-8", { fatal: true });

/** Reads and decodes a body; content type first, so that no page elsewhere can make a browser send one (ruling 23). */
async function readBody<T>(context: RouteContext, read: (codec: Codec, bytes: Uint8Array) => T): Promise<T> {
  const { inbound, runtime } = context;
  const known = codecOf(inbound.header("content-type"));
  const codec = isPromise(known) ? await known : known;
  if (codec === null) {
    throw new Refusal("unsupported_media_type", {
      reason: "content_type",
      message: "Send Content-Type: application/json or application/cbor",
    });
  }
  const bytes = await inbound.bytes(runtime.limits.maxIncomingMessageSize);
  try {
    return read(codec, bytes);
  } catch (error) {
    if (error instanceof Refusal) throw error;
    if (!(error instanceof DecodeError) && !(error instanceof TypeError)) throw error;
    throw new Refusal("malformed", {
      reason: "body.malformed",
      group: "message",
      code: "invalid_message",
      message: error instanceof DecodeError ? `The body cannot be read: ${error.message}` : "The body is not UTF-8",
    });
  }
}

function decodeWith(codec: Codec, bytes: Uint8Array): unknown {
  return codec.decode(codec === jsonCodec ? utf8.decode(bytes) : bytes);
}

function codecOf(contentType: string | null): MaybePromise<Codec | null> {
  if (contentType === "application/json") return jsonCodec;
  const type = (contentType ?? "").replace(/;.*$/s, "").trim().toLowerCase();
  if (type === "application/json") return jsonCodec;
  return type === "application/cbor" ? loadCbor() : null;
}

async function loadCbor(): Promise<Codec> {
  return (await import("../protocol/cbor.ts")).cborCodec;
}

/** The encoding the peer asked for; JSON unless it named CBOR first. */
function replyCodec(inbound: InboundRequest): MaybePromise<Codec> {
  return inbound.header("accept")?.startsWith("application/cbor") ? loadCbor() : jsonCodec;
}

async function jsonResponse(context: RouteContext, status: number, value: object): Promise<OutboundResponse> {
  return writeResponse(context, await replyCodec(context.inbound), status, value);
}

function writeResponse(context: RouteContext, codec: Codec, status: number, value: object): OutboundResponse {
  const { runtime } = context;
  const body = codec.encode(value, "output");
  const limit = runtime.limits.maxOutgoingMessageSize;
  if (body.length > limit) throw outgoingTooLong(body.length, limit);
  return {
    status,
    headers: [
      ["content-type", codec.contentType],
      ["cache-control", "no-store"],
      ["x-content-type-options", "nosniff"],
      ["byward-correlation-id", newCorrelationId(runtime.host)],
    ],
    body,
  };
}
