/**
 * Owns HTTP requests between threads: as the main thread read them, with the body at hand where it is small and has come, else
 * as a stream; and answers back. The shard sees what the main thread's transport would have shown it.
 */
import { readBytes, within } from "../../../registry/fetch.ts";
import type { InboundRequest, OutboundResponse } from "../../port.ts";
import { ownBytes } from "./channel.ts";
import type { Peer } from "./peer.ts";

/** Bodies up to this size are sent along when they are there. */
const SMALL_BODY = 65_536;

export interface RequestData {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly origin: string;
  readonly remoteAddress: string;
  /** Names and values, in turn, as they came. */
  readonly headers: readonly string[];
  /** Bytes, the number of a stream, or null for none. */
  readonly body: Uint8Array | number | null;
}

export interface AnswerData {
  readonly status: number;
  readonly headers: readonly (readonly [string, string])[];
  readonly body: string | Uint8Array | number | null;
}

/** A request without its body; an upgrade with the one subprotocol that was selected for it. */
export function requestData(inbound: InboundRequest, protocol: string | null = null): RequestData {
  const headers: string[] = [];
  for (const [name, value] of inbound.headers()) {
    if (protocol === null || name.toLowerCase() !== "sec-websocket-protocol") headers.push(name, value);
  }
  if (protocol !== null && protocol !== "") headers.push("sec-websocket-protocol", protocol);
  const { method, path, query, origin, remoteAddress } = inbound;
  return { method, path, query, origin, remoteAddress, headers, body: null };
}

/** Asks the other side to answer a request. Rejects as a call does. */
export async function forward(peer: Peer, inbound: InboundRequest): Promise<OutboundResponse> {
  const small = await smallBody(inbound);
  const body = small ?? offerBody(peer, inbound);
  const data: RequestData = { ...requestData(inbound), body };
  const withdraw = (): void => {
    if (typeof body === "number") peer.streams.withdraw(body);
  };
  try {
    const answer = (await peer.calls.call("request", data, () => inbound.signal)) as AnswerData;
    if (typeof answer.body !== "number") {
      withdraw();
      return { ...answer, body: answer.body };
    }
    return { ...answer, body: peer.streams.accept(answer.body, withdraw) };
  } catch (error) {
    withdraw();
    throw error;
  }
}

/** The body, where it is small and comes within this turn of the event loop. A slow one must not hold up the decision. */
async function smallBody(inbound: InboundRequest): Promise<Uint8Array | null> {
  if (!hasBody(inbound) || inbound.header("transfer-encoding") !== null) return null;
  const length = Number(inbound.header("content-length") ?? 0);
  if (!(length <= SMALL_BODY)) return null;
  const bytes = inbound.bytes(SMALL_BODY).then(ownBytes);
  bytes.catch(() => {});
  const turn = new Promise<null>((resolve) => setImmediate(resolve, null));
  return Promise.race([bytes, turn]).catch(() => null);
}

function hasBody(inbound: InboundRequest): boolean {
  return inbound.header("transfer-encoding") !== null || Number(inbound.header("content-length") ?? 0) !== 0;
}

function offerBody(peer: Peer, inbound: InboundRequest): number | null {
  if (!hasBody(inbound)) return null;
  return peer.streams.offer(() => inbound.stream() ?? new ReadableStream());
}

/** Answers a request that came by `peer`. */
export async function answerRequest(
  peer: Peer,
  handle: (inbound: InboundRequest) => Promise<OutboundResponse>,
  data: RequestData,
  call: { readonly id: number; readonly signal: AbortSignal },
): Promise<AnswerData> {
  const inbound = new FarInbound(data, { peer, signal: () => call.signal });
  const { status, headers, body } = await handle(inbound);
  const over = (): void => peer.calls.unwatch(call.id);
  if (body instanceof ReadableStream) return { status, headers, body: peer.streams.offer(() => body, over) };
  over();
  return { status, headers, body: body instanceof Uint8Array ? ownBytes(body) : body };
}

/** A request that another thread read. */
export class FarInbound implements InboundRequest {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly origin: string;
  readonly remoteAddress: string;
  readonly #data: RequestData;
  readonly #peer: Peer;
  readonly #signal: () => AbortSignal;
  #bytes: Promise<Uint8Array> | null = null;
  #streamed = false;

  constructor(data: RequestData, link: { readonly peer: Peer; readonly signal: () => AbortSignal }) {
    this.method = data.method;
    this.path = data.path;
    this.query = data.query;
    this.origin = data.origin;
    this.remoteAddress = data.remoteAddress;
    this.#data = data;
    this.#peer = link.peer;
    this.#signal = link.signal;
  }

  header(name: string): string | null {
    const { headers } = this.#data;
    let found: string | null = null;
    for (let at = 0; at < headers.length; at += 2) {
      const candidate = headers[at]!;
      if (candidate.length !== name.length || candidate.toLowerCase() !== name) continue;
      found = found === null ? headers[at + 1]! : `${found}, ${headers[at + 1]!}`;
    }
    return found;
  }

  *headers(): Iterable<readonly [string, string]> {
    const { headers } = this.#data;
    for (let at = 0; at < headers.length; at += 2) yield [headers[at]!, headers[at + 1]!];
  }

  async bytes(limit: number): Promise<Uint8Array> {
    const { body } = this.#data;
    this.#bytes ??= typeof body === "number" ? readBytes(this.#accept(body), limit) : Promise.resolve(body ?? NOTHING);
    return within(await this.#bytes, limit);
  }

  stream(): ReadableStream<Uint8Array> | null {
    const { body } = this.#data;
    if (this.#bytes === null && typeof body === "number") return this.#accept(body);
    const bytes = this.#bytes ?? Promise.resolve((body as Uint8Array | null) ?? NOTHING);
    return new ReadableStream({
      async start(controller) {
        const all = await bytes;
        if (all.length > 0) controller.enqueue(all);
        controller.close();
      },
    });
  }

  get signal(): AbortSignal {
    return this.#signal();
  }

  #accept(id: number): ReadableStream<Uint8Array> {
    if (this.#streamed) throw new TypeError("the body was read already");
    this.#streamed = true;
    return this.#peer.streams.accept(id);
  }
}

const NOTHING = new Uint8Array(0);
