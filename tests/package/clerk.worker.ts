/** A Worker on the built package. */
import { actor, setup, Visitor } from "byward";
import { worker } from "byward/cloudflare";

const clerk = actor({
  by: Visitor,
  state: { calls: 0 },
  canInvoke: (_c, invoke) => invoke.kind === "action" && invoke.name === "count",
  actions: {
    count: (c) => {
      c.state.calls += 1;
      return c.state.calls;
    },
    secret: () => "secret",
  },
});

const { handler, Actor } = worker(setup({ use: { clerk } }));

export const BywardActor = Actor;
// biome-ignore lint/style/noDefaultExport: the platform takes a Worker's handler from there
export default handler;
