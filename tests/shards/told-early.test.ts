/** What a shard is told while it starts is in force when it serves, and nobody is taken for confirmed who is not (G7). */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MessageChannel } from "node:worker_threads";
import { actor, bearer, party, setup } from "byward";
import { expect, onTestFinished, test } from "vitest";
import type { Runtime } from "../../src/actors/runtime.ts";
import { identityText } from "../../src/boundary/lease.ts";
import { Ownership } from "../../src/hosts/node/shards/ownership.ts";
import { Peer } from "../../src/hosts/node/shards/peer.ts";
import { Router } from "../../src/hosts/node/shards/router.ts";
import { fingerprintOf } from "../../src/hosts/node/shards/seat.ts";
import { serveInShard } from "../../src/hosts/node/shards/shard.ts";
import { newSharedTable } from "../../src/hosts/node/shards/shared-rates.ts";
import type { AnswerData, RequestData } from "../../src/hosts/node/shards/wire-request.ts";
import { SqliteStore } from "../../src/hosts/node/store/sqlite-store.ts";
import type { RevocationRow } from "../../src/hosts/port.ts";
import type { Registry } from "../../src/registry/registry.ts";
import { provideSecret, token } from "../gate/server.ts";

provideSecret();

function revocationOf(identity: string): RevocationRow {
  const now = Date.now();
  const times = { issuedBefore: now + 999, revokedAt: now, keepUntil: now + 60_000 };
  return { id: identity, party: null, identity: identityText(identity), claim: null, tokenId: null, ...times };
}

test("a revocation that comes after a starting shard has read its tables is in force when it serves", async () => {
  const ran: string[] = [];
  const User = party("User", { auth: bearer({ secret: "AUTH_JWT_SECRET" }) });
  const vault = actor({ by: User, state: {}, actions: { look: (c) => void ran.push(String(c.caller.identity)) } });
  const registry = setup({ use: { vault } }) as unknown as Registry;
  const directory = await mkdtemp(join(tmpdir(), "byward-early-"));
  const store = await SqliteStore.open({ directory, onLost: () => {} });
  onTestFinished(async () => {
    await store.close();
    await rm(directory, { recursive: true, force: true });
  });
  const { port1, port2 } = new MessageChannel();
  const up = Promise.withResolvers<void>();
  let told: Promise<unknown> | null = null;
  const peer: Peer = new Peer(port1, {
    call: async (method) => {
      // As if the tables had been read just before: the row is not in them.
      if (method === "attach") told = peer.calls.tell("revoked", revocationOf("ann"));
      else if (method === "ready") up.resolve();
      else up.reject(new Error(method));
      return null;
    },
  });
  void serveInShard(registry, {
    index: 0,
    shards: 1,
    module: "",
    fingerprint: fingerprintOf(registry.config),
    port: port2,
    store: store.share().share,
    rates: [newSharedTable("a-seed")],
    wantsDecisions: false,
  });
  await up.promise;
  expect(await told).toEqual([]);
  const look = async (who: string): Promise<number> => {
    const request: RequestData = {
      method: "POST",
      path: "/actors/vault/one/actions/look",
      query: "",
      origin: "http://localhost",
      remoteAddress: "127.0.0.1",
      headers: ["content-type", "application/json", "authorization", `Bearer ${await token(who)}`],
      body: new TextEncoder().encode("[]"),
    };
    return ((await peer.calls.call("request", request)) as AnswerData).status;
  };
  expect([await look("ann"), await look("bea")]).toEqual([401, 200]);
  expect(ran).toEqual(["bea"]);
});

function router(answer: (method: string) => Promise<unknown>): { readonly router: Router; readonly peer: Peer } {
  const { port1, port2 } = new MessageChannel();
  const peer = new Peer(port1, { call: async () => null });
  const far = new Peer(port2, { call: answer });
  onTestFinished(() => far.close());
  const shards = { count: 1, peer: () => peer, whenUp: () => peer, all: () => [peer] };
  const made = new Router(shards, new Ownership(["vault"], 1), {} as SqliteStore);
  made.bind({} as Runtime);
  return { router: made, peer };
}

test("a shard that lives and could not take a revocation makes the whole fail", async () => {
  const { router: one } = router(() => Promise.reject(new Error("broken")));
  await expect(one.revoked(revocationOf("ann"))).rejects.toThrow("broken");
  await expect(one.epochRaised(2)).rejects.toThrow("broken");
});

test("a shard with as many calls under way as may be is told all the same", async () => {
  const { router: one, peer } = router((method) =>
    method === "revoked" ? Promise.resolve([{ actor: "vault", key: "one", connection: "c" }]) : new Promise(() => {}),
  );
  for (let count = 0; count < 65_536; count++) peer.calls.call("request", null).catch(() => {});
  await expect(peer.calls.call("request", null)).rejects.toMatchObject({ outcome: "overloaded" });
  expect(await one.revoked(revocationOf("ann"))).toHaveLength(1);
});

test("a shard that is gone holds nothing back", async () => {
  const { router: one, peer } = router(() => new Promise(() => {}));
  const telling = one.revoked(revocationOf("ann"));
  peer.close();
  expect(await telling).toEqual([]);
});
