/** Holes, each planted alone in a registry that is sound otherwise, with the rule that must find it. */
import { createHmac, createPublicKey } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { AttackOptions, Family } from "../../src/attack/attack.ts";
import type { RuleId } from "../../src/attack/rules.ts";
import { mintBearer } from "../../src/boundary/mint.ts";
import type { ProofResult } from "../../src/boundary/scheme.ts";
import type { Registry } from "../../src/registry/registry.ts";
import { behind, headerIn, type Passing, type Twist, without } from "./proxy.ts";
import { type Misjudge, type Plants, soundRegistry } from "./sound.ts";

export interface Hole {
  readonly rule: RuleId;
  readonly what: string;
  readonly registry: () => Registry;
  /** Families that look for it; the cells are always tried. */
  readonly only: readonly Family[];
  readonly options?: AttackOptions;
}

const planted = (rule: RuleId, what: string, only: readonly Family[], plants: Plants): Hole => ({
  rule,
  what,
  only,
  registry: () => soundRegistry(plants),
});
const proxied = (
  rule: RuleId,
  what: string,
  only: readonly Family[],
  twist: () => Twist,
  plants: Plants = {},
): Hole => ({
  rule,
  what,
  only,
  registry: () => behind(soundRegistry(plants), twist()),
});

const misjudging = (rule: RuleId, what: string, only: readonly Family[], plants: Plants): Hole =>
  planted(rule, what, only, { ...plants, routesOnly: true });

// Verifiers.

type Json = Record<string, unknown>;
interface Opened {
  readonly header: Json;
  readonly claims: Json;
  readonly input: string;
  readonly signature: string;
}

function openToken(presentation: Parameters<Misjudge>[1]): Opened | null {
  const token = presentation.frameToken ?? presentation.header("authorization")?.replace(/^Bearer /, "") ?? "";
  const [header = "", payload = "", signature = "", ...more] = token.split(".");
  if (more.length > 0) return null;
  const parse = (text: string): Json => JSON.parse(Buffer.from(text, "base64url").toString()) as Json;
  try {
    return { header: parse(header), claims: parse(payload), input: `${header}.${payload}`, signature };
  } catch {
    return null;
  }
}

function proved({ claims }: Opened): ProofResult {
  return {
    status: "proved",
    evidence: {
      subject: claims["sub"],
      claims,
      expiresAt: Number(claims["exp"]) * 1000,
      issuedAt: null,
      tokenId: null,
      replay: null,
    },
  };
}

/** Lets through what failed for one reason alone. */
const forgiving =
  (reason: string, also: (opened: Opened) => boolean = () => true): Misjudge =>
  (result, presentation) => {
    const opened = openToken(presentation);
    const isIt = result.status === "failed" && result.reason === reason && opened !== null && also(opened);
    return isIt ? proved(opened) : result;
  };

const hmacOf = (input: string, key: string | Uint8Array): string =>
  createHmac("sha256", key).update(input).digest("base64url");

let publicPem: string | undefined;
async function providerKey(): Promise<string> {
  if (publicPem !== undefined) return publicPem;
  const answer = await fetch("https://issuer.sound.example/keys");
  const { keys } = (await answer.json()) as { keys: Json[] };
  return createPublicKey({ key: keys[0] as never, format: "jwk" })
    .export({ type: "spki", format: "pem" })
    .toString();
}

const accepted = (
  result: ProofResult,
  change: Partial<Extract<ProofResult, { status: "proved" }>["evidence"]>,
): ProofResult => (result.status === "proved" ? { ...result, evidence: { ...result.evidence, ...change } } : result);

export const VERIFIER_HOLES: readonly Hole[] = [
  misjudging("token.alg_none", "alg none is accepted", ["tokens"], {
    bearer: (result, presentation) => {
      const opened = openToken(presentation);
      return opened !== null && opened.signature === "" && /^none$/i.test(String(opened.header["alg"]))
        ? proved(opened)
        : result;
    },
  }),
  misjudging("token.alg_confusion", "a public key serves as an HMAC secret", ["tokens"], {
    oidc: async (result, presentation) => {
      const opened = openToken(presentation);
      if (opened?.header["alg"] !== "HS256") return result;
      return hmacOf(opened.input, await providerKey()) === opened.signature ? proved(opened) : result;
    },
  }),
  misjudging("token.embedded_key", "the key in jwk is trusted", ["tokens"], {
    bearer: (result, presentation) => {
      const opened = openToken(presentation);
      const jwk = opened?.header["jwk"] as { k?: string } | undefined;
      if (opened === null || typeof jwk?.k !== "string") return result;
      return hmacOf(opened.input, Buffer.from(jwk.k, "base64url")) === opened.signature ? proved(opened) : result;
    },
  }),
  misjudging("token.kid", "kid is a path to a key", ["tokens"], {
    bearer: (result, presentation) => {
      const opened = openToken(presentation);
      if (opened === null || typeof opened.header["kid"] !== "string") return result;
      try {
        const key = readFileSync(join("/keys/of/the/issuer", opened.header["kid"]));
        return hmacOf(opened.input, key) === opened.signature ? proved(opened) : result;
      } catch {
        return result;
      }
    },
  }),
  misjudging("token.expired", "exp is not checked", ["tokens"], {
    bearer: async (result, presentation, prove) =>
      accepted(await forgiving("jwt.expired")(result, presentation, prove), { expiresAt: Date.now() + 60_000 }),
  }),
  misjudging("token.not_yet_valid", "nbf is not checked", ["tokens"], { bearer: forgiving("jwt.not_yet_valid") }),
  misjudging("token.audience", "aud is not compared", ["tokens"], { bearer: forgiving("jwt.audience") }),
  misjudging("token.issuer", "iss is not compared", ["tokens"], { bearer: forgiving("jwt.issuer") }),
  misjudging("token.crit", "critical headers are ignored", ["tokens"], { bearer: forgiving("jwt.critical") }),
  misjudging("token.oversized", "tokens have no cap", ["tokens"], { bearer: forgiving("jwt.too_long") }),
  misjudging("token.signature", "signatures are not checked", ["tokens"], {
    bearer: forgiving(
      "jwt.signature",
      ({ header, claims }) =>
        header["kid"] === undefined && header["jwk"] === undefined && typeof claims["exp"] === "number",
    ),
  }),
  misjudging("delivery.tampered", "a body is parsed and written again before it is verified", ["deliveries"], {
    signature: (result, presentation, prove) => {
      try {
        const body = new TextEncoder().encode(JSON.stringify(JSON.parse(new TextDecoder().decode(presentation.body!))));
        return prove({ ...presentation, body });
      } catch {
        return result;
      }
    },
  }),
  misjudging("delivery.stale", "the window is not checked", ["deliveries"], {
    signature: (result) =>
      result.status === "failed" && result.outcome === "replayed"
        ? {
            status: "proved",
            evidence: { subject: undefined, claims: {}, expiresAt: null, issuedAt: null, tokenId: null, replay: null },
          }
        : result,
  }),
  misjudging("delivery.timestamp_unsigned", "the time of the window is not signed", ["deliveries"], {
    scheme: unsignedTime,
  }),
  misjudging("delivery.replayed", "ids are not remembered", ["deliveries"], {
    signature: (result) => accepted(result, { replay: null }),
  }),
  proxied("delivery.raced", "ids are looked up first and remembered afterwards", ["deliveries"], racyMemory, {
    signature: (result) => accepted(result, { replay: null }),
  }),
  planted("lease.late", "a verifier does not say when a token ends", ["leases"], {
    bearer: (result) => accepted(result, { expiresAt: null }),
  }),
  {
    rule: "lease.revoked",
    what: "revoke() confirms and does nothing",
    only: ["leases"],
    registry: () => Object.assign(behind(soundRegistry(), {}), { revoke: async () => ({}) }),
  },
  planted("guessing.unlimited", "failed proofs are not counted", [], {
    limits: { maxFailedAuthentications: Number.POSITIVE_INFINITY },
  }),
];

/** A receiver that signs the body alone, and takes the time from a header beside it. */
function unsignedTime(sound: Parameters<NonNullable<Plants["scheme"]>>[0]): typeof sound {
  const scheme = sound as typeof sound & {
    format: { time: { header: string }; header: string; template: { has: object } };
  };
  const { format } = scheme;
  return {
    ...scheme,
    format: {
      ...format,
      signed: "{body}",
      template: { ...format.template, has: { ...format.template.has, timestamp: false } },
    },
    prepare: (_name, environment) => {
      const key = environment.secret("SOUND_HOOK_SECRET")!;
      return {
        prove: ({ header, body }, now) => {
          const given = header("x-signature");
          if (given === null) return { status: "absent" };
          const isNear = Math.abs(Number(header("x-timestamp")) * 1000 - now) < 300_000;
          const digest = createHmac("sha256", key)
            .update(body ?? "")
            .digest("hex");
          const isGood = isNear && given.replace(/^sha256=/, "") === digest;
          if (!isGood) return { status: "failed", outcome: "unauthenticated", reason: "home.made" };
          const id = header("x-delivery") ?? digest;
          const replay = { id, keepUntil: now + 600_000 };
          return {
            status: "proved",
            evidence: { subject: undefined, claims: {}, expiresAt: null, issuedAt: null, tokenId: null, replay },
          };
        },
      };
    },
  } as typeof sound;
}

function racyMemory(): Twist {
  const done = new Set<string>();
  return {
    request: (passing) => {
      const id = headerIn(passing, "x-delivery");
      return id !== undefined && done.has(id) ? 200 : undefined;
    },
    response: ({ status }, passing) => {
      const id = headerIn(passing, "x-delivery");
      if (id !== undefined && status < 300) done.add(id);
    },
  };
}

// Hosts and proxies.

const tokenFor = (claims: Json = {}): Promise<string> =>
  mintBearer({
    secret: process.env["SOUND_JWT_SECRET"]!,
    subject: "alice",
    now: Date.now(),
    audience: "sound",
    issuer: "us",
    claims,
  });
const sign = async (passing: Passing): Promise<void> => {
  passing.headers.push(["authorization", `Bearer ${await tokenFor()}`]);
};
const isGoodToken = (authorization: string): boolean => {
  const [header = "", payload = "", signature = ""] = authorization.replace(/^Bearer /, "").split(".");
  return hmacOf(`${header}.${payload}`, process.env["SOUND_JWT_SECRET"]!) === signature;
};

export const HOST_HOLES: readonly Hole[] = [
  proxied("matrix.wider", "a raw route is unguarded", [], () => ({
    request: async (passing) => {
      if (passing.path.includes("/request/") && headerIn(passing, "authorization") === undefined) await sign(passing);
    },
  })),
  proxied("matrix.foreign_object", "an answer is kept for everybody", [], () => {
    const kept = new Map<string, number>();
    return {
      request: ({ method, path }) => (method === "GET" && path.includes("/notebook/") ? kept.get(path) : undefined),
      response: ({ status }, { path }) => {
        if (path.includes("/notebook/") && status === 200) kept.set(path, status);
      },
    };
  }),
  proxied("credential.anonymous_fallback", "a bad token is taken away", ["tokens"], () => ({
    request: (passing) => {
      if (!isGoodToken(headerIn(passing, "authorization") ?? "")) without(passing, "authorization");
    },
  })),
  proxied("credential.two", "the last of two credentials is taken", ["tokens"], () => ({
    request: (passing) => {
      const all = passing.headers.filter(([name]) => name.toLowerCase() === "authorization");
      without(passing, "authorization");
      passing.headers.push(...all.slice(-1));
    },
  })),
  proxied("credential.query", "a token in the URL is taken", ["tokens"], () => ({
    request: (passing) => {
      const token = new URL(passing.path, "http://x").searchParams.get("access_token");
      if (token !== null) passing.headers.push(["authorization", `Bearer ${token}`]);
    },
  })),
  proxied("credential.cookie", "a token in a cookie is taken", ["tokens"], () => ({
    request: (passing) => {
      const token = /(?:^|; )session=([^;]+)/.exec(headerIn(passing, "cookie") ?? "")?.[1];
      if (token !== undefined) passing.headers.push(["authorization", `Bearer ${token}`]);
    },
  })),
  proxied("internal.header", "a header of an authenticating proxy is believed", ["claims"], () => ({
    request: async (passing) => {
      if (headerIn(passing, "x-forwarded-user") !== undefined) await sign(passing);
    },
  })),
  proxied("method.override", "a header overrides the method", ["claims"], () => ({
    request: (passing) => {
      passing.method = headerIn(passing, "x-http-method-override") ?? passing.method;
    },
  })),
  proxied("origin.foreign", "the Origin of sockets is rewritten", ["origins"], () => ({
    request: (passing) => {
      if (passing.isUpgrade) without(passing, "origin");
    },
  })),
  proxied("host.foreign", "the Host is rewritten", ["origins"], () => ({
    request: (passing) => {
      without(passing, "host");
      passing.headers.push(["host", "127.0.0.1"]);
    },
  })),
  proxied("cors.reflected", "every Origin is allowed", ["origins"], () => ({
    response: (returning, passing) => {
      const origin = headerIn(passing, "origin");
      if (origin !== undefined) returning.headers.push(["access-control-allow-origin", origin]);
    },
  })),
  proxied("path.confusion", "paths are normalised before they are routed", ["names"], () => ({
    request: (passing) => {
      const { pathname, search } = new URL(passing.path, "http://x");
      passing.path = `${pathname}${search}`;
    },
  })),
  proxied("body.media_type", "every body is declared to be JSON", ["bodies"], () => ({
    request: (passing) => {
      if (headerIn(passing, "content-type")?.includes("cbor") === true) return;
      without(passing, "content-type");
      passing.headers.push(["content-type", "application/json"]);
    },
  })),
  proxied("leak.existence", "who is denied gets 404 for keys that do not exist", ["existence"], () => {
    const made = new Set<string>();
    return {
      response: (returning, passing) => {
        const key = passing.path.split("/")[3] ?? "";
        if (returning.status < 300) made.add(key);
        else if (returning.status === 401 || returning.status === 403)
          returning.status = made.has(key) ? returning.status : 404;
      },
    };
  }),
  proxied("leak.existence_timing", "a key that exists takes longer to be denied", ["existence"], () => {
    const made = new Set<string>();
    return {
      response: async (returning, passing) => {
        const key = passing.path.split("/")[3] ?? "";
        if (returning.status < 300) made.add(key);
        else if (passing.path.endsWith("/ban") && made.has(key))
          await new Promise((resolve) => setTimeout(resolve, 60));
      },
    };
  }),
  proxied("log.secret", "an access log holds credentials", ["log"], () => ({
    request: ({ headers }) => {
      process.stderr.write(`${JSON.stringify(headers)}\n`);
    },
  })),
];

// Handlers.

export const HANDLER_HOLES: readonly Hole[] = [
  planted("name.prototype", "handlers are looked up by inherited names", ["names"], {
    onRequest: (request) => {
      const handlers: Record<string, unknown> = { status: () => ({ ok: true }) };
      const found = handlers[new URL(request.url).pathname.slice(1)];
      return found === undefined ? new Response("Not here", { status: 404 }) : Response.json({ found: String(found) });
    },
  }),
  planted("name.pollution", "a body is merged into defaults", ["names"], {
    onRequest: async (request) => {
      if (request.method !== "POST") return Response.json({ ok: true });
      return Response.json(merge({}, JSON.parse(await request.text())));
    },
  }),
  planted("body.unbounded", "a body is read to its end", ["bodies"], {
    onRequest: async (request) => Response.json({ size: (await request.text()).length }),
  }),
  planted("body.fault", "a body that cannot be parsed is not expected", ["bodies"], {
    onRequest: async (request) =>
      Response.json(request.method === "POST" ? JSON.parse((await readSome(request)) || "0") : 1),
  }),
  planted("leak.stack", "an error is answered with its stack", ["bodies"], {
    onRequest: (request) => answerError(request, (error) => error.stack ?? ""),
  }),
  planted("leak.secret", "an error is answered with the environment", ["bodies"], {
    onRequest: (request) => answerError(request, () => `config: ${process.env["SOUND_JWT_SECRET"]}`),
  }),
  planted("leak.path", "an error is answered with a path", ["bodies"], {
    onRequest: (request) => answerError(request, () => `cannot read ${process.cwd()}/data.json`),
  }),
  planted("log.injection", "a query is logged as it is", ["log"], {
    onRequest: (request) => {
      process.stderr.write(`user ${new URL(request.url).searchParams.get("user")}\n`);
      return Response.json({ ok: true });
    },
  }),
];

/** A merge that follows names of prototypes; as it is found in many programs. */
function merge(into: Json, from: unknown): Json {
  for (const key of Object.keys((from ?? {}) as Json).slice(0, 10)) {
    const value = (from as Json)[key];
    if (typeof value === "object" && value !== null) into[key] = merge((into[key] ?? {}) as Json, value);
    else into[key] = value;
  }
  return into;
}

async function readSome(request: Request): Promise<string> {
  let text = "";
  for await (const chunk of request.body ?? []) {
    text += new TextDecoder().decode(chunk);
    if (text.length > 100_000) return "0";
  }
  return text;
}

async function answerError(request: Request, tell: (error: Error) => string): Promise<Response> {
  if (request.method !== "POST") return Response.json({ ok: true });
  try {
    return Response.json(JSON.parse(await readSome(request)));
  } catch (error) {
    return new Response(tell(error as Error), { status: 400 });
  }
}
