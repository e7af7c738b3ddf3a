import fc from "fast-check";
import { SignJWT } from "jose";
import { beforeAll, expect, test } from "vitest";
import {
  nodeEnvironment,
  type PresentationParts,
  presentation,
  webEnvironment,
} from "../../../tests/vectors/environment.ts";
import { goodClaims, NOW, NOW_SECONDS, OTHER_SECRET, SECRET, token } from "../../../tests/vectors/tokens.ts";
import type { ProofResult, SchemeEnvironment, SchemeVerifier } from "../scheme.ts";
import { type BearerOptions, bearer } from "./bearer.ts";

const SECRETS = { KEY: SECRET, OLD_KEY: OTHER_SECRET };
const platforms = {
  node: (skew: number): SchemeEnvironment => nodeEnvironment({ secrets: SECRETS, skew }),
  web: (skew: number): SchemeEnvironment => webEnvironment({ secrets: SECRETS, skew }),
};
const prepare = async (options: Partial<BearerOptions> = {}, platform: keyof typeof platforms = "node", skew = 0) =>
  await bearer({ secret: "KEY", ...options }).prepare("User", platforms[platform](skew));

const show = (result: ProofResult): string =>
  result.status === "failed" ? `${result.outcome} ${result.reason}` : result.status;
const authorize = (credential: string): PresentationParts => ({ headers: { Authorization: `Bearer ${credential}` } });
const ask = async (verifier: SchemeVerifier, credential: string, now = NOW): Promise<string> =>
  show(await verifier.prove(presentation(authorize(credential)), now));

const verifiers = new Map<string, SchemeVerifier>();
beforeAll(async () => {
  for (const platform of ["node", "web"] as const) verifiers.set(platform, await prepare({}, platform));
});

test.each(["node", "web"])("a good token is proved, with its evidence (%s)", async (platform) => {
  const payload = goodClaims({ jti: "t1", admin: true });
  const result = await verifiers.get(platform)!.prove(presentation(authorize(token({ payload }))), NOW);
  if (result.status !== "proved") throw new Error(show(result));
  const { evidence } = result;
  expect({ ...evidence, claims: { ...evidence.claims } }).toEqual({
    subject: "alice",
    claims: payload,
    expiresAt: (NOW_SECONDS + 600) * 1000,
    issuedAt: (NOW_SECONDS - 10) * 1000,
    tokenId: "t1",
    replay: null,
  });
  expect(Object.isFrozen(evidence)).toBe(true);
  expect(Object.isFrozen(evidence.claims)).toBe(true);
});

test("verification is synchronous where the host lends an HMAC, remembered or not", async () => {
  const verifier = await prepare();
  for (let use = 0; use < 2; use++) {
    expect(verifier.prove(presentation(authorize(token())), NOW)).toMatchObject({ status: "proved" });
  }
});

test("preparing is synchronous for named secrets where the host lends an HMAC", () => {
  expect(bearer({ secret: "KEY" }).prepare("User", platforms.node(0))).not.toBeInstanceOf(Promise);
});

const rows: readonly [name: string, credential: string, outcome: string][] = [
  ["malformed", "abc", "unauthenticated jwt.parts"],
  ["wrong key", token({ secret: OTHER_SECRET }), "unauthenticated jwt.signature"],
  ["wrong algorithm", token({ header: { alg: "HS512" } }), "unauthenticated jwt.algorithm"],
  ["expired", token({ payload: goodClaims({ exp: NOW_SECONDS - 1 }) }), "expired jwt.expired"],
  ["not yet valid", token({ payload: goodClaims({ nbf: NOW_SECONDS + 1 }) }), "unauthenticated jwt.not_yet_valid"],
  ["wrong audience", token({ payload: goodClaims({ aud: "other", iss: "me" }) }), "unauthenticated jwt.audience"],
  ["wrong issuer", token({ payload: goodClaims({ aud: "app", iss: "you" }) }), "unauthenticated jwt.issuer"],
  ["no audience", token({ payload: goodClaims({ iss: "me" }) }), "unauthenticated jwt.audience"],
  ["no issuer", token({ payload: goodClaims({ aud: "app" }) }), "unauthenticated jwt.issuer"],
  [
    "expired and for another audience",
    token({ payload: goodClaims({ exp: 1, iat: 0, aud: "x", iss: "me" }) }),
    "unauthenticated jwt.audience",
  ],
  [
    "expired under a wrong key",
    token({ payload: goodClaims({ exp: 1, iat: 0 }), secret: OTHER_SECRET }),
    "unauthenticated jwt.signature",
  ],
  ["oversized", token({ payload: goodClaims({ x: "x".repeat(9000) }) }), "unauthenticated jwt.too_long"],
  ["good", token({ payload: goodClaims({ aud: ["x", "app"], iss: "me" }) }), "proved"],
];
const needsBoth = new Set([
  "wrong audience",
  "wrong issuer",
  "no audience",
  "no issuer",
  "expired and for another audience",
  "good",
]);

test.each(["node", "web"] as const)("bearer × bad credentials → outcome, once and twice (%s)", async (platform) => {
  const plain = await prepare({}, platform);
  const strict = await prepare({ audience: "app", issuer: ["me", "us"] }, platform);
  for (const [name, credential, outcome] of rows) {
    const verifier = needsBoth.has(name) ? strict : plain;
    for (let use = 0; use < 2; use++) expect([name, await ask(verifier, credential)]).toEqual([name, outcome]);
  }
});

test("registered claims of a wrong type are refused, even where they are not compared", async () => {
  const verifier = await prepare();
  const bad: Record<string, unknown[]> = {
    "jwt.exp_invalid": [{ exp: "1800000600" }, { exp: null }, { exp: 1e300 }, { exp: true }],
    "jwt.nbf_invalid": [{ nbf: "0" }, { nbf: null }],
    "jwt.iat_invalid": [{ iat: "0" }, { iat: [] }],
    "jwt.iss_invalid": [{ iss: 1 }, { iss: ["me"] }],
    "jwt.aud_invalid": [{ aud: 1 }, { aud: [1] }, { aud: { app: true } }],
    "jwt.sub_invalid": [{ sub: "" }, { sub: 1 }, { sub: null }, { sub: ["alice"] }, { sub: undefined }],
    "jwt.jti_invalid": [{ jti: 1 }],
    "jwt.exp_missing": [{ exp: undefined }],
  };
  for (const [reason, cases] of Object.entries(bad)) {
    for (const change of cases) {
      const payload = goodClaims(change as Record<string, unknown>);
      expect([change, await ask(verifier, token({ payload }))]).toEqual([change, `unauthenticated ${reason}`]);
    }
  }
  expect(await ask(verifier, token({ payload: goodClaims({ exp: -5, iat: -10 }) }))).toBe("expired jwt.expired");
  expect(await ask(verifier, token({ payload: '{"sub":"a","exp":1800000600,"__proto__":{"aud":"x"}}' }))).toBe(
    "proved",
  );
  const inherited = '{"exp":1800000600,"__proto__":{"sub":"root"}}';
  expect(await ask(verifier, token({ payload: inherited }))).toBe("unauthenticated jwt.sub_invalid");
});

test("exp and nbf hold to the millisecond, remembered or not", async () => {
  const credential = token({ payload: { sub: "a", iat: NOW_SECONDS, nbf: NOW_SECONDS, exp: NOW_SECONDS + 60 } });
  const exp = NOW + 60_000;
  for (const skew of [0, 30_000]) {
    const remembering = await prepare({}, "node", skew);
    const times = [NOW - skew - 1, NOW - skew, NOW, exp - 1, exp, exp + skew - 1, exp + skew, exp + skew + 1, exp - 1];
    for (const now of times) {
      const expected =
        now < NOW - skew ? "unauthenticated jwt.issued_in_future" : now < exp + skew ? "proved" : "expired jwt.expired";
      expect([skew, now - NOW, await ask(await prepare({}, "node", skew), credential, now)]).toEqual([
        skew,
        now - NOW,
        expected,
      ]);
      expect([skew, now - NOW, await ask(remembering, credential, now)]).toEqual([skew, now - NOW, expected]);
    }
  }
  const notYet = token({ payload: { sub: "a", nbf: NOW_SECONDS, exp: NOW_SECONDS + 60 } });
  expect(await ask(verifiers.get("node")!, notYet, NOW - 1)).toBe("unauthenticated jwt.not_yet_valid");
  expect(await ask(verifiers.get("node")!, notYet, NOW)).toBe("proved");
});

test("a life longer than maxLifetime is refused, measured from iat or from now", async () => {
  const day = 86_400;
  const verifier = await prepare();
  const life = (iat: number | undefined, exp: number): string => token({ payload: goodClaims({ iat, exp }) });
  expect(await ask(verifier, life(NOW_SECONDS - 5, NOW_SECONDS - 5 + day))).toBe("proved");
  expect(await ask(verifier, life(NOW_SECONDS - 5, NOW_SECONDS - 4 + day))).toBe("unauthenticated jwt.lifetime");
  expect(await ask(verifier, life(undefined, NOW_SECONDS + day))).toBe("proved");
  expect(await ask(verifier, life(undefined, NOW_SECONDS + day + 1))).toBe("unauthenticated jwt.lifetime");
  expect(await ask(verifier, life(NOW_SECONDS + 1, NOW_SECONDS + 2))).toBe("unauthenticated jwt.issued_in_future");
  const short = await prepare({ maxLifetime: 60 });
  expect(await ask(short, life(NOW_SECONDS, NOW_SECONDS + 60))).toBe("proved");
  expect(await ask(short, life(NOW_SECONDS, NOW_SECONDS + 61))).toBe("unauthenticated jwt.lifetime");
});

test("every secret of a rotation is accepted, and no other", async () => {
  for (const platform of ["node", "web"] as const) {
    const both = await prepare({ secret: ["KEY", "OLD_KEY"] }, platform);
    expect(await ask(both, token({ secret: SECRET }))).toBe("proved");
    expect(await ask(both, token({ secret: OTHER_SECRET }))).toBe("proved");
    expect(await ask(both, token({ secret: `${SECRET}x` }))).toBe("unauthenticated jwt.signature");
  }
});

test("a token good for one party is unknown to another, though the cache is warm", async () => {
  const one = await prepare();
  const other = await prepare({ secret: "OLD_KEY" });
  const credential = token();
  expect(await ask(one, credential)).toBe("proved");
  expect(await ask(other, credential)).toBe("unauthenticated jwt.signature");
  expect(await ask(one, credential)).toBe("proved");
});

test("a credential is presented even when empty, malformed, repeated or in another case", async () => {
  const scheme = bearer({ secret: "KEY" });
  const verifier = verifiers.get("node")!;
  const presented: Record<string, string> = {
    Bearer: "unauthenticated bearer.empty",
    "Bearer ": "unauthenticated bearer.empty",
    [`bearer ${token()}`]: "proved",
    [`BEARER  ${token()}`]: "proved",
    [`Bearer ${token()}, Bearer ${token()}`]: "unauthenticated jwt.parts",
    [`Basic YTpi, Bearer ${token()}`]: "unauthenticated bearer.malformed",
    [` Bearer ${token()}`]: "unauthenticated bearer.malformed",
    [`Bearer\t${token()}`]: "unauthenticated bearer.malformed",
  };
  for (const [header, outcome] of Object.entries(presented)) {
    const shown = presentation({ headers: { authorization: header } });
    expect([header, scheme.isPresented(shown)]).toEqual([header, true]);
    expect([header, show(await verifier.prove(shown, NOW))]).toEqual([header, outcome]);
  }
  for (const header of ["Basic YTpi", "Bearerx abc", "DPoP abc", "Token bearer", ""]) {
    const shown = presentation({ headers: { authorization: header } });
    expect([header, scheme.isPresented(shown)]).toEqual([header, false]);
    expect(await verifier.prove(shown, NOW)).toEqual({ status: "absent" });
  }
  expect(scheme.isPresented(presentation())).toBe(false);
  expect(await verifier.prove(presentation({ url: `https://x.example/?access_token=${token()}` }), NOW)).toEqual({
    status: "absent",
  });
});

test("the token of a first frame goes before the header, and is presented even when empty", async () => {
  const scheme = bearer({ secret: "KEY" });
  const verifier = verifiers.get("node")!;
  const frame = (frameToken: string, header?: string) =>
    presentation({ frameToken, headers: header === undefined ? {} : { authorization: header } });
  expect(show(await verifier.prove(frame(token()), NOW))).toBe("proved");
  expect(show(await verifier.prove(frame(token(), "Bearer bad"), NOW))).toBe("proved");
  expect(show(await verifier.prove(frame("bad", `Bearer ${token()}`), NOW))).toBe("unauthenticated jwt.parts");
  expect(scheme.isPresented(frame(""))).toBe(true);
  expect(show(await verifier.prove(frame(""), NOW))).toBe("unauthenticated bearer.empty");
});

test("changing one byte of a good token never verifies", async () => {
  const credential = token();
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.=+/ ";
  for (const platform of ["node", "web"] as const) {
    const verifier = verifiers.get(platform)!;
    await ask(verifier, credential);
    await fc.assert(
      fc.asyncProperty(fc.nat(credential.length - 1), fc.constantFrom(...alphabet), async (at, letter) => {
        fc.pre(credential[at] !== letter);
        const changed = credential.slice(0, at) + letter + credential.slice(at + 1);
        // A change to a blank at either end is not a change of the token a transport would see.
        expect(await ask(verifier, changed)).toMatch(/^unauthenticated /);
      }),
      { numRuns: platform === "node" ? 1_500 : 200, verbose: true },
    );
  }
});

test("tokens that jose makes are accepted", async () => {
  const made = await new SignJWT({ admin: true })
    .setProtectedHeader({ alg: "HS256", typ: "JWT" })
    .setSubject("alice")
    .setIssuedAt(NOW_SECONDS)
    .setExpirationTime(NOW_SECONDS + 60)
    .sign(new TextEncoder().encode(SECRET));
  for (const platform of ["node", "web"]) expect(await ask(verifiers.get(platform)!, made)).toBe("proved");
});
