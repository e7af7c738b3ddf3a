/**
 * One actor's state under concurrent clients is linearizable: a recorded history of increments and reads, over HTTP and
 * connections, has an order that respects real time. For a counter that is decidable at once: increments return each value
 * once, a read returns a value that stood between its start and its end, and nothing that began after an operation ended
 * may seem to come before it.
 */
import { actor, setup, Visitor } from "byward";
import { afterAll, beforeAll, expect, test } from "vitest";
import { post, serveForFile, WireSocket } from "./server.ts";

interface Operation {
  readonly kind: "inc" | "read";
  readonly from: number;
  readonly to: number;
  readonly value: number;
}

const counter = actor({
  by: Visitor,
  state: { n: 0 },
  actions: {
    inc: (c) => ++c.state.n,
    // Interleaves with others between its await and its change.
    slowInc: async (c) => {
      await new Promise((resolve) => setTimeout(resolve, 1));
      return ++c.state.n;
    },
    read: (c) => c.state.n,
  },
});

let url = "";
let close: () => Promise<void>;
beforeAll(async () => {
  ({ url, close } = await serveForFile(setup({ use: { counter } })));
});
afterAll(() => close());

test("a history of concurrent increments and reads is linearizable", async () => {
  const history: Operation[] = [];
  const record = async (kind: Operation["kind"], run: () => Promise<number>): Promise<void> => {
    const from = performance.now();
    const value = await run();
    history.push({ kind, from, to: performance.now(), value });
  };
  const overHttp = async (): Promise<void> => {
    for (let round = 0; round < 25; round++) {
      const call = (name: string) =>
        post(`${url}/actors/counter/one/actions/${name}`, []).then(({ body }) => body.output as number);
      await record("inc", () => call(round % 5 === 0 ? "slowInc" : "inc"));
      await record("read", () => call("read"));
    }
  };
  const overSocket = async (): Promise<void> => {
    const socket = await WireSocket.rpc(`${url}/actors/counter/one`);
    await socket.next((message) => message.t === "ready");
    for (let id = 1; id <= 60; id++) {
      const name = id % 3 === 0 ? "read" : "inc";
      await record(name, async () => {
        socket.send({ t: "action", id, name, args: [] });
        return (await socket.next((message) => message.id === id)).output;
      });
    }
    socket.close();
  };
  await Promise.all([...Array.from({ length: 4 }, overHttp), ...Array.from({ length: 4 }, overSocket)]);

  const increments = history.filter(({ kind }) => kind === "inc");
  expect(increments.map(({ value }) => value).sort((a, b) => a - b)).toEqual(increments.map((_, index) => index + 1));
  const byEnd = [...history].sort((a, b) => a.to - b.to);
  for (const later of history) {
    for (const earlier of byEnd) {
      if (earlier.to >= later.from) break;
      // Real time: what began after another ended sees at least its value, and increments see more.
      expect(later.value).toBeGreaterThanOrEqual(earlier.value + (later.kind === "inc" ? 1 : 0));
    }
  }
  for (const read of history.filter(({ kind }) => kind === "read")) {
    const begun = increments.filter(({ from }) => from < read.to).length;
    const ended = increments.filter(({ to }) => to < read.from).length;
    expect(read.value).toBeLessThanOrEqual(begun);
    expect(read.value).toBeGreaterThanOrEqual(ended);
  }
});
