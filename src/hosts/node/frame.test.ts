import type { AddressInfo } from "node:net";
import { expect, test } from "vitest";
import { WebSocket, WebSocketServer } from "ws";
import { frameOf } from "./frame.ts";

/** What a client makes of frames written straight to its server's stream. */
async function receive(messages: readonly (string | Uint8Array)[]): Promise<unknown[]> {
  const server = new WebSocketServer({ port: 0, host: "127.0.0.1", perMessageDeflate: false });
  server.on("connection", (_ws, request) => {
    for (const message of messages) request.socket.write(frameOf(message));
  });
  await new Promise((resolve) => server.once("listening", resolve));
  const client = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`);
  const got: unknown[] = [];
  await new Promise<void>((resolve, reject) => {
    client.on("error", reject);
    client.on("message", (data, isBinary) => {
      got.push(isBinary ? new Uint8Array(data as Buffer) : data.toString());
      if (got.length === messages.length) resolve();
    });
  });
  client.terminate();
  server.close();
  return got;
}

test("texts and bytes of every length class arrive as they were, in order", async () => {
  const sizes = [0, 1, 125, 126, 127, 65_535, 65_536, 70_000];
  const texts = sizes.map((size) => "x".repeat(size));
  const bytes = sizes.map((size) => new Uint8Array(size).fill(7));
  const odd = ["é€😀", "\ud800", `${"é".repeat(63)}`, '{"a":"\\u0000"}'];
  expect(await receive([...texts, ...bytes, ...odd])).toStrictEqual([
    ...texts,
    ...bytes,
    "é€😀",
    "\ufffd",
    "é".repeat(63),
    '{"a":"\\u0000"}',
  ]);
});
