/** What the tests of several threads serve: actors that say in which thread they run, services, and ways to die. */
import { appendFileSync } from "node:fs";
import { isMainThread, threadId } from "node:worker_threads";
import { z } from "zod";
import { actor } from "../../src/actors/define.ts";
import { event, queue } from "../../src/actors/tokens.ts";
import { UserError } from "../../src/boundary/errors.ts";
import { anyOf, Caller, party, Visitor } from "../../src/boundary/party.ts";
import { bearer } from "../../src/boundary/schemes/bearer.ts";
import { setup } from "../../src/index.node.ts";
import type { Registry } from "../../src/registry/registry.ts";
import { service } from "../../src/services/define.ts";

export const SECRET = "a-test-secret-of-at-least-32-bytes!!";
export const User = party("User", { auth: bearer({ secret: async () => SECRET }) });

type Answers = Record<string, (...args: unknown[]) => Promise<unknown>>;
interface Nodes {
  readonly node: { getOrCreate(key: string): Answers };
}

export const api = service({
  by: Visitor,
  routes: {
    "GET /where": { handle: () => ({ main: isMainThread }) },
    "GET /ask/:key": {
      handle: async (c) => ({ who: await (c.client() as unknown as Nodes).node.getOrCreate(c.params.key).who?.() }),
    },
  },
  calls: { double: { handle: (_c, value: number) => ({ value: value * 2, main: isMainThread }) } },
  queues: {
    notes: {
      message: z.string(),
      handle: async (c, message) => {
        await (c.client() as unknown as Nodes).node.getOrCreate("notes").note?.(message.body);
      },
    },
  },
});

/** The registry of this thread, once it is made: actions of operators use it. */
const operator: { current: Pick<Registry, "revoke" | "bumpEpoch"> | null } = { current: null };

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

const node = actor({
  by: anyOf(User, Caller, Visitor),
  state: { count: 0, ids: new Map<string, number>(), notes: [] as string[], lives: 0, slept: 0, isShut: false },
  events: { tick: event<number>() },
  queues: { jobs: queue<string, string>() },
  options: { noSleep: true },
  canInvoke: (c, invoke) => {
    if (invoke.kind === "subscribe") return !c.state.isShut;
    return invoke.kind !== "action" || invoke.name !== "secret" || c.caller.party !== "Visitor";
  },
  onWake: (c) => {
    c.state.lives += 1;
    const wakes = process.env["BYWARD_TEST_WAKES"];
    if (wakes !== undefined) appendFileSync(wakes, `${c.key.join()} ${threadId}\n`);
  },
  onSleep: (c) => {
    c.state.slept += 1;
  },
  run: async (c) => {
    for await (const message of c.queue.iter({ completable: true })) {
      c.state.notes.push(message.body);
      await message.complete(`did ${message.body} in ${threadId}`);
    }
  },
  actions: {
    thread: () => threadId,
    secret: () => "told",
    lives: (c) => ({ lives: c.state.lives, slept: c.state.slept }),
    add: (c, id: string) => {
      c.state.ids.set(id, (c.state.ids.get(id) ?? 0) + 1);
      c.state.count += 1;
      c.broadcast("tick", c.state.count);
      return c.state.count;
    },
    ids: (c) => c.state.ids,
    shut: (c) => {
      c.state.isShut = true;
    },
    note: (c, text: string) => {
      c.state.notes.push(text);
    },
    notes: (c) => [...c.state.notes],
    who: (c) => ({
      party: c.caller.party,
      identity: "identity" in c.caller ? c.caller.identity : null,
      behalf: (c.caller as { onBehalfOf?: { identity: unknown } | null }).onBehalfOf?.identity ?? null,
      thread: threadId,
    }),
    fail: (_c, kind: string) => {
      if (kind === "user") throw new UserError("not today", { code: "closed", metadata: { until: 9 } });
      throw new TypeError("a bug with a secret in its message");
    },
    ask: (c, key: string, action: string, ...args: unknown[]) =>
      c.client().getOrCreate("node", key).action({ name: action, args }),
    askById: (c, id: string) => c.client().getForId("node", id).action({ name: "thread" }),
    resolve: (c, key: string) => c.client().getOrCreate("node", key).resolve(),
    send: (c, key: string, body: string) =>
      c.client().getOrCreate("node", key).send("jobs", body, { wait: true, timeout: 30_000 }),
    fetch: async (c, key: string, size: number) => {
      const body = new Uint8Array(size).fill(7);
      const response = await c.client().getOrCreate("node", key).fetch("/echo?x=1", { method: "POST", body });
      const bytes = new Uint8Array(await response.arrayBuffer());
      return { status: response.status, size: bytes.length, sum: bytes.reduce((sum, byte) => sum + byte, 0) };
    },
    listen: async (c, key: string) => {
      const connection = c.client().getOrCreate("node", key).connect();
      const heard: number[] = [];
      const done = new Promise<void>((resolve) => {
        connection.on("tick", (count: unknown) => {
          heard.push(count as number);
          if (heard.length === 3) resolve();
        });
      });
      await connection.action({ name: "thread" });
      await pause(50);
      for (let at = 0; at < 3; at++) await connection.action({ name: "add", args: [`listened-${at}`] });
      await done;
      await connection.dispose();
      return heard;
    },
    socket: async (c, key: string, text: string) => {
      const socket = await c.client().getOrCreate("node", key).webSocket("/room");
      const answer = new Promise<string>((resolve) => {
        socket.addEventListener("message", (message) => resolve(String((message as MessageEvent).data)));
      });
      socket.send(text);
      const said = await answer;
      socket.close();
      return said;
    },
    callService: (c, value: number) => c.call(api.calls.double)(value),
    sendService: (c, text: string) => c.send(api.queues.notes, text),
    slow: async (c, ms: number) => {
      c.state.notes.push("slow");
      await pause(ms);
      c.state.count += 1;
      return c.state.count;
    },
    burn: (_c, ms: number) => {
      const until = performance.now() + ms;
      while (performance.now() < until);
      return true;
    },
    /** Takes its thread down, a moment after it was answered. */
    die: (_c, how: string) => {
      setTimeout(() => {
        if (how === "exit") process.exit(7);
        throw new Error("a shard dies of this");
      }, 1);
    },
    banish: async (_c, who: string) => (await operator.current!.revoke({ party: "User", identity: who })).closed,
    raise: () => operator.current!.bumpEpoch(),
    hang: (c) => {
      c.state.notes.push("hang");
      return pause(60_000);
    },
  },
  onRequest: async (c, request) => {
    const url = new URL(request.url);
    if (url.pathname === "/gone") {
      request.signal.addEventListener("abort", () => {
        c.state.notes.push("gone");
      });
      c.state.notes.push("asked");
      await pause(3000);
      return new Response("late");
    }
    if (url.pathname === "/drip") {
      let left = Number(url.searchParams.get("n"));
      return new Response(
        new ReadableStream<Uint8Array>({
          pull: (controller) => {
            left -= 1;
            controller.enqueue(new Uint8Array(65_536).fill(1));
            if (left === 0) controller.close();
          },
        }),
      );
    }
    return new Response(request.body, { headers: { "x-path": url.pathname } });
  },
  onWebSocket: (_c, socket) => {
    socket.addEventListener("message", ({ data }) =>
      socket.send(typeof data === "string" ? `${threadId}:${data}` : data),
    );
  },
});

export const build = (more: Partial<Parameters<typeof setup>[0]> = {}) =>
  setup({ use: { node }, services: { api }, cors: { origins: ["https://page.example"] }, ...more });

export const registry = build();
operator.current = registry;
