/** G9 with state: what a handler changes while it holds a message is committed with its acknowledgement, or not at all. */
import { actor, queue, setup, Visitor } from "byward";
import { expect, test } from "vitest";
import { virtual } from "./virtual.ts";

const HEADERS = { "content-type": "application/json" };

test("a handler that fails half way leaves nothing of it, and the message comes again", async () => {
  const attempts: number[] = [];
  const seen: number[] = [];
  const world = await virtual(
    setup({
      use: {
        bank: actor({
          by: Visitor,
          state: { total: 0, log: [] as number[] },
          queues: { deposits: queue<number>() },
          run: async (c) => {
            for await (const message of c.queue.iter()) {
              attempts.push(message.attempt);
              c.state.total += message.body;
              await Promise.resolve();
              if (message.attempt < 3) throw new Error("half way");
              c.state.log.push(message.body);
            }
          },
          actions: {
            look: (c) => {
              seen.push(c.state.total);
              return [c.state.total, c.state.log];
            },
          },
        }),
      },
    }),
  );
  const send = await world.fetch("/actors/bank/one/queues/deposits", {
    method: "POST",
    body: '{"body":5}',
    headers: HEADERS,
  });
  expect(await send.json()).toEqual({ status: "queued" });
  const look = async () =>
    (await world.fetch("/actors/bank/one/actions/look", { method: "POST", body: "[]", headers: HEADERS })).json();
  expect(await look()).toEqual({ output: [0, []] });
  await world.clock.advance(60_000);
  expect(await look()).toEqual({ output: [5, [5]] });
  expect(attempts).toEqual([1, 2, 3]);
  expect(world.faults).toHaveLength(2);
});
