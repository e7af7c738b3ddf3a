/**
 * What many connections cost: memory of the server for each idle one, over what bare `ws` takes; for each subscription and
 * each idle actor; and 1,000 connections that each call ten times a second for a minute.
 * Memory is the resident set after collection, less what it was before; the heap beside it. Not measured: TLS buffers,
 * memory of the kernel (the same on both sides).
 *
 * Run: npm run bench -- connections
 */
import { mintToken } from "./harness/credentials.ts";
import { Remote } from "./harness/processes.ts";
import { type FigureResult, QUICK, type Result, writeResults } from "./harness/results.ts";
import { quantile } from "./harness/stats.ts";

const IDLE = QUICK ? 1000 : 10_000;
const ACTORS = QUICK ? 1000 : 10_000;
const SECONDS = QUICK ? 5 : 60;
const token = await mintToken();

const figure = (id: string, title: string, unit: string, value: number, atMost: number | null, note = ""): Result => {
  const verdict = atMost === null ? "" : value <= atMost ? `  at most ${atMost}: met` : `  at most ${atMost}: MISSED`;
  console.log(`${title.padEnd(60)} ${value.toFixed(1).padStart(9)} ${unit}${verdict}  ${note}`);
  return { kind: "figure", id, title, unit, value, spread: null, atMost, note } satisfies FigureResult;
};

interface Grown {
  readonly rss: number;
  readonly heap: number;
}

/** KB a unit by which the server grows while `work` goes on. */
async function growth(server: Remote, units: number, work: () => Promise<void>): Promise<Grown> {
  const before = await server.ask<NodeJS.MemoryUsage>("memory");
  await work();
  const after = await server.ask<NodeJS.MemoryUsage>("memory");
  const each = (now: number, then: number): number => (now - then) / units / 1024;
  return { rss: each(after.rss, before.rss), heap: each(heapOf(after), heapOf(before)) };
}

const heapOf = ({ heapUsed, external }: NodeJS.MemoryUsage): number => heapUsed + external;
const heapNote = ({ heap }: Grown): string => `heap and external memory ${heap.toFixed(1)} KB`;

async function idleConnections(): Promise<readonly Result[]> {
  const bare = await Remote.start("servers/ws-echo.ts");
  const bareLoad = await Remote.start("loads/connections.ts", { url: bare.url });
  await bareLoad.ask("open", { count: 200 });
  const ws = await growth(bare, IDLE, () => bareLoad.ask("open", { count: IDLE }));
  await bareLoad.stop();
  await bare.stop();
  const server = await Remote.start("servers/byward.ts");
  const load = await Remote.start("loads/connections.ts", { url: server.url, token });
  await load.ask("open", { count: 200 });
  const ours = await growth(server, IDLE, () => load.ask("open", { count: IDLE }));
  await load.stop();
  await server.stop();
  return [
    figure("idle-ws", `An idle connection of bare ws, ${IDLE} open`, "KB", ws.rss, null, heapNote(ws)),
    figure("idle-byward", `An idle connection of Byward, ${IDLE} open`, "KB", ours.rss, null, heapNote(ours)),
    figure(
      "idle-over",
      "An idle connection over bare ws",
      "KB",
      ours.rss - ws.rss,
      12,
      `heap ${(ours.heap - ws.heap).toFixed(1)} KB`,
    ),
  ];
}

async function subscriptions(): Promise<readonly Result[]> {
  const count = Math.floor(IDLE / 2);
  const server = await Remote.start("servers/byward.ts");
  const load = await Remote.start("loads/connections.ts", { url: server.url, token });
  await load.ask("open", { count });
  const each = await growth(server, count, () => load.ask("subscribe", "news"));
  await load.stop();
  await server.stop();
  const title = "A subscription, on a connection there is already";
  return [figure("subscription", title, "KB", each.heap, 2, "heap and external memory")];
}

async function idleActors(): Promise<readonly Result[]> {
  const server = await Remote.start("servers/byward.ts");
  const load = await Remote.start("loads/actors.ts", { url: server.url, token });
  await load.ask("touch", { first: 0, count: 500 });
  const each = await growth(server, ACTORS, () => load.ask("touch", { first: 500, count: ACTORS }));
  await load.stop();
  await server.stop();
  return [figure("idle-actor", `An idle actor in memory, ${ACTORS} of them`, "KB", each.rss, null, heapNote(each))];
}

async function steadyPace(): Promise<readonly Result[]> {
  const server = await Remote.start("servers/byward.ts");
  const load = await Remote.start("loads/connections.ts", { url: server.url, token });
  await load.ask("open", { count: 1000 });
  await load.ask("pace", { perSecond: 10, seconds: 3 });
  const before = await server.ask<NodeJS.MemoryUsage>("memory");
  const { taken } = await load.ask<{ taken: number[] }>("pace", { perSecond: 10, seconds: SECONDS });
  const after = await server.ask<NodeJS.MemoryUsage>("memory");
  const lost = await load.ask<number>("lost");
  await load.stop();
  await server.stop();
  const asked = 1000 * 10 * SECONDS;
  if (taken.length !== asked || lost > 0)
    throw new Error(`${taken.length} of ${asked} answered, ${lost} connections lost`);
  const title = `1,000 connections × 10 calls/s for ${SECONDS} s`;
  const grown = (heapOf(after) - heapOf(before)) / 1024 / 1024;
  return [
    figure("pace-p50", `${title}: p50`, "ms", quantile(taken, 0.5), null),
    figure(
      "pace-p99",
      `${title}: p99`,
      "ms",
      quantile(taken, 0.99),
      20,
      `p99.9 ${quantile(taken, 0.999).toFixed(1)} ms`,
    ),
    figure("pace-growth", `${title}: growth of the server's heap`, "MB", grown, 8, `${asked} calls, none lost`),
  ];
}

writeResults("connections", [
  ...(await idleConnections()),
  ...(await subscriptions()),
  ...(await idleActors()),
  ...(await steadyPace()),
]);
