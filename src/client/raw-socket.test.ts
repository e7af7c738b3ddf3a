import { expect, test } from "vitest";
import { WebSocket as PackageWebSocket } from "ws";
import { startServer } from "../../tests/client/scripted-server.ts";
import { ManualTime, settled, testClient, until } from "../../tests/client/test-runtime.ts";
import type { ActorHandle } from "./types.ts";

const READY = { t: "ready", actor: "a", connection: "c", expiresAt: null, now: 1 };

test("hello goes first, with the token in it, and the socket comes after admission", async () => {
  const server = await startServer();
  const client = testClient({ endpoint: server.url, token: "s3cret", params: { seat: 1 } });
  let isOpen = false;
  const opening = client.get("room", "k").webSocket("/game?level=2");
  void opening.then(() => {
    isOpen = true;
  });
  const peer = await server.peers.next();
  expect([peer.path, peer.offered]).toStrictEqual(["/actors/room/k/websocket/game?level=2", "byward.v1"]);
  expect(await peer.expect("hello")).toStrictEqual({ t: "hello", token: "s3cret", params: { seat: 1 }, mode: "get" });
  await settled();
  expect(isOpen).toBe(false);
  peer.send(READY);
  const socket = await opening;
  expect([socket.readyState, socket.protocol]).toStrictEqual([1, ""]);
  socket.send("hi");
  expect(await peer.raw.next()).toBe("hi");
  socket.send(new Uint8Array([1, 2]));
  expect(await peer.raw.next()).toStrictEqual(new Uint8Array([1, 2]));
  socket.close();
  await peer.closed;
});

test("the path cannot leave the actor's websocket route", async () => {
  const server = await startServer();
  const opening = testClient({ endpoint: server.url }).getOrCreate("room", "k").webSocket("../../other/connect");
  const peer = await server.peers.next();
  expect(peer.path).toBe("/actors/room/k/websocket/other/connect");
  peer.send(READY);
  await opening;
});

/** Admits a socket, and sends three frames and a close in the same moment. */
const admitAndFlood = async (room: ActorHandle, server: Awaited<ReturnType<typeof startServer>>) => {
  const opening = room.webSocket();
  const peer = await server.peers.next();
  await peer.expect("hello");
  peer.send(READY);
  for (const frame of ["one", "two"]) peer.socket.send(frame);
  peer.socket.send(new Uint8Array([3]));
  peer.socket.close(4001, "done");
  return { opening, peer };
};

test("frames and a close right behind the admission reach listeners attached by the awaiting code, in order", async () => {
  const server = await startServer();
  const room = testClient({ endpoint: server.url }).getOrCreate("room", "k");
  for (let round = 0; round < 20; round++) {
    const { opening } = await admitAndFlood(room, server);
    const socket = await opening;
    const seen: unknown[] = [];
    socket.addEventListener("message", ({ data }) => seen.push(data));
    await new Promise<void>((resolve) =>
      socket.addEventListener("close", ({ code, reason, wasClean }) => {
        seen.push([code, reason, wasClean]);
        resolve();
      }),
    );
    expect(seen).toStrictEqual(["one", "two", new Uint8Array([3]).buffer, [4001, "done", true]]);
  }
});

test("a handler property works like a listener, and blobs are given where they are asked for", async () => {
  const server = await startServer();
  const { opening } = await admitAndFlood(testClient({ endpoint: server.url }).getOrCreate("room", "k"), server);
  const socket = await opening;
  socket.binaryType = "blob";
  const seen: unknown[] = [];
  socket.onmessage = ({ data }) => seen.push(data);
  await until(() => seen.length === 3);
  expect(seen.slice(0, 2)).toStrictEqual(["one", "two"]);
  expect(await (seen[2] as Blob).bytes()).toStrictEqual(new Uint8Array([3]));
});

test("the application's subprotocols are offered under ours, and the chosen one is named without it", async () => {
  const server = await startServer();
  const opening = testClient({ endpoint: server.url }).getOrCreate("room", "k").webSocket("/", ["graphql-ws", "old"]);
  const peer = await server.peers.next();
  expect(peer.offered.replaceAll(" ", "")).toBe("byward.v1+graphql-ws,byward.v1+old,byward.v1");
  peer.send(READY);
  expect((await opening).protocol).toBe("graphql-ws");
});

test.each([
  ["auth", "forbidden", 3003],
  ["auth", "unauthenticated", 3000],
  ["byward", "internal_error", 1011],
])("%s/%s rejects with the server's error, and nobody sees the socket", async (group, code, closeCode) => {
  const server = await startServer();
  const opening = testClient({ endpoint: server.url }).getOrCreate("room", "k").webSocket();
  const [refusal] = await Promise.allSettled([
    opening,
    server.peers.next().then((p) => p.refuse(group, code, closeCode)),
  ]);
  expect(refusal).toMatchObject({
    status: "rejected",
    reason: { name: "ActorError", group, code, correlationId: "x1" },
  });
});

test.each([
  ["closes without a word", (peer: { cut(): void }) => peer.cut(), "client/connection_lost"],
  ["says why in the close only", (peer: Peer) => peer.socket.close(3003, "auth/forbidden"), "auth/forbidden"],
  ["speaks before it admits", (peer: Peer) => peer.socket.send("welcome"), "client/malformed_response"],
  [
    "sends another message first",
    (peer: Peer) => peer.send({ t: "event", name: "a", args: [] }),
    "client/malformed_response",
  ],
  ["sends bytes first", (peer: Peer) => peer.socket.send(new Uint8Array([1])), "client/malformed_response"],
])("a server that %s is a rejection", async (_, act, expected) => {
  const server = await startServer();
  const opening = testClient({ endpoint: server.url }).getOrCreate("room", "k").webSocket();
  const settling = opening.then(
    () => "resolved",
    (error: { group: string; code: string }) => `${error.group}/${error.code}`,
  );
  const peer = await server.peers.next();
  await peer.expect("hello");
  act(peer);
  expect(await settling).toBe(expected);
  await peer.closed;
});

test("a server that never admits is left after 15 s", async () => {
  const server = await startServer();
  const time = new ManualTime();
  const opening = testClient({ endpoint: server.url }, time.runtime()).getOrCreate("room", "k").webSocket();
  const settling = opening.catch((error: { code: string }) => error.code);
  const peer = await server.peers.next();
  await peer.expect("hello");
  time.advance(15_000);
  expect(await settling).toBe("connect_timeout");
  await peer.closed;
  expect(time.pending).toStrictEqual([]);
});

test("the handle's signal ends an opening with its own reason", async () => {
  const server = await startServer();
  const controller = new AbortController();
  const options = { signal: controller.signal };
  const opening = testClient({ endpoint: server.url }).getOrCreate("room", "k", options).webSocket();
  const settling = opening.catch((error: Error) => error.message);
  const peer = await server.peers.next();
  await peer.expect("hello");
  controller.abort(new Error("left"));
  expect(await settling).toBe("left");
  await peer.closed;
});

test("a subprotocol that is no token, and a server that is not there, reject", async () => {
  const server = await startServer();
  const room = testClient({ endpoint: server.url }).getOrCreate("room", "k");
  await expect(room.webSocket("/", "no spaces")).rejects.toMatchObject({ code: "invalid_endpoint" });
  await server.stop();
  await expect(room.webSocket()).rejects.toMatchObject({ code: "connection_lost" });
});

test("a WebSocket of a package serves as well", async () => {
  const server = await startServer();
  const options = { endpoint: server.url, WebSocket: PackageWebSocket as unknown as typeof WebSocket };
  const conn = testClient(options).getOrCreate("room", "k").connect();
  const peer = await server.peers.next();
  await peer.admit();
  await until(() => conn.isConnected);
  const call = conn["a"]!(1);
  peer.send({ t: "result", id: (await peer.expect("action")).id, output: 2 });
  expect(await call).toBe(2);
});

type Peer = Awaited<ReturnType<Awaited<ReturnType<typeof startServer>>["peers"]["next"]>>;
