/**
 * What a socket receives, byte for byte, that outlived the memory of its object. The platform lets go of an object after 10 s
 * without use, so these run side by side.
 */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import WebSocket from "ws";
import { mintBearer } from "../../src/boundary/mint.ts";
import { hasWorkerd, startWorker, type Workerd } from "./workerd.ts";

const SECRET = "hibernation-secret-of-at-least-32-bytes";
/** Long enough for the platform to let go of an idle object. */
const OUT_OF_MEMORY = 14_000;
const entry = fileURLToPath(new URL("hibernation.worker.ts", import.meta.url));
const asleep = hasWorkerd ? test.concurrent : test.skip;

vi.setConfig({ maxConcurrency: 20 });

let workerd: Workerd;
beforeAll(async () => {
  if (hasWorkerd) workerd = await startWorker({ entry, env: { AUTH_JWT_SECRET: SECRET } });
});
afterAll(async () => {
  if (process.env["BYWARD_SHOW"] === "1") console.log(workerd.output());
  await workerd?.stop();
});

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const livesOf = async (name: string): Promise<number> =>
  (await (await fetch(`${workerd.url}/lives?of=${name}`)).json()) as number;
const operate = async (path: string, body: unknown = {}): Promise<Record<string, unknown>> => {
  const answer = await fetch(`${workerd.url}/operator/${path}`, { method: "POST", body: JSON.stringify(body) });
  expect(answer.status).toBe(200);
  return (await answer.json()) as Record<string, unknown>;
};
const act = async (name: string, action: string, ...args: unknown[]): Promise<unknown> => {
  const response = await fetch(`${workerd.url}/actors/${name}/actions/${action}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(args),
  });
  return ((await response.json()) as { output?: unknown }).output;
};

/** The objects that the directory tells, as its table has them. */
function holders(): string[] {
  const folder = join(workerd.dataDir, "byward");
  for (const name of readdirSync(folder)) {
    if (!/^[0-9a-f]{64}\.sqlite$/.test(name)) continue;
    const database = new DatabaseSync(join(folder, name), { readOnly: true });
    try {
      if (database.prepare("SELECT 1 FROM sqlite_master WHERE name = 'holder'").get() === undefined) continue;
      const rows = database.prepare("SELECT object FROM holder").all();
      if (rows.length > 0) return rows.map(({ object }) => String(object));
    } finally {
      database.close();
    }
  }
  return [];
}

/** Rows in which an object keeps what is too long for attachments. */
function keptRows(object: string): number {
  const database = new DatabaseSync(join(workerd.dataDir, "byward", `${object}.sqlite`), { readOnly: true });
  try {
    return database.prepare("SELECT 1 FROM text WHERE ref = -1").all().length;
  } finally {
    database.close();
  }
}

type Frame = Record<string, unknown>;

interface Peer {
  readonly frames: Frame[];
  readonly closed: Promise<{ code: number; reason: string; at: number }>;
  call(message: Frame): Promise<Frame>;
  send(message: Frame): void;
  /** Frames since the last look. */
  fresh(): Frame[];
  /** The same, once there are as many as are to come, and some time for more has passed. */
  arrived(count: number): Promise<Frame[]>;
  close(): void;
}

/** Connects, says hello and subscribes. */
async function connect(
  name: string,
  sub: string,
  options: { expiresIn?: number; claims?: Record<string, unknown>; params?: unknown } = {},
): Promise<Peer> {
  const { expiresIn = 3600, claims = {}, params } = options;
  const token = await mintBearer({ secret: SECRET, subject: sub, now: Date.now(), expiresIn, claims });
  const ws = new WebSocket(`${workerd.url.replace("http", "ws")}/actors/${name}/connect`, ["byward.v1"]);
  const frames: Frame[] = [];
  const waiting = new Map<unknown, (frame: Frame) => void>();
  ws.on("message", (data) => {
    const read = JSON.parse(data.toString()) as Frame | Frame[];
    for (const frame of Array.isArray(read) ? read : [read]) {
      frames.push(frame);
      waiting.get(frame["id"] ?? frame["t"])?.(frame);
    }
  });
  const closed = new Promise<{ code: number; reason: string; at: number }>((resolve) => {
    ws.once("close", (code, reason) => resolve({ code, reason: reason.toString(), at: Date.now() }));
  });
  await new Promise((resolve, reject) => ws.once("open", resolve).once("error", reject));
  const expectFrame = (key: unknown): Promise<Frame> => new Promise((resolve) => waiting.set(key, resolve));
  let id = 0;
  let seen = 0;
  const peer: Peer = {
    frames,
    closed,
    send: (message) => ws.send(JSON.stringify(message)),
    call: (message) => {
      id += 1;
      const answer = expectFrame(id);
      ws.send(JSON.stringify({ ...message, id }));
      return answer;
    },
    fresh: () => {
      const since = frames.slice(seen);
      seen = frames.length;
      return since;
    },
    arrived: async (count) => {
      while (frames.length - seen < count) await pause(20);
      await pause(200);
      return peer.fresh();
    },
    close: () => ws.close(),
  };
  const ready = expectFrame("ready");
  peer.send({ t: "hello", token, ...(params === undefined ? {} : { params }) });
  await ready;
  expect(await peer.call({ t: "subscribe", name: "said" })).toMatchObject({ t: "result" });
  peer.fresh();
  return peer;
}

asleep(
  "a connection that is still good is there again: its subscription, its state, its parameters, its caller",
  { timeout: 120_000 },
  async () => {
    const peer = await connect("room/good", "ada", { params: { seat: 7 } });
    expect((await peer.call({ t: "action", name: "count", args: [] }))["output"]).toEqual({
      count: 1,
      params: { seat: 7 },
      identity: "ada",
    });
    peer.fresh();
    await pause(OUT_OF_MEMORY);
    await act("room/good", "say", "awake");
    expect(await livesOf("room/good")).toBe(2);
    expect((await peer.call({ t: "action", name: "count", args: [] }))["output"]).toEqual({
      count: 2,
      params: { seat: 7 },
      identity: "ada",
    });
    expect(peer.fresh().map((frame) => [frame["t"], frame["name"], frame["args"]])).toEqual([
      ["event", "said", ["awake"]],
      ["result", undefined, undefined],
    ]);
    expect(await act("room/good", "look")).toMatchObject({ gone: 0, conns: 2 });
    peer.close();
  },
);

asleep("a message wakes the object and is answered on the same socket", { timeout: 120_000 }, async () => {
  const peer = await connect("room/message", "ada");
  await pause(OUT_OF_MEMORY);
  const answers = await Promise.all([1, 2, 3].map(() => peer.call({ t: "action", name: "count", args: [] })));
  expect(answers.map((answer) => (answer["output"] as { count: number }).count)).toEqual([1, 2, 3]);
  expect(await livesOf("room/message")).toBe(2);
  peer.close();
});

asleep(
  "a credential that expires while the object is out of memory: the end at its time, and nothing else",
  { timeout: 120_000 },
  async () => {
    const started = Date.now();
    const peer = await connect("room/expired", "ada", { expiresIn: 20 });
    await pause(started + OUT_OF_MEMORY - Date.now());
    expect(peer.fresh()).toEqual([]);
    const closed = await peer.closed;
    expect(closed).toMatchObject({ code: 3000, reason: "auth/expired" });
    expect(closed.at - started).toBeGreaterThan(18_500);
    await act("room/expired", "say", "after");
    expect((await peer.arrived(1)).map((frame) => [frame["t"], frame["code"]])).toEqual([["error", "expired"]]);
    expect(await livesOf("room/expired")).toBe(2);
    expect(await act("room/expired", "look")).toMatchObject({ gone: 1 });
  },
);

asleep(
  "a caller revoked while the object is out of memory: the end before `revoke` answers, and nothing else",
  { timeout: 120_000 },
  async () => {
    const peer = await connect("room/revoked", "eve");
    const other = await connect("room/revoked", "bob");
    await pause(OUT_OF_MEMORY);
    const receipt = await operate("revoke", { party: "User", identity: "eve" });
    expect(receipt["closed"]).toMatchObject([{ actor: "room", key: "revoked" }]);
    expect(await peer.closed).toMatchObject({ code: 3000 });
    await act("room/revoked", "say", "after");
    expect((await peer.arrived(1)).map((frame) => [frame["t"], frame["code"]])).toEqual([["error", "unauthenticated"]]);
    expect((await other.arrived(1)).map((frame) => [frame["t"], frame["args"]])).toEqual([["event", ["after"]]]);
    expect(await livesOf("room/revoked")).toBe(2);
    other.close();
  },
);

asleep(
  "a subscription decided under an older epoch is decided anew before the first event, and its event is not sent",
  { timeout: 120_000 },
  async () => {
    const peer = await connect("room/epoch", "mallory");
    await act("room/epoch", "ban", "mallory");
    await pause(OUT_OF_MEMORY);
    await operate("epoch");
    await act("room/epoch", "say", "secret");
    expect((await peer.arrived(1)).map((frame) => [frame["t"], frame["code"]])).toEqual([["error", "forbidden"]]);
    peer.close();
  },
);

asleep("what is too long for an attachment waits in a row", { timeout: 120_000 }, async () => {
  const options = { claims: { long: "ü".repeat(2500) }, params: { long: "x".repeat(3900) } };
  const peer = await connect("room/long", "ada", options);
  await pause(OUT_OF_MEMORY);
  const answer = await peer.call({ t: "action", name: "count", args: [] });
  expect(answer["output"]).toMatchObject({ params: options.params, identity: "ada" });
  expect(await livesOf("room/long")).toBe(2);
  peer.close();
});

asleep(
  "a peer that leaves while the object is out of memory is seen off, and what was kept for it goes",
  { timeout: 120_000 },
  async ({ expect }) => {
    const options = { claims: { long: "ü".repeat(2500) }, params: { long: "x".repeat(3900) } };
    const [long, short] = [await connect("room/leaving", "ada", options), await connect("room/leaving", "bob")];
    const object = (await (await fetch(`${workerd.url}/object?of=room/leaving`)).json()) as string;
    await expect.poll(() => keptRows(object), { interval: 200 }).toBe(1);
    await pause(OUT_OF_MEMORY);
    long.close();
    short.close();
    await Promise.all([long.closed, short.closed]);
    const look = async (): Promise<unknown> => ((await act("room/leaving", "look")) as { gone: number }).gone;
    await expect.poll(look, { interval: 100 }).toBe(2);
    expect(await livesOf("room/leaving")).toBe(2);
    expect(keptRows(object)).toBe(0);
  },
);

asleep("a schedule wakes the object, and its event reaches who slept", { timeout: 120_000 }, async () => {
  const peer = await connect("room/schedule", "ada");
  const started = Date.now();
  await peer.call({ t: "action", name: "sayIn", args: [15_000, "later"] });
  peer.fresh();
  const heard = await peer.arrived(1);
  expect(Date.now() - started).toBeGreaterThanOrEqual(15_000);
  expect(heard.map((frame) => [frame["t"], frame["args"]])).toEqual([["event", ["later"]]]);
  expect(await livesOf("room/schedule")).toBe(2);
  peer.close();
});

asleep(
  "an actor that never sleeps by itself is let go of all the same, with its connections",
  { timeout: 120_000 },
  async () => {
    const peer = await connect("restless/one", "ada");
    await pause(OUT_OF_MEMORY);
    await act("restless/one", "say", "awake");
    expect((await peer.arrived(1)).map((frame) => [frame["t"], frame["args"]])).toEqual([["event", ["awake"]]]);
    expect(await livesOf("restless/one")).toBe(2);
    peer.close();
  },
);

asleep("an object is told of revocations while it holds connections, and not after", { timeout: 120_000 }, async () => {
  const path = "room/held";
  const peer = await connect(path, "ada");
  const object = (await (await fetch(`${workerd.url}/object?of=${path}`)).json()) as string;
  await expect.poll(() => holders().includes(object)).toBe(true);
  peer.close();
  await expect.poll(() => holders().includes(object), { interval: 200 }).toBe(false);
});

asleep("a socket that never said hello is told so, and closed", { timeout: 120_000 }, async () => {
  const ws = new WebSocket(`${workerd.url.replace("http", "ws")}/actors/room/silent/connect`, ["byward.v1"]);
  const frame = await new Promise<string>((resolve) => ws.once("message", (data) => resolve(data.toString())));
  expect(JSON.parse(frame)).toMatchObject({ t: "error", code: "timed_out" });
  await expect.poll(() => ws.readyState).toBeGreaterThanOrEqual(WebSocket.CLOSING);
  ws.terminate();
});
