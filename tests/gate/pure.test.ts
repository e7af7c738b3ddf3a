/** Ruling 17: what a `pure` canInvoke answered is kept for a connection, its lease and the policy; nothing else is. */
import { actor, anyOf, bearer, event, party, pure, queue, service, setup, UserError, Visitor } from "byward";
import { expect, test } from "vitest";
import { describeConnection, reviveConnection } from "../../src/actors/dormant.ts";
import { type TestSocket, type Virtual, virtual } from "./virtual.ts";

const User = party("User", { auth: bearer({ secret: "AUTH_JWT_SECRET", maxLifetime: 1_000_000 }) });
const ROOM = "/actors/room/one";

let ran: string[] = [];
let asked: string[] = [];
/** What the decision answers. */
let answer: () => unknown = () => true;
let messageId = 0;

const decision = pure((c, invoke) => {
  asked.push(`${"name" in invoke ? invoke.name : invoke.kind} ${c.caller.party}`);
  return answer() as boolean;
});

function roomWith(canInvoke: unknown, names: "declared" | "open" = "declared") {
  ran = [];
  asked = [];
  answer = () => true;
  return setup({
    use: {
      room: actor({
        by: anyOf(User, Visitor),
        options: { canInvokeTimeout: 100 },
        state: { n: 0 },
        ...(names === "open" ? {} : { events: { news: event<number>(), other: event() }, queues: { jobs: queue() } }),
        canInvoke: canInvoke as never,
        actions: {
          say: (c) => {
            ran.push("say");
            c.state.n += 1;
            c.broadcast("news", c.state.n);
          },
          ban: () => void ran.push("ban"),
          forge: (c) => {
            (c.conn.params as { team: string }).team = "blue";
          },
        },
        onRequest: () => {
          ran.push("request");
          return new Response("here");
        },
        onWebSocket: (_c, socket) => {
          ran.push("websocket");
          socket.addEventListener("message", () => socket.send("pong"));
        },
      }),
    },
  });
}

/** Says something on a connection; the code of its refusal, or `ok`. */
async function say(world: Virtual, socket: TestSocket, t: string, name: string): Promise<string> {
  messageId += 1;
  const id = messageId;
  const payload = t === "action" ? { args: [] } : t === "send" ? { body: 1 } : {};
  socket.say({ t, id, name, ...payload });
  await world.settle();
  const reply = socket.messages.find((message) => message.id === id);
  return reply?.t === "result" ? "ok" : (reply?.code ?? "nothing");
}
const act = (world: Virtual, socket: TestSocket, name = "say"): Promise<string> => say(world, socket, "action", name);

async function renew(world: Virtual, socket: TestSocket, token: string): Promise<void> {
  socket.say({ t: "renew", id: 9000, token });
  await world.settle();
}

test("it is asked once for the calls of an entrypoint, which all run and are all recorded", async () => {
  const world = await virtual(roomWith(decision));
  const socket = await world.rpc(ROOM);
  for (let count = 0; count < 5; count++) expect(await act(world, socket)).toBe("ok");
  expect(asked).toEqual(["say Visitor"]);
  expect(ran).toEqual(Array(5).fill("say"));
  const recorded = world.edge.runtime.decisions.recent().filter(({ kind }) => kind === "action");
  expect(recorded).toHaveLength(5);
  expect(new Set(recorded.map(({ outcome, reason }) => `${outcome} ${reason}`))).toEqual(new Set(["ok "]));
});

test("what is not declared pure is asked for every message", async () => {
  const world = await virtual(roomWith(() => asked.push("say") > 0));
  const socket = await world.rpc(ROOM);
  for (let count = 0; count < 3; count++) await act(world, socket);
  expect(asked).toHaveLength(3);
});

test("another entrypoint, another connection and a connection opened again ask anew", async () => {
  const world = await virtual(roomWith(decision));
  const socket = await world.rpc(ROOM);
  await act(world, socket);
  await act(world, socket, "ban");
  await say(world, socket, "subscribe", "news");
  await say(world, socket, "send", "jobs");
  expect(asked).toEqual(["say Visitor", "ban Visitor", "news Visitor", "jobs Visitor"]);
  for (const [t, name] of [
    ["action", "say"],
    ["action", "ban"],
    ["subscribe", "news"],
    ["send", "jobs"],
  ] as const)
    expect(await say(world, socket, t, name)).toBe("ok");
  expect(asked).toHaveLength(4);
  const other = await world.rpc(ROOM, { token: await world.token("ada", 600) });
  await act(world, other);
  expect(asked.slice(4)).toEqual(["say User"]);
  other.hangUp();
  const again = await world.rpc(ROOM, { token: await world.token("ada", 600) });
  await act(world, again);
  expect(asked.slice(5)).toEqual(["say User"]);
});

test("a denial is kept as well, and recorded each time; nothing runs", async () => {
  const world = await virtual(roomWith(decision));
  const socket = await world.rpc(ROOM);
  answer = () => false;
  expect([await act(world, socket), await act(world, socket)]).toEqual(["forbidden", "forbidden"]);
  answer = () => true;
  expect(await act(world, socket)).toBe("forbidden");
  expect([asked.length, ran]).toEqual([1, []]);
  const reasons = world.edge.runtime.decisions.recent().filter(({ outcome }) => outcome === "forbidden");
  expect(reasons.map(({ reason }) => reason)).toEqual(Array(3).fill("can_invoke.false"));
  await world.registry.bumpEpoch();
  expect([await act(world, socket), asked.length]).toEqual(["ok", 2]);
});

test("after a renewal everything is asked again", async () => {
  const world = await virtual(roomWith(decision));
  const socket = await world.rpc(ROOM, { token: await world.token("ada", 60) });
  await act(world, socket);
  await renew(world, socket, await world.token("ada", 600));
  answer = () => false;
  expect(await act(world, socket)).toBe("forbidden");
  expect([asked.length, ran.length]).toEqual([2, 1]);
});

test("after the epoch is raised everything is asked again", async () => {
  const world = await virtual(roomWith(decision));
  const socket = await world.rpc(ROOM);
  await act(world, socket);
  answer = () => false;
  expect(await act(world, socket)).toBe("ok");
  await world.registry.bumpEpoch();
  expect(await act(world, socket)).toBe("forbidden");
  expect([asked.length, ran.length]).toEqual([2, 2]);
});

test("the first delivery after the epoch is raised waits for the new decision", async () => {
  const world = await virtual(roomWith(decision));
  const socket = await world.rpc(ROOM);
  const speaker = await world.rpc(ROOM);
  await say(world, socket, "subscribe", "news");
  await act(world, speaker);
  expect(socket.of("event")).toHaveLength(1);
  await world.registry.bumpEpoch();
  let decide = (_verdict: boolean): void => {};
  answer = () => new Promise<boolean>((resolve) => (decide = resolve));
  await say(world, speaker, "action", "say");
  decide(true);
  await world.settle();
  expect(asked.at(-1)).toBe("news Visitor");
  expect(socket.of("event")).toHaveLength(1);
  decide(false);
  await world.settle();
  expect(socket.of("event")).toHaveLength(1);
  expect(socket.of("error").at(-1)).toMatchObject({ code: "forbidden", event: "news" });
});

test("a revoked caller's connection ends, and nothing runs under what it was allowed", async () => {
  const world = await virtual(roomWith(decision));
  const socket = await world.rpc(ROOM, { token: await world.token("ada", 600) });
  await act(world, socket);
  await world.registry.revoke({ party: "User", identity: "ada" });
  expect(await act(world, socket)).not.toBe("ok");
  expect(ran).toEqual(["say"]);
  expect(socket.closed).toEqual({ code: 3000, reason: "auth/unauthenticated" });
});

test("an expired lease ends it, whatever is kept", async () => {
  const world = await virtual(roomWith(decision));
  const socket = await world.rpc(ROOM, { token: await world.token("ada", 60) });
  await act(world, socket);
  await world.clock.advance(90_000);
  expect(await act(world, socket)).not.toBe("ok");
  expect(ran).toEqual(["say"]);
});

test.each<readonly [string, () => unknown, string]>([
  ["a number", () => 1, "internal_error"],
  ["a text", () => "yes", "internal_error"],
  ["nothing", () => undefined, "internal_error"],
  ["a Boolean object", () => Object(true), "internal_error"],
  ["a promise of a number", () => Promise.resolve(1), "internal_error"],
  [
    "an exception",
    () => {
      throw new Error("a defect");
    },
    "internal_error",
  ],
  ["a rejection", () => Promise.reject(new Error("a defect")), "internal_error"],
  [
    "a UserError",
    () => {
      throw new UserError("not now", { code: "not_now" });
    },
    "not_now",
  ],
])("%s is never kept, and nothing runs", async (_name, answering, code) => {
  const world = await virtual(roomWith(decision));
  const socket = await world.rpc(ROOM);
  answer = answering;
  expect([await act(world, socket), await act(world, socket)]).toEqual([code, code]);
  expect([asked.length, ran]).toEqual([2, []]);
  answer = () => true;
  expect(await act(world, socket)).toBe("ok");
});

test("promises are kept by their value once it is there", async () => {
  const world = await virtual(roomWith(decision));
  const socket = await world.rpc(ROOM);
  answer = () => Promise.resolve(true);
  for (let count = 0; count < 3; count++) expect(await act(world, socket)).toBe("ok");
  expect(asked).toHaveLength(1);
});

test("a decision that was still being taken when the policy changed is not kept", async () => {
  const world = await virtual(roomWith(decision));
  const socket = await world.rpc(ROOM);
  let decide = (_verdict: boolean): void => {};
  answer = () => new Promise<boolean>((resolve) => (decide = resolve));
  socket.say({ t: "action", id: 8000, name: "say", args: [] });
  await world.settle();
  await world.registry.bumpEpoch();
  decide(true);
  await world.settle();
  expect(ran).toEqual([]);
  // Asked again, by the policy of now.
  decide(false);
  await world.settle();
  expect(socket.messages.find(({ id }) => id === 8000)).toMatchObject({ code: "forbidden" });
  answer = () => false;
  expect([await act(world, socket), ran]).toEqual(["forbidden", []]);
});

test("an answer after the deadline stands for nobody", async () => {
  const world = await virtual(roomWith(decision));
  const socket = await world.rpc(ROOM);
  let decide = (_verdict: boolean): void => {};
  answer = () => new Promise<boolean>((resolve) => (decide = resolve));
  socket.say({ t: "action", id: 8001, name: "say", args: [] });
  await world.clock.advance(150);
  expect(socket.messages.find(({ id }) => id === 8001)).toMatchObject({ code: "internal_error" });
  decide(true);
  await world.settle();
  answer = () => false;
  expect([await act(world, socket), ran]).toEqual(["forbidden", []]);
});

test("it has no state and no variables: reaching for them denies, also where it is caught, and nothing runs", async () => {
  const reaching = (read: (c: { state: unknown; vars: unknown }) => unknown, isCaught: boolean) =>
    pure((c) => {
      try {
        read(c as never);
      } catch (error) {
        if (!isCaught) throw error;
      }
      return true;
    });
  for (const isCaught of [false, true]) {
    for (const read of [(c: { state: unknown }) => c.state, (c: { vars: unknown }) => c.vars]) {
      const world = await virtual(roomWith(reaching(read, isCaught)));
      const socket = await world.rpc(ROOM);
      expect(await act(world, socket)).toBe("internal_error");
      const response = await world.fetch(`${ROOM}/actions/say`, {
        method: "POST",
        body: "[]",
        headers: { "content-type": "application/json" },
      });
      expect([response.status, ran]).toEqual([500, []]);
      expect(JSON.stringify(await response.json())).not.toContain("state");
      const [decided] = world.edge.runtime.decisions.recent().filter(({ kind }) => kind === "action");
      expect(decided).toMatchObject({ outcome: "fault", reason: "can_invoke.threw" });
    }
  }
});

test.each(["declared", "open"] as const)("names that are not declared fill no memory (%s)", async (names) => {
  const world = await virtual(roomWith(decision, names));
  const socket = await world.rpc(ROOM);
  await act(world, socket);
  const [connection] = world.edge.runtime.connections;
  expect(connection!.kept!.size).toBe(1);
  for (const t of ["action", "subscribe", "send"]) {
    for (const name of ["x1", "x2", "x2", "constructor", "__proto__"]) await say(world, socket, t, name);
  }
  expect(connection!.kept!.size).toBe(1);
  // Asked each time: 1 for what is declared, 15 for what is not.
  expect(asked).toHaveLength(16);
});

test("calls without a standing connection are asked about each time", async () => {
  const world = await virtual(roomWith(decision));
  const init = { method: "POST", body: "[]", headers: { "content-type": "application/json" } };
  for (let count = 0; count < 2; count++) await world.fetch(`${ROOM}/actions/say`, init);
  for (let count = 0; count < 2; count++) await world.fetch(`${ROOM}/request/`);
  expect(asked).toEqual(["say Visitor", "say Visitor", "request Visitor", "request Visitor"]);
});

test("a raw socket is decided again in each epoch", async () => {
  const world = await virtual(roomWith(decision));
  const socket = await world.raw(`${ROOM}/websocket/`);
  socket.say("ping");
  await world.settle();
  expect([asked, socket.messages]).toEqual([["websocket Visitor"], ["pong"]]);
  await world.registry.bumpEpoch();
  answer = () => false;
  socket.say("ping");
  await world.settle();
  expect([asked.length, socket.messages.length, socket.closed?.code]).toEqual([2, 1, 3003]);
});

test("parameters are those the peer sent, whatever the actor makes of them", async () => {
  const seen: unknown[] = [];
  const world = await virtual(
    roomWith(
      pure((c) => {
        seen.push(c.params);
        return (c.params as { team: string }).team === "red";
      }),
    ),
  );
  const socket = await world.rpc(ROOM, { params: { team: "red" } });
  await act(world, socket, "forge");
  await world.registry.bumpEpoch();
  expect(await act(world, socket)).toBe("ok");
  expect(seen).toEqual([{ team: "red" }, { team: "red" }]);
  const blue = await world.rpc(ROOM, { params: { team: "blue" } });
  expect(await act(world, blue)).toBe("forbidden");
});

test("what is kept outlives the actor's sleep, and no longer than its policy", async () => {
  const world = await virtual(roomWith(decision));
  const socket = await world.rpc(ROOM);
  await act(world, socket);
  await world.clock.advance(60_000);
  expect(await act(world, socket)).toBe("ok");
  expect(asked).toHaveLength(1);
  await world.clock.advance(60_000);
  await world.registry.bumpEpoch();
  answer = () => false;
  expect([await act(world, socket), asked.length]).toEqual(["forbidden", 2]);
});

test("a connection that outlives its process keeps anew, with the parameters that were sent", async () => {
  const world = await virtual(roomWith(decision));
  const socket = await world.rpc(ROOM, { params: { team: "red" } });
  await act(world, socket, "forge");
  const [connection] = world.edge.runtime.connections;
  const text = describeConnection(connection!, { codec: "json", url: "" });
  const after = await virtual(roomWith(decision));
  const revived = reviveConnection(after.edge.runtime, text)!.connection;
  expect([revived.kept!.size, revived.sentParams]).toEqual([0, { team: "red" }]);
});

test("a service may decide purely; each request is asked about, and headers are none of its matters", async () => {
  let count = 0;
  const handled: string[] = [];
  const api = service({
    by: anyOf(User, Visitor),
    canInvoke: pure((c, invoke) => {
      count += 1;
      if (invoke.kind !== "http") return false;
      if (invoke.name === "GET /headers") return (c as unknown as { header(name: string): string }).header("x") === "y";
      return c.service === "api" && c.name === undefined && c.key.length === 0 && invoke.name === "GET /open";
    }),
    routes: {
      "GET /open": { handle: () => handled.push("open") },
      "GET /closed": { handle: () => handled.push("closed") },
      "GET /headers": { handle: () => handled.push("headers") },
    },
  });
  const world = await virtual(setup({ services: { api } }));
  const statusOf = async (path: string): Promise<number> => (await world.fetch(path)).status;
  expect([await statusOf("/open"), await statusOf("/open"), await statusOf("/closed")]).toEqual([200, 200, 403]);
  expect(await statusOf("/headers")).toBe(500);
  expect([count, handled]).toEqual([4, ["open", "open"]]);
});
