/** Types of contexts by definition. Checked by `npm run types`; nothing here runs. */
import { z } from "zod";
import { anyOf, party, Visitor } from "../boundary/party.ts";
import { bearer } from "../boundary/schemes/bearer.ts";
import type {
  ActionContextOf,
  ActorContextOf,
  BeforeConnectContextOf,
  RequestContextOf,
  RunContextOf,
} from "./context-of.ts";
import { actor } from "./define.ts";
import { event, queue } from "./tokens.ts";

const User = party("User", { auth: bearer({ secret: "S" }), identity: z.string().brand<"UserId">() });
const room = actor({
  by: anyOf(User, Visitor),
  state: { count: 0 },
  vars: { hot: true },
  events: { said: event<[who: string, text: string]>() },
  queues: { jobs: queue<{ n: number }>() },
  guards: { actions: { write: { by: User } } },
  canInvoke: () => true,
  actions: {
    write: (c, text: string) => {
      announce(c, text);
      return author(c);
    },
  },
  onConnect: (c) => announce(c, "here"),
});

const announce = (c: { broadcast(name: "said", who: string, text: string): void }, text: string): void => {
  c.broadcast("said", "somebody", text);
};
const author = (c: { readonly caller: { readonly identity: string } }): string => c.caller.identity;

export function helpers(c: ActionContextOf<typeof room>): void {
  const count: number = c.state.count;
  c.broadcast("said", "a", String(count));
  // @ts-expect-error an event that is not declared
  c.broadcast("sung", "a");
  // @ts-expect-error a visitor has no identity
  c.caller.identity;
  if (c.caller.party === "User") c.caller.identity satisfies string;
  anyHook(c);
}

export function anyHook(c: ActorContextOf<typeof room>): void {
  c.vars.hot satisfies boolean;
  // @ts-expect-error no connection, so no caller
  c.caller;
}
export async function work(c: RunContextOf<typeof room>): Promise<void> {
  const message = await c.queue.next();
  message?.body.n satisfies number | undefined;
}
export const request = (c: RequestContextOf<typeof room>): string => c.request.url;
export const before = (c: BeforeConnectContextOf<typeof room>): string => c.caller.party;
