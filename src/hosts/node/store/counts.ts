/**
 * Owns the tally kept in an actor's row: how many messages stand in each queue, how many schedules, connections and
 * replay ids. It makes `load` and limits independent of how many rows there are, and a row that vanished from the file
 * shows as a tally that does not fit. Stored as JSON text, null when all is empty.
 */
export interface QueueTally {
  ready: number;
  dead: number;
}

export interface Counts {
  readonly queues: Map<string, QueueTally>;
  /** Completed messages kept as marks of their idempotency ids, over all queues. */
  done: number;
  schedules: number;
  connections: number;
  replay: number;
}

export function noCounts(): Counts {
  return { queues: new Map(), done: 0, schedules: 0, connections: 0, replay: 0 };
}

export function parseCounts(text: string | null): Counts {
  if (text === null) return noCounts();
  // The cast holds because `formatCounts` wrote the text and the row's checksum covers it.
  const [queues, done, schedules, connections, replay] = JSON.parse(text) as [
    [string, number, number][],
    number,
    number,
    number,
    number,
  ];
  return {
    queues: new Map(queues.map(([name, ready, dead]) => [name, { ready, dead }])),
    done,
    schedules,
    connections,
    replay,
  };
}

export function formatCounts(counts: Counts): string | null {
  const { queues, done, schedules, connections, replay } = counts;
  if (queues.size === 0 && done === 0 && schedules === 0 && connections === 0 && replay === 0) return null;
  const tallies = [...queues].map(([name, { ready, dead }]) => [name, ready, dead]);
  return JSON.stringify([tallies, done, schedules, connections, replay]);
}

/** Counts one message in (`by` 1) or out (`by` -1). */
export function countMessage(counts: Counts, queue: string, status: "ready" | "dead" | "done", by: 1 | -1): void {
  if (status === "done") {
    counts.done += by;
    return;
  }
  const tally = counts.queues.get(queue) ?? { ready: 0, dead: 0 };
  tally[status] += by;
  if (tally.ready === 0 && tally.dead === 0) counts.queues.delete(queue);
  else counts.queues.set(queue, tally);
}
