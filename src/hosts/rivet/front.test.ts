import { expect, test } from "vitest";
import { virtual } from "../../../tests/gate/virtual.ts";
import { actor as define, setup, Visitor } from "../../index.ts";
import { parseActorPath } from "../../protocol/paths.ts";
import { inboundOf } from "../../registry/fetch.ts";
import type { SocketHandlers } from "../port.ts";
import { frontOf, relaySocket } from "./front.ts";
import { Mux, type Stream } from "./tunnel/mux.ts";
import type { TunnelPool } from "./tunnel/pool.ts";

/** A socket whose peer is the test. */
class Peer {
  readonly protocol = "";
  readonly sent: (string | Uint8Array)[] = [];
  readonly calls: string[] = [];
  bufferedAmount = 0;
  handlers: SocketHandlers | null = null;
  attach(handlers: SocketHandlers): void {
    this.handlers = handlers;
  }
  send(data: string | Uint8Array): void {
    this.sent.push(data);
  }
  close(code: number): void {
    this.calls.push(`close ${code}`);
  }
  terminate(): void {}
  pause(): void {
    this.calls.push("pause");
  }
  resume(): void {
    this.calls.push("resume");
  }
  say(data: string): void {
    this.handlers?.message(data);
  }
}

/** Two ends of a tunnel. What `deliver` is not called for stays on its way. */
function tunnel(accept: (stream: Stream) => void) {
  const onTheWay: Uint8Array[] = [];
  const far: Mux = new Mux({ send: (message) => near.receive(message), close: () => {} }, accept);
  const near: Mux = new Mux({ send: (message) => void onTheWay.push(message), close: () => {} }, null);
  const deliver = (): void => {
    for (const message of onTheWay.splice(0)) far.receive(message);
  };
  return { near, deliver };
}

const turns = (ms = 10): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

test("a peer that sends faster than its actor takes is not read until the actor has caught up", async () => {
  const { near, deliver } = tunnel((stream) => {
    stream.handlers = { message: () => {} };
  });
  const peer = new Peer();
  const looks: (() => void)[] = [];
  const stream = near.open({});
  relaySocket(stream, peer, (_delay, task) => looks.push(task));
  for (let count = 0; count < 30; count++) peer.say("x".repeat(60_000));
  await turns();
  expect(peer.calls).toEqual(["pause"]);
  for (const look of looks.splice(0)) look();
  expect(peer.calls).toEqual(["pause"]);
  for (let round = 0; round < 20; round++) {
    deliver();
    await turns(1);
  }
  expect(stream.bufferedAmount).toBe(0);
  for (const look of looks.splice(0)) look();
  expect(peer.calls).toEqual(["pause", "resume"]);
});

test("what a peer says before the tunnel to its actor stands arrives, in order, and is bounded", async () => {
  const got: unknown[] = [];
  const { near, deliver } = tunnel((stream) => {
    stream.handlers = { message: (data) => void got.push(data) };
  });
  const world = await virtual(setup({ use: { room: define({ by: Visitor, state: {}, actions: {} }) } }));
  const standing = Promise.withResolvers<Mux>();
  const pool = { get: () => standing.promise } as unknown as TunnelPool;
  const { router } = frontOf(world.edge, world.registry.config, pool, () => true);
  const url = "/actors/room/one/connect";
  const inbound = inboundOf(new Request(`http://localhost${url}`), { publicUrl: null });
  const [peer, flood] = [new Peer(), new Peer()];
  for (const one of [peer, flood]) router!.socket(parseActorPath(url)!, inbound, "byward.v1")!(one);
  peer.say("first");
  for (let count = 0; count < 1000; count++) flood.say("x".repeat(1000));
  expect(flood.calls).toContain("close 1013");
  await turns();
  peer.say("second");
  standing.resolve(near);
  await turns();
  deliver();
  expect(got).toEqual(["first", "second"]);
});
