/**
 * The same call through others of the field: "hello world" goes in and comes back, the token verified, a decision taken for
 * every call. WebSocket: 32 calls in flight on one connection, each through its own client. HTTP: 16 connections, requests
 * written by hand.
 * Not the same: Colyseus has MessagePack only; tRPC checks its input with zod; Hono and Fastify verify each request's token
 * anew, as their middleware does.
 *
 * Run: npm run bench -- peers      The peers are installed into bench/peers when absent.
 */
import { comparePair, type PairPlan } from "./harness/compare.ts";
import { mintToken } from "./harness/credentials.ts";
import { assurePeers } from "./harness/install.ts";
import { type Result, writeResults } from "./harness/results.ts";
import { bywardHttp, bywardSocket, peerHttp, peerSocket } from "./harness/sides.ts";

assurePeers();
const token = await mintToken();
const socket = (label: string, name: string, target: number | null): PairPlan => ({
  id: `${name}-socket`,
  title: `WebSocket actions, 32 in flight, against ${label}`,
  unit: "calls/s",
  window: 32,
  ours: bywardSocket(token),
  theirs: peerSocket(label, name, token),
  target,
});
const http = (label: string, name: string, target: number | null): PairPlan => ({
  id: `${name}-http`,
  title: `HTTP action with a bearer token, against ${label}`,
  unit: "requests/s",
  window: 16,
  ours: bywardHttp(token),
  theirs: peerHttp(label, name, token),
  target,
});

const results: Result[] = [];
for (const plan of [
  socket("RivetKit 2.0.33", "rivetkit", 3),
  socket("Colyseus 0.15", "colyseus", 1),
  socket("Socket.IO 4.8", "socket-io", 1),
  socket("tRPC 11", "trpc", null),
  http("Hono with its JWT middleware", "hono", 1.2),
  http("Fastify with its JWT plugin", "fastify", null),
  {
    ...http("RivetKit 2.0.33", "rivetkit", 10),
    theirs: {
      label: "RivetKit 2.0.33",
      server: "peers/rivetkit-server.mjs",
      load: "peers/rivetkit-http-load.mjs",
      loadOptions: { token },
    },
  },
]) {
  results.push(await comparePair({ ...plan, rounds: 7 }));
}
results.push({
  kind: "skipped",
  id: "rivetkit-engine",
  title: "WebSocket actions against RivetKit 2.3 on its engine",
  reason: "the engine is a program of its own of 500 MB, which this bench does not install",
});
writeResults("peers", results);
