import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Client, createClient } from "byward/client";
import { afterAll, beforeAll, expect, test } from "vitest";
import { registry } from "./registry.ts";
import { signToken } from "./web/service.ts";

const secret = randomBytes(48).toString("base64url");
let served: Awaited<ReturnType<typeof registry.serve>>;
let dataDir: string;
const clients: Client<typeof registry>[] = [];

const clientOf = (name: string | null, admin = false): Client<typeof registry> => {
  const client = createClient<typeof registry>(served.url, {
    token: () => (name === null ? null : signToken(secret, { name, admin })),
  });
  clients.push(client);
  return client;
};
const roomOf = (name: string | null, key: string, admin = false) => clientOf(name, admin).chatRoom.getOrCreate(key);

beforeAll(async () => {
  process.env["AUTH_JWT_SECRET"] = secret;
  dataDir = await mkdtemp(join(tmpdir(), "byward-room-"));
  served = await registry.serve({ port: 0, dataDir });
});
afterAll(async () => {
  await Promise.all(clients.map((client) => client.dispose()));
  await served.close();
  await rm(dataDir, { recursive: true });
});

test("a visitor reads and does not write", async () => {
  await roomOf("alice", "read").sendMessage("hello");
  const visitor = roomOf(null, "read");
  expect(await visitor.history()).toMatchObject([{ author: "alice", text: "hello" }]);
  await expect(visitor.sendMessage("me too")).rejects.toMatchObject({ group: "auth", code: "unauthenticated" });
  expect(await visitor.history()).toHaveLength(1);
});

test("only a moderator bans, and who is banned writes no more", async () => {
  const [alice, bob, mallory] = [roomOf("alice", "ban"), roomOf("bob", "ban", true), roomOf("mallory", "ban")];
  await mallory.sendMessage("first");
  await expect(alice.ban({ userId: "mallory" as never })).rejects.toMatchObject({ code: "forbidden" });
  await mallory.sendMessage("second");
  expect(await bob.ban({ userId: "mallory" as never })).toBe(1);
  await expect(mallory.sendMessage("third")).rejects.toMatchObject({ group: "auth", code: "forbidden" });
  expect(await alice.history()).toHaveLength(2);
});

test("a reported message with a blocked word is removed by the queue, and everybody hears of it", async () => {
  const alice = roomOf("alice", "jobs");
  const { id } = (await alice.sendMessage("buy this SPAM")) as { id: number };
  const listener = roomOf(null, "jobs").connect();
  const removed = new Promise((done) => listener.on("removed", done));
  // Messages of a connection are handled in order, so the subscription stands when this is answered.
  await listener.history();
  const receipt = await alice.send("jobs", { kind: "report", messageId: id }, { wait: true, timeout: 5000 });
  expect(receipt.status).toBe("completed");
  expect(await removed).toEqual({ id });
  expect(await alice.history()).toEqual([]);
  expect(await roomOf("bob", "jobs", true).modLog()).toHaveLength(1);
});

test("a job of another shape is refused before it is queued", async () => {
  const alice = roomOf("alice", "shape");
  const send = alice.send("jobs", { kind: "report", messageId: "one" } as never, { wait: true, timeout: 1000 });
  await expect(send).rejects.toMatchObject({ group: "queue", code: "invalid_payload" });
});

test("a visitor hears no moderation", async () => {
  const listener = roomOf(null, "log").connect();
  const denied = new Promise((done) => listener.on("modLog", () => {}, { onDenied: done }));
  expect(await denied).toMatchObject({ group: "auth", code: "unauthenticated" });
});

test("raw requests: status is there, other methods are refused", async () => {
  const visitor = roomOf(null, "raw");
  expect(await (await visitor.fetch("/status")).json()).toMatchObject({ room: "raw", messages: 0 });
  expect((await visitor.fetch("/other")).status).toBe(404);
  expect((await visitor.fetch("/status", { method: "DELETE" })).status).toBe(403);
});

test("the raw socket says back what it hears", async () => {
  const socket = await roomOf(null, "raw").webSocket("/echo");
  const heard = new Promise((done) => socket.addEventListener("message", ({ data }) => done(data)));
  socket.send("ahoy");
  expect(await heard).toBe("ahoy");
  socket.close();
});
