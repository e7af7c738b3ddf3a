/**
 * What a load takes: `npm run capacity -- --actors 1000000 --connections 40000 --reads 8000 --writes 1000`. Prints nodes,
 * storage, what costs, and what runs out first, for each host. `docs/scaling.md` explains the figures.
 */
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { type Costs, type Load, NODE } from "./capacity/model.ts";
import { type HostPlan, plansFor } from "./capacity/plans.ts";

const HELP = `npm run capacity -- [options]

The load, of the whole deployment:
  --actors N         actors that exist                      (default 10000)
  --state BYTES      state of one actor                     (default 1000)
  --connections N    WebSocket connections                  (default 1000)
  --per-actor N      connections of one actor               (default 10)
  --reads N          actions a second that change nothing   (default 500)
  --writes N         actions a second that change state     (default 100)
  --events N         events a second, each to an actor's connections (default 20)
  --regions N        places with nodes of their own         (default 1)
A node:
  --memory GIB       (default 4)     --disk GIB  (default 100)
  --threads N        threads that run actors, serve({ workers }) (default 1)
  --commit MS        what a group commit takes on its disk  (default 1)
Output:
  --host NAME        node, cloudflare or rivet; default all
  --json`;

const number = (text: string, name: string): number => {
  const value = Number(text);
  if (!Number.isFinite(value) || value < 0) {
    console.error(`--${name} ${text}: a number of 0 or more is wanted.`);
    process.exit(2);
  }
  return value;
};

const text = (fallback: string) => ({ type: "string", default: fallback }) as const;
const { values } = (() => {
  try {
    return parseArgs({
      options: {
        actors: text("10000"),
        state: text("1000"),
        connections: text("1000"),
        "per-actor": text("10"),
        reads: text("500"),
        writes: text("100"),
        events: text("20"),
        regions: text("1"),
        memory: text("4"),
        disk: text("100"),
        threads: text("1"),
        commit: text("1"),
        host: { type: "string" },
        json: { type: "boolean", default: false },
        help: { type: "boolean", default: false },
      },
    });
  } catch (error) {
    console.error(`${(error as Error).message}\n\n${HELP}`);
    process.exit(2);
  }
})();
if (values.help) {
  console.log(HELP);
  process.exit(0);
}

const file = JSON.parse(readFileSync(new URL("./capacity/measured.json", import.meta.url), "utf8")) as {
  readonly machine: string;
  readonly costs: Costs;
};
const load: Load = {
  actors: number(values.actors, "actors"),
  stateBytes: number(values.state, "state"),
  connections: number(values.connections, "connections"),
  perActor: Math.max(1, number(values["per-actor"], "per-actor")),
  reads: number(values.reads, "reads"),
  writes: number(values.writes, "writes"),
  events: number(values.events, "events"),
  regions: Math.max(1, number(values.regions, "regions")),
};
const node = {
  ...NODE,
  memoryBytes: number(values.memory, "memory") * 1024 ** 3,
  diskBytes: number(values.disk, "disk") * 1024 ** 3,
  threads: Math.max(1, number(values.threads, "threads")),
};
const plans = plansFor(load, file.costs, node, number(values.commit, "commit")).filter(
  ({ host }) => values.host === undefined || host === values.host,
);
if (plans.length === 0) {
  console.error(`--host ${values.host}: node, cloudflare or rivet.`);
  process.exit(2);
}
if (values.json) console.log(JSON.stringify({ load, node, machine: file.machine, plans }, null, 2));
else for (const plan of plans) print(plan);

function print({ host, nodes, firstBottleneck, figures, notes }: HostPlan): void {
  console.log(`${host}: ${nodes}`);
  console.log(`  first bottleneck   ${firstBottleneck}`);
  for (const [name, value] of figures) console.log(`  ${name.padEnd(18)} ${value}`);
  for (const note of notes) console.log(`  ! ${note}`);
  console.log("");
}
