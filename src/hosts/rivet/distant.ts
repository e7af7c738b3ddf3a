/**
 * Owns rows that have no runtime of their own: what services remember of deliveries. They are kept by a Rivet actor each, and
 * every runner reads and writes them there.
 */
import type { ActorRef, QueueRow, WriteSet } from "../port.ts";
import type { ActorStorage } from "./actor-storage.ts";
import { ask } from "./ask.ts";
import { ACTOR_TYPE, rivetKey } from "./names.ts";
import type { DistantQuestion, DistantRows } from "./store.ts";
import type { TunnelPool } from "./tunnel/pool.ts";

/** The reserved name under which services keep ids of deliveries; no actor can have it. */
const RESERVED = "$replay";

export function distantRows(pool: TunnelPool): DistantRows {
  return {
    holds: (actor) => actor.name === RESERVED,
    ask: async (actor, question) => ask(await pool.get({ type: ACTOR_TYPE, key: rivetKey(actor) }), "rows", question),
  };
}

/** Answers where the rows are. */
export async function answerRows(ref: ActorRef, storage: ActorStorage, question: DistantQuestion): Promise<unknown> {
  if (ref.name !== RESERVED) throw new Error("These rows are an actor's own");
  switch (question.op) {
    case "exists":
      return storage.load();
    case "get":
      return storage.replayGet(question.id);
    case "count":
      return storage.replayCount();
    case "prune":
      return storage.facts === null ? null : storage.replayPrune(question.before);
    case "commit":
      return question.writes.mode === "create"
        ? made(storage, question.writes)
        : storage.commit(withoutQueue(question.writes));
  }
}

const making = new WeakMap<ActorStorage, Promise<void>>();

/** Several runners may have found nothing, and make the rows at once: they are there then, which is what each asked for. */
async function made(storage: ActorStorage, writes: WriteSet): Promise<void> {
  if (storage.facts !== null) return;
  const under = making.get(storage) ?? storage.commit(withoutQueue(writes)).finally(() => making.delete(storage));
  making.set(storage, under);
  await under;
}

/** Only replay ids are written from afar. */
function withoutQueue(writes: WriteSet): WriteSet {
  const queuePut: readonly QueueRow[] | undefined = undefined;
  return { ...writes, queuePut, kvPut: undefined, kvDelete: undefined };
}
