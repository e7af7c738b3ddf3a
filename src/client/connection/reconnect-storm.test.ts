import { expect, test } from "vitest";
import { type Peer, ScriptedServer } from "../../../tests/client/scripted-server.ts";
import { eagerRuntime, testClient, until } from "../../../tests/client/test-runtime.ts";
import { ActorError } from "../errors.ts";
import type { ActorConn } from "../types.ts";

const KILLS = 50;

/** A server that counts, and is killed at any moment. What ran survives it; what was promised is checked afterwards. */
class CountingServer {
  readonly http = new ScriptedServer();
  /** How often each action ran, by its argument. */
  readonly ran = new Map<number, number>();
  /** Queue messages, by idempotency id. */
  readonly queued = new Map<string, unknown>();

  async serve(): Promise<void> {
    for (;;) void this.#talk(await this.http.peers.next());
  }

  async #talk(peer: Peer): Promise<void> {
    await peer.admit();
    for (;;) {
      const message = await peer.messages.next();
      if (message.t === "hello" || message.t === "unsubscribe" || message.t === "renew") throw new Error(message.t);
      if (message.t === "action") this.#run(message.args[0] as number);
      if (message.t === "send") this.queued.set(message.key!, message.body);
      peer.send(
        { t: "result", id: message.id, output: message.t === "action" ? message.args[0] : { status: "queued" } },
        ...(message.t === "subscribe" ? [{ t: "event", name: message.name, args: ["subscribed"] } as const] : []),
      );
    }
  }

  #run(n: number): void {
    this.ran.set(n, (this.ran.get(n) ?? 0) + 1);
  }
}

test("over 50 kills of the server nothing runs twice, nothing is dropped in silence, and nothing sticks", async () => {
  const server = new CountingServer();
  await server.http.start();
  void server.serve();
  const random = (): number => Math.random() * 0.02;
  const client = testClient({ endpoint: server.http.url, token: () => "t" }, eagerRuntime({ random }));
  const conn = client.getOrCreate("room").connect();
  const outcomes = new Map<number, string>();
  let greetings = 0;
  let sent = 0;
  conn.on("news", () => greetings++);
  let next = 0;
  let isOver = false;
  const chat = async (): Promise<void> => {
    while (!isOver) {
      const n = next++;
      const call = conn["say"]!(n).then(
        (output) => outcomes.set(n, output === n ? "ok" : "wrong answer"),
        (error: unknown) => outcomes.set(n, error instanceof ActorError ? error.code : String(error)),
      );
      if (n % 3 === 0) {
        sent++;
        await conn.send("jobs", n);
      }
      await call;
      await new Promise((turn) => setTimeout(turn, 1));
    }
  };
  const chatters = [chat(), chat(), chat()];
  for (let i = 0; i < KILLS; i++) {
    await new Promise((wait) => setTimeout(wait, Math.random() * 20));
    await server.http.stop();
    await new Promise((wait) => setTimeout(wait, Math.random() * 10));
    const before = greetings;
    await server.http.start();
    if (i % 5 === 0) await until(() => greetings > before);
  }
  await until(() => conn.isConnected);
  isOver = true;
  await Promise.all(chatters);

  expect([...server.ran.values()].filter((times) => times > 1)).toStrictEqual([]);
  expect(outcomes.size).toBe(next);
  const count = (outcome: string): number => [...outcomes.values()].filter((other) => other === outcome).length;
  console.log(`${next} actions: ${count("ok")} answered, ${count("connection_lost")} lost with a word; ${sent} sends`);
  expect(count("ok") + count("connection_lost")).toBe(next);
  for (const [n, outcome] of outcomes) if (outcome === "ok") expect(server.ran.get(n)).toBe(1);
  expect(server.queued.size).toBe(sent);
  await alive(conn, server, greetings);
  await client.dispose();
  await server.http.stop();
});

/** The connection that came through still answers, and its subscription stands. */
const alive = async (conn: ActorConn, server: CountingServer, greetings: number): Promise<void> => {
  expect(await conn["say"]!(-1)).toBe(-1);
  expect(greetings).toBeGreaterThanOrEqual(KILLS / 5);
  expect(server.http.peers.all.at(-1)?.messages.all.filter(({ t }) => t === "subscribe")).toHaveLength(1);
};
