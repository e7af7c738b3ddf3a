/** What a subscriber over Server-Sent Events is told last, when it is not his doing that the stream ends. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { actor, event, setup, Visitor } from "byward";
import { setupTest } from "byward/testing";
import { expect, test } from "vitest";

const news = actor({
  by: Visitor,
  state: { n: 0 },
  events: { told: event<number>() },
  actions: {
    tell: (c) => c.broadcast("told", ++c.state.n),
    closeAll: async (c) => {
      for (const conn of c.conns.values()) if (conn.id !== c.conn.id) await conn.disconnect("enough");
    },
    sleep: (c) => c.sleep(),
    end: (c) => c.destroy(),
  },
});
const registry = setup({ use: { news } });

const lastOf = (text: string): { event: string; data: unknown } => {
  const [first, second] = text.trimEnd().split("\n\n").at(-1)!.split("\n");
  return { event: first!.slice("event: ".length), data: JSON.parse(second!.slice("data: ".length)) };
};
const CLOSING = {
  event: "closing",
  data: {
    group: "byward",
    code: "unavailable",
    message: "Unavailable for the moment",
    correlationId: expect.stringMatching(/^[0-9a-f]{18}$/),
    retryAfter: 1,
  },
};

test("a server that stops says so in every open stream, over a real socket", async () => {
  const dataDir = await mkdtemp(join(tmpdir(), "byward-closing-"));
  const served = await setup({ use: { news } }).serve({ port: 0, dataDir });
  try {
    const streams = await Promise.all(
      [1, 2, 3].map(() =>
        fetch(`${served.url}/actors/news/a/events/told`).then((response) => response.text.bind(response)),
      ),
    );
    const texts = streams.map((text) => text());
    await served.close();
    for (const text of await Promise.all(texts)) expect(lastOf(text)).toEqual(CLOSING);
  } finally {
    await served.close();
    await rm(dataDir, { recursive: true });
  }
});

for (const how of ["closeAll", "sleep", "end"] as const) {
  test(`a stream that the actor ends says so (${how})`, async (t) => {
    const kit = await setupTest(t, registry);
    const stream = await kit.fetch("/actors/news/a/events/told");
    const text = stream.text();
    await kit.client.news.getOrCreate("a")[how]();
    await kit.clock.advance(1000);
    expect(lastOf(await text)).toEqual(CLOSING);
  });
}

test("the client comes back after it, not before the delay it was given", async (t) => {
  await import("../../src/client/event-deliveries.ts");
  const kit = await setupTest(t, registry);
  const handle = kit.client.news.getOrCreate("a");
  const heard: unknown[] = [];
  const read = async (): Promise<void> => {
    for await (const [n] of handle.$events("told")) heard.push(n);
  };
  void read();
  await kit.clock.settle();
  await handle.tell();
  await kit.clock.settle();
  await handle.closeAll();
  await kit.clock.advance(900);
  await handle.tell();
  await kit.clock.advance(2000);
  await handle.tell();
  await kit.clock.settle();
  expect(heard).toEqual([1, 3]);
});
