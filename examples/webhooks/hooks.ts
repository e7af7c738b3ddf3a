/** Three senders, three ways to sign, one gate. A handler runs for a delivery that is proved, in time, and new. */
import { party, type RouteContext, service, signature, webhook } from "byward";
import { z } from "zod";
import type { Entry, orderBook } from "./order-book.ts";

export const Stripe = party("Stripe", { auth: webhook.stripe({ secret: "STRIPE_SECRET" }) });
export const GitHub = party("GitHub", { auth: webhook.github({ secret: "GITHUB_SECRET" }) });
/** The warehouse signs `time.body`, and names each delivery in a header. */
export const Warehouse = party("Warehouse", {
  auth: signature({
    secret: "WAREHOUSE_SECRET",
    header: "X-Signature",
    timestamp: "X-Timestamp",
    id: "X-Delivery",
    tolerance: 300,
  }),
});

const Payment = z.object({
  type: z.string(),
  data: z.object({ object: z.object({ order: z.string(), amount: z.number().int().positive() }) }),
});
const Release = z.object({ release: z.object({ tag_name: z.string() }) });
const Parcel = z.object({ order: z.string(), parcel: z.string() });

/** The actors these handlers call, by name. */
interface Actors {
  readonly "~actors"?: { readonly orderBook: typeof orderBook };
}

/**
 * Enqueues under the delivery's own id: should this process die after the message is on disk and before the answer is
 * out, the sender's next attempt is the same message.
 */
async function enqueue(c: Pick<RouteContext, "client" | "deliveryId">, entry: Entry): Promise<Response> {
  const id = c.deliveryId === null ? {} : { id: c.deliveryId };
  await c.client<Actors>().orderBook.getOrCreate("main").send("entries", entry, id);
  return new Response(null, { status: 202 });
}

export const hooks = service({
  limits: { maxBody: 256 * 1024, timeout: 10_000 },
  routes: {
    "POST /hooks/stripe": {
      by: Stripe,
      body: Payment,
      handle: (c) => {
        const { order, amount } = c.body.data.object;
        // A sender is told that what nobody asked for was received; otherwise it sends it again for days.
        if (c.body.type !== "payment_intent.succeeded") return new Response(null, { status: 204 });
        return enqueue(c, { what: "paid", order, cents: amount });
      },
    },
    "POST /hooks/github": {
      by: GitHub,
      body: Release,
      handle: (c) => enqueue(c, { what: "released", version: c.body.release.tag_name }),
    },
    "POST /hooks/warehouse": {
      by: Warehouse,
      body: Parcel,
      handle: (c) => enqueue(c, { what: "shipped", ...c.body }),
    },
  },
});
