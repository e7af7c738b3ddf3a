/** A Worker in which what requests wait for takes a while: its secret, the keys of a provider, a handler. */
import { actor, bearer, oidc, party, service, setup, signature, Visitor } from "byward";
import { createTokenKey, mintSigned, type TokenKey } from "../../src/boundary/mint.ts";
import type { Registry } from "../../src/registry/registry.ts";

const LATE = 1000;
const later = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, LATE));
const begun = { secret: 0, keys: 0, hook: 0, action: 0 };
const ended: string[] = [];

const secret = async (): Promise<string> => {
  begun.secret += 1;
  await later();
  return "a secret of 32 bytes, or of some more";
};

const ISSUER = "https://login.example";
let key: TokenKey | null = null;
const keyOf = async (): Promise<TokenKey> => {
  key ??= await createTokenKey("ES256", "k");
  return key;
};

/** The provider: it says at once that it has an answer, and gives it later. */
globalThis.fetch = (async () => {
  begun.keys += 1;
  const { publicJwk } = await keyOf();
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      await later();
      controller.enqueue(new TextEncoder().encode(JSON.stringify({ keys: [publicJwk] })));
      controller.close();
    },
  });
  return new Response(body);
}) as typeof fetch;

const User = party("User", { auth: bearer({ secret }) });
const Member = party("Member", { auth: oidc({ issuer: ISSUER, audience: "app", jwks: `${ISSUER}/keys` }) });
const Hook = party("Hook", {
  auth: signature({ secret: "HOOK_SECRET", header: "x-signature", id: "x-delivery" }),
});

const desk = service({
  by: Visitor,
  routes: {
    "GET /desk": { handle: () => ended },
    "GET /own": { by: User, handle: () => "own" },
    "GET /member": { by: Member, handle: (c) => c.caller.party },
    "POST /hook": {
      by: Hook,
      handle: async () => {
        begun.hook += 1;
        await later();
        ended.push("hook");
        return "done";
      },
    },
  },
});

const room = actor({
  by: Visitor,
  state: { ended: 0 },
  actions: {
    slow: async (c) => {
      begun.action += 1;
      await later();
      c.state.ended += 1;
    },
    ended: (c) => c.state.ended,
  },
});

const registry = setup({ use: { room }, services: { desk } }) as unknown as Registry;
const { handler, Actor } = registry.worker();

export const BywardActor = Actor;
export default {
  ...handler,
  async fetch(request: Request, env: object, context: never): Promise<Response> {
    const { pathname } = new URL(request.url);
    if (pathname === "/begun") return Response.json(begun);
    if (pathname === "/token") {
      return new Response(
        await mintSigned({ key: await keyOf(), subject: "u", now: Date.now(), issuer: ISSUER, audience: "app" }),
      );
    }
    return handler.fetch(request, env, context);
  },
};
