/**
 * Owns the capacity model: what a load costs a node in processor time, memory and disk, which of them runs out first, and how
 * many nodes it takes. Linear in what is counted: `npm run bench -- capacity` measures the costs and holds the model against
 * loads it was not made from. `docs/scaling.md` says what it leaves out.
 */

/** A steady load on all of a deployment. */
export interface Load {
  /** Actors that exist; those without connections sleep. */
  readonly actors: number;
  /** Bytes of one actor's state. */
  readonly stateBytes: number;
  readonly connections: number;
  /** Connections of one actor. */
  readonly perActor: number;
  /** Actions a second that change nothing. */
  readonly reads: number;
  /** Actions a second whose change must be on disk before they are answered. */
  readonly writes: number;
  /** Events a second, each to every connection of its actor. */
  readonly events: number;
  /** Places that need nodes of their own. */
  readonly regions: number;
}

/** What one of each costs. */
export interface Costs {
  /** µs of the thread that runs actors. */
  readonly read: number;
  readonly write: number;
  /** µs of that thread, more, for each byte of state a write saves. */
  readonly writeByte: number;
  readonly event: number;
  /** µs of that thread for each connection an event goes to. */
  readonly delivery: number;
  /** µs of other threads for each write, and for each byte of its state. */
  readonly commit: number;
  readonly commitByte: number;
  /** Bytes. */
  readonly memoryBase: number;
  readonly memoryConnection: number;
  /** Bytes of an actor in memory, without its state, which counts twice: as it is, and as it was last saved. */
  readonly memoryActor: number;
  readonly memorySleeping: number;
  /** Bytes on disk beside the state. */
  readonly diskActor: number;
}

/** A machine, or what one process may have of it. */
export interface Node {
  /** Part of a thread's time that may be used; the rest is for peaks. */
  readonly utilisation: number;
  readonly memoryBytes: number;
  readonly diskBytes: number;
  readonly maxConnections: number;
  /** Threads that run actors. */
  readonly threads: number;
}

export const NODE: Node = {
  utilisation: 0.6,
  memoryBytes: 4 * 1024 ** 3,
  diskBytes: 100 * 1024 ** 3,
  maxConnections: 50_000,
  threads: 1,
};

/** What a load asks of all nodes together. */
export interface Demand {
  /** µs a second of the threads that run actors. */
  readonly loop: number;
  /** µs a second of the thread that writes. */
  readonly writer: number;
  readonly memory: number;
  readonly disk: number;
  readonly connections: number;
  /** µs a second of the busiest actor, which no second node relieves. */
  readonly hottest: number;
}

export function demandOf(load: Load, costs: Costs): Demand {
  const awake = Math.min(load.actors, Math.ceil(load.connections / Math.max(1, load.perActor)));
  const delivered = load.events * load.perActor;
  const loop =
    load.reads * costs.read +
    load.writes * (costs.write + load.stateBytes * costs.writeByte) +
    load.events * costs.event +
    delivered * costs.delivery;
  return {
    loop,
    writer: load.writes * (costs.commit + load.stateBytes * costs.commitByte),
    memory:
      costs.memoryBase +
      load.connections * costs.memoryConnection +
      awake * (costs.memoryActor + 2 * load.stateBytes) +
      (load.actors - awake) * costs.memorySleeping,
    disk: load.actors * (load.stateBytes + costs.diskActor),
    connections: load.connections,
    hottest: awake === 0 ? 0 : loop / awake,
  };
}

export interface Bottleneck {
  readonly name: "actor thread" | "writer thread" | "memory" | "disk" | "connections";
  /** Part of one node that the load would use of it. 1.5 = a node and a half. */
  readonly nodes: number;
}

/** Nodes the demand needs of each kind of thing, the scarcest first. */
export function bottlenecksOf(demand: Demand, node: Node, memoryBase: number): readonly Bottleneck[] {
  const thread = 1_000_000 * node.utilisation;
  const all: readonly Bottleneck[] = [
    { name: "actor thread", nodes: demand.loop / (thread * node.threads) },
    { name: "writer thread", nodes: demand.writer / thread },
    { name: "memory", nodes: (demand.memory - memoryBase) / (node.memoryBytes - memoryBase) },
    { name: "disk", nodes: demand.disk / node.diskBytes },
    { name: "connections", nodes: demand.connections / node.maxConnections },
  ];
  return all.toSorted((one, other) => other.nodes - one.nodes);
}

export interface Latency {
  /** ms from arrival to answer, without the network. */
  readonly p50: number;
  readonly p99: number;
  /** Part of the thread's time in use. */
  readonly utilisation: number;
}

/**
 * One node under a load, call by call, for `seconds` of its time: calls arrive by chance, one thread runs them in order, and
 * writes wait for the group commit they fall into. Seeded: the same load gives the same answer.
 */
export function simulate(load: Load, costs: Costs, seconds: number, commitMs: number, seed = 1): Latency {
  const random = mulberry32(seed);
  const rate = load.reads + load.writes + load.events;
  if (rate === 0) return { p50: 0, p99: 0, utilisation: 0 };
  const waits: number[] = [];
  let free = 0;
  let busy = 0;
  let committing = 0;
  for (let at = -Math.log(random()) / rate; at < seconds; at += -Math.log(random()) / rate) {
    const kind = random() * rate;
    const isWrite = kind >= load.reads && kind < load.reads + load.writes;
    const isRead = kind < load.reads;
    const write = costs.write + load.stateBytes * costs.writeByte;
    const work = (isRead ? costs.read : isWrite ? write : costs.event + load.perActor * costs.delivery) / 1e6;
    const started = Math.max(free, at);
    free = started + work;
    busy += work;
    let answered = free;
    if (isWrite) {
      // A write that comes while one commit is under way leaves with the next one.
      const begins = Math.max(free, committing);
      answered = begins + commitMs / 1000;
      if (begins === free) committing = answered;
    }
    waits.push((answered - at) * 1000);
  }
  waits.sort((one, other) => one - other);
  const part = (share: number): number => waits[Math.floor((waits.length - 1) * share)] ?? 0;
  return { p50: part(0.5), p99: part(0.99), utilisation: busy / seconds };
}

/** A small random generator of public domain (Mulberry32): 32 bits of state, the same everywhere. */
function mulberry32(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return (((t ^ (t >>> 14)) >>> 0) + 1) / 4_294_967_297;
  };
}
