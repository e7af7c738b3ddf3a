/** Hosts where a runtime must be told of revocations: who stands is told, who proves nothing costs nobody a call (G7, G12). */
import { actor, bearer, event, memory, party, setup } from "byward";
import { expect, test } from "vitest";
import type { Surroundings } from "../../src/actors/surroundings.ts";
import { identityText } from "../../src/boundary/lease.ts";
import { VirtualClock } from "../../src/hosts/memory/clock.ts";
import { nodeDigests } from "../../src/hosts/node/host.ts";
import type { RevocationRow } from "../../src/hosts/port.ts";
import type { Edge } from "../../src/registry/edge.ts";
import { inboundOf, toResponse } from "../../src/registry/fetch.ts";
import { token } from "./server.ts";
import { SECRET, TestSocket } from "./virtual.ts";

const User = party("User", { auth: bearer({ secret: "AUTH_JWT_SECRET" }) });

async function world() {
  const ran: string[] = [];
  const told: RevocationRow[] = [];
  let enrolments = 0;
  const clock = new VirtualClock(Date.now());
  const registry = setup({
    use: {
      room: actor({
        by: User,
        state: {},
        events: { news: event<number>() },
        onBeforeConnect: () => void ran.push("onBeforeConnect"),
        onConnect: () => void ran.push("onConnect"),
        onWebSocket: () => void ran.push("onWebSocket"),
        canInvoke: () => true,
        actions: {},
      }),
    },
  });
  let edge: Edge | null = null;
  const surroundings: Surroundings = {
    refresh: () => {},
    enroll: async () => {
      enrolments += 1;
      edge?.runtime.learn(told, 0);
    },
    revoke: async () => [],
    raiseEpoch: async () => 1,
    farClock: clock,
    wakeAt: () => {},
    keeperOf: () => null,
    idPrefix: "",
  };
  const fleet = { owns: () => true, calleeOf: () => null, revoked: async () => [], epochRaised: async () => {} };
  edge = await registry.start(memory({ clock, env: { AUTH_JWT_SECRET: SECRET }, ...nodeDigests }), {
    fleet,
    surroundings,
  });
  const request = (path: string, headers: Record<string, string>) =>
    inboundOf(new Request(`http://localhost/actors/room/one${path}`, { headers }), { publicUrl: null });
  return {
    ran,
    told,
    count: () => enrolments,
    open: async (path: string, bearer?: string): Promise<TestSocket | Response> => {
      const inbound = request(path, bearer === undefined ? {} : { authorization: `Bearer ${bearer}` });
      if (path.startsWith("/events")) return toResponse(await edge.handle(inbound));
      const { protocol, serve } = await edge.upgrade(inbound);
      const socket = new TestSocket(protocol);
      serve(socket);
      if (path === "/connect") socket.say({ t: "hello" });
      await clock.advance(0);
      return socket;
    },
  };
}

const WAYS = ["/connect", "/websocket/", "/events/news"];
const codeOf = (end: TestSocket | Response): number => (end instanceof Response ? end.status : (end.closed?.code ?? 0));

test("who proves nothing is not enrolled, whatever he opens", async () => {
  const one = await world();
  for (const way of WAYS) expect([401, 3000]).toContain(codeOf(await one.open(way)));
  for (const way of WAYS) expect([401, 3000]).toContain(codeOf(await one.open(way, "forged")));
  expect(one.count()).toBe(0);
});

test.each(WAYS)("%s: who is revoked by what enrolling brought is refused, and no hook ran", async (way) => {
  const one = await world();
  const now = Date.now();
  const times = { issuedBefore: now + 60_000, revokedAt: now, keepUntil: now + 10_000_000 };
  one.told.push({ id: "r", party: null, identity: identityText("ann"), claim: null, tokenId: null, ...times });
  expect([401, 3000]).toContain(codeOf(await one.open(way, await token("ann", {}, SECRET))));
  expect(one.ran).toEqual([]);
  expect(one.count()).toBe(1);
});

test("who stands is enrolled after his hooks have run", async () => {
  const one = await world();
  const bearer = await token("ann", {}, SECRET);
  for (const way of WAYS) expect([200, 0]).toContain(codeOf(await one.open(way, bearer)));
  expect(one.ran.filter((name) => name === "onConnect")).toHaveLength(3);
  expect(one.count()).toBe(2 * WAYS.length);
});
