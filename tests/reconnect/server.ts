/** The child process of the reconnection test: a room that counts how often each thing took effect, served from the sources. */
import { actor, bearer, event, party, queue, setup } from "../../src/index.node.ts";

const count = (map: Map<string, number>, op: string): void => {
  map.set(op, (map.get(op) ?? 0) + 1);
};

const User = party("User", { auth: bearer({ secret: "RECONNECT_SECRET" }) });

export const room = actor({
  by: User,
  state: { seq: 0, said: new Map<string, number>(), handled: new Map<string, number>() },
  events: { said: event<[seq: number, op: string]>() },
  queues: { jobs: queue<string>() },
  run: async (c) => {
    for (;;) for (const { body } of await c.queue.nextBatch({ count: 64 })) count(c.state.handled, body);
  },
  actions: {
    say: (c, op: string) => {
      count(c.state.said, op);
      c.state.seq += 1;
      c.broadcast("said", c.state.seq, op);
      return c.state.seq;
    },
    /** Is under way when the process is killed more often than not. */
    ponder: async (c, op: string) => {
      await new Promise((resolve) => setTimeout(resolve, 15));
      count(c.state.said, op);
      c.state.seq += 1;
      return c.state.seq;
    },
    audit: (c) => ({ said: c.state.said, handled: c.state.handled }),
  },
});

const registryOf = () => setup({ use: { room } });
export type Rooms = ReturnType<typeof registryOf>;

if (import.meta.main) {
  const [dataDir = "", port = "0"] = process.argv.slice(2);
  const served = await registryOf().serve({ port: Number(port), dataDir });
  console.log(served.url);
}
