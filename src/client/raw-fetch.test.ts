import { expect, test } from "vitest";
import { startServer } from "../../tests/client/scripted-server.ts";
import { testClient, until } from "../../tests/client/test-runtime.ts";
import { HttpRequestError } from "./errors.ts";
import { pathOf } from "./raw-fetch.ts";

test.each([
  ["a/b?x=1", "/a/b?x=1"],
  ["/a/b", "/a/b"],
  ["", "/"],
  ["?q", "/?q"],
  ["../../../connect", "/connect"],
  ["/a/../../actions/ban", "/actions/ban"],
  ["%2e%2e/%2e%2e/x", "/x"],
  ["..\\..\\x", "/x"],
  ["//evil.example/x", "//evil.example/x"],
  ["https://evil.example/x?y#z", "/x?y"],
  ["a%2Fb", "/a%2Fb"],
])("the path %s becomes %s, below the actor's own root", (input, path) => {
  expect(pathOf(input)).toBe(path);
});

test("method, headers, query and body pass; so does the answer, whatever its status", async () => {
  const server = await startServer();
  server.answer = (_, response) => {
    response.writeHead(418, { "x-answer": "tea" }).end("short and stout");
  };
  const room = testClient({ endpoint: server.url, token: "t", params: 1 }).getOrCreate("room", "k");
  const response = await room.fetch("pots?size=2", { method: "PUT", headers: { "X-Mine": "1" }, body: "leaves" });
  expect([response.status, response.headers.get("x-answer"), await response.text()]).toStrictEqual([
    418,
    "tea",
    "short and stout",
  ]);
  expect(server.requests[0]).toMatchObject({
    method: "PUT",
    path: "/actors/room/k/request/pots?size=2",
    body: "leaves",
    headers: { "x-mine": "1", authorization: "Bearer t", "byward-params": "1" },
  });
});

test("a request that is passed on leaves its credentials behind", async () => {
  const server = await startServer();
  server.answer = (_, response) => {
    response.end();
  };
  const incoming = new Request("http://front/x?y=1", {
    method: "POST",
    body: "data",
    headers: {
      authorization: "Bearer of-someone-else",
      cookie: "session=1",
      "byward-mode": "get",
      "x-byward-anything": "1",
      "content-type": "text/x",
    },
  });
  await testClient({ endpoint: server.url }).getOrCreate("room", "k").fetch(incoming);
  const [request] = server.requests;
  expect(request).toMatchObject({ method: "POST", path: "/actors/room/k/request/x?y=1", body: "data" });
  expect(request?.headers["content-type"]).toBe("text/x");
  for (const name of ["authorization", "cookie", "byward-mode", "x-byward-anything"]) {
    expect(request?.headers).not.toHaveProperty(name);
  }
});

test("bodies stream both ways", async () => {
  const server = await startServer();
  server.answer = (_, response) => {
    response.write("one");
  };
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
  const writer = writable.getWriter();
  const controller = new AbortController();
  const answering = testClient({ endpoint: server.url })
    .getOrCreate("room", "k", { signal: controller.signal })
    .fetch("upload", { method: "POST", body: readable });
  await writer.write(new TextEncoder().encode("part 1, "));
  await writer.write(new TextEncoder().encode("part 2"));
  await writer.close();
  const response = await answering;
  const reader = response.body!.getReader();
  expect(new TextDecoder().decode((await reader.read()).value)).toBe("one");
  expect(server.requests[0]?.body).toBe("part 1, part 2");
  controller.abort(new Error("enough"));
  await expect(reader.read()).rejects.toThrow();
});

test("redirects are handed back, not followed with what the request carries", async () => {
  const server = await startServer();
  server.answer = (_, response) => {
    response.writeHead(302, { location: `${server.url}/elsewhere` }).end();
  };
  const room = testClient({ endpoint: server.url, params: "private" }).getOrCreate("room", "k");
  expect((await room.fetch("x")).status).toBe(302);
  expect(server.requests).toHaveLength(1);
});

test("a server that cannot be reached rejects with an ActorError, a signal with its reason", async () => {
  const server = await startServer();
  server.answer = () => {};
  const room = testClient({ endpoint: server.url }).getOrCreate("room", "k");
  const controller = new AbortController();
  const call = room.fetch("x", { signal: controller.signal });
  await until(() => server.requests.length === 1);
  controller.abort(new Error("enough"));
  await expect(call).rejects.toThrow("enough");
  await server.stop();
  await expect(room.fetch("x")).rejects.toBeInstanceOf(HttpRequestError);
});
