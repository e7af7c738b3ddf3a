/** Channels of a shared socket whose actors are in a thread that is behind: the socket is not read meanwhile (G12). */
import { MessageChannel } from "node:worker_threads";
import { expect, onTestFinished, test } from "vitest";
import { DEFAULT_LIMITS } from "../../src/actors/limits.ts";
import { Peer } from "../../src/hosts/node/shards/peer.ts";
import type { SocketHandlers } from "../../src/hosts/port.ts";
import { jsonCodec } from "../../src/protocol/codec.ts";
import { textFraming } from "../../src/protocol/mux-text.ts";
import { type MuxRuntime, serveMux } from "../../src/registry/mux.ts";

function sharedSocket(near: Peer) {
  const calls: string[] = [];
  let handlers!: SocketHandlers;
  const socket = {
    protocol: "byward.mux.v1",
    bufferedAmount: 0,
    attach: (given: SocketHandlers) => {
      handlers = given;
    },
    send: () => {},
    close: () => void calls.push("close"),
    terminate: () => {},
    pause: () => void calls.push("pause"),
    resume: () => void calls.push("resume"),
  };
  const runtime = { limits: DEFAULT_LIMITS, pendingSocket: () => () => {} } as unknown as MuxRuntime;
  const ids: number[] = [];
  serveMux({
    runtime,
    socket,
    framing: textFraming,
    codec: jsonCodec,
    connect: (_path, channel) => near.sockets.offer(channel, (id) => void ids.push(id)),
  });
  return { calls, ids, say: (data: string) => handlers.message(data) };
}

test("past the mark the socket is not read, and when the thread has caught up it is again", async () => {
  const { port1, port2 } = new MessageChannel();
  const near = new Peer(port1, { call: async () => null });
  onTestFinished(() => near.close());
  const { calls, ids, say } = sharedSocket(near);
  say("1 /actors/a/b/connect\n2 /actors/a/c/connect");
  const frame = `1 "${"x".repeat(500_000)}"\n2 "${"y".repeat(500_000)}"`;
  for (let count = 0; count < 6; count++) say(frame);
  expect(calls).toEqual(["pause"]);
  const far = new Peer(port2, { call: async () => null });
  for (const id of ids) far.sockets.accept(id, "byward.v1").attach({ message: () => {}, close: () => {} });
  await expect.poll(() => calls).toEqual(["pause", "resume"]);
});

test("a channel that ends while it holds the reading up holds it up no longer", async () => {
  const { port1 } = new MessageChannel();
  const near = new Peer(port1, { call: async () => null });
  onTestFinished(() => near.close());
  const { calls, say } = sharedSocket(near);
  say("1 /actors/a/b/connect\n2 /actors/a/c/connect");
  for (let count = 0; count < 6; count++) say(`1 "${"x".repeat(1_000_000)}"`);
  expect(calls).toEqual(["pause"]);
  // What was read before the pause took effect.
  say("1 !1000 ");
  await expect.poll(() => calls).toEqual(["pause", "resume"]);
});
