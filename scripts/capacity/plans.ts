/** Owns what a load takes on each host: from the costs measured on Node, and from the limits the other platforms state. */
import { bottlenecksOf, type Costs, demandOf, type Load, type Node, simulate } from "./model.ts";

export interface HostPlan {
  readonly host: "node" | "cloudflare" | "rivet";
  /** How much of the host it takes, as a sentence. */
  readonly nodes: string;
  readonly firstBottleneck: string;
  readonly figures: readonly (readonly [name: string, value: string])[];
  /** What does not fit, and what to do. */
  readonly notes: readonly string[];
}

/** Limits of Durable Objects, from the platform's documents: requests a second of one object (soft), and sockets of one. */
const OBJECT_REQUESTS = 1000;
const OBJECT_SOCKETS = 32_768;
/** Bytes of an isolate. */
const ISOLATE = 128 * 1024 ** 2;
/**
 * A second, measured on one engine, loopback, two processors: durable increments on one actor over our tunnel, on RocksDB, which
 * share transactions; transactions on PostgreSQL; and actors its documents call moderate.
 */
const RIVET = { messages: 5500, rocksWrites: 5500, postgresWrites: 240, awakeActors: 1000 } as const;
const MONTH = 30 * 24 * 3600;

export function plansFor(load: Load, costs: Costs, node: Node, commitMs: number): readonly HostPlan[] {
  return [onNode(load, costs, node, commitMs), onCloudflare(load), onRivet(load)];
}

function onNode(load: Load, costs: Costs, node: Node, commitMs: number): HostPlan {
  const demand = demandOf(load, costs);
  const bottlenecks = bottlenecksOf(demand, node, costs.memoryBase);
  const first = bottlenecks[0]!;
  const needed = Math.max(load.regions, Math.ceil(first.nodes), 1);
  const share = 1 / needed;
  const one: Load = {
    ...load,
    actors: load.actors * share,
    connections: load.connections * share,
    reads: load.reads * share,
    writes: load.writes * share,
    events: load.events * share,
  };
  const latency = simulate(one, costs, 20, commitMs);
  const notes: string[] = [];
  if (needed > 1) {
    notes.push(
      `${needed} nodes are ${needed} deployments: each actor's key must always lead to the same one. Byward does not route between them on Node; past one node take cloudflare or rivet, or split by tenant.`,
    );
  }
  if (demand.hottest > 1e6 * node.utilisation) {
    notes.push("One actor alone needs more than a thread: split it, no host runs an actor on two.");
  }
  return {
    host: "node",
    nodes: `${needed} node${needed === 1 ? "" : "s"} of ${gib(node.memoryBytes)} and ${node.threads} actor thread${node.threads === 1 ? "" : "s"}`,
    firstBottleneck: `${first.name}, ${percent(first.nodes / needed)} of what each node may use`,
    figures: [
      ...bottlenecks.slice(1).map(({ name, nodes }) => [name, percent(nodes / needed)] as const),
      ["storage", gib(demand.disk)],
      [
        "latency",
        `p50 ${latency.p50.toFixed(2)} ms, p99 ${latency.p99.toFixed(2)} ms, without the network (simulated)`,
      ],
    ],
    notes,
  };
}

function onCloudflare(load: Load): HostPlan {
  const awake = awakeOf(load);
  const perObject = (load.reads + load.writes + load.events) / Math.max(1, awake);
  const incoming = load.reads + load.writes + load.events;
  const perActorConnections = Math.min(load.perActor, load.connections);
  const limits = [
    { name: "requests of one object", part: perObject / OBJECT_REQUESTS },
    { name: "sockets of one object", part: perActorConnections / OBJECT_SOCKETS },
    { name: "memory of one isolate", part: (2 * load.stateBytes + perActorConnections * 4096) / ISOLATE },
  ].toSorted((a, b) => b.part - a.part);
  const first = limits[0]!;
  return {
    host: "cloudflare",
    nodes: `${count(awake)} objects in memory of ${count(load.actors)}; the platform places them`,
    firstBottleneck: `${first.name}, ${percent(first.part)} of the stated limit`,
    figures: [
      ["messages in", `${count(incoming * MONTH)} a month`],
      ["messages out", `${count((load.reads + load.writes + load.events * load.perActor) * MONTH)} a month`],
      [
        "rows written",
        `${count(load.writes * Math.max(1, Math.ceil(load.stateBytes / 1.9e6)) * MONTH)} a month, at least`,
      ],
      ["storage", gib(load.actors * (load.stateBytes + 4096))],
      ["object time", `${count((awake * MONTH * 128) / 1024)} GB-s a month if none hibernates`],
    ],
    notes: first.part > 1 ? [`Past the limit of the ${first.name}: split the busiest actors by key.`] : [],
  };
}

function onRivet(load: Load): HostPlan {
  const awake = awakeOf(load);
  const messages = load.reads + load.writes + load.events * load.perActor;
  const limits = [
    { name: "messages through one engine", part: messages / RIVET.messages },
    { name: "writes of one engine, on Postgres", part: load.writes / RIVET.postgresWrites },
    { name: "actors in memory of one engine, on Postgres", part: awake / RIVET.awakeActors },
  ].toSorted((a, b) => b.part - a.part);
  const first = limits[0]!;
  const engines = Math.max(1, Math.ceil(first.part)) * load.regions;
  return {
    host: "rivet",
    nodes: `about ${engines} engine${engines === 1 ? "" : "s"} with a runner each, on Postgres and NATS`,
    firstBottleneck: `${first.name}, ${percent(first.part)} of what was measured on one`,
    figures: [
      [
        "writes, RocksDB",
        `${percent(load.writes / RIVET.rocksWrites)} of one engine; does not survive a power failure`,
      ],
      ["storage", gib(load.actors * (load.stateBytes + 4096))],
    ],
    notes: engines > 2 * load.regions ? ["More than two engines were not run: the figure assumes they add up."] : [],
  };
}

const awakeOf = (load: Load): number => Math.min(load.actors, Math.ceil(load.connections / load.perActor));
const percent = (part: number): string => `${(part * 100).toFixed(part < 0.1 ? 1 : 0)} %`;
const gib = (bytes: number): string => `${(bytes / 1024 ** 3).toPrecision(3)} GiB`;
const count = (value: number): string => {
  for (const [size, unit] of [
    [1e12, "T"],
    [1e9, "G"],
    [1e6, "M"],
    [1e3, "k"],
  ] as const) {
    if (value >= size) return `${(value / size).toPrecision(3)} ${unit}`;
  }
  return String(Math.round(value));
};
