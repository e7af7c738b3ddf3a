/** Compile-only: the client reads what actors declare. */
import { actor } from "../../src/actors/define.ts";
import { event, queue } from "../../src/actors/tokens.ts";
import { createClient } from "../../src/client/index.ts";

const counter = actor({
  state: { count: 0 },
  events: { changed: event<number>(), moved: event<[x: number, y: number]>() },
  queues: { jobs: queue<{ n: number }, string>() },
  canInvoke: () => true,
  actions: {
    increment: (c, by: number) => {
      c.state.count += by;
      return c.state.count;
    },
  },
});

const client = createClient<{ readonly "~actors"?: { readonly counter: typeof counter } }>("http://localhost");

export const use = async (): Promise<void> => {
  const handle = client.counter.getOrCreate("a");
  const count: number = await handle.increment(5);
  const receipt = await handle.send("jobs", { n: count }, { wait: true });
  const response: string | undefined = receipt.response;
  const conn = handle.connect();
  conn.on("changed", (value: number) => value + (response?.length ?? 0));
  conn.on("moved", (x: number, y: number) => x + y);
  // @ts-expect-error of another type
  await handle.increment("5");
  // @ts-expect-error no such action
  await handle.decrement(5);
  // @ts-expect-error no such event
  conn.on("change", () => {});
  // @ts-expect-error of another type
  await handle.send("jobs", { n: "1" });
};
