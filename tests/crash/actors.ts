/** The actors of the crash harness: they use everything that is durable. */
import { actor } from "../../src/actors/define.ts";
import { event, queue } from "../../src/actors/tokens.ts";
import { Visitor } from "../../src/boundary/party.ts";

const count = (map: Map<string, number>, id: string): void => {
  map.set(id, (map.get(id) ?? 0) + 1);
};

export const ledger = actor({
  by: Visitor,
  state: {
    seq: 0,
    written: new Map<string, number>(),
    handled: new Map<string, number>(),
    fired: new Map<string, number>(),
  },
  events: { tick: event<number>() },
  queues: { jobs: queue<string>() },
  run: async (c) => {
    for await (const message of c.queue.iter()) {
      count(c.state.handled, message.body);
      if (message.body.endsWith("7")) await new Promise((resolve) => setTimeout(resolve, 2));
    }
  },
  actions: {
    write: (c, id: string) => {
      count(c.state.written, id);
      c.state.seq += 1;
      c.broadcast("tick", c.state.seq);
      return c.state.seq;
    },
    schedule: async (c, id: string, delay: number) => {
      await c.schedule.after(delay, "fire", id);
    },
    fire: (c, id: string) => count(c.state.fired, id),
    send: async (c, id: string) => {
      await c.queue.send("jobs", id);
    },
    pair: async (c, id: string) => {
      count(c.state.written, id);
      await c.kv.put(`pair:${id}`, "1");
    },
    audit: async (c) => ({
      seq: c.state.seq,
      written: c.state.written,
      handled: c.state.handled,
      fired: c.state.fired,
      pairs: (await c.kv.list("pair:")).map(([key]) => key.slice(5)),
    }),
  },
});

/** Created whole or not at all: state, kv and a message of its own. */
export const birth = actor({
  by: Visitor,
  createState: () => ({ born: false, greeted: 0 }),
  queues: { hello: queue<string>() },
  onCreate: async (c) => {
    c.state.born = true;
    await c.kv.put("certificate", "yes");
    await c.queue.send("hello", "world");
  },
  run: async (c) => {
    for await (const _message of c.queue.iter()) c.state.greeted += 1;
  },
  actions: {
    touch: () => true,
    inspect: async (c) => ({
      born: c.state.born,
      certificate: await c.kv.get("certificate"),
      greeted: c.state.greeted,
    }),
    end: (c) => c.destroy(),
  },
});
