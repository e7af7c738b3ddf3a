/**
 * How cost grows: the same call while there are more and more live actors, subscribers, routes, and parties in a sum; the
 * length of a queue is in `queue`. In one process on the memory host, without sockets, so that nothing else is in it.
 * What is told is the slope of the cost of one unit against the size, in logarithms: 0 where the cost of a unit does not
 * depend on the size. Nothing may exceed 0.3: caches that no longer fit are the reason it is not 0.
 *
 * Run: npm run bench -- growth
 */
import { actor, anyOf, bearer, Caller, memory, party, Scheduler, service, setup, signature, Visitor } from "byward";
import { mintToken, SECRET } from "./harness/credentials.ts";
import { connectInProcess, requestInProcess } from "./harness/in-process.ts";
import { QUICK, type Result, type SeriesResult, writeResults } from "./harness/results.ts";
import { quantile, slopeOf } from "./harness/stats.ts";

const LARGEST_SLOPE = 0.3;
const BATCHES = QUICK ? 5 : 15;
const token = await mintToken();
const env = { AUTH_JWT_SECRET: SECRET, HOOK_SECRET: SECRET };
const User = party("User", { auth: bearer({ secret: "AUTH_JWT_SECRET" }) });
const Hook = party("Hook", { auth: signature({ secret: "HOOK_SECRET", header: "X-Signature" }) });
const results: Result[] = [];

/** µs of processor time of one call: the lower quartile of several batches, since other programs only ever add. */
async function costOf(calls: number, batch: (calls: number) => Promise<void>): Promise<number> {
  await batch(Math.ceil(calls / 4));
  const taken: number[] = [];
  for (let count = 0; count < BATCHES; count++) {
    const cpu = process.cpuUsage();
    await batch(calls);
    const { user, system } = process.cpuUsage(cpu);
    taken.push((user + system) / calls);
  }
  return quantile(taken, 0.25);
}

function report(id: string, title: string, sizeName: string, points: SeriesResult["points"]): void {
  const costName = "µs a unit";
  const slope = slopeOf(points);
  console.log(title);
  for (const { size, cost } of points)
    console.log(`  ${String(size).padStart(8)} ${sizeName}  ${cost.toFixed(2).padStart(9)} ${costName}`);
  console.log(`  slope ${slope.toFixed(2)}  at most ${LARGEST_SLOPE}: ${slope <= LARGEST_SLOPE ? "met" : "MISSED"}`);
  results.push({ kind: "series", id, title, sizeName, costName, points, slope });
}

const room = actor({
  by: User,
  canInvoke: (c, invoke) => c.caller.party === "User" && (invoke.kind === "action" || invoke.kind === "subscribe"),
  options: { noSleep: true },
  actions: {
    echo: (_c, text: string) => text,
    publish: (c, text: string) => {
      c.broadcast("news", text);
    },
  },
});

/** Actors: a call to any of the live ones. */
async function actors(): Promise<void> {
  const registry = setup({ use: { room }, host: memory({ env }) });
  const edge = await registry.start(memory({ env }));
  const points: { size: number; cost: number }[] = [];
  let live = 0;
  for (const size of QUICK ? [1, 100, 1000] : [1, 100, 1000, 10_000, 100_000]) {
    for (; live < size; live++) await requestInProcess(edge, `/actors/room/k${live}/actions/echo`, token, '["x"]');
    let at = 0;
    const cost = await costOf(2000, async (calls) => {
      for (let count = 0; count < calls; count++) {
        // A large odd stride: neighbours in time are not neighbours in memory.
        at = (at + 7919) % size;
        await requestInProcess(edge, `/actors/room/k${at}/actions/echo`, token, '["x"]');
      }
    });
    points.push({ size, cost });
  }
  report("actors", "A call, with more and more live actors", "actors", points);
  await registry.close();
}

/** Subscribers: one delivery of a broadcast. */
async function subscribers(): Promise<void> {
  const registry = setup({ use: { room } });
  const edge = await registry.start(memory({ env }));
  const publisher = await connectInProcess(edge, "/actors/room/one/connect", token);
  const points: { size: number; cost: number }[] = [];
  let subscribed = 0;
  for (const size of QUICK ? [1, 100, 1000] : [1, 10, 100, 1000, 10_000]) {
    for (; subscribed < size; subscribed++) {
      const socket = await connectInProcess(edge, "/actors/room/one/connect", token);
      await socket.ask('{"t":"subscribe","id":1,"name":"news"}');
    }
    const broadcasts = Math.max(3, Math.ceil(20_000 / size));
    const cost = await costOf(broadcasts, async (calls) => {
      for (let count = 0; count < calls; count++)
        await publisher.ask('{"t":"action","id":1,"name":"publish","args":["x"]}');
    });
    points.push({ size, cost: cost / size });
  }
  report("subscribers", "A delivery, with more and more subscribers", "subscribers", points);
  await registry.close();
}

/** Routes: a request to the last of them. */
async function routes(): Promise<void> {
  const points: { size: number; cost: number }[] = [];
  for (const size of QUICK ? [1, 100, 1000] : [1, 10, 100, 1000, 10_000]) {
    const table = Object.fromEntries(
      Array.from({ length: size }, (_, index) => [`POST /r${index}/:id` as const, { handle: () => ({ ok: true }) }]),
    );
    // A table made at run time has no literal keys for the types to read parameters from.
    const api = service({ by: User, canInvoke: (c) => c.caller.party === "User", routes: table as never });
    const registry = setup({ services: { api } });
    const edge = await registry.start(memory({ env }));
    const path = `/r${size - 1}/7`;
    const cost = await costOf(1000, async (calls) => {
      for (let count = 0; count < calls; count++) await requestInProcess(edge, path, token, "{}");
    });
    points.push({ size, cost });
    await registry.close();
  }
  report("routes", "A request, with more and more routes", "routes", points);
}

/** Parties: a call by the one that comes second, in sums of one to five. */
async function parties(): Promise<void> {
  const sums = [
    User,
    anyOf(User, Visitor),
    anyOf(Hook, User, Visitor),
    anyOf(Hook, User, Caller, Visitor),
    anyOf(Hook, User, Caller, Scheduler, Visitor),
  ];
  const points: { size: number; cost: number }[] = [];
  for (const [index, by] of sums.entries()) {
    const guarded = actor({
      by,
      canInvoke: () => true,
      options: { noSleep: true },
      actions: { echo: (_c, text: string) => text },
    });
    const registry = setup({ use: { guarded } });
    const edge = await registry.start(memory({ env }));
    const cost = await costOf(2000, async (calls) => {
      for (let count = 0; count < calls; count++)
        await requestInProcess(edge, "/actors/guarded/one/actions/echo", token, '["x"]');
    });
    points.push({ size: index + 1, cost });
    await registry.close();
  }
  report("parties", "A call, with more and more parties in the sum", "parties", points);
}

// Once for nothing: code that runs for the first time is not yet compiled.
await parties();
results.length = 0;
await parties();
await routes();
await subscribers();
await actors();
writeResults("growth", results);
