/** Bad input gets the outcome of the table and a body without detail; no handler runs and the server lives on. */
import { connect } from "node:net";
import { actor, event, queue, setup, Visitor } from "byward";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import { post, serveForFile, WireSocket } from "./server.ts";

const ran: unknown[] = [];
const room = actor({
  by: Visitor,
  state: { count: 0 },
  events: { news: event<string>() },
  queues: { jobs: queue<{ n: number }>({ message: z.object({ n: z.number() }) }) },
  guards: { actions: { typed: { input: z.object({ n: z.number() }) } } },
  actions: {
    act: (c, ...args: unknown[]) => {
      ran.push(args);
      return ++c.state.count;
    },
    typed: (_c, input) => {
      ran.push(input);
      return input.n;
    },
    leak: () => {
      throw new Error("at /home/secret/path");
    },
    unserialisable: () => () => {},
  },
});
const closed = actor({ canInvoke: () => false, state: {}, actions: { real: () => ran.push("real") } });

let url = "";
let close: () => Promise<void>;
beforeAll(async () => {
  ({ url, close } = await serveForFile(setup({ use: { room, closed }, limits: { maxIncomingMessageSize: 2000 } })));
});
afterAll(() => close());
afterEach(async () => {
  ran.length = 0;
  expect((await post(`${url}/actors/room/alive/actions/act`, [])).status).toBe(200);
  ran.length = 0;
});

function expectQuiet(reply: { status: number; body: unknown }, status: number, code: string): void {
  expect(reply.body).toMatchObject({ code, correlationId: expect.stringMatching(/^[0-9a-f]{18}$/) });
  expect(reply.status).toBe(status);
  expect(JSON.stringify(reply.body)).not.toMatch(/secret|stack|\.ts:|node_modules/);
  expect(ran).toEqual([]);
}

const BODIES: readonly [what: string, body: string, status: number, code: string][] = [
  ["malformed JSON", "[1,", 400, "invalid_message"],
  ["no list", '{"a":1}', 400, "invalid_request"],
  ["a string", '"abc"', 400, "invalid_request"],
  ["an unknown tag", '[["$Nope",1]]', 400, "invalid_message"],
  ["too much", JSON.stringify(["x".repeat(3000)]), 413, "incoming_too_long"],
  ["too deep", `${"[".repeat(900)}${"]".repeat(900)}`, 400, "invalid_message"],
];
for (const [what, body, status, code] of BODIES) {
  test(`a body that is ${what} is ${code}`, async () => {
    expectQuiet(await post(`${url}/actors/room/one/actions/act`, body), status, code);
  });
}

test("input that fails its schema is refused before the action", async () => {
  expectQuiet(await post(`${url}/actors/room/one/actions/typed`, [{ n: "1" }]), 400, "invalid_request");
  expectQuiet(await post(`${url}/actors/room/one/queues/jobs`, { body: { n: "1" } }), 400, "invalid_payload");
});

const PATHS: readonly [path: string, status: number, code: string][] = [
  ["/actors/room/one/actions/nope", 404, "not_found"],
  ["/actors/room/one/actions/constructor", 404, "not_found"],
  ["/actors/room/one/actions/__proto__", 404, "not_found"],
  ["/actors/room/one/actions/toString", 404, "not_found"],
  ["/actors/room/one/queues/constructor", 403, "forbidden"],
  ["/actors/nope/one/actions/act", 404, "not_found"],
  ["/actors/constructor/one/actions/act", 404, "not_found"],
  ["/actors/__proto__/one/actions/act", 404, "not_found"],
  ["/actors/room/one/nothing", 404, "not_found"],
  ["/actors/room/a%2Fb/actions/act", 400, "invalid_request"],
  ["/actors/room/%ff/actions/act", 400, "invalid_request"],
  ["/elsewhere", 404, "not_found"],
];
for (const [path, status, code] of PATHS) {
  test(`${path} is ${status} ${code}`, async () => {
    const body = path.includes("/queues/") ? { body: 1 } : [];
    expectQuiet(await post(`${url}${path}`, body), status, code);
  });
}

test("a raw path with a backslash or dot segments is refused as it came", async () => {
  for (const path of [
    "/actors/room/a\\b/actions/act",
    "/actors/room/../room/one/actions/act",
    "/actors/room/%2e%2e/actions/act",
    "/actors/room/one/./actions/act",
  ]) {
    const answer = await rawRequest(
      `POST ${path} HTTP/1.1\r\nhost: localhost\r\ncontent-length: 2\r\ncontent-type: application/json\r\nconnection: close\r\n\r\n[]`,
    );
    expect(answer, path).toMatch(/^HTTP\/1\.1 400/);
  }
  expect(ran).toEqual([]);
});

test("the wrong method is 405 with Allow, the wrong content type 415", async () => {
  const got = await fetch(`${url}/actors/room/one/actions/act`);
  expect(got.status).toBe(405);
  expect(got.headers.get("allow")).toBe("POST");
  expectQuiet(
    await post(`${url}/actors/room/one/actions/act`, "[]", undefined, { "content-type": "text/plain" }),
    415,
    "unsupported_media_type",
  );
});

test("a denied caller learns nothing of which names exist", async () => {
  const real = await post(`${url}/actors/closed/one/actions/real`, []);
  const nope = await post(`${url}/actors/closed/one/actions/nope`, []);
  expect(real.status).toBe(403);
  expect({ ...real.body, correlationId: "" }).toEqual({ ...nope.body, correlationId: "" });
  expect(ran).toEqual([]);
});

test("what a handler throws, and what cannot be sent, is internal_error without detail", async () => {
  expectQuiet(await post(`${url}/actors/room/one/actions/leak`, []), 500, "internal_error");
  expectQuiet(await post(`${url}/actors/room/one/actions/unserialisable`, []), 500, "internal_error");
});

test("a host that is not ours is refused on loopback", async () => {
  const answer = await rawRequest(
    "POST /actors/room/one/actions/act HTTP/1.1\r\nhost: evil.example\r\ncontent-length: 2\r\ncontent-type: application/json\r\nconnection: close\r\n\r\n[]",
  );
  expect(answer).toMatch(/^HTTP\/1\.1 403/);
  expect(ran).toEqual([]);
});

test("a page of another origin gets no CORS headers and no socket", async () => {
  const reply = await post(`${url}/actors/room/one/actions/act`, [], undefined, { origin: "https://evil.example" });
  expect(reply.headers.get("access-control-allow-origin")).toBeNull();
  const socket = await WireSocket.open(`${url}/actors/room/one/connect`, ["byward.v1"], {
    origin: "https://evil.example",
  });
  expect((await socket.closed).code).toBe(3003);
  expect(socket.messages).toMatchObject([{ t: "error", code: "forbidden" }]);
});

const FRAMES: readonly [what: string, frame: string][] = [
  ["no JSON", "{"],
  ["an action before hello", '{"t":"action","id":1,"name":"act","args":[]}'],
  ["an unknown kind", '{"t":"nope"}'],
  ["an inherited kind", '{"t":"constructor"}'],
  ["an unknown member", '{"t":"hello","admin":true}'],
  ["an empty list", "[]"],
];
for (const [what, frame] of FRAMES) {
  test(`a first frame that is ${what} closes 1008`, async () => {
    const socket = await WireSocket.open(`${url}/actors/room/one/connect`, ["byward.v1"]);
    socket.send(frame);
    expect((await socket.closed).code).toBe(1008);
    expect(socket.messages).toMatchObject([{ t: "error", code: "invalid_message" }]);
    expect(ran).toEqual([]);
  });
}

test("a frame past the limit closes 1009 and nothing of it runs", async () => {
  const socket = await WireSocket.rpc(`${url}/actors/room/one`);
  await socket.next((message) => message.t === "ready");
  socket.send({ t: "action", id: 1, name: "act", args: ["x".repeat(2_000_000)] });
  expect((await socket.closed).code).toBe(1009);
  expect(ran).toEqual([]);
});

test("a message past the limit in a frame within the transport's closes 1009 too", async () => {
  const socket = await WireSocket.rpc(`${url}/actors/room/one`);
  await socket.next((message) => message.t === "ready");
  socket.send({ t: "action", id: 1, name: "act", args: ["x".repeat(3000)] });
  expect((await socket.closed).code).toBe(1009);
  expect(socket.messages.at(-1)).toMatchObject({ t: "error", code: "incoming_too_long" });
  expect(ran).toEqual([]);
});

test("a peer that resets in the middle leaves the server standing", async () => {
  for (let round = 0; round < 20; round++) {
    const socket = await WireSocket.rpc(`${url}/actors/room/one`);
    socket.send({ t: "action", id: 1, name: "act", args: [] });
    socket.reset();
  }
});

async function rawRequest(text: string): Promise<string> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname, () => socket.write(text));
    let answer = "";
    socket.on("data", (chunk) => {
      answer += chunk;
    });
    socket.on("end", () => resolve(answer));
    socket.on("error", reject);
  });
}
