/** Owns sockets of the testing kit: an upgrade request as a transport would read it, taken by a registry's edge. */
import type { LocalNetwork, LocalSocket } from "../actors/local-socket.ts";
import type { InboundRequest } from "../hosts/port.ts";
import type { Edge } from "../registry/edge.ts";

/** Sockets that end at a registry in the same process. */
export function edgeNetwork(edge: () => Promise<Edge>, address: string, sockets: Set<LocalSocket>): LocalNetwork {
  return {
    sockets,
    upgrade: async (url, offered) => (await edge()).upgrade(upgradeRequest(url, offered, address)),
  };
}

function upgradeRequest(url: URL, offered: readonly string[], address: string): InboundRequest {
  const headers = new Map<string, string>([["host", url.host]]);
  if (offered.length > 0) headers.set("sec-websocket-protocol", offered.join(", "));
  return {
    method: "GET",
    path: url.pathname,
    query: url.search.slice(1),
    origin: url.origin.replace(/^ws/, "http"),
    remoteAddress: address,
    header: (name) => headers.get(name) ?? null,
    headers: () => headers.entries(),
    bytes: () => Promise.resolve(new Uint8Array(0)),
    stream: () => null,
    signal: new AbortController().signal,
  };
}
