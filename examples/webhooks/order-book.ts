/**
 * The order book: what was paid, shipped and changed. Deliveries come through a queue, so whoever sent them has an answer
 * as soon as the message is on disk, and its effect here is exactly once.
 */
import { actor, anyOf, bearer, Caller, event, party, queue } from "byward";
import { z } from "zod";

/** Who looks at the book: somebody with a token signed with the secret in AUTH_JWT_SECRET. */
export const Clerk = party("Clerk", { auth: bearer({ secret: "AUTH_JWT_SECRET" }) });

/** What became of a delivery of any sender. */
const Entry = z.discriminatedUnion("what", [
  z.object({ what: z.literal("paid"), order: z.string(), cents: z.number().int().positive() }),
  z.object({ what: z.literal("shipped"), order: z.string(), parcel: z.string() }),
  z.object({ what: z.literal("released"), version: z.string() }),
]);
export type Entry = z.infer<typeof Entry>;

interface Order {
  cents: number;
  parcel: string | null;
}

export const orderBook = actor({
  by: anyOf(Clerk, Caller),
  state: { orders: {} as Record<string, Order>, version: null as string | null, handled: 0 },
  events: { changed: event<Entry>() },
  queues: { entries: queue({ message: Entry }) },
  guards: {
    actions: { read: { by: Clerk } },
    events: { changed: { by: Clerk } },
    queues: { entries: { by: Caller } },
  },
  canInvoke: (c, invoke) => {
    // Another actor of this registry could ask, too; the hooks alone may write.
    if (invoke.kind === "queue" && invoke.name === "entries") return c.caller.identity === "hooks";
    if (invoke.kind === "action" && invoke.name === "read") return true;
    if (invoke.kind === "subscribe" && invoke.name === "changed") return true;
    return false;
  },
  actions: { read: (c) => c.state },
  run: async (c) => {
    for await (const { body } of c.queue.iter({ names: ["entries"] })) {
      enter(c.state, body);
      c.broadcast("changed", body);
    }
  },
});

function enter(state: { orders: Record<string, Order>; version: string | null; handled: number }, entry: Entry): void {
  state.handled += 1;
  if (entry.what === "released") {
    state.version = entry.version;
    return;
  }
  const order = state.orders[entry.order] ?? { cents: 0, parcel: null };
  if (entry.what === "paid") order.cents += entry.cents;
  else order.parcel = entry.parcel;
  state.orders[entry.order] = order;
}
