/** Every kind of entrypoint × everything `canInvoke` may answer, over real HTTP and WebSocket: outcome, and what ran. */
import { actor, event, queue, setup, UserError, Visitor } from "byward";
import { afterAll, beforeAll, expect, test } from "vitest";
import { turns } from "../support/turns.ts";
import { get, post, serveForFile, WireSocket } from "./server.ts";

type Verdict = { readonly answer: () => unknown; readonly status: number; readonly code: string | null };

const VERDICTS: Record<string, Verdict> = {
  true: { answer: () => true, status: 200, code: null },
  "a promise of true": { answer: () => Promise.resolve(true), status: 200, code: null },
  false: { answer: () => false, status: 403, code: "forbidden" },
  "a promise of false": { answer: () => Promise.resolve(false), status: 403, code: "forbidden" },
  undefined: { answer: () => undefined, status: 500, code: "internal_error" },
  "a promise of undefined": { answer: () => Promise.resolve(undefined), status: 500, code: "internal_error" },
  null: { answer: () => null, status: 500, code: "internal_error" },
  "a promise of null": { answer: () => Promise.resolve(null), status: 500, code: "internal_error" },
  "the number 1": { answer: () => 1, status: 500, code: "internal_error" },
  "a promise of 1": { answer: () => Promise.resolve(1), status: 500, code: "internal_error" },
  'the string "yes"': { answer: () => "yes", status: 500, code: "internal_error" },
  'a promise of "yes"': { answer: () => Promise.resolve("yes"), status: 500, code: "internal_error" },
  "a Boolean object": { answer: () => new Boolean(true), status: 500, code: "internal_error" },
  "a thenable of true is a promise": {
    // biome-ignore lint/suspicious/noThenProperty: a thenable is what is tested
    answer: () => ({ then: (ok: (v: boolean) => void) => ok(true) }),
    status: 200,
    code: null,
  },
  "a getter that throws": {
    answer: () =>
      // biome-ignore lint/suspicious/noThenProperty: a getter that throws is what is tested
      Object.defineProperty({}, "then", {
        get: () => {
          throw new Error("then");
        },
      }),
    status: 500,
    code: "internal_error",
  },
  "an exception": {
    answer: () => {
      throw new Error("secret detail");
    },
    status: 500,
    code: "internal_error",
  },
  "a rejection": { answer: () => Promise.reject(new Error("secret detail")), status: 500, code: "internal_error" },
  "a UserError": {
    answer: () => {
      throw new UserError("Not today", { code: "closed" });
    },
    status: 400,
    code: "closed",
  },
  "a promise that never settles": { answer: () => new Promise(() => {}), status: 500, code: "internal_error" },
};

/** What ran, by actor key. */
const ran = new Map<string, string[]>();
const note = (key: readonly string[], what: string): void => {
  ran.set(key[0]!, [...(ran.get(key[0]!) ?? []), what]);
};
let allow = false;

/** One room per test: its key is `<kind>.<verdict>`. */
const room = actor({
  by: Visitor,
  options: { canInvokeTimeout: 60 },
  state: { touched: 0 },
  events: { news: event<string>() },
  queues: { jobs: queue<number>() },
  canInvoke: (c) => {
    c.state.touched += 1;
    const verdict = VERDICTS[c.key[0]!.slice(c.key[0]!.indexOf(".") + 1)];
    return (verdict === undefined ? allow : verdict.answer()) as boolean;
  },
  actions: {
    act: (c) => {
      note(c.key, "action");
      c.broadcast("news", "hello");
      return c.state.touched;
    },
  },
  run: async (c) => {
    for await (const message of c.queue.iter()) note(c.key, `queue:${message.body}`);
  },
  onRequest: (c) => {
    note(c.key, "request");
    return new Response("raw");
  },
  onWebSocket: (c, socket) => {
    note(c.key, "websocket");
    socket.send("raw hello");
  },
});

let url = "";
let close: () => Promise<void>;
beforeAll(async () => {
  ({ url, close } = await serveForFile(setup({ use: { room } })));
});
afterAll(() => close());

/** What ran, once as much ran as was to run and some time has passed for more of it. */
async function settled(key: string, expected: number): Promise<readonly string[]> {
  await expect.poll(() => ran.get(key)?.length ?? 0).toBeGreaterThanOrEqual(expected);
  await turns(30);
  return ran.get(key) ?? [];
}

for (const [name, { status, code }] of Object.entries(VERDICTS)) {
  const allowed = code === null;
  const address = (kind: string) => ({
    key: `${kind}.${name}`,
    url: `${url}/actors/room/${encodeURIComponent(`${kind}.${name}`)}`,
  });
  const title = (kind: string): string => `${kind}: ${name} ${allowed ? "allows" : `is ${code} and nothing runs`}`;

  test(title("action over HTTP"), async () => {
    const at = address("action");
    const reply = await post(`${at.url}/actions/act`, []);
    expect(reply.status).toBe(status);
    if (allowed) expect(reply.body).toEqual({ output: 1 });
    else expectRefusal(reply.body, code);
    expect(await settled(at.key, allowed ? 1 : 0)).toEqual(allowed ? ["action"] : []);
  });

  test(title("queue over HTTP"), async () => {
    const at = address("queue");
    const reply = await post(`${at.url}/queues/jobs`, { body: 7 });
    expect(reply.status).toBe(status);
    if (allowed) expect(reply.body).toEqual({ status: "queued" });
    else expectRefusal(reply.body, code);
    expect(await settled(at.key, allowed ? 1 : 0)).toEqual(allowed ? ["queue:7"] : []);
  });

  test(title("subscribe over HTTP"), async () => {
    const at = address("subscribe");
    const response = await fetch(`${at.url}/events/news`);
    expect(response.status).toBe(status);
    if (allowed) {
      const chunk = await response.body!.getReader().read();
      expect(new TextDecoder().decode(chunk.value)).toContain("event: ready");
    } else {
      expectRefusal(await response.json(), code);
    }
  });

  test(title("request over HTTP"), async () => {
    const at = address("request");
    const reply = await get(`${at.url}/request/status`);
    expect(reply.status).toBe(status);
    if (allowed) expect(reply.body).toBe("raw");
    else expectRefusal(reply.body, code);
    expect(await settled(at.key, allowed ? 1 : 0)).toEqual(allowed ? ["request"] : []);
  });

  test(title("websocket"), async () => {
    const at = address("websocket");
    const socket = await WireSocket.open(`${at.url}/websocket/x`);
    if (allowed) {
      expect(await socket.next((frame) => frame === "raw hello")).toBe("raw hello");
    } else {
      const { code: close } = await socket.closed;
      expect(close).toBe({ internal_error: 1011, forbidden: 3003 }[code!] ?? 1008);
      expectRefusal(socket.messages[0], code);
    }
    expect(await settled(at.key, allowed ? 1 : 0)).toEqual(allowed ? ["websocket"] : []);
  });

  test(title("action, subscribe and queue over a connection"), async () => {
    const at = address("connection");
    const socket = await WireSocket.rpc(at.url);
    await socket.next((message) => message.t === "ready");
    socket.send({ t: "subscribe", id: 1, name: "news" });
    socket.send({ t: "send", id: 2, name: "jobs", body: 8 });
    socket.send({ t: "action", id: 3, name: "act", args: [] });
    const replies = [1, 2, 3].map((id) => socket.next((message) => message.id === id));
    for (const reply of await Promise.all(replies)) {
      if (allowed) expect(reply.t).toBe("result");
      else expectRefusal(reply, code);
    }
    if (allowed) expect((await socket.next((message) => message.t === "event")).args).toEqual(["hello"]);
    expect([...(await settled(at.key, allowed ? 2 : 0))].sort()).toEqual(allowed ? ["action", "queue:8"] : []);
    expect(socket.messages.filter((message) => message.t === "event")).toHaveLength(allowed ? 1 : 0);
  });
}

function expectRefusal(body: Record<string, unknown>, code: string | null): void {
  expect(body["code"]).toBe(code);
  expect(body["group"]).toBe(code === "forbidden" ? "auth" : code === "internal_error" ? "byward" : "user");
  expect(body["correlationId"]).toMatch(/^[0-9a-f]{18}$/);
  expect(JSON.stringify(body)).not.toMatch(/secret detail|stack|\/src\//);
}

test("what canInvoke changes is dropped on denial and kept on admission", async () => {
  const call = () => post(`${url}/actors/room/staged/actions/act`, []);
  allow = true;
  expect((await call()).body).toEqual({ output: 1 });
  allow = false;
  expect((await call()).status).toBe(403);
  expect((await call()).status).toBe(403);
  allow = true;
  expect((await call()).body).toEqual({ output: 2 });
});
