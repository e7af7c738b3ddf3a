/** Connections that share a socket go through the same gate as connections of their own, and do not touch each other. */
import {
  actor,
  anyOf,
  bearer,
  event,
  hasClaim,
  party,
  queue,
  type RegistryLimits,
  refine,
  setup,
  Visitor,
} from "byward";
import { expect, test } from "vitest";
import { TestMux } from "./mux-socket.ts";
import { virtual } from "./virtual.ts";

const User = party("User", { auth: bearer({ secret: "AUTH_JWT_SECRET", maxLifetime: 1_000_000 }) });
const Admin = refine("Admin", User, hasClaim("admin"));

let ran: string[] = [];
const define = (limits: Partial<RegistryLimits> = {}) => {
  ran = [];
  return setup({
    limits,
    use: {
      room: actor({
        by: anyOf(User, Visitor),
        state: { n: 0 },
        events: { news: event<number>(), modLog: event<number>() },
        queues: { jobs: queue<string>() },
        guards: { events: { modLog: { by: Admin } }, actions: { ban: { by: Admin } }, queues: { jobs: { by: User } } },
        canInvoke: (_c, invoke) => !("name" in invoke && invoke.name === "never"),
        actions: {
          say: (c) => {
            ran.push("say");
            c.state.n += 1;
            c.broadcast("news", c.state.n);
            return c.state.n;
          },
          ban: () => ran.push("ban"),
          never: () => ran.push("never"),
          big: (_c, size: number) => "x".repeat(size),
        },
      }),
      vault: actor({ by: User, state: {}, actions: { look: () => ran.push("look") } }),
    },
  });
};
const ROOM = "/actors/room/one";

/** What a peer sees of one connection: kinds, codes and the close, without ids and times. */
const seen = ({ messages, closed }: { messages: readonly Record<string, unknown>[]; closed: unknown }) => ({
  messages: messages.map(({ t, id, code, group, event, output, name, args }) => ({
    t,
    id,
    code,
    group,
    event,
    name,
    args,
    output: t === "result" && typeof output === "object" ? "lease" : output,
  })),
  closed,
});

const CALLS = [
  { t: "action", id: 1, name: "say", args: [] },
  { t: "action", id: 2, name: "ban", args: [] },
  { t: "action", id: 3, name: "never", args: [] },
  { t: "action", id: 4, name: "missing", args: [] },
  { t: "subscribe", id: 5, name: "news" },
  { t: "subscribe", id: 6, name: "modLog" },
  { t: "send", id: 7, name: "jobs", body: "work" },
  { t: "send", id: 8, name: "other", body: "work" },
  { t: "action", id: 9, name: "say", args: [] },
];

test.each([
  ["a visitor", ROOM, null, {}],
  ["a user", ROOM, {}, {}],
  ["an admin", ROOM, { admin: true }, {}],
  ["a forged token", ROOM, null, { token: "x.y.z" }],
  ["a visitor where users only are admitted", "/actors/vault/one", null, {}],
  ["nobody: get of a missing actor", "/actors/room/none", null, { mode: "get" }],
  ["an unknown actor", "/actors/nothing/one", null, {}],
  ["a key that cannot be read", "/actors/room/%2e%2e", null, {}],
  ["params past their limit", ROOM, null, { params: "x".repeat(5000) }],
] as const)(
  "%s hears on a channel what he hears on a socket of his own, and the same runs",
  async (_, path, claims, more) => {
    const outcomes = [];
    for (const shared of [false, true]) {
      const world = await virtual(define());
      const token = claims === null ? {} : { token: await world.token("alice", 600, claims) };
      const hello = { ...token, ...more };
      const peer = shared ? (await TestMux.open(world)).channel(path, hello) : await world.rpc(path, hello);
      await world.settle();
      if (peer.closed === null) for (const call of CALLS) peer.say(call);
      await world.settle();
      outcomes.push({ ...seen(peer), ran: [...ran] });
    }
    expect(outcomes[1]).toEqual(outcomes[0]);
  },
);
