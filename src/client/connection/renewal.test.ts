import { expect, test } from "vitest";
import { type Peer, startServer } from "../../../tests/client/scripted-server.ts";
import { ManualTime, settled, testClient, until } from "../../../tests/client/test-runtime.ts";
import type { ActorConn, TokenSource } from "../types.ts";

interface Scene {
  readonly conn: ActorConn;
  readonly peer: Peer;
  readonly time: ManualTime;
  readonly errors: string[];
  /** What `token()` was asked: whether a fresh one. */
  readonly asked: boolean[];
}

/** A connection whose lease runs for `lease` ms, by a server whose clock is wrong by half a year. */
const lend = async (lease: number, token?: TokenSource): Promise<Scene> => {
  const server = await startServer();
  const time = new ManualTime();
  const asked: boolean[] = [];
  const counted: TokenSource = ({ fresh }) => `t${asked.push(fresh)}`;
  const client = testClient({ endpoint: server.url, token: token ?? counted }, time.runtime({ random: () => 1 }));
  const conn = client.getOrCreate("room").connect();
  const errors: string[] = [];
  conn.onError((error) => errors.push(`${error.group}/${error.code}`));
  const peer = await server.peers.next();
  await peer.admit({ now: SERVER_NOW, expiresAt: SERVER_NOW + lease });
  await until(() => conn.isConnected);
  return { conn, peer, time, errors, asked };
};
const SERVER_NOW = 16_000_000_000;

test.each([
  [3_600_000, 3_540_000],
  [300_000, 240_000],
  [10_000, 8000],
  [0, 0],
  [-5000, 0],
])("a lease of %i ms is renewed after %i ms, whatever the client's clock says", async (lease, wait) => {
  const { time } = await lend(lease);
  expect(time.pending).toStrictEqual([wait]);
});

test("a renewal presents a fresh token, and the next is timed by its answer", async () => {
  const { peer, time, asked, errors } = await lend(100_000);
  time.advance(80_000);
  const renew = await peer.expect("renew");
  expect([renew.token, asked]).toStrictEqual(["t2", [false, true]]);
  peer.send({ t: "result", id: renew.id, output: { expiresAt: SERVER_NOW + 300_000, now: SERVER_NOW + 80_000 } });
  await until(() => time.pending.length === 1);
  expect([time.pending, errors]).toStrictEqual([[176_000], []]);
});

test("a lease that became endless is renewed no more", async () => {
  const { peer, time, errors } = await lend(100_000);
  time.advance(80_000);
  const { id } = await peer.expect("renew");
  peer.send({ t: "result", id, output: { expiresAt: null, now: SERVER_NOW } });
  await settled();
  expect([time.pending, errors]).toStrictEqual([[], []]);
});

test.each([
  ["nothing", undefined],
  ["no end", { now: SERVER_NOW + 80_000 }],
  ["the end it had", { expiresAt: SERVER_NOW + 100_000, now: SERVER_NOW + 80_000 }],
  ["an earlier end", { expiresAt: SERVER_NOW + 90_000, now: SERVER_NOW + 80_000 }],
])("an answer with %s never switches renewal off: it is tried again", async (_, output) => {
  const { peer, time, errors } = await lend(100_000);
  time.advance(80_000);
  const { id } = await peer.expect("renew");
  peer.send({ t: "result", id, ...(output === undefined ? {} : { output }) });
  await until(() => time.pending.length === 1);
  expect([time.pending, errors.length]).toStrictEqual([[2000], 1]);
  time.advance(2000);
  await peer.expect("renew");
});

test("a refused renewal leaves the connection, and is tried again with growing waits", async () => {
  const { conn, peer, time, errors } = await lend(100_000);
  time.advance(80_000);
  for (const wait of [2000, 4000]) {
    const { id } = await peer.expect("renew");
    peer.error("auth", "expired", { id });
    await until(() => time.pending.length === 1);
    expect([time.pending, conn.connStatus]).toStrictEqual([[wait], "connected"]);
    time.advance(wait);
  }
  const { id } = await peer.expect("renew");
  peer.send({ t: "result", id, output: { expiresAt: SERVER_NOW + 300_000, now: SERVER_NOW + 90_000 } });
  await until(() => time.pending[0] === 168_000);
  expect(errors).toStrictEqual(["auth/expired", "auth/expired"]);
});

test("a renewal for another subject is forbidden, and not tried again", async () => {
  const { conn, peer, time, errors } = await lend(100_000);
  time.advance(80_000);
  const { id } = await peer.expect("renew");
  peer.error("auth", "forbidden", { id });
  await until(() => errors.length === 1);
  expect([errors, time.pending, conn.connStatus]).toStrictEqual([["auth/forbidden"], [], "connected"]);
});

test("a token() that throws while renewing is reported and tried again", async () => {
  let calls = 0;
  const { peer, time, errors } = await lend(100_000, () => {
    if (++calls === 2) throw new Error("offline");
    return "t";
  });
  time.advance(80_000);
  await until(() => errors.length === 1);
  expect([errors, time.pending]).toStrictEqual([["client/token_failed"], [2000]]);
  time.advance(2000);
  await peer.expect("renew");
});

test("a token that cannot change is not renewed", async () => {
  const { time } = await lend(100_000, "fixed");
  expect(time.pending).toStrictEqual([]);
});

test("nothing is renewed after the link has gone, not even by an answer under way", async () => {
  const { promise, resolve } = Promise.withResolvers<string>();
  let calls = 0;
  const { conn, peer, time, errors } = await lend(100_000, () => (++calls === 2 ? promise : "t"));
  time.advance(80_000);
  await until(() => calls === 2);
  await conn.dispose();
  resolve("late");
  await settled();
  expect([time.pending, errors, peer.messages.all.length]).toStrictEqual([[], [], 1]);
});

test("a lease longer than timers count is waited for in parts", async () => {
  const year = 365 * 86_400_000;
  const { peer, time } = await lend(year);
  expect(time.pending).toStrictEqual([2 ** 31 - 1]);
  time.advance(2 ** 31 - 1);
  await settled();
  expect(peer.messages.all).toHaveLength(1);
  time.advance(year - 60_000 - (2 ** 31 - 1));
  await peer.expect("renew");
});
