/** What code written for RivetKit does by habit: log lines of a message alone, close codes and reasons of any text. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { actor, setup, Visitor } from "byward";
import { setupTest } from "byward/testing";
import { expect, test } from "vitest";

const LONG = `${"ä".repeat(61)}😀${"€".repeat(50)}`;

const ported = actor({
  by: Visitor,
  actions: {
    log: (c) => {
      c.log.info("joined");
      c.log.warn({ msg: "slow", ms: 5 });
      c.log.error({ id: 1 }, "left");
      c.log.error(new Error("broken"));
      c.log.child({ part: "x" }).debug("deep");
    },
    disconnect: async (c) => {
      for (const conn of c.conns.values()) await conn.disconnect(LONG);
    },
  },
  onWebSocket: (_c, socket) => {
    socket.addEventListener("message", ({ data }) => {
      try {
        socket.close(Number(data), LONG);
      } catch (error) {
        socket.send(String(error));
      }
    });
  },
});
const registry = setup({ use: { ported } });

test("c.log takes a message, fields, or both", async (t) => {
  const kit = await setupTest(t, registry);
  await kit.client.ported.getOrCreate("a").log();
  const lines = kit.log.filter(({ fields }) => fields["actor"] === "ported");
  expect(
    lines.map(({ level, message, fields }) => [level, message, { ...fields, actor: undefined, key: undefined }]),
  ).toEqual([
    ["info", "joined", {}],
    ["warn", "slow", { msg: "slow", ms: 5 }],
    ["error", "left", { id: 1 }],
    ["error", "broken", { err: expect.objectContaining({ message: "broken" }) }],
    ["debug", "deep", { part: "x" }],
  ]);
});

test("over a real socket, a close has a code that may be sent and as much of its reason as fits", async () => {
  const dataDir = await mkdtemp(join(tmpdir(), "byward-ported-"));
  const served = await setup({ use: { ported } }).serve({ port: 0, dataDir });
  try {
    const open = async (path: string): Promise<WebSocket> => {
      const socket = new WebSocket(`${served.url.replace("http", "ws")}/actors/ported/a/${path}`);
      await new Promise((resolve) => socket.addEventListener("open", resolve, { once: true }));
      return socket;
    };
    const ended = (socket: WebSocket): Promise<[number, string]> =>
      new Promise((resolve) => socket.addEventListener("close", ({ code, reason }) => resolve([code, reason])));
    // 61 letters of two bytes; the next takes four.
    const cut = "ä".repeat(61);
    const socket = await open("websocket/");
    const said: unknown[] = [];
    socket.addEventListener("message", ({ data }) => said.push(data));
    for (const code of [1004, 1005, 1006, 1015, 2999, 5000]) socket.send(String(code));
    const closed = ended(socket);
    socket.send("4001");
    expect(await closed).toEqual([4001, cut]);
    expect(said).toHaveLength(6);

    const connection = await open("connect");
    const over = ended(connection);
    const ready = new Promise((resolve) => connection.addEventListener("message", resolve, { once: true }));
    connection.send('{"t":"hello"}');
    await ready;
    connection.send('{"t":"action","id":1,"name":"disconnect","args":[]}');
    expect(await over).toEqual([1000, cut]);
  } finally {
    await served.close();
    await rm(dataDir, { recursive: true });
  }
});
