/** What `bench/workerd.ts` measures: an actor behind a party and `canInvoke`, as a Worker. */
import { actor, bearer, party, setup } from "byward";

const User = party("User", { auth: bearer({ secret: "AUTH_JWT_SECRET" }) });

const bench = actor({
  by: User,
  state: { count: 0 },
  canInvoke: (_c, invoke) => invoke.kind === "action" && (invoke.name === "echo" || invoke.name === "next"),
  actions: {
    echo: (_c, text: string) => text,
    next: (c) => ++c.state.count,
  },
});

const { handler, Actor } = setup({ use: { bench } }).worker();

export const BywardActor = Actor;
export default handler;
