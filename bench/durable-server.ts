/** The server of `durable.ts`: counters with a 200-byte state, durable and relaxed in two ways; answers its event-loop delay on request. */
import { monitorEventLoopDelay } from "node:perf_hooks";
import { actor, setup, Visitor } from "byward";

const define = (options: { durability: "durable" | "relaxed"; stateSaveInterval?: number }) =>
  actor({
    by: Visitor,
    options,
    state: { n: 0, text: "x".repeat(170) },
    actions: { inc: (c) => ++c.state.n },
  });
const loop = monitorEventLoopDelay({ resolution: 1 });
loop.enable();
const probe = actor({
  by: Visitor,
  actions: {
    delay: () => {
      const p99 = loop.percentile(99) / 1e6;
      loop.reset();
      return p99;
    },
  },
});
const registry = setup({
  use: {
    durable: define({ durability: "durable" }),
    relaxed: define({ durability: "relaxed" }),
    // Writes nearly every change, as durable does, and waits for none.
    eager: define({ durability: "relaxed", stateSaveInterval: 1 }),
    probe,
  },
});
const { url, close } = await registry.serve({ port: 0, dataDir: process.argv[2]! });
// So that profiles of it are written (`SERVER_FLAGS=--cpu-prof`).
process.once("SIGTERM", () => void close().then(() => process.exit()));
console.log(url);
