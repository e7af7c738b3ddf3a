/**
 * Measures what a call, an event, a connection and an actor cost a server, in processor time, memory and disk; then loads it
 * with mixtures the costs were not taken from, and prints what the model of `scripts/capacity/model.ts` says of them beside what
 * was measured. Writes `scripts/capacity/measured.json`, which `npm run capacity` reads.
 *
 * Run: npm run bench -- capacity
 */
import { writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { type Costs, demandOf, type Load } from "../scripts/capacity/model.ts";
import { mintToken } from "./harness/credentials.ts";
import { Remote } from "./harness/processes.ts";
import { median } from "./harness/stats.ts";
import type { LoadResult } from "./loads/capacity.ts";
import type { Usage } from "./servers/capacity.ts";

const ROUNDS = 3;
const ROUND_MS = 2500;
const token = await mintToken();

interface Setup {
  readonly stateBytes: number;
  readonly connections: number;
  readonly perRoom: number;
  readonly listen?: boolean;
}
interface Rates {
  readonly reads?: number;
  readonly writes?: number;
  readonly says?: number;
}
interface Measured extends LoadResult {
  /** µs a second. */
  readonly loop: number;
  readonly all: number;
  readonly memory: number;
  readonly stored: number;
}

/** One server with its connections, loaded with each of `rates` in turn; medians of the rounds. */
async function measure(setup: Setup, rates: readonly Rates[]): Promise<readonly Measured[]> {
  const server = await Remote.start("servers/capacity.ts", { stateBytes: setup.stateBytes });
  const load = await Remote.start("loads/capacity.ts", { url: server.url, token, listen: false, ...setup });
  try {
    const measured: Measured[] = [];
    for (const rate of rates) {
      process.stderr.write(`  ${JSON.stringify(setup)} ${JSON.stringify(rate)}\n`);
      const run = { reads: 0, writes: 0, says: 0, ...rate };
      await load.ask<LoadResult>("run", { ...run, ms: 500 });
      const rounds: Measured[] = [];
      for (let round = 0; round < ROUNDS; round++) {
        const before = await server.ask<Usage>("usage");
        const started = performance.now();
        const result = await load.ask<LoadResult>("run", { ...run, ms: ROUND_MS });
        const seconds = (performance.now() - started) / 1000;
        const after = await server.ask<Usage>("usage");
        rounds.push({
          ...result,
          calls: result.calls / seconds,
          events: result.events / seconds,
          loop: (after.loop - before.loop) / seconds,
          all: (after.all - before.all) / seconds,
          memory: after.memory,
          stored: after.stored,
        });
      }
      const middle = (of: keyof Measured): number => median(rounds.map((one) => one[of]));
      const names = ["calls", "events", "p50", "p99", "loop", "all", "memory", "stored"] as const;
      measured.push(Object.fromEntries(names.map((name) => [name, middle(name)])) as unknown as Measured);
    }
    return measured;
  } finally {
    await load.stop();
    await server.stop();
  }
}

const READS = 1200;
const WRITES = 500;
const SAYS = 50;
const small = { stateBytes: 200, connections: 400, perRoom: 1 };
const [idle, reads, writes] = (await measure(small, [{}, { reads: READS }, { writes: WRITES }])) as Measured[];
const [, bigWrites] = (await measure({ ...small, stateBytes: 10_000 }, [{}, { writes: WRITES }])) as Measured[];
const alone = (await measure({ ...small, listen: true }, [{ says: SAYS * 4 }]))[0]!;
const rooms = (await measure({ ...small, perRoom: 20, listen: true }, [{ says: SAYS }]))[0]!;
// Memory: many connections of one actor, as many each of an actor of its own, and few of one actor.
const MANY = 3200;
const FEW = 400;
const [few] = (await measure({ ...small, perRoom: FEW }, [{}])) as [Measured];
const [together] = (await measure({ ...small, connections: MANY, perRoom: MANY }, [{}])) as [Measured];
const [apart] = (await measure({ ...small, connections: MANY, perRoom: 1 }, [{}])) as [Measured];
const memoryConnection = (together.memory - few.memory) / (MANY - FEW);

const perCall = (of: Measured, which: "loop" | "all", calls: number): number => (of[which] - idle![which]) / calls;
const other = (of: Measured, calls: number): number => perCall(of, "all", calls) - perCall(of, "loop", calls);
const read = perCall(reads!, "loop", reads!.calls);
// What an event costs by itself and for each listener, from rooms of one and of twenty.
const sayAlone = perCall(alone, "loop", alone.calls);
const sayRooms = perCall(rooms, "loop", rooms.calls);
const delivery = (sayRooms - sayAlone) / 19;
const write = perCall(writes!, "loop", writes!.calls);
const bigWrite = perCall(bigWrites!, "loop", bigWrites!.calls);
const commit = other(writes!, writes!.calls);
const byte = 9800;
const writeByte = Math.max(0, (bigWrite - write) / byte);
const commitByte = Math.max(0, (other(bigWrites!, bigWrites!.calls) - commit) / byte);
const costs: Costs = {
  read,
  write: write - 200 * writeByte,
  writeByte,
  event: sayAlone - delivery,
  delivery,
  commit: commit - 200 * commitByte,
  commitByte,
  memoryBase: few.memory - FEW * memoryConnection,
  memoryConnection,
  memoryActor: Math.max(0, (apart.memory - together.memory) / (MANY - 1) - 2 * small.stateBytes),
  // bench/cold.ts: 100,000 sleeping actors.
  memorySleeping: 22,
  diskActor: 130,
};

interface Point {
  readonly load: Load;
  readonly calls: number;
  readonly measured: { readonly loop: number; readonly all: number; readonly memory: number };
  readonly predicted: { readonly loop: number; readonly all: number; readonly memory: number };
  readonly p50: number;
  readonly p99: number;
}

const mixtures: readonly (Setup & Required<Rates>)[] = [
  { stateBytes: 1000, connections: 300, perRoom: 10, listen: true, reads: 800, writes: 300, says: 40 },
  { stateBytes: 200, connections: 1000, perRoom: 4, listen: true, reads: 1200, writes: 100, says: 100 },
  { stateBytes: 4000, connections: 500, perRoom: 50, listen: true, reads: 200, writes: 500, says: 10 },
];
const points: Point[] = [];
for (const { reads, writes, says, ...setup } of mixtures) {
  const [, measured] = (await measure(setup, [{}, { reads, writes, says }])) as [Measured, Measured];
  // The rates that were reached, of which a busy machine may fall short.
  const reached = measured.calls / (reads + writes + says);
  const load: Load = {
    actors: setup.connections / setup.perRoom,
    stateBytes: setup.stateBytes,
    connections: setup.connections,
    perActor: setup.perRoom,
    reads: reads * reached,
    writes: writes * reached,
    events: says * reached,
    regions: 1,
  };
  const demand = demandOf(load, costs);
  const base = { loop: idle!.loop, all: idle!.all };
  points.push({
    load,
    calls: measured.calls,
    measured: { loop: measured.loop, all: measured.all, memory: measured.memory },
    predicted: {
      loop: demand.loop + base.loop,
      all: demand.loop + demand.writer + base.all,
      memory: demand.memory,
    },
    p50: measured.p50,
    p99: measured.p99,
  });
}

console.log("costs, µs of the actors' thread unless said");
for (const [name, value] of Object.entries(costs)) console.log(`  ${name.padEnd(17)} ${value.toPrecision(3)}`);
console.log("loads the costs were not taken from: predicted / measured");
for (const { load, measured, predicted, calls, p99 } of points) {
  const ratio = (of: "loop" | "all" | "memory") => (predicted[of] / measured[of]).toFixed(2);
  console.log(
    `  ${Math.round(calls)} calls/s on ${load.connections} connections, ${load.stateBytes} B: ` +
      `actors' thread ${ratio("loop")}, all threads ${ratio("all")}, memory ${ratio("memory")}; p99 ${p99.toFixed(1)} ms`,
  );
}
const machine = `${cpus().length} × ${cpus()[0]?.model ?? "unknown"}, Node ${process.versions.node}`;
writeFileSync(
  new URL("../scripts/capacity/measured.json", import.meta.url),
  `${JSON.stringify({ at: new Date().toISOString(), machine, costs, points }, null, 2)}\n`,
);
