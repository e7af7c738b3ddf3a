/** The first seed's example, verbatim but for the import, gives the seed's verdicts. */
import { setup } from "byward";
import { afterAll, beforeAll, expect, test } from "vitest";
import { chatRoom } from "./seed-room.ts";
import { get, post, serveForFile, WireSocket } from "./server.ts";

let room = "";
let close: () => Promise<void>;
beforeAll(async () => {
  const server = await serveForFile(setup({ use: { chatRoom } }));
  room = `${server.url}/actors/chatRoom/lobby`;
  close = server.close;
});
afterAll(() => close());

test("the allowed action runs, another is forbidden", async () => {
  expect(await post(`${room}/actions/sendMessage`, [])).toMatchObject({ status: 200, body: {} });
  expect(await post(`${room}/actions/other`, [])).toMatchObject({ status: 403, body: { code: "forbidden" } });
});

test("the allowed queue takes a message, another is forbidden", async () => {
  expect(await post(`${room}/queues/jobs`, { body: 1 })).toMatchObject({ status: 200, body: { status: "queued" } });
  expect(await post(`${room}/queues/other`, { body: 1 })).toMatchObject({ status: 403, body: { code: "forbidden" } });
});

test("the allowed event can be subscribed to, another is forbidden", async () => {
  const allowed = await fetch(`${room}/events/messages`);
  expect(allowed.status).toBe(200);
  await allowed.body?.cancel();
  expect((await get(`${room}/events/other`)).status).toBe(403);
  const socket = await WireSocket.rpc(room);
  await socket.next((message) => message.t === "ready");
  socket.send([
    { t: "subscribe", id: 1, name: "messages" },
    { t: "subscribe", id: 2, name: "other" },
  ]);
  expect((await socket.next((message) => message.id === 1)).t).toBe("result");
  expect(await socket.next((message) => message.id === 2)).toMatchObject({ code: "forbidden", event: "other" });
});

test("an allowed request or websocket without a handler is not_found", async () => {
  expect(await get(`${room}/request/x`)).toMatchObject({ status: 404, body: { code: "not_found" } });
  const socket = await WireSocket.open(`${room}/websocket/x`);
  await socket.closed;
  expect(socket.messages).toMatchObject([{ t: "error", code: "not_found" }]);
});
