/** Owns the network of the testing kit: `fetch` and `WebSocket` that end at a registry in the same process. */
import { LocalSocket } from "../actors/local-socket.ts";
import type { Edge } from "../registry/edge.ts";
import { inboundOf, toResponse } from "../registry/fetch.ts";
import { edgeNetwork } from "./socket.ts";

/** The origin clients of the kit call. */
export const ORIGIN = "http://byward.test";

export interface Network {
  readonly fetch: typeof globalThis.fetch;
  readonly WebSocket: typeof globalThis.WebSocket;
  /** Breaks every open socket: the link is lost, or the server is gone and learns of nothing any more. */
  cut(cause: "link" | "crash"): void;
}

export function createNetwork(edge: () => Promise<Edge>, publicUrl: string | null, address: string): Network {
  const sockets = new Set<LocalSocket>();
  const network = edgeNetwork(edge, address, sockets);
  class BoundSocket extends LocalSocket {
    constructor(url: string | URL, protocols?: string | string[]) {
      super(network, url, protocols);
    }
  }
  return {
    fetch: async (input, init) => {
      const request = new Request(typeof input === "string" ? new URL(input, ORIGIN) : input, init);
      request.signal.throwIfAborted();
      const answer = edge().then((reached) => reached.handle(inboundOf(request, { publicUrl }, address)));
      return toResponse(await unlessAborted(answer, request.signal));
    },
    // What it lacks of the browser's class, such as types of single events, nobody here relies on.
    WebSocket: BoundSocket as unknown as typeof globalThis.WebSocket,
    cut: (cause) => {
      for (const socket of [...sockets]) socket.cut(cause);
    },
  };
}

function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
    work.then(resolve, reject);
  });
}
