import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Caller, setup } from "byward";
import { createClient } from "byward/client";
import { setupTest, type TestKit, type TestScope } from "byward/testing";
import { SignJWT } from "jose";
import { expect, test } from "vitest";
import { match } from "./match.ts";
import { matchmaker } from "./matchmaker.ts";
import { Player } from "./players.ts";
import { registry } from "./registry.ts";

type Kit = TestKit<typeof registry>;
const begin = (scope: TestScope): Promise<Kit> => setupTest(scope, registry, { host: "sqlite" });
const as = (kit: Kit, sub: string) => kit.as(Player, { sub });
const duel = (kit: Kit, sub: string) => as(kit, sub).matchmaker.getOrCreate("duel");

/** Two players in a match. */
async function paired(kit: Kit): Promise<string> {
  await duel(kit, "ann").send("tickets", {});
  await duel(kit, "bob").send("tickets", {});
  await kit.clock.advance(100);
  const [ofAnn, ofBob] = [await duel(kit, "ann").myMatch(), await duel(kit, "bob").myMatch()];
  expect(ofAnn).toBe(ofBob);
  return ofAnn!;
}

test("two players are matched, play, and the ratings follow, through a crash", async ({ onTestFinished }) => {
  const kit = await begin({ onTestFinished });
  const id = await paired(kit);
  await as(kit, "ann").match.get(id).choose("rock");
  await kit.crash();
  await as(kit, "bob").match.get(id).choose("scissors");
  await kit.clock.advance(2000);
  expect(await as(kit, "bob").match.get(id).outcome()).toMatchObject({ winner: "ann" });
  expect(await duel(kit, "ann").ratings()).toEqual({ ann: 1016, bob: 984 });
  expect(await duel(kit, "ann").myMatch()).toBeNull();
});

test("one player with two tickets is not matched with themselves", async ({ onTestFinished }) => {
  const kit = await begin({ onTestFinished });
  await duel(kit, "ann").send("tickets", {});
  await duel(kit, "ann").send("tickets", {});
  await kit.clock.advance(100);
  expect(await duel(kit, "ann").myMatch()).toBeNull();
});

test("a stranger cannot look into a match, nor find out whether there is one", async ({ onTestFinished }) => {
  const kit = await begin({ onTestFinished });
  const id = await paired(kit);
  await expect(as(kit, "eve").match.get(id).outcome()).rejects.toMatchObject({ code: "forbidden" });
  await expect(as(kit, "eve").match.get("none").outcome()).rejects.toMatchObject({ code: "forbidden" });
});

test("a player cannot make a match, report a result, or run what the schedule runs", async ({ onTestFinished }) => {
  const kit = await begin({ onTestFinished });
  const id = await paired(kit);
  const input = { mode: "duel", players: ["eve", "ann"] as const };
  const forbidden = { code: "forbidden" };
  await expect(as(kit, "eve").match.create("mine", { input })).rejects.toMatchObject(forbidden);
  const result = { winner: "eve", players: ["eve", "ann"] as [string, string] };
  await expect(duel(kit, "eve").send("results", result)).rejects.toMatchObject(forbidden);
  await expect(as(kit, "ann").match.get(id).report("duel")).rejects.toMatchObject(forbidden);
  await kit.clock.advance(1000);
  expect(await duel(kit, "ann").ratings()).toEqual({});
});

test("another actor of the registry is a Caller, and still no match", async ({ onTestFinished }) => {
  const kit = await begin({ onTestFinished });
  await paired(kit);
  const result = { winner: "eve", players: ["eve", "ann"] as [string, string] };
  const other = kit.as(Caller, { name: "shop", key: ["match/1"] }).matchmaker.get("duel");
  await expect(other.send("results", result)).rejects.toMatchObject({ code: "forbidden" });
  expect(await duel(kit, "ann").ratings()).toEqual({});
});

test("over real sockets, both players hear of their match and of its end, and nobody else does", async () => {
  const secret = "a secret for this test of at least 32 bytes";
  process.env["AUTH_JWT_SECRET"] = secret;
  const dataDir = await mkdtemp(join(tmpdir(), "byward-match-"));
  const served = await setup({ use: { matchmaker, match } }).serve({ port: 0, dataDir });
  const clientOf = (name: string) =>
    createClient<typeof registry>(served.url, {
      token: () =>
        new SignJWT({})
          .setProtectedHeader({ alg: "HS256" })
          .setSubject(name)
          .setIssuedAt()
          .setExpirationTime("5m")
          .sign(new TextEncoder().encode(secret)),
    });
  const clients = ["ann", "bob", "eve"].map(clientOf);
  try {
    const heard: string[] = [];
    const news = clients.map((client, index) => {
      const room = client.matchmaker.getOrCreate("live").connect();
      return new Promise<string>((resolve) => {
        room.on("matched", ({ match: id }) => {
          heard.push(["ann", "bob", "eve"][index]!);
          resolve(id);
        });
        // Asked in order: when it is answered, the subscription stands.
        void room.ratings().then(async () => {
          if (index < 2) await room.send("tickets", {});
        });
      });
    });
    const [id] = await Promise.all([news[0]!, news[1]!]);
    const [ann, bob] = clients.map((client) => client.match.get(id).connect());
    const over = new Promise((resolve) => ann!.on("over", resolve));
    await ann!.choose("paper");
    await expect(ann!.choose("rock")).rejects.toMatchObject({ group: "user", code: "chosen" });
    await bob!.choose("scissors");
    expect(await over).toEqual({ winner: "bob", choices: { ann: "paper", bob: "scissors" } });
    await expect.poll(() => clients[2]!.matchmaker.get("live").ratings()).toEqual({ ann: 984, bob: 1016 });
    expect(heard.toSorted()).toEqual(["ann", "bob"]);
  } finally {
    await Promise.all(clients.map((client) => client.dispose()));
    await served.close();
    await rm(dataDir, { recursive: true });
  }
});
