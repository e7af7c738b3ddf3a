/** `guard()`: a party in front of a fetch handler that stays where it is. */
import { anyOf, bearer, Caller, guard, hasClaim, party, refine, signature, Visitor } from "byward";
import { expect, expectTypeOf, test } from "vitest";
import { token } from "../vectors/tokens.ts";
import { createRig, ENV, get, KEY, OTHER_KEY, post, show, sign, url } from "./rig.ts";

const User = party("User", { auth: bearer({ secret: "KEY" }) });
const Admin = refine("Admin", User, hasClaim("admin"));
const Hook = party("Hook", { auth: signature({ secret: "HOOK", header: "X-Signature", timestamp: "X-Timestamp" }) });
const Named = party("Named", { auth: signature({ secret: "HOOK", header: "X-Signature", id: "X-Id" }) });

const rig = createRig();
const options = { host: rig.host };
let ran = 0;
const hello = (_request: Request, caller: { readonly party: string; readonly identity?: unknown }): Response => {
  ran += 1;
  return new Response(`${caller.party} ${String(caller.identity)}`);
};

test("runs for proved callers only, with the caller as second argument", async () => {
  const fetch = guard(User, hello, options);
  ran = 0;
  const good = await fetch(get("/", rig.bearer("ann")));
  expect(await good.text()).toBe("User ann");
  const now = Math.floor(rig.clock.now() / 1000);
  const refused: [Record<string, string>, string][] = [
    [{}, "401 auth/unauthenticated"],
    [{ authorization: "Bearer x" }, "401 auth/unauthenticated"],
    [
      { authorization: `Bearer ${token({ payload: { sub: "a", iat: now, exp: now + 9 }, secret: OTHER_KEY })}` },
      "401 auth/unauthenticated",
    ],
    [rig.bearer("ann", { iat: now - 90, exp: now - 60 }), "401 auth/expired"],
  ];
  for (const [headers, expected] of refused) {
    const answer = await fetch(get("/", headers));
    expect(answer.headers.get("www-authenticate")).not.toBeNull();
    expect(await show(answer)).toBe(expected);
  }
  expect(ran).toBe(1);
});

test("refinements and sums are those of everywhere else", async () => {
  const admin = guard(Admin, hello, options);
  expect((await admin(get("/", rig.bearer("ann")))).status).toBe(403);
  expect(await (await admin(get("/", rig.bearer("ann", { admin: true })))).text()).toBe("Admin ann");
  const sum = guard(
    anyOf(User, Visitor),
    (_request, caller) => {
      expectTypeOf(caller.party).toEqualTypeOf<"User" | "Visitor">();
      return new Response(caller.party);
    },
    options,
  );
  expect(await (await sum(get("/"))).text()).toBe("Visitor");
  expect((await sum(get("/", { authorization: "Bearer x" }))).status).toBe(401);
});

test("the handler sees no credentials, and the bytes that were verified", async () => {
  const seen: unknown[] = [];
  const fetch = guard(
    anyOf(Hook, User),
    async (request, caller) => {
      seen.push([caller.party, request.headers.get("authorization"), await request.text()]);
      return new Response();
    },
    options,
  );
  await fetch(post("/", '{"a": 1}', sign('{"a": 1}', rig.clock.now())));
  await fetch(post("/", '{"a": 2}', rig.bearer("ann")));
  expect(seen).toEqual([
    ["Hook", null, '{"a": 1}'],
    ["User", null, '{"a": 2}'],
  ]);
  const exposed = guard(User, (request) => new Response(request.headers.get("authorization")?.slice(0, 6)), {
    ...options,
    exposeCredentials: true,
  });
  expect(await (await exposed(get("/", rig.bearer("ann")))).text()).toBe("Bearer");
});

test("a body over the cap is refused before it is verified, or as it is read", async () => {
  const fetch = guard(Hook, hello, { ...options, maxBody: 10 });
  const body = "x".repeat(11);
  ran = 0;
  expect((await fetch(post("/", body, sign(body, rig.clock.now())))).status).toBe(413);
  const reads = guard(Visitor, async (request) => new Response(await request.text()), { ...options, maxBody: 10 });
  const streamed = new Request(url("/"), {
    method: "POST",
    body: new ReadableStream({
      start(controller) {
        controller.enqueue(new TextEncoder().encode(body));
        controller.close();
      },
    }),
    duplex: "half",
  } as RequestInit);
  expect((await reads(streamed)).status).toBe(413);
  expect(ran).toBe(0);
});

test("secrets come with the environment of each request; a missing one is 500 and named in the log only", async () => {
  const lines: string[] = [];
  const { error } = console;
  console.error = (line: string) => lines.push(line);
  try {
    const fetch = guard(User, (_request, caller) => new Response(caller.identity));
    const now = Math.floor(Date.now() / 1000);
    const bearerOf = (secret: string): Record<string, string> => ({
      authorization: `Bearer ${token({ payload: { sub: "ann", iat: now, exp: now + 60 }, secret })}`,
    });
    expect((await fetch(get("/", bearerOf(KEY)), { KEY })).status).toBe(200);
    expect((await fetch(get("/", bearerOf(KEY)), { KEY: OTHER_KEY })).status).toBe(401);
    expect((await fetch(get("/", bearerOf(OTHER_KEY)), { KEY: OTHER_KEY })).status).toBe(200);
    const missing = await fetch(get("/", bearerOf(KEY)), { OTHER: KEY });
    const text = await missing.text();
    expect(missing.status).toBe(500);
    expect(text).not.toContain("KEY");
    expect(lines.join("\n")).toContain("KEY");
    expect(lines.join("\n")).not.toContain(KEY);
  } finally {
    console.error = error;
  }
});

test("a party that remembers ids is refused where nothing is remembered", async () => {
  ran = 0;
  const fetch = guard(Named, hello, options);
  const { createHmac } = await import("node:crypto");
  const digest = createHmac("sha256", ENV.HOOK).update("{}").digest("hex");
  const answer = await fetch(post("/", "{}", { "x-signature": digest, "x-id": "a" }));
  expect(answer.status).toBe(500);
  expect(ran).toBe(0);
  expect(rig.lines.some(({ fields }) => fields["reason"] === "replay.host_required")).toBe(true);
});

test("what the handler throws is told as everywhere else", async () => {
  const fetch = guard(
    Visitor,
    () => {
      throw new Error("a secret detail");
    },
    options,
  );
  const answer = await fetch(get("/"));
  expect(answer.status).toBe(500);
  expect(await answer.text()).not.toContain("secret");
});

test("a reply under a credential that died meanwhile is `expired`", async () => {
  const fetch = guard(
    User,
    async () => {
      await new Promise<void>((resolve) => rig.clock.after(30_000, resolve));
      return new Response("late");
    },
    options,
  );
  const now = Math.floor(rig.clock.now() / 1000);
  const asking = fetch(get("/", rig.bearer("ann", { exp: now + 10 })));
  await new Promise((resolve) => setTimeout(resolve, 10));
  await rig.clock.advance(30_000);
  expect(await show(await asking)).toBe("401 auth/expired");
});

test("where that reply was given out before, nothing goes uncaught", async () => {
  const seen: unknown[] = [];
  const note = (error: unknown): void => void seen.push(error);
  process.on("unhandledRejection", note);
  const used = new Response("once");
  await used.text();
  const fetch = guard(User, () => rig.clock.advance(60_000).then(() => used), options);
  const now = Math.floor(rig.clock.now() / 1000);
  expect(await show(await fetch(get("/", rig.bearer("ann", { iat: now, exp: now + 30 }))))).toBe("401 auth/expired");
  await new Promise((resolve) => setTimeout(resolve, 5));
  process.off("unhandledRejection", note);
  expect(seen).toEqual([]);
});

test("failed proofs are counted where the address is told", async () => {
  const fetch = guard(User, hello, { ...options, address: () => "192.0.2.1" });
  for (let attempt = 0; attempt < 100; attempt++) await fetch(get("/", { authorization: "Bearer x" }));
  expect((await fetch(get("/", rig.bearer("ann")))).status).toBe(429);
});

test("env and whatever follows reach the handler", async () => {
  const fetch = guard(
    Visitor,
    (_request, _caller, env: { A: string }, context) => Response.json([env.A, context]),
    options,
  );
  expect(await (await fetch(get("/"), { A: "a" }, "context")).json()).toEqual(["a", "context"]);
});

test("an internal party cannot guard what is reached from outside", () => {
  expect(() => guard(Caller, () => new Response())).toThrow(expect.objectContaining({ code: "service.by_channel" }));
});
