/**
 * The chat example from outside, the same on every host: five kinds, allowed and denied; a credential that expires, one that is
 * revoked, and a host that stops and starts again. Rejects with what is wrong.
 */
import assert from "node:assert/strict";
import type { RunningHost } from "byward/testing";
import { mintBearer } from "../../src/boundary/mint.ts";

export const CHAT_SECRET = "the-secret-of-the-chat-of-32-bytes-or-more";
const ROOM = "/actors/chatRoom/lobby";
const PATIENCE = 30_000;
const STEP = 50;

interface Message {
  readonly author: string;
  readonly text: string;
}

export async function driveChat(host: RunningHost): Promise<void> {
  const chat = new Chat(host);
  try {
    await actions(chat);
    await queue(chat);
    await subscriptions(chat);
    await requests(chat);
    await sockets(chat);
    await expiry(chat);
    await revocation(chat);
    await restart(chat);
  } finally {
    await chat.dispose();
  }
}

class Chat {
  readonly host: RunningHost;
  readonly #clients: { dispose(): Promise<void> }[] = [];

  constructor(host: RunningHost) {
    this.host = host;
  }

  token(name: string, { admin = false, seconds = 3600 } = {}): Promise<string> {
    const claims = { aud: "chat", ...(admin ? { admin } : {}) };
    const minted = mintBearer({
      secret: CHAT_SECRET,
      subject: name,
      now: this.host.now(),
      expiresIn: seconds,
      claims,
    });
    return this.host.track?.(minted) ?? minted;
  }

  /** The room, as somebody, an admin, or nobody. */
  async room(name: string | null, options: { admin?: boolean; seconds?: number } = {}) {
    const token = name === null ? null : await this.token(name, options);
    const client = this.host.createClient(token === null ? {} : { token });
    this.#clients.push(client);
    return client.getOrCreate("chatRoom", "lobby");
  }

  async until(isTrue: () => Promise<boolean> | boolean, what: string): Promise<void> {
    for (let waited = 0; waited <= PATIENCE; waited += STEP) {
      if (await isTrue()) return;
      await this.host.elapse(STEP);
    }
    assert.fail(`Not in ${PATIENCE} ms: ${what}`);
  }

  async dispose(): Promise<void> {
    await Promise.all(this.#clients.map((client) => client.dispose()));
  }
}

type Room = Awaited<ReturnType<Chat["room"]>>;
const say = (room: Room, text: string): Promise<unknown> => room.action({ name: "sendMessage", args: [text] });
const history = async (room: Room): Promise<readonly Message[]> =>
  (await room.action({ name: "history", args: [] })) as readonly Message[];

async function refused(call: Promise<unknown>, code: string, what: string): Promise<void> {
  await assert.rejects(call, { code }, what);
}

async function actions(chat: Chat): Promise<void> {
  const [alice, visitor] = [await chat.room("alice"), await chat.room(null)];
  await say(alice, "hello");
  await refused(say(visitor, "me too"), "unauthenticated", "a visitor writes");
  await refused(alice.action({ name: "ban", args: [{ userId: "bob" }] }), "forbidden", "a user bans");
  await refused(alice.action({ name: "constructor", args: [] }), "forbidden", "a name of the language is called");
  assert.deepEqual(
    (await history(visitor)).map(({ text }) => text),
    ["hello"],
    "what was refused did not run",
  );
}

async function queue(chat: Chat): Promise<void> {
  const [alice, visitor, moderator] = [
    await chat.room("alice"),
    await chat.room(null),
    await chat.room("mona", { admin: true }),
  ];
  const spam = (await say(alice, "buy this spam")) as { id: number };
  await refused(visitor.send("jobs", { kind: "report", messageId: spam.id }), "unauthenticated", "a visitor reports");
  assert.equal((await history(visitor)).length, 2, "the refused report did nothing");
  const receipt = await alice.send("jobs", { kind: "report", messageId: spam.id }, { wait: true, timeout: 30_000 });
  assert.equal((receipt as { status: string }).status, "completed");
  await chat.until(async () => (await history(visitor)).length === 1, "the reported message is removed");
  const log = (await moderator.action({ name: "modLog", args: [] })) as readonly { text: string }[];
  assert.equal(log.length, 1, "the report was handled once");
}

async function subscriptions(chat: Chat): Promise<void> {
  const [alice, mona] = [await chat.room("alice"), await chat.room("mona", { admin: true })];
  const listener = mona.connect();
  const heard: string[] = [];
  listener.on("modLog", (entry) => void heard.push((entry as { text: string }).text));
  await listener.action({ name: "modLog", args: [] });
  const eavesdropper = alice.connect();
  const overheard: unknown[] = [];
  let failure = "";
  eavesdropper.onError(({ code }: { code: string }) => {
    failure ||= code;
  });
  eavesdropper.on("modLog", (entry: unknown) => void overheard.push(entry));
  await chat.until(() => failure !== "", "the subscription is refused");
  assert.equal(failure, "forbidden");
  await mona.action({ name: "ban", args: [{ userId: "mallory" }] });
  await chat.until(() => heard.length === 1, "the moderator hears");
  assert.deepEqual(heard, ["mona banned mallory"]);
  assert.deepEqual(overheard, [], "who was refused heard nothing");
  const mallory = await chat.room("mallory");
  await refused(say(mallory, "hello?"), "forbidden", "who is banned writes");
  await listener.dispose();
  await eavesdropper.dispose();
}

async function requests(chat: Chat): Promise<void> {
  const status = await chat.host.fetch(`${ROOM}/request/status`);
  assert.equal(status.status, 200);
  assert.equal(((await status.json()) as { room: string }).room, "lobby");
  const posted = await chat.host.fetch(`${ROOM}/request/status`, { method: "POST", body: "x" });
  assert.equal(posted.status, 403, "POST is not for anybody");
  const forged = await chat.host.fetch(`${ROOM}/actions/sendMessage`, {
    method: "POST",
    headers: { "content-type": "application/json", "x-byward-caller": "mona" },
    body: '["forged"]',
  });
  assert.equal(forged.status, 401, "a header that claims to be internal");
  const told = (await forged.json()) as object;
  assert.deepEqual(Object.keys(told).toSorted(), ["code", "correlationId", "group", "message"]);
}

async function sockets(chat: Chat): Promise<void> {
  const alice = await chat.room("alice");
  const socket = await alice.webSocket("/echo");
  const heard: unknown[] = [];
  socket.addEventListener("message", ({ data }: { data: unknown }) => void heard.push(data));
  socket.send("echo this");
  await chat.until(() => heard.length === 1, "the echo comes");
  assert.deepEqual(heard, ["echo this"]);
  socket.close();
  const client = chat.host.createClient({ token: "not.a.token" });
  await refused(
    client.getOrCreate("chatRoom", "lobby").webSocket("/echo"),
    "unauthenticated",
    "a token that is none opens a socket",
  );
  await client.dispose();
}

async function expiry(chat: Chat): Promise<void> {
  const listener = (await chat.room("eve", { seconds: 6 })).connect();
  const heard: Message[] = [];
  listener.on("messages", (message) => void heard.push(message as Message));
  await listener.action({ name: "history", args: [] });
  const alice = await chat.room("alice");
  await say(alice, "before");
  await chat.until(() => heard.length === 1, "the message before comes");
  await chat.host.elapse(6500);
  await say(alice, "after");
  await chat.host.elapse(300);
  assert.deepEqual(
    heard.map(({ text }) => text),
    ["before"],
    "nothing is delivered under an expired credential",
  );
  await listener.dispose();
  const late = await chat.host.fetch(`${ROOM}/actions/sendMessage`, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      authorization: `Bearer ${await chat.token("eve", { seconds: -60 })}`,
    },
    body: '["late"]',
  });
  assert.equal(late.status, 401, "an expired token");
}

async function revocation(chat: Chat): Promise<void> {
  const dave = await chat.room("dave");
  const listener = dave.connect();
  const heard: Message[] = [];
  listener.on("messages", (message) => void heard.push(message as Message));
  await listener.action({ name: "history", args: [] });
  await chat.host.revoke({ party: "User", identity: "dave" });
  await say(await chat.room("alice"), "dave is gone");
  await chat.host.elapse(300);
  assert.deepEqual(heard, [], "nothing is delivered under a revoked credential");
  await refused(say(dave, "still here"), "unauthenticated", "a revoked token writes");
  await listener.dispose();
}

async function restart(chat: Chat): Promise<void> {
  const before = await history(await chat.room(null));
  await chat.host.restart();
  assert.deepEqual(await history(await chat.room(null)), before, "what was written is there after a restart");
  await refused(say(await chat.room("mallory"), "again"), "forbidden", "a ban outlives a restart");
  await say(await chat.room("alice"), "good morning");
}
