/** A program on the built package that serves by two threads; the threads run it too. */
import { threadId } from "node:worker_threads";
import { actor, setup, Visitor } from "byward";

const clerk = actor({
  by: Visitor,
  state: { calls: 0 },
  canInvoke: (_c, invoke) => invoke.kind === "action" && invoke.name === "thread",
  actions: {
    thread: (c) => {
      c.state.calls += 1;
      return threadId;
    },
    secret: () => "secret",
  },
});

const registry = setup({ use: { clerk } });
const { url, workers } = await registry.serve({ port: 0, workers: 2, dataDir: process.env["BYWARD_TEST_DATA"]! });
console.log(JSON.stringify({ url, workers }));
