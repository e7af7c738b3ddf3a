/**
 * Actors and what they decide, twice: as Bynk text, and as a small interpreter of the `by` rules that knows nothing of the
 * compiler (reference §13 with the design's G2).
 */
import type { Random } from "../../support/random.ts";

export const SECRETS = {
  KEY_ONE: "the first secret of thirty-two bytes",
  KEY_TWO: "the other secret of thirty-two bytes",
  HOOK: "the secret that signs deliveries",
};

/** What a request brings. */
export interface Situation {
  readonly token?: {
    readonly secret: keyof typeof SECRETS;
    readonly fault: "none" | "tampered" | "expired";
    readonly sub: string;
    readonly claims: Readonly<Record<string, unknown>>;
  };
  readonly signature?: { readonly secret: keyof typeof SECRETS; readonly age: number };
}

export interface Claim {
  readonly text: string;
  readonly holds: (claims: Readonly<Record<string, unknown>>) => boolean;
}

export type Actor =
  | { readonly kind: "none"; readonly name: string }
  | { readonly kind: "bearer"; readonly name: string; readonly secret: keyof typeof SECRETS }
  | { readonly kind: "signature"; readonly name: string; readonly tolerance: number }
  | {
      readonly kind: "refined";
      readonly name: string;
      readonly base: Actor & { readonly kind: "bearer" };
      readonly claim: Claim;
    };

/** Identities are lower-case letters, one to eight. */
export const IDENTITY = 'type Who = String where Matches("[a-z]{1,8}")\n';
const isIdentity = (subject: string): boolean => /^[a-z]{1,8}$/.test(subject);

export function declare(actor: Actor): string {
  switch (actor.kind) {
    case "none":
      return actor.name === "Visitor" ? "" : `actor ${actor.name} { auth = None }\n`;
    case "bearer":
      return `actor ${actor.name} { auth = Bearer(secret = "${actor.secret}"), identity = Who }\n`;
    case "signature":
      return `actor ${actor.name} { auth = Signature(secret = "HOOK", header = "X-Sig", timestamp = "X-Time", tolerance = ${actor.tolerance}) }\n`;
    case "refined":
      return `actor ${actor.name} = ${actor.base.name} where ${actor.claim.text}\n`;
  }
}

export function randomClaim(random: Random, depth = 2): Claim {
  const form = depth === 0 ? random.below(2) : random.below(5);
  if (form === 0) {
    const name = random.pick(["admin", "team", "constructor", "toString"]);
    return { text: `hasClaim("${name}")`, holds: (claims) => Object.hasOwn(claims, name) && Boolean(claims[name]) };
  }
  if (form === 1) {
    const value = random.pick(["blue", "red"]);
    return {
      text: `claimEquals("team", "${value}")`,
      holds: (claims) => Object.hasOwn(claims, "team") && claims["team"] === value,
    };
  }
  const left = randomClaim(random, depth - 1);
  if (form === 2) return { text: `!(${left.text})`, holds: (claims) => !left.holds(claims) };
  const right = randomClaim(random, depth - 1);
  if (form === 3) {
    return { text: `(${left.text} && ${right.text})`, holds: (claims) => left.holds(claims) && right.holds(claims) };
  }
  return { text: `(${left.text} || ${right.text})`, holds: (claims) => left.holds(claims) || right.holds(claims) };
}

export type Decision = { readonly status: 401 | 403 } | { readonly status: 200; readonly caller: string };

/** Who is let in, by the rules alone. */
export function decide(by: readonly Actor[], { token, signature }: Situation): Decision {
  const refused = (status: 401 | 403): Decision => ({ status });
  const let_ = (actor: Actor, identity?: string): Decision => ({
    status: 200,
    caller: identity === undefined ? actor.name : `${actor.name} ${identity}`,
  });
  const provesToken = (secret: string): boolean =>
    token !== undefined && token.secret === secret && token.fault === "none" && isIdentity(token.sub);
  const presents = (actor: Actor): boolean => {
    if (actor.kind === "none") return false;
    return actor.kind === "signature" ? signature !== undefined : token !== undefined;
  };
  for (const actor of by) {
    switch (actor.kind) {
      case "bearer":
        if (provesToken(actor.secret)) return let_(actor, token?.sub);
        break;
      case "refined":
        if (!provesToken(actor.base.secret)) return refused(401);
        return actor.claim.holds(token?.claims ?? {}) ? let_(actor, token?.sub) : refused(403);
      case "signature":
        if (signature?.secret === "HOOK" && Math.abs(signature.age) <= actor.tolerance) return let_(actor);
        break;
      case "none":
        // A credential that somebody here could have read, and nobody believed, is not nothing.
        return by.some(presents) ? refused(401) : let_(actor);
    }
  }
  return refused(401);
}
