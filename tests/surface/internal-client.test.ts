/** What one actor reaches of another through `c.client()`: calls, connections, events, raw sockets; and when they end. */
import { actor, anyOf, bearer, Caller, event, party, setup, UserError } from "byward";
import { setupTest } from "byward/testing";
import { expect, test } from "vitest";

const User = party("User", { auth: bearer({ secret: "USER_SECRET" }) });

interface Heard {
  readonly heard: unknown[];
  connection?: { dispose(): Promise<void>; readonly connStatus: string };
  socket?: WebSocket;
  events?: AsyncIterableIterator<unknown[]>;
}

const feed = actor({
  by: anyOf(User, Caller),
  state: { n: 0, callers: [] as string[] },
  connState: { seen: 0 },
  events: { changed: event<number>(), secret: event<string>() },
  guards: { events: { secret: { by: User } } },
  onConnect: (c) => {
    c.state.callers.push(`${c.caller.party}:${JSON.stringify(c.caller.identity)}`);
  },
  canInvoke: (c, invoke) => !(invoke.kind === "websocket" && invoke.path === "/no") && c.caller !== undefined,
  actions: {
    add: (c, by: number) => {
      c.conn.state.seen += 1;
      c.state.n += by;
      c.broadcast("changed", c.state.n);
      // What is changed after the event was sent is in the same commit.
      c.state.n += 0;
      return [c.state.n, c.conn.state.seen];
    },
    who: (c) => [c.caller.party, c.caller.identity, c.conn.params],
    callers: (c) => c.state.callers,
    connections: (c) => c.conns.size - 1,
    tell: (c, text: string) => c.broadcast("secret", text),
    sold: () => {
      throw new UserError("gone", { code: "sold_out", metadata: { left: 0 } });
    },
    breaks: () => {
      throw new Error("a secret of the feed");
    },
    hangs: () => new Promise(() => {}),
  },
  onWebSocket: (c, socket) => {
    socket.addEventListener("message", ({ data }) =>
      socket.send(`${c.caller.party} ${String(data)} ${socket.protocol}`),
    );
  },
  onRequest: async (c, request) =>
    new Response(`${request.method} ${new URL(request.url).pathname} ${await request.text()}`, {
      headers: { "x-party": c.caller.party },
    }),
});

/** What the reader knows of its neighbours. */
const feeds = setup({ use: { feed } });

const reader = actor({
  by: User,
  vars: { heard: [] } as Heard,
  options: { sleepTimeout: 20_000 },
  actions: {
    listen: async (c) => {
      const connection = c
        .client<typeof feeds>()
        .feed.getOrCreate("f", { params: { from: "reader" } })
        .connect();
      c.vars.connection = connection;
      connection.on("changed", (n) => c.vars.heard.push(n));
      connection.onStatusChange((status) => c.vars.heard.push(status));
      return connection.who();
    },
    add: (c, by: number) => c.client<typeof feeds>().feed.getOrCreate("f").add(by),
    addTwice: async (c) => {
      const connection = c.client<typeof feeds>().feed.getOrCreate("f").connect();
      const both = await Promise.all([connection.add(1), connection.add(1)]);
      await connection.dispose();
      return both;
    },
    denied: async (c) => {
      const connection = c.client<typeof feeds>().feed.getOrCreate("f").connect();
      const code = await new Promise((resolve) => {
        connection.on("secret", () => resolve("heard"), { onDenied: (error) => resolve(error.code) });
      });
      await connection.dispose();
      return code;
    },
    socket: async (c) => {
      const socket = await c.client<typeof feeds>().feed.getOrCreate("f").webSocket("/yes", ["chat"]);
      c.vars.socket = socket;
      socket.addEventListener("message", ({ data }) => c.vars.heard.push(data));
      socket.addEventListener("close", ({ code }) => c.vars.heard.push(code));
      socket.send("hello");
    },
    noSocket: (c) =>
      c
        .client<typeof feeds>()
        .feed.getOrCreate("f")
        .webSocket("/no")
        .then(() => "opened"),
    stream: (c) => {
      c.vars.events = c.client<typeof feeds>().feed.getOrCreate("f").$events("changed");
      const read = async (): Promise<void> => {
        for await (const [n] of c.vars.events!) c.vars.heard.push(n);
        c.vars.heard.push("end");
      };
      read().catch((error: { code?: string }) => c.vars.heard.push(error.code));
    },
    leave: (c) => c.vars.events!.return!(),
    raw: async (c) => {
      const response = await c
        .client<typeof feeds>()
        .feed.getOrCreate("f")
        .fetch("/deep", { method: "POST", body: "text" });
      return [response.headers.get("x-party"), await response.text()];
    },
    error: async (c, name: "sold" | "breaks") => {
      const { group, code, message, metadata } = await c
        .client<typeof feeds>()
        .feed.getOrCreate("f")
        [name]()
        .catch((error: unknown) => error as never);
      return { group, code, message, metadata };
    },
    hangs: async (c) => {
      const leave = new AbortController();
      const handle = c.client<typeof feeds>().feed.getOrCreate("f", { signal: leave.signal });
      const call = handle.hangs().catch((error: unknown) => String(error));
      leave.abort("had enough");
      return call;
    },
    unknown: (c) => {
      const connection = c.client().get("nobody").connect();
      return new Promise<string>((resolve) => connection.onError(({ code }) => resolve(code)));
    },
    heard: (c) => c.vars.heard,
    status: (c) => c.vars.connection?.connStatus,
    drop: (c) => c.vars.connection!.dispose(),
    sleep: (c) => c.sleep(),
    end: (c) => c.destroy(),
  },
});
const registry = setup({ use: { feed, reader } });

const start = async (t: object) => {
  const kit = await setupTest(t as never, registry);
  const user = kit.as(User, { sub: "ann" });
  // The code that reads streams is loaded with the first one.
  await import("../../src/client/event-deliveries.ts");
  return { kit, user, reader: user.reader.getOrCreate("r"), feed: user.feed.getOrCreate("f") };
};

test("a connection to another actor carries calls and events, in order, as Caller", async (t) => {
  const { kit, reader, feed } = await start(t);
  expect(await reader.listen()).toEqual(["Caller", "reader/r", { from: "reader" }]);
  await feed.add(1);
  await feed.add(2);
  await kit.clock.settle();
  expect(await reader.heard()).toEqual(["connected", 1, 3]);
  expect(await reader.addTwice()).toEqual([
    [4, 1],
    [5, 2],
  ]);
  await reader.drop();
  await kit.clock.settle();
  await feed.add(1);
  await kit.clock.settle();
  expect(await reader.heard()).toEqual(["connected", 1, 3, 4, 5, "idle"]);
});

test("each event a connection asks for passes the gate", async (t) => {
  const { reader } = await start(t);
  expect(await reader.denied()).toBe("forbidden");
});

for (const how of ["sleep", "end"] as const) {
  test(`connections, sockets and streams end with the actor that opened them (${how})`, async (t) => {
    const { kit, reader, feed } = await start(t);
    await reader.listen();
    await reader.socket();
    await reader.stream();
    await kit.clock.settle();
    expect(await feed.connections()).toBe(3);
    await reader[how]();
    await kit.clock.advance(1000);
    expect(await feed.connections()).toBe(0);
    await kit.clock.advance(120_000);
    expect(await feed.connections()).toBe(0);
  });
}

test("events that arrive keep the listening actor awake; without them it sleeps, and its connection ends", async (t) => {
  const { kit, reader, feed } = await start(t);
  await reader.listen();
  for (let round = 0; round < 5; round++) {
    await kit.clock.advance(15_000);
    await feed.add(1);
  }
  await kit.clock.settle();
  expect(await reader.heard()).toEqual(["connected", 1, 2, 3, 4, 5]);
  await kit.clock.advance(60_000);
  expect(await feed.connections()).toBe(0);
  expect(await reader.heard()).toEqual([]);
});

test("the connection comes back when the other actor restarts", async (t) => {
  const { kit, reader, feed } = await start(t);
  await reader.listen();
  await feed.add(1);
  await kit.clock.settle();
  const end = kit.registry.edge().then(({ runtime }) => {
    const instance = runtime.liveInstances().find(({ ref }) => ref.name === "feed")!;
    return instance.stop("shutdown");
  });
  await kit.clock.settle();
  await end;
  await kit.clock.advance(5000);
  await feed.add(1);
  await kit.clock.settle();
  expect(await reader.heard()).toEqual(["connected", 1, "disconnected", "connecting", "connected", 2]);
});

test("a connection made for a caller ends when that caller is revoked", async (t) => {
  const { kit, reader, feed } = await start(t);
  await reader.listen();
  expect(await feed.connections()).toBe(1);
  await kit.registry.revoke({ party: "User", identity: "ann" });
  await kit.clock.advance(2000);
  const bob = kit.as(User, { sub: "bob" });
  expect(await bob.feed.getOrCreate("f").connections()).toBe(0);
  await bob.feed.getOrCreate("f").add(1);
  await kit.clock.advance(60_000);
  expect(await bob.reader.getOrCreate("r").heard()).not.toContain(1);
});

test("a raw socket to another actor is decided, keeps its subprotocol, and carries frames both ways", async (t) => {
  const { kit, reader } = await start(t);
  await reader.socket();
  await kit.clock.settle();
  expect(await reader.heard()).toEqual(["Caller hello chat"]);
  await expect(reader.noSocket()).rejects.toMatchObject({ code: "internal_error" });
});

test("a stream of events of another actor, until the loop is left", async (t) => {
  const { kit, reader, feed } = await start(t);
  await reader.stream();
  await kit.clock.settle();
  await feed.add(4);
  await feed.add(4);
  await kit.clock.settle();
  expect(await reader.heard()).toEqual([4, 8]);
  await reader.leave();
  await kit.clock.settle();
  expect(await reader.heard()).toEqual([4, 8, "end"]);
  expect(await feed.connections()).toBe(0);
});

test("raw requests, errors and signals of calls are those of any client", async (t) => {
  const { reader, kit } = await start(t);
  expect(await reader.raw()).toEqual(["Caller", "POST /deep text"]);
  expect(await reader.error("sold")).toEqual({
    group: "user",
    code: "sold_out",
    message: "gone",
    metadata: { left: 0 },
  });
  expect(await reader.error("breaks")).toEqual({ group: "byward", code: "internal_error", message: "Internal error" });
  expect(kit.log.some(({ fields }) => String(fields["err"]).includes("a secret of the feed"))).toBe(true);
  expect(await reader.hangs()).toBe("had enough");
  expect(await reader.unknown()).toBe("not_found");
});
