/**
 * One matchmaker for each mode, such as `matchmaker/duel`. Players queue a ticket; two make a match. Matches tell how they
 * ended; that it is a match who tells is known from the caller, and no secret is shared.
 */
import { actor, anyOf, Caller, event, queue } from "byward";
import { z } from "zod";
import type { match } from "./match.ts";
import { Player } from "./players.ts";

interface Actors {
  readonly "~actors"?: { readonly match: typeof match };
}

const START_RATING = 1000;
const STAKE = 16;

const Ticket = z.object({}).strict();
const Result = z.object({ winner: z.string().nullable(), players: z.tuple([z.string(), z.string()]) });

export const matchmaker = actor({
  by: anyOf(Player, Caller),
  state: {
    waiting: null as string | null,
    matchOf: {} as Record<string, string>,
    ratings: {} as Record<string, number>,
  },
  events: { matched: event<{ match: string }>() },
  queues: { tickets: queue({ message: Ticket }), results: queue({ message: Result }) },
  guards: {
    actions: { myMatch: { by: Player }, ratings: { by: Player } },
    events: { matched: { by: Player } },
    queues: { tickets: { by: Player }, results: { by: Caller } },
  },
  canInvoke: (c, invoke) => {
    if (invoke.kind === "queue" && invoke.name === "results") return c.caller.identity.startsWith("match/");
    if (invoke.kind === "queue" && invoke.name === "tickets") return true;
    if (invoke.kind === "action" && (invoke.name === "myMatch" || invoke.name === "ratings")) return true;
    if (invoke.kind === "subscribe" && invoke.name === "matched") return true;
    return false;
  },
  actions: {
    /** The match of whoever asks; for those who were away when it was made. */
    myMatch: (c): string | null => c.state.matchOf[c.caller.identity] ?? null,
    ratings: (c): Record<string, number> => c.state.ratings,
  },

  run: async (c): Promise<void> => {
    for await (const message of c.queue.iter({ completable: true })) {
      if (message.name === "results") {
        settle(c.state, message.body);
        await message.complete();
        continue;
      }
      const player = String(message.caller?.identity);
      const other = c.state.waiting;
      if (other === null || other === player) {
        c.state.waiting = player;
        await message.complete();
        continue;
      }
      // Named after its ticket: should this be done again after a crash, it is the same match.
      const match = `${c.key.join("-")}-${message.id}`;
      const createWithInput = { mode: c.key[0] ?? "", players: [other, player] as const };
      await c.client<Actors>().match.getOrCreate(match, { createWithInput }).resolve();
      c.state.waiting = null;
      for (const name of [other, player]) c.state.matchOf[name] = match;
      // From here on it is known to `myMatch`, whatever happens to the news of it.
      await message.complete();
      for (const conn of c.conns.values()) {
        const { party, identity } = conn.caller as { readonly party: string; readonly identity?: string };
        if (party === "Player" && (identity === other || identity === player)) conn.send("matched", { match });
      }
    }
  },
});

function settle(
  state: { matchOf: Record<string, string>; ratings: Record<string, number> },
  { winner, players }: z.infer<typeof Result>,
): void {
  for (const player of players) {
    const change = winner === null ? 0 : player === winner ? STAKE : -STAKE;
    state.ratings[player] = (state.ratings[player] ?? START_RATING) + change;
    delete state.matchOf[player];
  }
}
