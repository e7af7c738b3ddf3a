/** Route × credential → what the caller is told, and that nothing ran where it was refused. */
import { anyOf, bearer, hasClaim, party, refine, service, setup, signature, Visitor } from "byward";
import { beforeAll, expect, test } from "vitest";
import { token } from "../vectors/tokens.ts";
import { createRig, KEY, OTHER_KEY, post, show, sign } from "./rig.ts";

const User = party("User", { auth: bearer({ secret: "KEY" }) });
const Admin = refine("Admin", User, hasClaim("admin"));
const Hook = party("Hook", {
  auth: signature({ secret: "HOOK", header: "X-Signature", timestamp: "X-Timestamp", tolerance: 300 }),
});

const ran: string[] = [];
const handle = (c: { readonly caller: { readonly party: string } }): string => {
  ran.push(c.caller.party);
  return c.caller.party;
};

const api = service({
  canInvoke: (c, invoke) => {
    if (invoke.kind !== "http") return false;
    if (invoke.name === "POST /decided/false") return false;
    if (invoke.name === "POST /decided/own") return c.caller.party === "User" && c.caller.identity === "ann";
    if (invoke.name === "POST /decided/throws") throw new Error("a secret detail");
    // What a JavaScript author might return; the type forbids it.
    if (invoke.name === "POST /decided/truthy") return "yes" as unknown as boolean;
    if (invoke.name === "POST /decided/nothing") return undefined as unknown as boolean;
    if (invoke.name === "POST /decided/hangs") return new Promise<boolean>(() => {});
    if (invoke.name === "POST /decided/late") return Promise.resolve(false);
    return true;
  },
  routes: {
    "POST /public": { by: Visitor, handle },
    "POST /user": { by: User, handle },
    "POST /admin": { by: Admin, handle },
    "POST /hook": { by: Hook, handle },
    "POST /sum": { by: anyOf(User, Hook, Visitor), handle },
    "POST /either": { by: anyOf(Hook, User), handle },
    "POST /decided/false": { by: Visitor, handle },
    "POST /decided/own": { by: User, handle },
    "POST /decided/throws": { by: Visitor, handle },
    "POST /decided/truthy": { by: Visitor, handle },
    "POST /decided/nothing": { by: Visitor, handle },
    "POST /decided/hangs": { by: Visitor, handle },
    "POST /decided/late": { by: Visitor, handle },
  },
});

const rig = createRig();
const registry = setup({ services: { api }, host: rig.host, limits: { maxFailedAuthentications: 1e9 } });
const BODY = '{"n":1}';
const now = Math.floor(rig.clock.now() / 1000);
const claims = { sub: "ann", iat: now, exp: now + 600 };
const authorization = (credential: string): Record<string, string> => ({ authorization: `Bearer ${credential}` });
const user = authorization(token({ payload: claims, secret: KEY }));
const admin = authorization(token({ payload: { ...claims, admin: true }, secret: KEY }));
const signed = sign(BODY, rig.clock.now());

const CREDENTIALS = {
  nothing: {},
  "a user": user,
  "an admin": admin,
  "another user": authorization(token({ payload: { ...claims, sub: "bob" }, secret: KEY })),
  "an empty bearer": { authorization: "Bearer " },
  "the word bearer": { authorization: "Bearer" },
  garbage: authorization("abc"),
  "three empty parts": authorization(".."),
  "the wrong key": authorization(token({ payload: claims, secret: OTHER_KEY })),
  "no algorithm": authorization(token({ header: { alg: "none" }, payload: claims, secret: KEY })),
  "another algorithm": authorization(token({ header: { alg: "HS512" }, payload: claims, secret: KEY })),
  "an expired token": authorization(token({ payload: { ...claims, iat: now - 900, exp: now - 60 }, secret: KEY })),
  "a token of tomorrow": authorization(token({ payload: { ...claims, nbf: now + 300 }, secret: KEY })),
  "no subject": authorization(token({ payload: { iat: now, exp: now + 60 }, secret: KEY })),
  "an oversized token": authorization(`${token({ payload: { ...claims, pad: "x".repeat(9000) }, secret: KEY })}`),
  "two tokens": authorization(
    `${token({ payload: claims, secret: KEY })}, Bearer ${token({ payload: claims, secret: KEY })}`,
  ),
  "another scheme": { authorization: "Basic YW5uOnB3" },
  "a signature": signed,
  "a signature of other bytes": sign('{"n":2}', rig.clock.now()),
  "a signature of the wrong key": sign(BODY, rig.clock.now(), { secret: "another-webhook-secret" }),
  "a signature without time": { "x-signature": signed["x-signature"]! },
  "a signature of an hour ago": sign(BODY, rig.clock.now() - 3_600_000),
  "a signature of the next hour": sign(BODY, rig.clock.now() + 3_600_000),
  "an empty signature": { ...signed, "x-signature": "" },
  "a bad token beside a signature": { ...authorization("abc"), ...signed },
  "a token beside a bad signature": { ...user, ...sign('{"n":2}', rig.clock.now()) },
} satisfies Record<string, Record<string, string>>;

const OK = "200";
const NOBODY = "401 auth/unauthenticated";
const EXPIRED = "401 auth/expired";
const REPLAYED = "401 auth/replayed";
const FORBIDDEN = "403 auth/forbidden";

/** In the order of the columns: public, user, admin, hook, sum, either. */
const COLUMNS = ["/public", "/user", "/admin", "/hook", "/sum", "/either"] as const;
const TABLE: Record<keyof typeof CREDENTIALS, readonly [string, string, string, string, string, string]> = {
  nothing: [OK, NOBODY, NOBODY, NOBODY, OK, NOBODY],
  "a user": [OK, OK, FORBIDDEN, NOBODY, OK, OK],
  "an admin": [OK, OK, OK, NOBODY, OK, OK],
  "another user": [OK, OK, FORBIDDEN, NOBODY, OK, OK],
  "an empty bearer": [OK, NOBODY, NOBODY, NOBODY, NOBODY, NOBODY],
  "the word bearer": [OK, NOBODY, NOBODY, NOBODY, NOBODY, NOBODY],
  garbage: [OK, NOBODY, NOBODY, NOBODY, NOBODY, NOBODY],
  "three empty parts": [OK, NOBODY, NOBODY, NOBODY, NOBODY, NOBODY],
  "the wrong key": [OK, NOBODY, NOBODY, NOBODY, NOBODY, NOBODY],
  "no algorithm": [OK, NOBODY, NOBODY, NOBODY, NOBODY, NOBODY],
  "another algorithm": [OK, NOBODY, NOBODY, NOBODY, NOBODY, NOBODY],
  "an expired token": [OK, EXPIRED, EXPIRED, NOBODY, EXPIRED, EXPIRED],
  "a token of tomorrow": [OK, NOBODY, NOBODY, NOBODY, NOBODY, NOBODY],
  "no subject": [OK, NOBODY, NOBODY, NOBODY, NOBODY, NOBODY],
  "an oversized token": [OK, NOBODY, NOBODY, NOBODY, NOBODY, NOBODY],
  "two tokens": [OK, NOBODY, NOBODY, NOBODY, NOBODY, NOBODY],
  "another scheme": [OK, NOBODY, NOBODY, NOBODY, OK, NOBODY],
  "a signature": [OK, NOBODY, NOBODY, OK, OK, OK],
  "a signature of other bytes": [OK, NOBODY, NOBODY, NOBODY, NOBODY, NOBODY],
  "a signature of the wrong key": [OK, NOBODY, NOBODY, NOBODY, NOBODY, NOBODY],
  "a signature without time": [OK, NOBODY, NOBODY, NOBODY, NOBODY, NOBODY],
  "a signature of an hour ago": [OK, NOBODY, NOBODY, REPLAYED, REPLAYED, REPLAYED],
  "a signature of the next hour": [OK, NOBODY, NOBODY, REPLAYED, REPLAYED, REPLAYED],
  "an empty signature": [OK, NOBODY, NOBODY, NOBODY, NOBODY, NOBODY],
  "a bad token beside a signature": [OK, NOBODY, NOBODY, OK, OK, OK],
  "a token beside a bad signature": [OK, OK, FORBIDDEN, NOBODY, OK, OK],
};

const CELLS = Object.entries(TABLE).flatMap(([credential, row]) =>
  row.map((expected, at) => [credential as keyof typeof CREDENTIALS, COLUMNS[at]!, expected] as const),
);

beforeAll(async () => {
  await registry.edge();
});

test.each(CELLS)("%s at %s is %s", async (credential, path, expected) => {
  ran.length = 0;
  const answer = await registry.fetch(post(path, BODY, CREDENTIALS[credential]));
  expect(await show(answer.clone())).toBe(expected);
  expect(ran).toHaveLength(expected === OK ? 1 : 0);
  if (answer.status === 401) expect(answer.headers.get("www-authenticate")).not.toBeNull();
  expect(answer.headers.get("byward-correlation-id")).toMatch(/^[0-9a-f]{18}$/);
});

test.each([
  ["a user", "/sum", "User"],
  ["a signature", "/sum", "Hook"],
  ["nothing", "/sum", "Visitor"],
  ["a bad token beside a signature", "/sum", "Hook"],
  ["a token beside a bad signature", "/either", "User"],
  ["an admin", "/admin", "Admin"],
  ["an admin", "/user", "User"],
] as const)("%s at %s is admitted as %s", async (credential, path, expected) => {
  const answer = await registry.fetch(post(path, BODY, CREDENTIALS[credential]));
  expect(await answer.json()).toBe(expected);
});

test.each([
  ["/decided/false", "nothing", FORBIDDEN],
  ["/decided/late", "nothing", FORBIDDEN],
  ["/decided/own", "another user", FORBIDDEN],
  ["/decided/own", "nothing", NOBODY],
  ["/decided/throws", "nothing", "500 byward/internal_error"],
  ["/decided/truthy", "nothing", "500 byward/internal_error"],
  ["/decided/nothing", "nothing", "500 byward/internal_error"],
] as const)("canInvoke at %s with %s is %s and nothing runs", async (path, credential, expected) => {
  ran.length = 0;
  const answer = await registry.fetch(post(path, BODY, CREDENTIALS[credential]));
  const text = await answer.clone().text();
  expect(await show(answer)).toBe(expected);
  expect(text).not.toContain("secret detail");
  expect(ran).toEqual([]);
});

test("canInvoke that hangs denies at its deadline", async () => {
  ran.length = 0;
  const answering = registry.fetch(post("/decided/hangs", BODY));
  await rig.clock.advance(5000);
  expect(await show(await answering)).toBe("500 byward/internal_error");
  expect(ran).toEqual([]);
});

test("what canInvoke allows runs", async () => {
  ran.length = 0;
  const answer = await registry.fetch(post("/decided/own", BODY, CREDENTIALS["a user"]));
  expect(await show(answer)).toBe(OK);
  expect(ran).toEqual(["User"]);
});

test("every decision is recorded once, with its reason", async () => {
  const before = (await rig.decisions(registry)).length;
  await registry.fetch(post("/admin", BODY, CREDENTIALS["a user"]));
  await registry.fetch(post("/admin", BODY, CREDENTIALS["an admin"]));
  await registry.fetch(post("/decided/truthy", BODY));
  expect((await rig.decisions(registry)).slice(before)).toEqual([
    "http POST /admin - forbidden invariant:Admin",
    "http POST /admin Admin ok",
    "http POST /decided/truthy Visitor fault can_invoke.not_boolean:string",
  ]);
});

test("a body is not parsed for a caller who is refused", async () => {
  for (const body of ["not json", '{"wrong":true}', "x".repeat(100)]) {
    expect(await show(await registry.fetch(post("/user", body)))).toBe(NOBODY);
    expect(await show(await registry.fetch(post("/decided/false", body)))).toBe(FORBIDDEN);
  }
});
