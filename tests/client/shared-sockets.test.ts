/** Connections of one client over shared sockets: against a real server, and against servers that share none. */
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { actor, event, queue, setup, Visitor } from "byward";
import type { ClientOptions } from "byward/client";
import { expect, onTestFinished, test } from "vitest";
import { WebSocket, WebSocketServer } from "ws";
import { createClientOn } from "../../src/client/create-client.ts";
import { serve } from "../gate/server.ts";
import { steadyPort } from "../support/steady-port.ts";
import { eagerRuntime, until } from "./test-runtime.ts";

const ledger = actor({
  by: Visitor,
  state: { ops: [] as string[], jobs: [] as string[] },
  events: { done: event<string>() },
  queues: { jobs: queue<string>() },
  run: async (c) => {
    for await (const job of c.queue.iter()) c.state.jobs.push(job.body);
  },
  actions: {
    write: async (c, op: string, delay = 0) => {
      if (delay > 0) await new Promise((resolve) => setTimeout(resolve, delay));
      c.state.ops.push(op);
      c.broadcast("done", op);
      return op;
    },
    read: (c) => ({ ops: [...c.state.ops], jobs: [...c.state.jobs] }),
    echo: (_c, value: unknown) => value,
  },
});
const registry = () => setup({ use: { ledger } });

/** A client whose sockets can be counted and cut. */
const clientOf = (url: string, options: Partial<ClientOptions> = {}) => {
  const sockets: WebSocket[] = [];
  class Counted extends WebSocket {
    constructor(address: string | URL, protocols?: string | string[]) {
      super(address, protocols);
      this.on("error", () => {});
      sockets.push(this);
    }
  }
  const runtime = eagerRuntime({ WebSocket: Counted as unknown as typeof globalThis.WebSocket });
  const client = createClientOn<ReturnType<typeof registry>>(runtime, { endpoint: url, multiplex: true, ...options });
  onTestFinished(() => client.dispose());
  return { client, sockets, paths: () => sockets.map((socket) => new URL(socket.url).pathname) };
};

test("connections of one client are channels of one socket", async () => {
  const { url } = await serve(registry());
  const { client, paths } = clientOf(url);
  const connections = Array.from({ length: 20 }, (_, at) => client.ledger.getOrCreate(`a${at}`).connect());
  const outputs = await Promise.all(connections.map((connection, at) => connection.write(`op${at}`)));
  expect(outputs).toEqual(connections.map((_, at) => `op${at}`));
  expect(new Set(connections.map(({ actorId }) => actorId)).size).toBe(20);
  expect(paths()).toEqual(["/_byward/connect"]);
});

test("they spread over as many sockets as the client was given", async () => {
  const { url } = await serve(registry());
  const { client, paths } = clientOf(url, { multiplex: { sockets: 3 } });
  const connections = Array.from({ length: 9 }, (_, at) => client.ledger.getOrCreate(`a${at}`).connect());
  await Promise.all(connections.map((connection) => connection.echo(1)));
  expect(paths()).toEqual(["/_byward/connect", "/_byward/connect", "/_byward/connect"]);
});

test("events reach the channel that subscribed, and CBOR carries its values", async () => {
  const { url } = await serve(registry());
  const { client, paths } = clientOf(url, { encoding: "cbor" });
  const [one, two] = [client.ledger.getOrCreate("one").connect(), client.ledger.getOrCreate("two").connect()];
  const heard: string[] = [];
  one.on("done", (op) => heard.push(`one ${op}`));
  two.on("done", (op) => heard.push(`two ${op}`));
  await Promise.all([one.write("x"), two.write("y")]);
  await until(() => heard.length === 2);
  expect(heard.sort()).toEqual(["one x", "two y"]);
  expect(await one.echo(new Map([["bytes", new Uint8Array([1, 2, 3])]]))).toEqual(
    new Map([["bytes", new Uint8Array([1, 2, 3])]]),
  );
  expect(paths()).toEqual(["/_byward/connect"]);
});

test("a connection that is disposed, or refused, leaves the others alone; the last one takes the socket with it", async () => {
  const { url } = await serve(registry());
  const { client, sockets } = clientOf(url);
  const [one, two] = [client.ledger.getOrCreate("one").connect(), client.ledger.getOrCreate("two").connect()];
  await Promise.all([one.echo(1), two.echo(1)]);
  const missing = client.ledger.get("missing").connect();
  await until(() => missing.$failure !== undefined);
  expect(missing.$failure).toMatchObject({ group: "actor", code: "not_found" });
  await one.dispose();
  expect(await two.echo(2)).toBe(2);
  expect([one.connStatus, two.connStatus, sockets[0]?.readyState]).toEqual(["idle", "connected", WebSocket.OPEN]);
  await two.dispose();
  await until(() => sockets[0]?.readyState === WebSocket.CLOSED);
  expect(sockets).toHaveLength(1);
});

test("a registry below a path of its own shares sockets there", async () => {
  const { url } = await serve(setup({ use: { ledger }, basePath: "/api" }));
  const { client, paths } = clientOf(`${url}/api`);
  expect(await client.ledger.getOrCreate("one").connect().echo(1)).toBe(1);
  expect(paths()).toEqual(["/api/_byward/connect"]);
});

test("a connection made after the last one was disposed opens a socket anew", async () => {
  const { url } = await serve(registry());
  const { client, sockets } = clientOf(url);
  const one = client.ledger.getOrCreate("one").connect();
  await one.echo(1);
  await one.dispose();
  const two = client.ledger.getOrCreate("two").connect();
  expect(await two.echo(2)).toBe(2);
  await until(() => two.isConnected);
  expect(sockets.length).toBeLessThanOrEqual(2);
});

test("a shared socket that breaks brings all its connections back: nothing is answered or done twice, nothing is lost", async () => {
  const { url } = await serve(registry());
  const { client, sockets, paths } = clientOf(url);
  const connections = Array.from({ length: 12 }, (_, at) => client.ledger.getOrCreate(`a${at}`).connect());
  const told = connections.map(() => ({ written: [] as string[], sent: [] as string[], answers: 0, asked: 0 }));
  let events = 0;
  for (const connection of connections) connection.on("done", () => void events++);
  let isOver = false;
  const work = connections.map(async (connection, at) => {
    const mine = told[at]!;
    for (let n = 0; !isOver; n++) {
      const op = `${at}.${n}`;
      mine.asked += 1;
      try {
        if (n % 3 === 0) {
          await connection.send("jobs", op);
          mine.sent.push(op);
        } else mine.written.push(await connection.write(op));
        mine.answers += 1;
      } catch (error) {
        expect(error).toMatchObject({ group: "client", code: "connection_lost" });
      }
    }
  });
  for (let cut = 0; cut < 6; cut++) {
    await until(() => connections.every(({ isConnected }) => isConnected));
    await new Promise((resolve) => setTimeout(resolve, 20));
    const before = told.map(({ answers }) => answers);
    for (const socket of sockets) if (socket.readyState === WebSocket.OPEN) socket.terminate();
    await until(() => told.every(({ answers }, at) => answers > before[at]!));
  }
  isOver = true;
  await Promise.all(work);
  for (const [at, mine] of told.entries()) {
    const disk = await client.ledger.get(`a${at}`).read();
    expect(new Set(disk.ops).size).toBe(disk.ops.length);
    expect(disk.ops).toEqual(expect.arrayContaining(mine.written));
    expect(new Set(disk.jobs).size).toBe(disk.jobs.length);
    expect(new Set(mine.written).size).toBe(mine.written.length);
  }
  expect(events).toBeGreaterThan(0);
  expect(new Set(paths())).toEqual(new Set(["/_byward/connect"]));
  expect(sockets.length).toBeLessThan(6 * 12);
});

test("a server that was away is asked again for a shared socket", async () => {
  const first = await registry().serve({ port: await steadyPort(), dataDir: await temporary() });
  await first.close();
  const { client, paths } = clientOf(first.url);
  const connection = client.ledger.getOrCreate("one").connect();
  await until(() => connection.connStatus === "disconnected");
  const second = await registry().serve({ port: first.port, dataDir: await temporary() });
  onTestFinished(() => second.close());
  expect(await connection.echo(1)).toBe(1);
  expect(await client.ledger.getOrCreate("two").connect().echo(1)).toBe(1);
  expect(paths().at(-1)).toBe("/_byward/connect");
});

test.each([
  ["refuses the upgrade", "refuse", 2],
  ["answers in its own way", "answer", 1],
  ["closes without a word", "close", 1],
] as const)(
  "where a server %s, each connection has a socket of its own, and that is soon known",
  async (_, manner, asked) => {
    const server = createServer();
    const sockets = new WebSocketServer({ noServer: true, handleProtocols: (offered) => [...offered][0] ?? false });
    server.on("upgrade", (request, stream, head) => {
      const isShared = request.url === "/_byward/connect";
      if (isShared && manner === "refuse") {
        stream.end("HTTP/1.1 404 Not Found\r\nconnection: close\r\n\r\n");
        return;
      }
      sockets.handleUpgrade(request, stream, head, (socket) => {
        socket.on("error", () => {});
        if (isShared) {
          if (manner === "answer") {
            socket.send('{"t":"error","group":"request","code":"not_found","message":"","correlationId":"x"}');
          }
          socket.close(3003, "request/not_found");
        } else socket.on("message", (data) => answer(socket, JSON.parse(data.toString())));
      });
    });
    await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
    onTestFinished(() => {
      for (const socket of sockets.clients) socket.terminate();
      server.close();
    });
    const { client, paths } = clientOf(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    for (const key of ["one", "two", "three"]) {
      expect(await client.ledger.getOrCreate(key).connect().echo(1)).toBe("echoed");
    }
    const own = ["one", "two", "three"].map((key) => `/actors/ledger/${key}/connect`);
    expect(paths().filter((path) => path !== "/_byward/connect")).toEqual(own);
    expect(paths()).toHaveLength(own.length + asked);
  },
);

function answer(socket: WebSocket, message: { t: string; id: number }): void {
  if (message.t === "hello") {
    socket.send('{"t":"ready","actor":"a","connection":"c","expiresAt":null,"now":0}');
  } else socket.send(`{"t":"result","id":${message.id},"output":"echoed"}`);
}

async function temporary(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "byward-"));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

test("a connection made while the unused socket closes takes another, and is not cut off with it", async () => {
  const { url } = await serve(registry());
  const { client, sockets } = clientOf(url);
  const first = client.ledger.getOrCreate("a").connect();
  await first.write("one");
  const socket = sockets[0]!;
  const close = socket.close.bind(socket);
  // Polling for the state would now and then come after the other side's answer.
  const duringClose = new Promise<number>((seen) => {
    socket.close = (...reason) => {
      close(...reason);
      queueMicrotask(() => seen(socket.readyState));
    };
  });
  void first.dispose();
  expect(await duringClose).toBe(WebSocket.CLOSING);
  const second = client.ledger.getOrCreate("b").connect();
  const errors: unknown[] = [];
  second.onError((error) => void errors.push(error));
  expect(await second.write("two")).toBe("two");
  expect(errors).toEqual([]);
});
