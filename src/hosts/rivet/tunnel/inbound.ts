/** Owns a request as it crosses a tunnel: written by the front, read where the actor is. Nothing of it says who calls but its bytes. */
import { Refusal } from "../../../boundary/errors.ts";
import type { InboundRequest } from "../../port.ts";
import { IncomingBody } from "./body.ts";
import { joined } from "./frames.ts";
import type { Stream } from "./mux.ts";

/** What opens a stream for a request or an upgrade. */
export interface RequestHead {
  readonly kind: "http" | "ws";
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly origin: string;
  readonly address: string;
  readonly headers: readonly (readonly [string, string])[];
  readonly hasBody: boolean;
  /** An internal call, encoded; only runners write it, and what comes from outside has none. */
  readonly internal?: string;
}

export interface ResponseHead {
  readonly status: number;
  readonly headers: readonly (readonly [string, string])[];
  /** `whole`: the body is complete in memory and comes with its length; `stream`: as it is made; `none`. */
  readonly body: "whole" | "stream" | "none";
}

/** Headers by which a host might speak to itself; whatever comes from outside under them is dropped. */
const OURS = /^x-byward-/i;
/** Of the connection between the peer and the front alone. */
const HOP = new Set(["connection", "keep-alive", "transfer-encoding", "upgrade", "te", "trailer", "proxy-connection"]);

export function headOf(inbound: InboundRequest, kind: RequestHead["kind"]): RequestHead {
  const headers: [string, string][] = [];
  for (const [name, value] of inbound.headers()) {
    if (!OURS.test(name) && !HOP.has(name.toLowerCase())) headers.push([name, value]);
  }
  const { method, path, query, origin, remoteAddress } = inbound;
  const hasBody = kind === "http" && method !== "GET" && method !== "HEAD";
  return { kind, method, path, query, origin, address: remoteAddress, headers, hasBody };
}

/** A request that came through a tunnel. */
export class TunnelInbound implements InboundRequest {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly origin: string;
  readonly remoteAddress: string;
  readonly #head: RequestHead;
  readonly #body: IncomingBody;
  readonly #abort = new AbortController();
  #bytes: Promise<Uint8Array> | null = null;

  constructor(stream: Stream, head: RequestHead) {
    this.#head = head;
    this.method = head.method;
    this.path = head.path;
    this.query = head.query;
    this.origin = head.origin;
    this.remoteAddress = head.address;
    this.#body = new IncomingBody(stream);
    if (!head.hasBody) this.#body.end();
    // Frames of a socket are its own from the first one on.
    if (head.kind === "ws") return;
    stream.handlers = {
      data: (bytes) => this.#body.data(bytes),
      end: () => this.#body.end(),
      reset: (reason) => this.#gone(reason),
      close: () => this.#gone("closed"),
    };
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  header(name: string): string | null {
    let found: string | null = null;
    for (const [candidate, value] of this.#head.headers) {
      if (candidate.toLowerCase() !== name) continue;
      found = found === null ? value : `${found}, ${value}`;
    }
    return found;
  }

  headers(): Iterable<readonly [string, string]> {
    return this.#head.headers;
  }

  async bytes(limit: number): Promise<Uint8Array> {
    this.#bytes ??= this.#read(limit);
    const bytes = await this.#bytes;
    if (bytes.length > limit) throw tooLong(limit);
    return bytes;
  }

  async #read(limit: number): Promise<Uint8Array> {
    const parts: Uint8Array[] = [];
    let size = 0;
    try {
      for (let part = await this.#body.next(); part !== null; part = await this.#body.next()) {
        size += part.length;
        if (size > limit) throw tooLong(limit);
        parts.push(part);
      }
    } catch (error) {
      if (error instanceof Refusal) throw error;
      throw new Refusal("malformed", { reason: "body.cut", message: "The body ended early", cause: error });
    }
    return joined(parts);
  }

  stream(): ReadableStream<Uint8Array> | null {
    const read = this.#bytes;
    if (read === null) return this.#body.web(() => {});
    return new ReadableStream({
      async start(controller) {
        controller.enqueue(await read);
        controller.close();
      },
    });
  }

  #gone(reason: string): void {
    this.#body.fail(reason);
    this.#abort.abort(new Error("the peer went away"));
  }
}

function tooLong(limit: number): Refusal {
  return new Refusal("too_large", { reason: "body.too_long", message: `The body has more than ${limit} bytes` });
}
