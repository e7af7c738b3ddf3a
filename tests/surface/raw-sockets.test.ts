/** Raw sockets: what they send waits for the disk, what they receive from queues is ended, and they outlive their actor's sleep. */
import { actor, bearer, party, queue, type RawSocket, setup, Visitor } from "byward";
import { setupTest, type TestKit } from "byward/testing";
import { expect, test } from "vitest";
import { turns } from "../support/turns.ts";

const User = party("User", { auth: bearer({ secret: "USER_SECRET" }) });

interface Seen {
  lives: number;
  asked: number;
  readonly hooks: string[];
}
const seen: Seen = { lives: 0, asked: 0, hooks: [] };
const knobs = { isAllowed: true };

const room = actor({
  by: User,
  state: { frames: 0 },
  vars: { sockets: [] as RawSocket[] },
  connState: { mine: 0 },
  options: { sleepTimeout: 1000, canHibernateWebSocket: (request) => !request.url.endsWith("/awake") },
  canInvoke: async (_c, invoke) => {
    if (invoke.kind !== "websocket") return true;
    seen.asked += 1;
    await Promise.resolve();
    return knobs.isAllowed;
  },
  onWake: () => {
    seen.lives += 1;
  },
  onSleep: () => void seen.hooks.push("sleep"),
  onConnect: () => void seen.hooks.push("connect"),
  onDisconnect: () => void seen.hooks.push("disconnect"),
  onWebSocket: (c, socket) => {
    seen.hooks.push(`socket ${socket.readyState}`);
    c.vars.sockets.push(socket);
    socket.addEventListener("open", () => seen.hooks.push("open"));
    socket.addEventListener("close", ({ code }) => seen.hooks.push(`close ${code}`));
    socket.addEventListener("message", ({ data }) => {
      c.state.frames += 1;
      c.conn.state.mine += 1;
      socket.send(`${String(data)} ${c.state.frames} ${c.conn.state.mine} ${c.conn.id.length} ${c.caller.identity}`);
    });
  },
  actions: {
    push: (c, text: string) => {
      for (const socket of c.vars.sockets) socket.send(text);
    },
    frames: (c) => c.state.frames,
    conns: (c) => [...c.conns.values()].map((conn) => conn.isHibernatable),
  },
});
const registry = setup({ use: { room } });

const open = async (t: object, path = "/") => {
  seen.lives = 0;
  seen.asked = 0;
  seen.hooks.length = 0;
  knobs.isAllowed = true;
  const kit = await setupTest(t as never, registry);
  const client = kit.as(User, { sub: "ann", expiresIn: 3600 });
  const handle = client.room.getOrCreate("r");
  const socket = await handle.webSocket(path);
  const heard: string[] = [];
  const closed: { code: number; reason: string }[] = [];
  socket.addEventListener("message", ({ data }) => heard.push(data as string));
  socket.addEventListener("close", ({ code, reason }) => closed.push({ code, reason }));
  await kit.clock.settle();
  return { kit, handle, socket, heard, closed };
};

test("a socket that may hibernate stays while its actor sleeps, and a frame wakes it: same connection, no connection hooks", async (t) => {
  const { kit, socket, heard, closed } = await open(t);
  socket.send("one");
  await kit.clock.advance(5000);
  expect(seen.hooks).toEqual(["connect", "socket 0", "open", "sleep"]);
  socket.send("two");
  socket.send("three");
  await kit.clock.settle();
  expect(heard).toEqual(["one 1 1 18 ann", "two 2 2 18 ann", "three 3 3 18 ann"]);
  expect([seen.lives, closed]).toEqual([2, []]);
  expect(seen.hooks).toEqual(["connect", "socket 0", "open", "sleep", "socket 1"]);
  socket.close();
  await kit.clock.settle();
  expect(seen.hooks.slice(5)).toEqual(["close 1000", "disconnect"]);
});

test("many sleeps later it is the same socket, and nothing is lost or doubled", async (t) => {
  const { kit, socket, heard } = await open(t);
  for (let round = 1; round <= 20; round++) {
    await kit.clock.advance(5000);
    for (let frame = 0; frame < 3; frame++) socket.send(`${round}.${frame}`);
    await kit.clock.settle();
  }
  expect(heard.map((line) => line.split(" ")[1])).toEqual(Array.from({ length: 60 }, (_, index) => String(index + 1)));
  expect(seen.lives).toBe(21);
});

test("an action wakes the actor too, and its handler has the socket again", async (t) => {
  const { kit, handle, socket, heard } = await open(t);
  await kit.clock.advance(5000);
  expect(await handle.conns()).toEqual([true, false]);
  expect(seen.hooks.filter((hook) => hook.startsWith("socket"))).toEqual(["socket 0", "socket 1"]);
  socket.send("x");
  await kit.clock.settle();
  expect(heard).toEqual(["x 1 1 18 ann"]);
});

test("on waking the decision is taken again: who is denied now is closed, and no handler runs", async (t) => {
  const { kit, socket, heard, closed } = await open(t);
  await kit.clock.advance(5000);
  knobs.isAllowed = false;
  socket.send("x");
  await kit.clock.settle();
  expect(closed).toEqual([{ code: 3003, reason: "auth/forbidden" }]);
  expect(heard).toEqual([]);
  expect(seen.hooks.filter((hook) => hook.startsWith("socket"))).toEqual(["socket 0"]);
  const { runtime } = await kit.registry.edge();
  expect(
    runtime.decisions
      .recent()
      .filter(({ kind }) => kind === "websocket")
      .map(({ outcome }) => outcome),
  ).toEqual(["ok", "forbidden"]);
});

test("the end of the lease and a revocation close it at that instant, asleep or not", async (t) => {
  const { kit, closed } = await open(t);
  await kit.clock.advance(5000);
  await kit.registry.revoke({ party: "User", identity: "ann" });
  await kit.clock.settle();
  expect(closed).toEqual([{ code: 3000, reason: "auth/unauthenticated" }]);
  const late = await open(t);
  await late.kit.clock.advance(3_700_000);
  expect(late.closed).toEqual([{ code: 3000, reason: "auth/expired" }]);
  expect(seen.lives).toBeLessThanOrEqual(2);
});

test("after the policy epoch is raised, frames wait for a new decision, both ways and in order", async (t) => {
  const { kit, handle, socket, heard, closed } = await open(t, "/awake");
  socket.send("one");
  await kit.clock.settle();
  await kit.registry.bumpEpoch();
  socket.send("two");
  socket.send("three");
  await handle.push("four");
  await kit.clock.settle();
  expect(heard.map((text) => text.split(" ")[0])).toEqual(["one", "two", "three", "four"]);
  expect([seen.asked, closed]).toEqual([2, []]);
});

for (const way of ["in", "out"] as const) {
  test(`who is denied under the new epoch is closed, and nothing passes (${way})`, async (t) => {
    const { kit, handle, socket, heard, closed } = await open(t, "/awake");
    knobs.isAllowed = false;
    await kit.registry.bumpEpoch();
    if (way === "in") socket.send("x");
    else await handle.push("x");
    await kit.clock.settle();
    expect([heard, closed]).toEqual([[], [{ code: 3003, reason: "auth/forbidden" }]]);
    expect(await handle.frames()).toBe(0);
  });
}

test("a peer that leaves while the actor sleeps is told to onDisconnect", async (t) => {
  const { kit, socket } = await open(t);
  await kit.clock.advance(5000);
  socket.close(4000, "bye");
  await kit.clock.settle();
  expect(seen.hooks.at(-1)).toBe("disconnect");
});

test("a socket that may not hibernate keeps its actor awake", async (t) => {
  const { kit, handle } = await open(t, "/awake");
  await kit.clock.advance(60_000);
  expect(seen.hooks).not.toContain("sleep");
  expect(await handle.conns()).toEqual([false, false]);
});

test("frames that come while the actor wakes are bounded", async (t) => {
  const { kit, socket, closed } = await open(t);
  await kit.clock.advance(5000);
  for (let frame = 0; frame < 300; frame++) socket.send("x");
  await kit.clock.settle();
  expect(closed).toEqual([{ code: 1013, reason: "byward/overloaded" }]);
});

/** Commits that wait until they are let go. */
async function holdCommits(kit: Pick<TestKit<typeof senders>, "registry">): Promise<{ release(): void; fail(): void }> {
  const { store } = (await kit.registry.edge()).runtime.host as unknown as {
    store: { commit(writes: unknown): Promise<void> };
  };
  const commit = store.commit.bind(store);
  const waiting: { go(): void; fail(): void }[] = [];
  Object.defineProperty(store, "commit", {
    configurable: true,
    value: (writes: unknown) =>
      new Promise<void>((resolve, reject) => {
        waiting.push({ go: () => resolve(commit(writes)), fail: () => reject(new Error("the disk is gone")) });
      }),
  });
  const all = (how: "go" | "fail") => (): void => {
    Object.defineProperty(store, "commit", { configurable: true, value: commit });
    for (const one of waiting) one[how]();
  };
  return { release: all("go"), fail: all("fail") };
}

/** The kit's clock waits for the store, which waits here. */
const underWay = (): Promise<void> => turns(20);

const sender = actor({
  by: Visitor,
  state: { n: 0 },
  onWebSocket: (c, socket) => {
    socket.addEventListener("message", ({ data }) => {
      if (data === "quiet") {
        socket.send("quiet");
        return;
      }
      c.state.n += 1;
      const bytes = new Uint8Array([c.state.n]);
      socket.send(`text ${c.state.n}`);
      socket.send(bytes);
      // What waits is what was sent.
      bytes[0] = 99;
      socket.send(new Blob([`blob ${c.state.n}`]));
      socket.send("last");
      if (data === "close") socket.close(4001, "done");
    });
  },
  actions: { n: (c) => c.state.n },
});
const senders = setup({ use: { sender } });

const openSender = async (t: object) => {
  const kit = await setupTest(t as never, senders);
  const socket = await kit.client.sender.getOrCreate("s").webSocket();
  socket.binaryType = "arraybuffer";
  const heard: unknown[] = [];
  const text = new TextDecoder();
  socket.addEventListener("message", ({ data }) => {
    heard.push(typeof data === "string" ? data : data.byteLength === 1 ? new Uint8Array(data)[0] : text.decode(data));
  });
  socket.addEventListener("close", ({ code }) => heard.push(code));
  await kit.clock.settle();
  return { kit, socket, heard };
};

test("what a raw handler sends after it changed state leaves when that is durable, in order, the close after it", async (t) => {
  const { kit, socket, heard } = await openSender(t);
  const commits = await holdCommits(kit);
  socket.send("close");
  await underWay();
  expect(heard).toEqual([]);
  commits.release();
  await kit.clock.settle();
  expect(heard).toEqual(["text 1", 1, "blob 1", "last", 4001]);
});

test("with nothing to be written it leaves at once", async (t) => {
  const { kit, socket, heard } = await openSender(t);
  await holdCommits(kit);
  socket.send("quiet");
  await underWay();
  expect(heard).toEqual(["quiet"]);
});

test("what rests on a commit that failed never leaves", async (t) => {
  const { kit, socket, heard } = await openSender(t);
  const commits = await holdCommits(kit);
  socket.send("x");
  await underWay();
  commits.fail();
  await kit.clock.advance(1000);
  expect(heard.filter((frame) => typeof frame === "string")).toEqual([]);
  expect(await kit.client.sender.getOrCreate("s").n()).toBe(0);
});

const flood = actor({
  by: Visitor,
  onWebSocket: (_c, socket) => {
    socket.addEventListener("message", () => {
      for (let count = 0; count < 100; count++) socket.send("x".repeat(100_000));
    });
  },
});

test("a handler that sends more than a peer reads is cut off, not buffered without end", async () => {
  const kit = await setupTest(null, setup({ use: { flood }, limits: { maxBufferedBytes: 1_000_000 } }));
  try {
    const { serve } = await (await kit.registry.edge()).upgrade({
      method: "GET",
      path: "/actors/flood/a/websocket/",
      query: "",
      origin: kit.url,
      remoteAddress: "127.0.0.1",
      header: () => null,
      headers: () => [][Symbol.iterator]() as never,
      bytes: () => Promise.resolve(new Uint8Array()),
      stream: () => null,
      signal: new AbortController().signal,
    });
    let bufferedAmount = 0;
    let handlers: { message(data: string): void } | undefined;
    const ended: unknown[] = [];
    serve({
      protocol: "",
      get bufferedAmount() {
        return bufferedAmount;
      },
      send: (data) => {
        bufferedAmount += data.length;
      },
      close: (code, reason) => ended.push(code, reason),
      terminate: () => ended.push("terminated"),
      attach: (given) => {
        handlers = given;
      },
    });
    await kit.clock.settle();
    handlers!.message("go");
    await kit.clock.settle();
    expect(ended).toEqual([1013, "byward/overloaded", "terminated"]);
    expect(bufferedAmount).toBeLessThan(1_200_000);
  } finally {
    await kit.dispose();
  }
});

const worker = actor({
  by: Visitor,
  state: { handled: [] as string[] },
  queues: { jobs: queue<string>({ maxAttempts: 100 }) },
  onWebSocket: async (c, socket) => {
    if (c.request.url.endsWith("/listens")) {
      socket.addEventListener("message", () => {
        void c.queue.next().then((job) => {
          c.state.handled.push(`listener ${job!.body} ${job!.attempt}`);
          socket.send(job!.body);
        });
      });
      return;
    }
    for (;;) {
      const job = await c.queue.next();
      if (job!.body === "break") throw new Error("cannot do it");
      c.state.handled.push(`${job!.body} ${job!.attempt}`);
      socket.send(job!.body);
      if (job!.body === "stuck") await new Promise(() => {});
    }
  },
  actions: {
    handled: (c) => [...c.state.handled],
    take: async (c) => (await c.queue.tryNext())?.attempt,
    waiting: async (c) => c.queue.next({ timeout: 60_000 }),
  },
});
const workers = setup({ use: { worker } });

const openWorker = async (t: object, path = "/loop") => {
  const kit = await setupTest(t as never, workers);
  const handle = kit.client.worker.getOrCreate("w");
  const socket = await handle.webSocket(path);
  const heard: unknown[] = [];
  socket.addEventListener("message", ({ data }) => heard.push(data));
  socket.addEventListener("close", ({ code }) => heard.push(code));
  await kit.clock.settle();
  return { kit, handle, socket, heard };
};

test("a loop over a queue in a raw handler takes no message after its socket has closed", async (t) => {
  const { kit, handle, socket, heard } = await openWorker(t);
  await handle.send("jobs", "one");
  await handle.send("jobs", "two");
  await kit.clock.settle();
  socket.close();
  await kit.clock.settle();
  expect(heard.slice(0, 2)).toEqual(["one", "two"]);
  await handle.send("jobs", "three");
  await kit.clock.settle();
  expect(await handle.handled()).toEqual(["one 1", "two 1"]);
  expect(await handle.take()).toBe(1);
  expect(kit.log.some(({ message }) => message === "onWebSocket failed")).toBe(false);
});

test("a raw handler that never ends keeps what it holds while its socket is open, and a lease longer", async (t) => {
  const { kit, handle, socket } = await openWorker(t);
  await handle.send("jobs", "stuck");
  await kit.clock.advance(100_000);
  expect(await handle.take()).toBeUndefined();
  socket.close();
  await kit.clock.advance(29_000);
  expect(await handle.take()).toBeUndefined();
  await kit.clock.advance(10_000);
  expect(await handle.take()).toBe(2);
  // Its changes went with the message.
  expect(await handle.handled()).toEqual([]);
});

test("a raw handler that throws gives back what it holds", async (t) => {
  const { kit, handle, heard } = await openWorker(t);
  await handle.send("jobs", "break");
  await kit.clock.advance(120_000);
  expect(heard).toEqual([1011]);
  expect(await handle.take()).toBe(2);
});

test("what a listener received is delivered again when the socket closes, or its lease has run out", async (t) => {
  const { kit, handle, socket } = await openWorker(t, "/listens");
  await handle.send("jobs", "one");
  socket.send("go");
  await kit.clock.settle();
  expect(await handle.take()).toBeUndefined();
  socket.close();
  await kit.clock.advance(2000);
  expect(await handle.take()).toBe(2);

  const second = await openWorker(t, "/listens");
  await second.handle.send("jobs", "one");
  second.socket.send("go");
  await second.kit.clock.advance(29_000);
  expect(await second.handle.take()).toBeUndefined();
  await second.kit.clock.advance(10_000);
  expect(await second.handle.take()).toBe(2);
});

test("an action whose connection is gone takes no message any more", async (t) => {
  const kit = await setupTest(t, workers);
  const handle = kit.client.worker.getOrCreate("w");
  const connection = handle.connect();
  const lost = connection.waiting().catch(() => "lost");
  await kit.clock.settle();
  await connection.dispose();
  await lost;
  await kit.clock.settle();
  await handle.send("jobs", "one");
  await kit.clock.settle();
  expect(await handle.take()).toBe(1);
});
