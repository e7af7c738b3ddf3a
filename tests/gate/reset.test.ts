/**
 * CVE-2026-126343 (@hono/node-server) and CVE-2024-38355 (Socket.IO): a TCP reset while a credential is being verified, or an
 * error on a socket nobody listens to, must not take the process down.
 */
import { createServer, type Server } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { actor, oidc, party, setup } from "byward";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createTokenKey, mintSigned, type TokenKey } from "../../src/boundary/mint.ts";
import { turns } from "../support/turns.ts";
import { post, serveForFile } from "./server.ts";

let url = "";
let close: () => Promise<void>;
let provider: Server;
let issuer = "";
let key: TokenKey;
let ran = 0;
let opened = 0;
let release = (): void => {};
const held = new Promise<void>((resolve) => (release = resolve));

beforeAll(async () => {
  key = await createTokenKey("ES256", "k1");
  provider = createServer((_request, response) => {
    void held.then(() => response.end(JSON.stringify({ keys: [key.publicJwk] })));
  });
  await new Promise<void>((resolve) => provider.listen(0, "127.0.0.1", resolve));
  issuer = `http://127.0.0.1:${(provider.address() as AddressInfo).port}`;
  const Employee = party("Employee", {
    auth: oidc({ issuer, audience: "chat", jwks: `${issuer}/jwks`, allowLoopback: true }),
  });
  const room = actor({
    by: Employee,
    state: {},
    actions: { act: () => ++ran },
    onWebSocket: () => {
      opened += 1;
    },
  });
  ({ url, close } = await serveForFile(setup({ use: { room } })));
});
afterAll(async () => {
  await close();
  provider.close();
});

test("peers that reset while their token is being verified leave the server standing, and nothing runs for them", async () => {
  const token = await mintSigned({ subject: "alice", now: Date.now(), issuer, audience: "chat", key });
  const { hostname, port } = new URL(url);
  const authorization = `authorization: Bearer ${token}\r\n`;
  const http = `POST /actors/room/one/actions/act HTTP/1.1\r\nhost: localhost\r\n${authorization}content-type: application/json\r\ncontent-length: 2\r\n\r\n[]`;
  const upgrade = `GET /actors/room/one/websocket/ HTTP/1.1\r\nhost: localhost\r\n${authorization}connection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`;
  for (const request of [http, upgrade, http, upgrade]) {
    const socket = connect(Number(port), hostname);
    await new Promise<void>((resolve) => socket.once("connect", () => resolve()));
    socket.write(request);
    await new Promise((resolve) => setTimeout(resolve, 30));
    socket.resetAndDestroy();
  }
  await turns(100);
  release();
  const answer = await post(`${url}/actors/room/one/actions/act`, [], token);
  // A stateless action whose peer vanished may have run: it was proved and allowed. A socket that is gone is not opened.
  expect(answer.status).toBe(200);
  expect([1, 2, 3]).toContain(answer.body.output);
  await turns(30);
  expect([ran <= 3, opened]).toEqual([true, 0]);
});
