/**
 * Scheme × what may be wrong with a credential → outcome, on real HTTP and WebSocket. What must not run is counted.
 */
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { actor, bearer, oidc, party, setup, signature } from "byward";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { createTokenKey, mintBearer, mintSigned, type TokenKey } from "../../src/boundary/mint.ts";
import { signDelivery } from "../../src/boundary/sign.ts";
import { plainFormat } from "../../src/boundary/webhooks/plain.ts";
import { provideSecret, SECRET, serveForFile, WireSocket } from "./server.ts";

provideSecret();
provideSecret("HOOK_SECRET", "a-webhook-secret-of-some-length");

let ran = 0;
let url = "";
let close: () => Promise<void>;
let provider: Server;
let issuer = "";
let key: TokenKey;
let otherKey: TokenKey;

beforeAll(async () => {
  key = await createTokenKey("ES256", "k1");
  otherKey = await createTokenKey("ES256", "k1");
  provider = createServer((_request, response) => {
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify({ keys: [key.publicJwk] }));
  });
  await new Promise<void>((resolve) => provider.listen(0, "127.0.0.1", resolve));
  issuer = `http://127.0.0.1:${(provider.address() as AddressInfo).port}`;
  const User = party("User", { auth: bearer({ secret: "AUTH_JWT_SECRET", issuer: "us", audience: "chat" }) });
  const Employee = party("Employee", {
    auth: oidc({ issuer, audience: "chat", jwks: `${issuer}/jwks`, allowLoopback: true }),
  });
  const Hook = party("Hook", {
    auth: signature({
      secret: "HOOK_SECRET",
      header: "x-signature",
      timestamp: "x-timestamp",
      tolerance: 60,
      id: "x-id",
    }),
  });
  const actions = {
    act: () => {
      ran += 1;
    },
  };
  const server = await serveForFile(
    setup({
      skew: 0,
      use: {
        bearer: actor({ by: User, state: {}, actions }),
        oidc: actor({ by: Employee, state: {}, actions }),
        signature: actor({ by: Hook, state: {}, actions }),
      },
    }),
  );
  url = server.url;
  close = server.close;
});
afterAll(async () => {
  await close();
  provider.close();
});
beforeEach(() => {
  ran = 0;
});

type TokenFault = (now: number) => Promise<string | readonly string[] | null>;
const claims = (now: number) => ({ subject: "alice", now, audience: "chat" });
const flip = (token: string): string => `${token.slice(0, -4)}${token.at(-4) === "A" ? "B" : "A"}${token.slice(-3)}`;

const BEARER: Record<string, readonly [fault: TokenFault, status: number, code: string]> = {
  good: [(now) => mintBearer({ ...claims(now), issuer: "us", secret: SECRET }), 200, ""],
  absent: [async () => null, 401, "unauthenticated"],
  malformed: [async () => "not.a.token", 401, "unauthenticated"],
  empty: [async () => "", 401, "unauthenticated"],
  "wrong key": [(now) => mintBearer({ ...claims(now), issuer: "us", secret: `${SECRET}!` }), 401, "unauthenticated"],
  "wrong algorithm": [(now) => mintSigned({ ...claims(now), issuer: "us", key }), 401, "unauthenticated"],
  expired: [(now) => mintBearer({ ...claims(now), issuer: "us", secret: SECRET, expiresIn: -5 }), 401, "expired"],
  "not yet valid": [
    (now) => mintBearer({ ...claims(now), issuer: "us", secret: SECRET, notBeforeIn: 60 }),
    401,
    "unauthenticated",
  ],
  "wrong audience": [
    (now) => mintBearer({ ...claims(now), issuer: "us", audience: "mail", secret: SECRET }),
    401,
    "unauthenticated",
  ],
  "wrong issuer": [(now) => mintBearer({ ...claims(now), issuer: "them", secret: SECRET }), 401, "unauthenticated"],
  oversized: [
    (now) => mintBearer({ ...claims(now), issuer: "us", secret: SECRET, claims: { pad: "x".repeat(9000) } }),
    401,
    "unauthenticated",
  ],
  "one character changed": [
    async (now) => flip(await mintBearer({ ...claims(now), issuer: "us", secret: SECRET })),
    401,
    "unauthenticated",
  ],
  "sent twice": [
    async (now) => {
      const token = await mintBearer({ ...claims(now), issuer: "us", secret: SECRET });
      return [token, token];
    },
    401,
    "unauthenticated",
  ],
};
const OIDC: typeof BEARER = {
  good: [(now) => mintSigned({ ...claims(now), issuer, key }), 200, ""],
  absent: [async () => null, 401, "unauthenticated"],
  malformed: [async () => "not.a.token", 401, "unauthenticated"],
  "wrong key": [(now) => mintSigned({ ...claims(now), issuer, key: otherKey }), 401, "unauthenticated"],
  "wrong algorithm": [(now) => mintBearer({ ...claims(now), issuer, secret: SECRET }), 401, "unauthenticated"],
  expired: [(now) => mintSigned({ ...claims(now), issuer, key, expiresIn: -5 }), 401, "expired"],
  "not yet valid": [(now) => mintSigned({ ...claims(now), issuer, key, notBeforeIn: 60 }), 401, "unauthenticated"],
  "wrong audience": [(now) => mintSigned({ ...claims(now), issuer, audience: "mail", key }), 401, "unauthenticated"],
  "wrong issuer": [(now) => mintSigned({ ...claims(now), issuer: "http://127.0.0.1:1", key }), 401, "unauthenticated"],
  oversized: [
    (now) => mintSigned({ ...claims(now), issuer, key, claims: { pad: "x".repeat(9000) } }),
    401,
    "unauthenticated",
  ],
  "one character changed": [
    async (now) => flip(await mintSigned({ ...claims(now), issuer, key })),
    401,
    "unauthenticated",
  ],
};

for (const [scheme, table] of Object.entries({ bearer: BEARER, oidc: OIDC })) {
  for (const [what, [fault, status, code]] of Object.entries(table)) {
    test(`${scheme} over HTTP, ${what}: ${status} ${code}`, async () => {
      const token = await fault(Date.now());
      const headers: [string, string][] = [["content-type", "application/json"]];
      for (const one of token === null ? [] : [token].flat()) headers.push(["authorization", `Bearer ${one}`]);
      const response = await fetch(`${url}/actors/${scheme}/one/actions/act`, { method: "POST", headers, body: "[]" });
      expect(response.status).toBe(status);
      if (status !== 200) expect(await response.json()).toMatchObject({ group: "auth", code });
      expect(ran).toBe(status === 200 ? 1 : 0);
    });

    test(`${scheme} over WebSocket, ${what}: ${status} ${code}`, async () => {
      const token = await fault(Date.now());
      const socket = await WireSocket.open(`${url}/actors/${scheme}/one/connect`, ["byward.v1"]);
      const one = Array.isArray(token) ? token.join(", ") : token;
      socket.send({ t: "hello", ...(one === null ? {} : { token: one }) });
      if (status === 200) {
        await socket.next((message) => message.t === "ready");
        socket.send({ t: "action", id: 1, name: "act", args: [] });
        expect((await socket.next((message) => message.id === 1)).t).toBe("result");
      } else {
        expect((await socket.closed).code).toBe(3000);
        expect(socket.messages).toMatchObject([{ t: "error", group: "auth", code }]);
      }
      expect(ran).toBe(status === 200 ? 1 : 0);
    });
  }
}

const FORMAT = plainFormat({ header: "x-signature", timestamp: "x-timestamp" });
interface Delivery {
  readonly body: string;
  readonly headers: Record<string, string>;
}
async function delivery(id: string, change: { now?: number; secret?: string } = {}): Promise<Delivery> {
  // The id is outside the signed bytes, so those are what is remembered: each delivery says something else.
  const body = JSON.stringify([id]);
  const headers = await signDelivery(FORMAT, {
    secret: change.secret ?? "a-webhook-secret-of-some-length",
    body,
    now: change.now ?? Date.now(),
  });
  return { body, headers: { ...headers, "x-id": id } };
}
async function deliver({
  body,
  headers,
}: Delivery): Promise<{ status: number; code: string; duplicate: string | null }> {
  const response = await fetch(`${url}/actors/signature/one/actions/act`, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body,
  });
  const text = await response.text();
  const code = text === "" ? "" : ((JSON.parse(text) as { code?: string }).code ?? "");
  return { status: response.status, code, duplicate: response.headers.get("byward-duplicate") };
}

const SIGNATURE: Record<string, readonly [make: () => Promise<Delivery>, status: number, code: string]> = {
  good: [() => delivery("s-good"), 200, ""],
  absent: [async () => ({ body: "[]", headers: {} }), 401, "unauthenticated"],
  malformed: [
    async () => ({ body: "[]", headers: { ...(await delivery("s-m")).headers, "x-signature": "zz" } }),
    401,
    "unauthenticated",
  ],
  "wrong key": [() => delivery("s-k", { secret: "another-secret-of-some-length" }), 401, "unauthenticated"],
  "another body": [async () => ({ ...(await delivery("s-b")), body: "[ ]" }), 401, "unauthenticated"],
  stale: [() => delivery("s-s", { now: Date.now() - 120_000 }), 401, "replayed"],
  "from the future": [() => delivery("s-f", { now: Date.now() + 120_000 }), 401, "replayed"],
  "without its time": [
    async () => {
      const { body, headers } = await delivery("s-t");
      const { "x-timestamp": _, ...rest } = headers;
      return { body, headers: rest };
    },
    401,
    "unauthenticated",
  ],
  oversized: [
    async () => ({ body: "[]", headers: { ...(await delivery("s-o")).headers, "x-signature": "a".repeat(5000) } }),
    401,
    "unauthenticated",
  ],
};
for (const [what, [make, status, code]] of Object.entries(SIGNATURE)) {
  test(`signature over HTTP, ${what}: ${status} ${code}`, async () => {
    expect(await deliver(await make())).toMatchObject({ status, code });
    expect(ran).toBe(status === 200 ? 1 : 0);
  });
}

test("a delivery that succeeded is answered, and does not run again", async () => {
  const sent = await delivery("once");
  expect(await deliver(sent)).toEqual({ status: 200, code: "", duplicate: null });
  expect(await deliver(sent)).toEqual({ status: 200, code: "", duplicate: "true" });
  expect(ran).toBe(1);
});
