/** A match of rock, paper, scissors. Only a matchmaker makes one, and only its two players come in. */
import { actor, anyOf, Caller, event, Scheduler, UserError } from "byward";
import { z } from "zod";
import type { matchmaker } from "./matchmaker.ts";
import { Player } from "./players.ts";

interface Actors {
  readonly "~actors"?: { readonly matchmaker: typeof matchmaker };
}
interface Setting {
  readonly mode: string;
  readonly players: readonly [string, string];
}

const Choice = z.enum(["rock", "paper", "scissors"]);
export type Choice = z.infer<typeof Choice>;
const BEATS: Readonly<Record<Choice, Choice>> = { rock: "scissors", paper: "rock", scissors: "paper" };

export interface Outcome {
  /** Null: nobody won. */
  readonly winner: string | null;
  readonly choices: Readonly<Record<string, Choice>>;
}

export const match = actor({
  by: anyOf(Player, Caller),
  createState: (_c, input: Setting | undefined) => ({
    mode: input?.mode ?? "",
    players: [...(input?.players ?? [])],
    choices: {} as Record<string, Choice>,
    outcome: null as Outcome | null,
  }),
  // Asked before anything here runs with an input.
  canCreate: ({ caller }) => caller.party === "Caller" && caller.identity.startsWith("matchmaker/"),
  events: { over: event<Outcome>() },
  guards: {
    actions: { choose: { by: Player, input: Choice }, outcome: { by: Player }, report: { by: Scheduler } },
    events: { over: { by: Player } },
  },
  canInvoke: (c, invoke) => {
    if (c.caller.party !== "Player" || !c.state.players.includes(c.caller.identity)) return false;
    if (invoke.kind === "action" && (invoke.name === "choose" || invoke.name === "outcome")) return true;
    if (invoke.kind === "subscribe" && invoke.name === "over") return true;
    return false;
  },
  actions: {
    choose: async (c, choice): Promise<void> => {
      const { players, choices, mode } = c.state;
      if (choices[c.caller.identity] !== undefined) throw new UserError("You have chosen.", { code: "chosen" });
      choices[c.caller.identity] = choice;
      const [one = "", two = ""] = players;
      const [first, second] = [choices[one], choices[two]];
      if (first === undefined || second === undefined) return;
      const winner = first === second ? null : BEATS[first] === second ? one : two;
      c.state.outcome = { winner, choices: { ...choices } };
      c.broadcast("over", c.state.outcome);
      // In the commit of the outcome, and again until it succeeded.
      await c.schedule.after(0, "report", mode);
    },

    outcome: (c): Outcome | null => c.state.outcome,

    report: async (c, mode: string): Promise<void> => {
      const [one = "", two = ""] = c.state.players;
      const result = { winner: c.state.outcome?.winner ?? null, players: [one, two] as [string, string] };
      // The id makes reports of one match one message.
      await c.client<Actors>().matchmaker.get(mode).send("results", result, { id: c.actorId });
    },
  },
});
