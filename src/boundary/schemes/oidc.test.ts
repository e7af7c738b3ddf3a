import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import fc from "fast-check";
import { beforeAll, expect, test } from "vitest";
import { nodeEnvironment, presentation, webEnvironment } from "../../../tests/vectors/environment.ts";
import { b64, goodClaims, token as hs256Token, NOW, NOW_SECONDS, SECRET } from "../../../tests/vectors/tokens.ts";
import { createTokenKey, mintSigned, type OidcAlgorithm, type SignedMint, type TokenKey } from "../mint.ts";
import type { SchemeVerifier } from "../scheme.ts";
import { type OidcOptions, oidc } from "./oidc.ts";

const ISSUER = "https://login.example/tenant";
const DISCOVERY = `${ISSUER}/.well-known/openid-configuration`;
const JWKS = "https://login.example/tenant/keys";
const ALGORITHMS: readonly OidcAlgorithm[] = ["RS256", "PS256", "ES256", "EdDSA"];

const keys = {} as Record<OidcAlgorithm | "other" | "next", TokenKey>;
beforeAll(async () => {
  for (const algorithm of ALGORITHMS) keys[algorithm] = await createTokenKey(algorithm, `k-${algorithm}`);
  keys.other = await createTokenKey("ES256", "k-ES256");
  keys.next = await createTokenKey("ES256", "k-next");
});

/** A provider behind the environment's fetch: what it serves can change, and requests are counted. */
class Provider {
  readonly requests: string[] = [];
  published: readonly unknown[] = [];
  documents: Record<string, () => Response | Promise<Response>> = {
    [DISCOVERY]: () => Response.json({ issuer: ISSUER, jwks_uri: JWKS }),
    [JWKS]: () => Response.json({ keys: this.published }),
  };
  init: RequestInit | undefined;

  constructor(...published: TokenKey[]) {
    this.publish(...published);
  }
  publish(...published: TokenKey[]): void {
    this.published = published.map(({ publicJwk }) => publicJwk);
  }
  readonly fetch = async (url: string, init?: RequestInit): Promise<Response> => {
    this.requests.push(url);
    this.init = init;
    const answer = this.documents[url];
    if (answer === undefined) throw new TypeError("fetch failed");
    return answer();
  };
  down(): void {
    this.documents = {};
  }
}

const verifierOf = async (
  provider: Provider,
  options: Partial<OidcOptions> = {},
  warnings: string[] = [],
): Promise<SchemeVerifier> =>
  await oidc({ issuer: ISSUER, audience: "app", ...options }).prepare(
    "Member",
    nodeEnvironment({ fetch: provider.fetch, warnings }),
  );
const mint = (key: TokenKey, change: Partial<SignedMint> = {}): Promise<string> =>
  mintSigned({ key, subject: "alice", now: NOW, issuer: ISSUER, audience: "app", expiresIn: 600, ...change });
const ask = async (verifier: SchemeVerifier, credential: string, now = NOW): Promise<string> => {
  const result = await verifier.prove(presentation({ headers: { authorization: `Bearer ${credential}` } }), now);
  return result.status === "failed" ? `${result.outcome} ${result.reason}` : result.status;
};

test.each(ALGORITHMS)(
  "%s: a token of the provider is proved; nothing is verified or fetched twice",
  async (algorithm) => {
    const provider = new Provider(keys[algorithm]);
    const verifier = await verifierOf(provider);
    const credential = await mint(keys[algorithm], { claims: { admin: true } });
    expect(await ask(verifier, credential)).toBe("proved");
    const again = verifier.prove(presentation({ frameToken: credential }), NOW);
    expect(again).toMatchObject({
      status: "proved",
      evidence: { subject: "alice", issuedAt: NOW, expiresAt: NOW + 600_000 },
    });
    expect(provider.requests).toEqual([DISCOVERY, JWKS]);
  },
);

test("oidc × bad credentials → outcome, once and twice", async () => {
  const provider = new Provider(keys.ES256, keys.RS256);
  const verifier = await verifierOf(provider);
  const good = await mint(keys.ES256);
  const [header, payload] = good.split(".") as [string, string];
  const rows: readonly [name: string, credential: string, outcome: string][] = [
    ["malformed", "abc", "unauthenticated jwt.parts"],
    ["wrong key", await mint(keys.other), "unauthenticated jwt.signature"],
    ["wrong algorithm", await mint({ ...keys.PS256, kid: "k-RS256" }), "unauthenticated oidc.key_unknown"],
    ["none", `${b64('{"alg":"none"}')}.${payload}.AA`, "unauthenticated jwt.algorithm"],
    [
      "HS256 with the public key as secret",
      hs256Token({ header: { alg: "HS256", kid: "k-ES256" }, secret: JSON.stringify(keys.ES256.publicJwk) }),
      "unauthenticated jwt.algorithm",
    ],
    ["unknown key", await mint(keys.next), "unauthenticated oidc.key_unknown"],
    ["expired", await mint(keys.ES256, { expiresIn: -1 }), "expired jwt.expired"],
    ["expired under a wrong key", await mint(keys.other, { expiresIn: -1 }), "unauthenticated jwt.signature"],
    ["not yet valid", await mint(keys.ES256, { notBeforeIn: 5 }), "unauthenticated jwt.not_yet_valid"],
    ["wrong audience", await mint(keys.ES256, { audience: "other" }), "unauthenticated jwt.audience"],
    ["no audience", await mint(keys.ES256, { claims: { aud: undefined } }), "unauthenticated jwt.audience"],
    ["wrong issuer", await mint(keys.ES256, { issuer: `${ISSUER}/` }), "unauthenticated jwt.issuer"],
    ["no issuer", await mint(keys.ES256, { claims: { iss: undefined } }), "unauthenticated jwt.issuer"],
    ["no subject", await mint(keys.ES256, { claims: { sub: "" } }), "unauthenticated jwt.sub_invalid"],
    ["no expiry", await mint(keys.ES256, { claims: { exp: undefined } }), "unauthenticated jwt.exp_missing"],
    ["too long a life", await mint(keys.ES256, { expiresIn: 86_401 }), "unauthenticated jwt.lifetime"],
    ["another type", await mint(keys.ES256, { type: "at+jwt" }), "unauthenticated jwt.type"],
    ["oversized", await mint(keys.ES256, { claims: { x: "x".repeat(9000) } }), "unauthenticated jwt.too_long"],
    [
      "DER signature",
      `${header}.${payload}.${b64(Uint8Array.of(0x30, 0x06, 2, 1, 1, 2, 1, 1))}`,
      "unauthenticated jwt.signature",
    ],
    ["good", good, "proved"],
  ];
  for (const [name, credential, outcome] of rows) {
    for (let use = 0; use < 2; use++) expect([name, await ask(verifier, credential)]).toEqual([name, outcome]);
  }
  expect(provider.requests).toEqual([DISCOVERY, JWKS]);
});

test("an ID token is kept out of an API that declares its type", async () => {
  const verifier = await verifierOf(new Provider(keys.ES256), { type: "at+jwt" });
  expect(await ask(verifier, await mint(keys.ES256))).toBe("unauthenticated jwt.type");
  expect(await ask(verifier, await mint(keys.ES256, { type: "at+jwt" }))).toBe("proved");
  expect(await ask(verifier, await mint(keys.ES256, { type: "application/at+jwt" }))).toBe("proved");
});

test("a narrower list of algorithms keeps the others out", async () => {
  const verifier = await verifierOf(new Provider(keys.ES256, keys.RS256), { algorithms: ["ES256"] });
  expect(await ask(verifier, await mint(keys.RS256))).toBe("unauthenticated jwt.algorithm");
  expect(await ask(verifier, await mint(keys.ES256))).toBe("proved");
});

test("a new kid is fetched once, and not again within the cooldown, whatever kids are invented", async () => {
  const provider = new Provider(keys.ES256);
  const verifier = await verifierOf(provider, { jwks: JWKS });
  expect(await ask(verifier, await mint(keys.ES256))).toBe("proved");
  provider.publish(keys.ES256, keys.next);
  expect(await ask(verifier, await mint(keys.next), NOW + 29_999)).toBe("unauthenticated oidc.key_unknown");
  expect(await ask(verifier, await mint(keys.next), NOW + 30_000)).toBe("proved");
  expect(provider.requests).toHaveLength(2);
  for (let index = 0; index < 50; index++) {
    const invented = await mint({ ...keys.ES256, kid: `invented-${index}` });
    expect(await ask(verifier, invented, NOW + 31_000)).toBe("unauthenticated oidc.key_unknown");
  }
  expect(provider.requests).toHaveLength(2);
  expect(await ask(verifier, await mint({ ...keys.ES256, kid: "invented" }), NOW + 60_000)).toBe(
    "unauthenticated oidc.key_unknown",
  );
  expect(provider.requests).toHaveLength(3);
});

test("tokens that arrive together share one request", async () => {
  const provider = new Provider(keys.ES256, keys.RS256);
  const verifier = await verifierOf(provider);
  const credentials = await Promise.all(
    [...Array(20).keys()].map((index) => mint(index % 2 ? keys.ES256 : keys.RS256, { subject: `u${index}` })),
  );
  expect(await Promise.all(credentials.map((credential) => ask(verifier, credential)))).toEqual(
    Array(20).fill("proved"),
  );
  expect(provider.requests).toEqual([DISCOVERY, JWKS]);
});

test("a withdrawn key stops verifying once the keys are fetched again, remembered tokens too", async () => {
  const provider = new Provider(keys.ES256, keys.next);
  const verifier = await verifierOf(provider, { jwks: JWKS });
  const [leaked, sound] = [await mint(keys.ES256, { expiresIn: 3_000 }), await mint(keys.next, { expiresIn: 3_000 })];
  expect(await ask(verifier, leaked)).toBe("proved");
  expect(await ask(verifier, sound)).toBe("proved");
  provider.publish(keys.next);
  expect(await ask(verifier, leaked, NOW + 599_999)).toBe("proved");
  for (let use = 0; use < 2; use++) {
    expect(await ask(verifier, leaked, NOW + 600_000)).toBe("unauthenticated oidc.key_unknown");
    expect(await ask(verifier, sound, NOW + 600_000)).toBe("proved");
  }
});

test("while the provider is down the keys serve for a bounded time, then nothing verifies, then it recovers", async () => {
  const provider = new Provider(keys.ES256);
  const { documents } = provider;
  const verifier = await verifierOf(provider, { jwks: JWKS, staleFor: 1_000 });
  const credential = await mint(keys.ES256, { expiresIn: 80_000 });
  expect(await ask(verifier, credential)).toBe("proved");
  provider.down();
  const end = NOW + 1_600_000;
  expect(await ask(verifier, credential, NOW + 600_000)).toBe("proved");
  expect(await ask(verifier, credential, end - 1)).toBe("proved");
  expect(await ask(verifier, credential, end)).toBe("unauthenticated oidc.keys_unavailable");
  provider.documents = documents;
  expect(await ask(verifier, credential, end + 1_000)).toBe("unauthenticated oidc.keys_unavailable");
  expect(await ask(verifier, credential, end + 30_000)).toBe("proved");
});

test("a provider that is down at start is asked again after seconds, and never more often", async () => {
  const provider = new Provider(keys.ES256);
  const { documents } = provider;
  provider.down();
  const verifier = await verifierOf(provider, { jwks: JWKS });
  const credential = await mint(keys.ES256);
  for (const offset of [0, 1, 4_999])
    expect(await ask(verifier, credential, NOW + offset)).toBe("unauthenticated oidc.keys_unavailable");
  expect(provider.requests).toHaveLength(1);
  provider.documents = documents;
  expect(await ask(verifier, credential, NOW + 5_000)).toBe("proved");
});

test("a clock that goes back does not stop rotation", async () => {
  const provider = new Provider(keys.ES256);
  const verifier = await verifierOf(provider, { jwks: JWKS });
  expect(await ask(verifier, await mint(keys.ES256), NOW + 500_000)).toBe("proved");
  provider.publish(keys.next);
  expect(await ask(verifier, await mint(keys.next), NOW)).toBe("proved");
});

test("discovery must name this very issuer and keep its keys on the issuer's host, over https", async () => {
  const credential = await mint(keys.ES256);
  const bad: readonly unknown[] = [
    { issuer: `${ISSUER}/`, jwks_uri: JWKS },
    { issuer: "https://evil.example", jwks_uri: JWKS },
    { jwks_uri: JWKS },
    { issuer: ISSUER },
    { issuer: ISSUER, jwks_uri: "https://evil.example/keys" },
    { issuer: ISSUER, jwks_uri: "https://login.example:8443/keys" },
    { issuer: ISSUER, jwks_uri: "http://login.example/tenant/keys" },
    { issuer: ISSUER, jwks_uri: "https://user@login.example/tenant/keys" },
    { issuer: ISSUER, jwks_uri: "http://169.254.169.254/latest" },
    { issuer: ISSUER, jwks_uri: "http://127.0.0.1/keys" },
    { issuer: ISSUER, jwks_uri: "/tenant/keys" },
    { issuer: ISSUER, jwks_uri: "file:///etc/passwd" },
    [],
    null,
  ];
  for (const document of bad) {
    const provider = new Provider(keys.ES256);
    provider.documents[DISCOVERY] = () => Response.json(document);
    const verifier = await verifierOf(provider);
    expect([document, await ask(verifier, credential)]).toEqual([document, "unauthenticated oidc.keys_unavailable"]);
    expect(provider.requests).toEqual([DISCOVERY]);
  }
});

test("what is not a JWK Set of sane size, served with 200, gives no keys", async () => {
  const credential = await mint(keys.ES256);
  const jwk = keys.ES256.publicJwk;
  const text = JSON.stringify({ keys: [jwk] });
  const bad: Record<string, () => Response> = {
    "status 500": () => new Response(text, { status: 500 }),
    "status 206": () => new Response(text, { status: 206 }),
    "a redirect": () => new Response(text, { status: 302, headers: { location: "https://evil.example/keys" } }),
    "no body": () => new Response(null),
    "not JSON": () => new Response("<html>"),
    "duplicate names": () => new Response(text.replace("{", '{"keys":[],')),
    "an array": () => Response.json([jwk]),
    "no keys": () => Response.json({ key: [jwk] }),
    "too many keys": () => Response.json({ keys: Array(101).fill(jwk) }),
    "too many bytes": () => new Response(" ".repeat(128 * 1024) + text),
    "keys too deep": () => Response.json({ keys: [jwk], x: JSON.parse(`${"[".repeat(40)}${"]".repeat(40)}`) }),
  };
  for (const [name, answer] of Object.entries(bad)) {
    const provider = new Provider();
    provider.documents[JWKS] = answer;
    const verifier = await verifierOf(provider, { jwks: JWKS });
    expect([name, await ask(verifier, credential)]).toEqual([name, "unauthenticated oidc.keys_unavailable"]);
  }
});

test("a provider that never answers, or never ends its answer, is given up on", async () => {
  const never = new Promise<Response>(() => {});
  const endless = () =>
    new Response(
      new ReadableStream({
        pull: (controller) =>
          new Promise((resolve) => setTimeout(resolve, 20)).then(() => controller.enqueue(new Uint8Array(1))),
      }),
    );
  const hanging = () => new Response(new ReadableStream({ pull: () => new Promise(() => {}) }));
  for (const answer of [() => never, endless, hanging]) {
    const provider = new Provider();
    provider.documents[JWKS] = answer;
    const verifier = await verifierOf(provider, { jwks: JWKS, timeout: 0.1 });
    expect(await ask(verifier, await mint(keys.ES256))).toBe("unauthenticated oidc.keys_unavailable");
  }
});

test("keys that cannot verify are not in the set: symmetric, private, for encryption, weak, odd", async () => {
  const jwk = keys.ES256.publicJwk as Record<string, unknown>;
  const { d } = keys.ES256.privateJwk;
  const rsa = keys.RS256.publicJwk as Record<string, unknown>;
  const oct = { kty: "oct", k: b64(SECRET), alg: "HS256", kid: "k-ES256", use: "sig" };
  const credential = await mint(keys.ES256);
  const rsaCredential = await mint(keys.RS256);
  const useless: readonly [Record<string, unknown>, string][] = [
    [oct, credential],
    [{ ...jwk, d }, credential],
    [{ ...jwk, use: "enc" }, credential],
    [{ ...jwk, key_ops: ["sign"] }, credential],
    [{ ...jwk, alg: "ES384" }, credential],
    [{ ...jwk, alg: "RS256" }, credential],
    [{ ...jwk, kty: "OKP" }, credential],
    [{ ...jwk, crv: "P-384" }, credential],
    [{ ...jwk, x: b64(new Uint8Array(31)) }, credential],
    [{ ...jwk, kid: 7 }, credential],
    [{ ...rsa, e: "AQ" }, rsaCredential],
    [{ ...rsa, e: "Ag" }, rsaCredential],
    [{ ...rsa, n: (rsa["n"] as string).slice(0, 170) }, rsaCredential],
    [{ ...rsa, alg: "PS256" }, rsaCredential],
  ];
  for (const [key, presented] of useless) {
    const provider = new Provider();
    provider.published = [key, null, 1, [], {}];
    const verifier = await verifierOf(provider, { jwks: JWKS });
    expect([key, await ask(verifier, presented)]).toEqual([key, "unauthenticated oidc.key_unknown"]);
  }
  const provider = new Provider();
  provider.published = [{ ...jwk, x: jwk["y"], y: jwk["x"] }];
  expect(await ask(await verifierOf(provider, { jwks: JWKS }), credential)).toBe("unauthenticated jwt.signature");
});

test("two keys under one kid verify nothing; a token or key without kid is tried among few", async () => {
  const ambiguous = new Provider(keys.ES256, keys.other);
  expect(await ask(await verifierOf(ambiguous, { jwks: JWKS }), await mint(keys.ES256))).toBe(
    "unauthenticated oidc.key_unknown",
  );
  const unnamed = async (key: TokenKey): Promise<string> => mint({ ...key, kid: undefined as never });
  const several = new Provider(keys.ES256, keys.next, keys.RS256);
  const verifier = await verifierOf(several, { jwks: JWKS });
  expect(await ask(verifier, await unnamed(keys.ES256))).toBe("proved");
  expect(await ask(verifier, await unnamed(keys.next))).toBe("proved");
  expect(await ask(verifier, await unnamed(keys.other))).toBe("unauthenticated jwt.signature");
  const { kid: _kid, ...bare } = keys.ES256.publicJwk;
  several.published = [bare];
  expect(await ask(await verifierOf(several, { jwks: JWKS }), await mint(keys.ES256))).toBe("proved");
  several.published = Array(5).fill(bare);
  expect(await ask(await verifierOf(several, { jwks: JWKS }), await mint(keys.ES256))).toBe(
    "unauthenticated oidc.key_unknown",
  );
});

test("jku, x5u and jwk of a token fetch nothing and choose nothing", async () => {
  const provider = new Provider(keys.ES256);
  const verifier = await verifierOf(provider, { jwks: JWKS });
  const signed = await mint(keys.other);
  const payload = signed.split(".")[1] as string;
  const header = {
    alg: "ES256",
    jku: "https://evil.example/keys",
    x5u: "https://evil.example/x",
    jwk: keys.other.publicJwk,
  };
  const { CompactSign, importJWK } = await import("jose");
  const forged = await new CompactSign(Buffer.from(payload, "base64url"))
    .setProtectedHeader(header as never)
    .sign(await importJWK(keys.other.privateJwk, "ES256"));
  expect(await ask(verifier, forged)).toBe("unauthenticated jwt.signature");
  expect(provider.requests).toEqual([JWKS]);
});

test("requests carry no credentials and follow no redirect", async () => {
  const provider = new Provider(keys.ES256);
  await ask(await verifierOf(provider, { jwks: JWKS }), await mint(keys.ES256));
  expect(provider.init).toMatchObject({ method: "GET", redirect: "manual", headers: { accept: "application/json" } });
  expect(provider.init?.signal).toBeInstanceOf(AbortSignal);
});

test("changing one byte of a good token never verifies", async () => {
  for (const algorithm of ["ES256", "EdDSA"] as const) {
    const verifier = await verifierOf(new Provider(keys[algorithm]), { jwks: JWKS });
    const credential = await mint(keys[algorithm]);
    expect(await ask(verifier, credential)).toBe("proved");
    await fc.assert(
      fc.asyncProperty(
        fc.nat(credential.length - 1),
        fc.constantFrom(..."ABCXYZabcxyz0189-_.="),
        async (at, letter) => {
          fc.pre(credential[at] !== letter);
          const changed = credential.slice(0, at) + letter + credential.slice(at + 1);
          expect(await ask(verifier, changed)).toMatch(/^unauthenticated /);
        },
      ),
      { numRuns: 200, verbose: true },
    );
  }
});

test("without lent cryptography it verifies the same", async () => {
  const provider = new Provider(keys.RS256);
  const scheme = oidc({ issuer: ISSUER, audience: ["x", "app"] });
  const verifier = await scheme.prepare("Member", webEnvironment({ fetch: provider.fetch }));
  expect(await ask(verifier, await mint(keys.RS256))).toBe("proved");
  expect(
    await ask(verifier, await mint({ ...keys.RS256, privateJwk: (await createTokenKey("RS256", "x")).privateJwk })),
  ).toBe("unauthenticated jwt.signature");
});

test("options that cannot hold stop the declaration", () => {
  const declare = (options: object) => () => oidc({ issuer: ISSUER, audience: "app", ...options } as OidcOptions);
  for (const issuer of [
    "http://login.example",
    "login.example",
    "",
    undefined,
    "https://u:p@login.example",
    "https://login.example/?a",
    "https://login.example/#a",
    "http://127.0.0.1:1",
    "ftp://login.example",
  ]) {
    expect(declare({ issuer })).toThrow("oidc.issuer");
  }
  expect(declare({ issuer: "http://login.example", allowLoopback: true })).toThrow("oidc.issuer");
  expect(declare({ issuer: "http://127.0.0.1.evil.example", allowLoopback: true })).toThrow("oidc.issuer");
  expect(declare({ issuer: "http://127.0.0.1:1", allowLoopback: true })).not.toThrow();
  expect(declare({ jwks: "http://login.example/keys" })).toThrow("oidc.jwks");
  expect(declare({ audience: undefined })).toThrow("oidc.audience");
  expect(declare({ audience: [] })).toThrow("oidc.audience");
  for (const algorithms of [[], ["HS256"], ["none"], ["RS256", "HS256"], "RS256"])
    expect(declare({ algorithms })).toThrow("oidc.algorithms");
  expect(declare({ cooldown: 0 })).toThrow("oidc.cooldown");
  expect(declare({ timeout: 61 })).toThrow("oidc.timeout");
  expect(declare({ secret: "X" })).toThrow("oidc.option");
});

test("a real provider on loopback: discovery, keys, and a redirect that is not followed", async () => {
  let moved = false;
  const paths: string[] = [];
  const listener: RequestListener = (request, response) => {
    paths.push(request.url ?? "");
    const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    if (request.url === "/.well-known/openid-configuration") {
      response.end(JSON.stringify({ issuer: origin, jwks_uri: `${origin}/keys` }));
    } else if (moved && request.url === "/keys") {
      response.writeHead(302, { location: `${origin}/elsewhere` }).end();
    } else {
      response.end(JSON.stringify({ keys: [keys.ES256.publicJwk] }));
    }
  };
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const prepare = async () =>
      await oidc({ issuer, audience: "app", allowLoopback: true }).prepare("Member", nodeEnvironment({ fetch }));
    const credential = await mint(keys.ES256, { issuer });
    expect(await ask(await prepare(), credential)).toBe("proved");
    moved = true;
    expect(await ask(await prepare(), credential)).toBe("unauthenticated oidc.keys_unavailable");
    expect(paths).not.toContain("/elsewhere");
  } finally {
    server.closeAllConnections();
    server.close();
  }
});

test("claims are judged at the provider's party as at any other", async () => {
  const verifier = await verifierOf(new Provider(keys.ES256), { jwks: JWKS });
  const claims = goodClaims({ exp: NOW_SECONDS + 60, nbf: "soon" });
  expect(await ask(verifier, await mint(keys.ES256, { claims }))).toBe("unauthenticated jwt.nbf_invalid");
});
