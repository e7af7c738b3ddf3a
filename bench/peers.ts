/**
 * The same call through others of the field: "hello world" goes in and comes back, the token verified, a decision taken for
 * every call. WebSocket: 32 calls in flight on one connection, each through its own client. HTTP: 16 connections, requests
 * written by hand.
 * Not the same: Colyseus has MessagePack only; tRPC checks its input with zod; Hono and Fastify verify each request's token
 * anew, as their middleware does; RivetKit 2.3 has its engine, a process of its own, between client and server.
 *
 * Run: npm run bench -- peers      The peers are installed into bench/peers when absent; RivetKit 2.3 runs where tests/rivet
 *                                  has it.
 *      node bench/peers.ts --only rivetkit-engine-socket      One comparison by its id; nothing is written.
 */
import { comparePair, type PairPlan } from "./harness/compare.ts";
import { mintToken } from "./harness/credentials.ts";
import { assurePeers, whyNoRivetEngine } from "./harness/install.ts";
import { type Result, writeResults } from "./harness/results.ts";
import { bywardHttp, bywardSocket, peerHttp, peerSocket } from "./harness/sides.ts";

const only = process.argv.includes("--only") ? process.argv[process.argv.indexOf("--only") + 1] : null;

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

const plans: readonly PairPlan[] = [
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
  socket("RivetKit 2.3 on its engine", "rivetkit-engine", null),
];

async function run(plan: PairPlan): Promise<Result> {
  const { id, title } = plan;
  const reason = id === "rivetkit-engine-socket" ? whyNoRivetEngine() : null;
  if (reason === null) return comparePair({ ...plan, rounds: 7 });
  console.log(`${title}: skipped: ${reason}`);
  return { kind: "skipped", id, title, reason };
}

const wanted = plans.filter(({ id }) => only === null || id === only);
if (wanted.length === 0) {
  console.error(`There is no comparison ${only}. There are: ${plans.map(({ id }) => id).join(", ")}`);
  process.exit(2);
}
const results: Result[] = [];
for (const plan of wanted) results.push(await run(plan));
if (only === null) writeResults("peers", results);
