/** The chat's room on Durable Objects, without a changed line: all five kinds, allowed and denied, expiry, revocation, restart. */
import { fileURLToPath } from "node:url";
import { createClient } from "byward/client";
import { SignJWT } from "jose";
import { expect, onTestFinished, test } from "vitest";
import { hasWorkerd, startWorker } from "./workerd.ts";

const SECRET = "chat-secret-of-at-least-thirty-two-bytes";
const entry = fileURLToPath(new URL("chat.worker.ts", import.meta.url));

const sign = (name: string, lifetime = "10m", claims = {}): Promise<string> =>
  new SignJWT(claims)
    .setProtectedHeader({ alg: "HS256" })
    .setSubject(name)
    .setAudience("chat")
    .setIssuedAt()
    .setExpirationTime(lifetime)
    .sign(new TextEncoder().encode(SECRET));

const codeOf = async (call: Promise<unknown>): Promise<string> => {
  try {
    await call;
    return "ok";
  } catch (error) {
    return (error as { code: string }).code;
  }
};

test.skipIf(!hasWorkerd)("the chat's room runs on Durable Objects as it stands", async () => {
  const workerd = await startWorker({ entry, env: { AUTH_JWT_SECRET: SECRET } });
  onTestFinished(() => workerd.stop());
  const lobbyOf = (token?: string) => {
    const client = createClient(workerd.url, token === undefined ? {} : { token });
    onTestFinished(() => client.dispose());
    return client.getOrCreate("chatRoom", "lobby");
  };
  const alice = lobbyOf(await sign("alice"));
  const admin = lobbyOf(await sign("root", "10m", { admin: true }));
  const visitor = lobbyOf();

  const heard: string[] = [];
  const removed: number[] = [];
  const listener = visitor.connect();
  listener.on("messages", (message) => void heard.push((message as { text: string }).text));
  listener.on("removed", (event) => void removed.push((event as { id: number }).id));
  await listener.action({ name: "history" });

  await alice.action({ name: "sendMessage", args: ["hello"] });
  expect(await codeOf(visitor.action({ name: "sendMessage", args: ["no"] }))).toBe("unauthenticated");
  expect(await codeOf(alice.action({ name: "ban", args: [{ userId: "bob" }] }))).toBe("forbidden");
  expect(await codeOf(alice.action({ name: "sendMessage", args: [""] }))).toBe("empty");
  await expect.poll(() => heard).toEqual(["hello"]);

  const { id } = (await alice.action({ name: "sendMessage", args: ["buy spam now"] })) as { id: number };
  expect(await codeOf(visitor.send("jobs", { kind: "report", messageId: id }))).toBe("unauthenticated");
  const receipt = await alice.send("jobs", { kind: "report", messageId: id }, { wait: true, timeout: 30_000 });
  expect(receipt).toMatchObject({ status: "completed" });
  expect(await codeOf(alice.action({ name: "modLog" }))).toBe("forbidden");
  expect(await admin.action({ name: "modLog" })).toHaveLength(1);

  expect((await visitor.fetch("/status")).status).toBe(200);
  expect((await visitor.fetch("/status", { method: "POST" })).status).toBe(403);
  const socket = await visitor.webSocket("/echo");
  const echoed = new Promise((resolve) => {
    socket.onmessage = ({ data }: MessageEvent) => resolve(data);
  });
  socket.send("over a raw socket");
  expect(await echoed).toBe("over a raw socket");
  socket.close();

  const brief = lobbyOf(await sign("carol", "1s"));
  await new Promise((resolve) => setTimeout(resolve, 1500));
  expect(await codeOf(brief.action({ name: "sendMessage", args: ["late"] }))).toBe("expired");

  const body = JSON.stringify({ party: "User", identity: "alice" });
  expect((await fetch(`${workerd.url}/operator/revoke`, { method: "POST", body })).status).toBe(200);
  expect(await codeOf(alice.action({ name: "sendMessage", args: ["revoked"] }))).toBe("unauthenticated");

  await workerd.restart();
  const history = (await lobbyOf().action({ name: "history" })) as { text: string }[];
  expect(history.map(({ text }) => text)).toContain("hello");
  expect(await codeOf(alice.action({ name: "sendMessage", args: ["revoked"] }))).toBe("unauthenticated");
});
