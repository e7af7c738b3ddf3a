import { actor, anyOf, bearer, Caller, event, hasClaim, party, queue, refine, setup, Visitor } from "byward";
import { expect, test } from "vitest";
import { oidc } from "../boundary/schemes/oidc.ts";
import { signature } from "../boundary/schemes/signature.ts";
import { setupTest } from "./index.ts";

const User = party("User", { auth: bearer({ secret: "AUTH_JWT_SECRET" }) });
const Admin = refine("Admin", User, hasClaim("admin"));
const Staff = party("Staff", { auth: oidc({ issuer: "https://id.example", audience: "room" }) });
const Hook = party("Hook", {
  auth: signature({ secret: "HOOK_SECRET", header: "X-Signature", timestamp: "X-Time", id: "X-Id" }),
});

const room = actor({
  by: anyOf(User, Hook, Caller, Visitor),
  state: { said: [] as string[], fired: 0 },
  events: { said: event<string>() },
  queues: { jobs: queue<string>() },
  guards: { actions: { ban: { by: Admin }, audit: { by: Staff } } },
  actions: {
    who: (c) => ({ party: c.caller.party, identity: "identity" in c.caller ? c.caller.identity : null }),
    say: (c, text: string) => {
      c.state.said.push(text);
      c.broadcast("said", text);
      return c.state.said.length;
    },
    said: (c) => [...c.state.said],
    ban: () => "banned",
    audit: (c) => c.caller.identity,
    later: (c, ms: number) => c.schedule.after(ms, "fire").then(() => {}),
    fire: (c) => {
      c.state.fired += 1;
    },
    fired: (c) => c.state.fired,
  },
});
const registry = setup({ use: { room } });

test("each call runs the definitions on a host of its own", async (t) => {
  const [first, second] = [await setupTest(t, registry), await setupTest(t, registry)];
  await first.client.room.getOrCreate("a").say("hello");
  expect(await first.client.room.get("a").said()).toEqual(["hello"]);
  expect(await second.client.room.getOrCreate("a").said()).toEqual([]);
});

test("a client of each party is that caller, with a secret nobody had to give", async (t) => {
  const { as, client } = await setupTest(t, registry);
  const party = async (of: ReturnType<typeof as>) => of.room.getOrCreate("a").who();
  expect(await party(client)).toEqual({ party: "Visitor", identity: null });
  expect(await party(as(User, { sub: "ada" }))).toEqual({ party: "User", identity: "ada" });
  expect((await party(as(Hook))).party).toBe("Hook");
  expect(await party(as(Caller, { name: "lobby", key: ["eu"] }))).toEqual({ party: "Caller", identity: "lobby/eu" });
  expect(await as(Staff, { sub: "sam" }).room.getOrCreate("a").audit()).toBe("sam");
  await expect(as(User).room.getOrCreate("a").ban()).rejects.toMatchObject({ code: "forbidden" });
  expect(await as(Admin).room.getOrCreate("a").ban()).toBe("banned");
});

test("a token made by the kit is worth nothing to a registry of another kit", async (t) => {
  const [mine, other] = [await setupTest(t, registry), await setupTest(t, registry)];
  const token = await mine.mint(User, { sub: "ada" });
  const call = (kit: typeof mine) =>
    kit.fetch("/actors/room/a/actions/who", {
      method: "POST",
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
      body: "[]",
    });
  expect((await call(mine)).status).toBe(200);
  expect((await call(other)).status).toBe(401);
});

test("with expiresIn the caller ends when virtual time says so", async (t) => {
  const kit = await setupTest(t, registry);
  const brief = kit.as(User, { sub: "ada", expiresIn: 60 });
  expect((await brief.room.getOrCreate("a").who()).party).toBe("User");
  await kit.clock.advance(120_000);
  await expect(brief.room.getOrCreate("a").who()).rejects.toMatchObject({ group: "auth", code: "expired" });
  const lasting = kit.as(User, { sub: "ada" });
  await kit.clock.advance(7_200_000);
  expect((await lasting.room.getOrCreate("a").who()).party).toBe("User");
});

for (const host of ["memory", "sqlite"] as const) {
  test(`virtual time drives schedules and sleep on ${host}`, async (t) => {
    const kit = await setupTest(t, registry, { host });
    const handle = kit.client.room.getOrCreate("a");
    await handle.later(3_600_000);
    await kit.clock.advance(3_599_999);
    expect(await handle.fired()).toBe(0);
    await kit.clock.advance(1);
    expect(await handle.fired()).toBe(1);
  });

  test(`what was acknowledged is there after a crash and after a restart on ${host}`, async (t) => {
    const kit = await setupTest(t, registry, { host });
    const handle = kit.client.room.getOrCreate("a");
    await handle.say("one");
    await kit.crash();
    expect(await handle.said()).toEqual(["one"]);
    await kit.restart();
    expect(await handle.said()).toEqual(["one"]);
  });
}

test("connections, events and raw reconnection run on virtual time", async (t) => {
  const kit = await setupTest(t, registry);
  const conn = kit.as(User, { sub: "ada" }).room.getOrCreate("a").connect();
  const heard: string[] = [];
  conn.on("said", (text) => heard.push(text));
  await conn.say("one");
  expect(heard).toEqual(["one"]);
  kit.cutConnections();
  await kit.clock.settle();
  await kit.clock.advance(60_000);
  expect(conn.connStatus).toBe("connected");
  await conn.say("two");
  expect(heard).toEqual(["one", "two"]);
});

test("a party of another registry and a channel of the actor's own are refused", async (t) => {
  const kit = await setupTest(t, registry);
  const Stranger = party("Stranger", { auth: bearer({ secret: "STRANGER" }) });
  expect(() => kit.as(Stranger)).toThrow("testing.party_unknown");
  const { Scheduler } = await import("byward");
  expect(() => kit.as(Scheduler)).toThrow("testing.channel");
  await expect(kit.mint(Hook)).rejects.toThrow("testing.no_token");
  await expect(kit.sign(User, "")).rejects.toThrow("testing.no_signature");
});

test("a disposable kit needs no test runner", async () => {
  let used: boolean;
  {
    await using kit = await setupTest(null, registry);
    used = (await kit.client.room.getOrCreate().fired()) === 0;
  }
  expect(used).toBe(true);
});
