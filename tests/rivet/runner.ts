/** The child process of the crash tests: one runner with actors that use everything that is durable. Ends with its parent. */
import { actor } from "../../src/actors/define.ts";
import { event, queue } from "../../src/actors/tokens.ts";
import { Visitor } from "../../src/boundary/party.ts";
import { serveOnRivet } from "../../src/hosts/rivet/index.ts";
import { setup } from "../../src/index.node.ts";
import { loadKit } from "./kit.ts";

const count = (map: Map<string, number>, id: string): void => {
  map.set(id, (map.get(id) ?? 0) + 1);
};

const ledger = actor({
  by: Visitor,
  state: {
    seq: 0,
    written: new Map<string, number>(),
    handled: new Map<string, number>(),
    fired: new Map<string, number>(),
  },
  events: { tick: event<number>() },
  queues: { jobs: queue<string>() },
  options: { sleepTimeout: 3000 },
  run: async (c) => {
    for await (const message of c.queue.iter()) count(c.state.handled, message.body);
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
    pid: () => process.pid,
    audit: async (c) => ({
      seq: c.state.seq,
      written: c.state.written,
      handled: c.state.handled,
      fired: c.state.fired,
      pairs: (await c.kv.list("pair:")).map(([key]) => key.slice(5)),
    }),
  },
});

process.stdin.resume().once("end", () => process.exit(0));
const [endpoint, token] = process.argv.slice(2);
const { url } = await serveOnRivet(setup({ use: { ledger } }), {
  endpoint: endpoint!,
  token: token!,
  port: 0,
  guard: 4000,
  rivetkit: await loadKit(),
});
console.log(url);
