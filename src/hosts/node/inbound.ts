/**
 * Owns reading a Node request without the cost of a web `Request`: raw path, headers as they came (a repeated header is
 * joined, so that a strict reader refuses it), the body once, the peer's address behind trusted proxies (ruling 23).
 */
import type { IncomingMessage } from "node:http";
import { BlockList, isIP, type Socket } from "node:net";
import { Readable } from "node:stream";
import { ConfigurationError, Refusal } from "../../boundary/errors.ts";
import { within } from "../../registry/fetch.ts";
import type { InboundRequest } from "../port.ts";

export interface InboundOptions {
  readonly publicUrl: string | null;
  readonly isTrusted: (address: string) => boolean;
  readonly fallbackOrigin: string;
}

/** @throws ConfigurationError `setup.option_invalid` for what is neither an address nor a CIDR range */
export function trustedProxies(ranges: readonly string[]): (address: string) => boolean {
  if (ranges.length === 0) return () => false;
  const list = new BlockList();
  for (const range of ranges) {
    const [address = "", bits] = range.split("/");
    const family = isIP(address) === 6 ? "ipv6" : "ipv4";
    const width = bits === undefined ? (family === "ipv6" ? 128 : 32) : Number(bits);
    if (isIP(address) === 0 || !(Number.isInteger(width) && width >= 0 && width <= (family === "ipv6" ? 128 : 32))) {
      throw new ConfigurationError(
        "setup.option_invalid",
        `setup(): trustProxy: ${JSON.stringify(range)} is no address or CIDR range.`,
      );
    }
    list.addSubnet(address, width, family);
  }
  return (address) => list.check(address, isIP(address) === 6 ? "ipv6" : "ipv4");
}

export class NodeInbound implements InboundRequest {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  /** Null once released. */
  #message: IncomingMessage | null;
  readonly #rawHeaders: readonly string[];
  readonly #host: string | undefined;
  readonly #socket: IncomingMessage["socket"];
  readonly #options: InboundOptions;
  #bytes: Promise<Uint8Array> | null = null;
  #abort: AbortController | null = null;
  #gone: (() => void) | null = null;

  constructor(message: IncomingMessage, options: InboundOptions) {
    this.#message = message;
    this.#rawHeaders = message.rawHeaders;
    this.#host = message.headers.host;
    this.#socket = message.socket;
    this.#options = options;
    this.method = message.method ?? "GET";
    const target = message.url ?? "/";
    // The absolute form (RFC 9112 §3.2.2) routes by its path.
    const raw = target.startsWith("/")
      ? target
      : target.slice(Math.max(0, target.indexOf("/", target.indexOf("://") + 3)));
    const at = raw.indexOf("?");
    this.path = at === -1 ? raw : raw.slice(0, at);
    this.query = at === -1 ? "" : raw.slice(at + 1);
  }

  /** Lets go of the message of an upgrade: it has no body, and a connection would keep it for as long as it stands. */
  release(): void {
    this.#message = null;
  }

  get origin(): string {
    const { publicUrl, fallbackOrigin } = this.#options;
    if (publicUrl !== null) return publicUrl;
    const host = this.#host;
    if (host === undefined) return fallbackOrigin;
    const trusted = this.#options.isTrusted(this.#socket.remoteAddress ?? "");
    const proto = trusted ? this.header("x-forwarded-proto")?.split(",")[0]?.trim() : undefined;
    return `${proto === "https" ? "https" : "http"}://${host}`;
  }

  /** The nearest address that is not a trusted proxy. */
  get remoteAddress(): string {
    let address = normalise(this.#socket.remoteAddress ?? "");
    if (!this.#options.isTrusted(address)) return address;
    const hops = (this.header("x-forwarded-for") ?? "").split(",").map((hop) => hop.trim());
    for (const hop of hops.reverse()) {
      if (isIP(hop) === 0) break;
      address = normalise(hop);
      if (!this.#options.isTrusted(address)) break;
    }
    return address;
  }

  header(name: string): string | null {
    const raw = this.#rawHeaders;
    let found: string | null = null;
    for (let index = 0; index < raw.length; index += 2) {
      const candidate = raw[index]!;
      if (candidate.length !== name.length || candidate.toLowerCase() !== name) continue;
      found = found === null ? raw[index + 1]! : `${found}, ${raw[index + 1]!}`;
    }
    return found;
  }

  *headers(): Iterable<readonly [string, string]> {
    const raw = this.#rawHeaders;
    for (let index = 0; index < raw.length; index += 2) yield [raw[index]!, raw[index + 1]!];
  }

  bytes(limit: number): Promise<Uint8Array> {
    if (this.#bytes !== null) return this.#bytes.then((bytes) => within(bytes, limit));
    this.#bytes = this.#message === null ? Promise.resolve(new Uint8Array()) : readAll(this.#message, limit);
    return this.#bytes;
  }

  stream(): ReadableStream<Uint8Array> | null {
    if (this.#bytes !== null) {
      const bytes = this.#bytes;
      return new ReadableStream({
        async start(controller) {
          controller.enqueue(await bytes);
          controller.close();
        },
      });
    }
    return this.#message === null ? null : (Readable.toWeb(this.#message) as ReadableStream<Uint8Array>);
  }

  get signal(): AbortSignal {
    if (this.#abort === null) {
      const controller = new AbortController();
      this.#abort = controller;
      this.#gone = () => controller.abort(new Error("the peer went away"));
      this.#socket.once("close", this.#gone);
      if (this.#socket.destroyed) this.#gone();
    }
    return this.#abort.signal;
  }

  /** The request is answered: its connection, which serves others after it, holds nothing of it any more. */
  answered(): void {
    // Node takes the socket off the message of a peer that went away.
    const socket: Socket | null = this.#socket;
    if (this.#gone !== null) socket?.off("close", this.#gone);
  }
}

function normalise(address: string): string {
  return address.startsWith("::ffff:") ? address.slice(7) : address;
}

function readAll(message: IncomingMessage, limit: number): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    message.on("data", (chunk: Buffer) => {
      size += chunk.length;
      if (size > limit) {
        message.pause();
        reject(new Refusal("too_large", { reason: "body.too_long", message: `The body has more than ${limit} bytes` }));
        return;
      }
      chunks.push(chunk);
    });
    message.on("end", () => resolve(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)));
    message.on("error", reject);
    message.on("close", () => {
      if (!message.complete) reject(new Refusal("malformed", { reason: "body.cut", message: "The body ended early" }));
    });
  });
}
