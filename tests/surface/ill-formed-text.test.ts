/** What half of a surrogate pair, which JSON can spell and UTF-8 cannot, does to what is kept: nothing. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { actor, queue, setup, Visitor } from "byward";
import { expect, onTestFinished, test } from "vitest";
import { verifyData } from "../../src/hosts/node/data/index.ts";

const HALF = "\\ud800";

const room = actor({
  by: Visitor,
  state: {},
  queues: { jobs: queue<unknown>() },
  canInvoke: () => true,
  actions: {
    take: async (c) => (await c.queue.nextBatch({ names: ["jobs"], count: 10, timeout: 0 })).map(({ body }) => body),
  },
});
const open = actor({ by: Visitor, state: {}, canInvoke: () => true, actions: { ping: () => "pong" } });

async function serve(dataDir: string) {
  const served = await setup({ use: { room, open } }).serve({ port: 0, dataDir });
  const post = async (path: string, body: string) => {
    const headers = { "content-type": "application/json" };
    const response = await fetch(`${served.url}/actors/${path}`, { method: "POST", headers, body });
    return { status: response.status, body: (await response.json()) as { code?: string; output?: unknown } };
  };
  return { ...served, post };
}

async function dataDirectory(): Promise<string> {
  const dataDir = await mkdtemp(join(tmpdir(), "byward-text-"));
  onTestFinished(() => rm(dataDir, { recursive: true, force: true }));
  return dataDir;
}

test("an idempotency id with half of a surrogate pair is refused, and the queue serves on after a restart", async () => {
  const dataDir = await dataDirectory();
  const first = await serve(dataDir);
  const refused = await first.post("room/a/queues/jobs", `{"body":1,"id":"${HALF}"}`);
  expect(refused).toMatchObject({ status: 400, body: { code: "invalid_option" } });
  expect((await first.post("room/a/queues/jobs", '{"body":2,"id":"sound 🎉"}')).status).toBe(200);
  await first.close();
  expect(await verifyData(dataDir)).toMatchObject({ sound: true });
  const second = await serve(dataDir);
  expect(await second.post("room/a/actions/take", "[]")).toEqual({ status: 200, body: { output: [2] } });
  await second.close();
});

test("a body and an argument may hold one", async () => {
  const dataDir = await dataDirectory();
  const first = await serve(dataDir);
  expect((await first.post("room/b/queues/jobs", `{"body":"${HALF}"}`)).status).toBe(200);
  await first.close();
  expect(await verifyData(dataDir)).toMatchObject({ sound: true });
  const second = await serve(dataDir);
  expect((await second.post("room/b/actions/take", "[]")).body.output).toEqual(["\ud800"]);
  await second.close();
});

test("a frame cannot send to a queue whose name holds one", async () => {
  const dataDir = await dataDirectory();
  const served = await serve(dataDir);
  const socket = new WebSocket(`${served.url.replace("http", "ws")}/actors/open/c/connect`, "byward.v1");
  const said: string[] = [];
  const closed = new Promise<number>((resolve) => {
    socket.onclose = ({ code }) => resolve(code);
  });
  socket.onmessage = ({ data }) => said.push(String(data));
  await new Promise((resolve) => {
    socket.onopen = resolve;
  });
  socket.send('{"t":"hello"}');
  socket.send(`{"t":"send","id":1,"name":"${HALF}","body":1}`);
  expect(await closed).toBe(1008);
  await served.close();
  expect(await verifyData(dataDir)).toMatchObject({ sound: true });
});
