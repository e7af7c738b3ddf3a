import type { ServerResponse } from "node:http";
import { expect, test } from "vitest";
import { errorBody, reply, type ScriptedServer, startServer } from "../../tests/client/scripted-server.ts";
import { ManualTime, settled, testClient, until } from "../../tests/client/test-runtime.ts";
import type { ClientOptions } from "./types.ts";

const events = (server: ScriptedServer, options: Partial<ClientOptions> = {}, signal?: AbortSignal) =>
  testClient({ endpoint: server.url, ...options })
    .getOrCreate("room", "k")
    .$events("the news", signal === undefined ? {} : { signal });

const READY = 'event: ready\ndata: {"actor":"a","expiresAt":null,"now":1}\n\n';

const stream = (response: ServerResponse, ...chunks: string[]): void => {
  response.writeHead(200, { "content-type": "text/event-stream" });
  for (const chunk of chunks) response.write(chunk);
};

const take = async (iterator: AsyncIterator<unknown[]>, count: number): Promise<unknown[]> => {
  const taken: unknown[] = [];
  while (taken.length < count) taken.push((await iterator.next()).value);
  return taken;
};

test("one event is a list of arguments after another, with the credential in a header", async () => {
  const server = await startServer();
  server.answer = (_, response) =>
    stream(
      response,
      READY,
      ": keep alive\n\n",
      'data: [1,["$Date",5]]\n\n',
      'data: ["ä',
      '€"]\r\n\r\n',
      "event: later\ndata: [0]\n\n",
      "data: []\n\n",
    );
  const iterator = events(server, { token: "t" });
  expect(await take(iterator, 3)).toStrictEqual([[1, new Date(5)], ["ä€"], []]);
  expect(server.requests[0]).toMatchObject({
    method: "GET",
    path: "/actors/room/k/events/the%20news",
    headers: { accept: "text/event-stream", authorization: "Bearer t" },
  });
  await iterator.return?.();
});

test("nothing is asked for before the first delivery is", async () => {
  const server = await startServer();
  events(server);
  await settled();
  expect(server.requests).toStrictEqual([]);
});

test("leaving the loop ends the request, and so does return() while waiting", async () => {
  const server = await startServer();
  let closed = 0;
  server.answer = (_, response) => {
    response.on("close", () => closed++);
    stream(response, READY, "data: [1]\n\n");
  };
  for await (const args of events(server)) {
    expect(args).toStrictEqual([1]);
    break;
  }
  await until(() => closed === 1);
  const iterator = events(server);
  await iterator.next();
  const waiting = iterator.next();
  await iterator.return?.();
  expect(await waiting).toStrictEqual({ done: true, value: undefined });
  expect(await iterator.next()).toStrictEqual({ done: true, value: undefined });
  await until(() => closed === 2);
});

test("a signal ends the loop with its own reason", async () => {
  const server = await startServer();
  server.answer = (_, response) => stream(response, READY);
  const controller = new AbortController();
  const iterator = events(server, {}, controller.signal);
  const waiting = iterator.next();
  await until(() => server.requests.length === 1);
  controller.abort(new Error("left"));
  await expect(waiting).rejects.toThrow("left");
});

test("an expired lease comes back with a fresh token", async () => {
  const server = await startServer();
  server.answer = (_, response) => {
    stream(response, READY, `data: [${server.requests.length}]\n\n`);
    response.end(`event: expired\ndata: ${JSON.stringify(errorBody("auth", "expired"))}\n\n`);
  };
  const iterator = events(server, { token: ({ fresh }) => String(fresh) });
  expect(await take(iterator, 3)).toStrictEqual([[1], [2], [3]]);
  expect(server.requests.map(({ headers }) => headers.authorization)).toStrictEqual([
    "Bearer false",
    "Bearer true",
    "Bearer true",
  ]);
  await iterator.return?.();
});

test("a fresh token that is refused too ends it, and so does a token that cannot change", async () => {
  const server = await startServer();
  server.answer = (_, response) => reply(response, 401, errorBody("auth", "unauthenticated"));
  await expect(events(server, { token: () => "t" }).next()).rejects.toMatchObject({ code: "unauthenticated" });
  expect(server.requests).toHaveLength(2);
  await expect(events(server, { token: "t" }).next()).rejects.toMatchObject({ code: "unauthenticated" });
  expect(server.requests).toHaveLength(3);
});

test("a stream that breaks, and a busy server, are come back from; what is refused for good is thrown", async () => {
  const server = await startServer();
  let cut = (): void => {};
  server.answer = (_, response) => {
    const n = server.requests.length;
    cut = () => void response.destroy();
    if (n === 1) response.destroy();
    else if (n === 2) reply(response, 503, errorBody("byward", "unavailable"));
    else if (n === 3) {
      stream(response, READY, "data: [3]\n\n", "data: [4");
    } else if (n === 4) {
      const ended = JSON.stringify({ ...errorBody("byward", "unavailable"), retryAfter: 0 });
      stream(response, READY);
      response.end(`event: refused\ndata: ${ended}\n\n`);
    } else if (n === 5) stream(response, READY, "data: [5]\n\n");
    else reply(response, 403, errorBody("auth", "forbidden"));
  };
  const iterator = events(server);
  // A stream that breaks takes with it what nobody has read yet: cut when it is read.
  for (const expected of [3, 5]) {
    expect(await take(iterator, 1)).toStrictEqual([[expected]]);
    cut();
  }
  await expect(iterator.next()).rejects.toMatchObject({ group: "auth", code: "forbidden" });
  expect(server.requests).toHaveLength(6);
});

test("coming back is spaced out, also from a server that admits and drops at once", async () => {
  const server = await startServer();
  const time = new ManualTime();
  server.answer = (_, response) => {
    stream(response, READY);
    response.end();
  };
  const client = testClient({ endpoint: server.url }, time.runtime({ random: () => 1 }));
  const iterator = client.getOrCreate("room").$events("news");
  void iterator.next();
  const waits: number[] = [];
  for (let i = 0; i < 4; i++) {
    await until(() => time.pending.length === 1);
    waits.push(...time.pending);
    time.advance(60_000);
    await until(() => server.requests.length === i + 2);
  }
  expect(waits).toStrictEqual([250, 500, 1000, 2000]);
  await iterator.return?.();
});

test.each([["data: {"], ["data: 5"], ["event: refused\ndata: nonsense"]])(
  "%j is no event, and is not read on",
  async (bad) => {
    const server = await startServer();
    server.answer = (_, response) => stream(response, READY, `${bad}\n\n`);
    await expect(events(server).next()).rejects.toMatchObject({ code: "malformed_response" });
    expect(server.requests).toHaveLength(1);
  },
);
