/** Two engines for one job: our HS256 path and `jose.jwtVerify`, over random tokens, good ones and spoilt ones. */
import fc from "fast-check";
import { jwtVerify } from "jose";
import { expect, test } from "vitest";
import { nodeEnvironment, presentation, webEnvironment } from "../../../tests/vectors/environment.ts";
import { NOW, NOW_SECONDS, OTHER_SECRET, SECRET, token } from "../../../tests/vectors/tokens.ts";
import type { SchemeVerifier } from "../scheme.ts";
import { bearer } from "./bearer.ts";

const scheme = bearer({ secret: "KEY", audience: "app", issuer: "me" });
const prepare = async (environment: typeof nodeEnvironment): Promise<SchemeVerifier> =>
  await scheme.prepare("User", environment({ secrets: { KEY: SECRET } }));

const key = new TextEncoder().encode(SECRET);
const jose = async (credential: string): Promise<string> => {
  const options = { algorithms: ["HS256"], audience: "app", issuer: "me", currentDate: new Date(NOW) };
  try {
    await jwtVerify(credential, key, { ...options, requiredClaims: ["exp", "sub"] });
    return "proved";
  } catch (error) {
    return (error as { code?: string }).code ?? String(error);
  }
};
const ours = async (verifier: SchemeVerifier, credential: string): Promise<string> => {
  const shown = presentation({ headers: { authorization: `Bearer ${credential}` } });
  const result = await verifier.prove(shown, NOW);
  return result.status === "failed" ? result.reason : result.status;
};

/** Rules we add to RFC 7519, so that only we refuse. */
const STRICTER = new Set([
  "jwt.lifetime",
  "jwt.issued_in_future",
  "jwt.type",
  "jwt.kid",
  "jwt.b64",
  "jwt.header",
  "jwt.payload",
  "jwt.encoding",
  "jwt.sub_invalid",
  "jwt.aud_invalid",
  "jwt.iss_invalid",
  "jwt.jti_invalid",
]);

const time = fc.integer({ min: -90_000, max: 90_000 }).map((offset) => NOW_SECONDS + offset);
const near = fc.integer({ min: -2, max: 2 }).map((offset) => NOW_SECONDS + offset);
type Change = Readonly<Record<string, unknown>>;
/** A good part with up to two of these changes, so that every rule is met alone and beside others. */
const withChanges = (good: Change, changes: readonly fc.Arbitrary<Change>[]) =>
  fc.array(fc.oneof(...changes), { maxLength: 2 }).map((list): Change => Object.assign({}, good, ...list));
const field = (name: string, ...values: fc.Arbitrary<unknown>[]): fc.Arbitrary<Change> =>
  fc.oneof(...values).map((value) => ({ [name]: value }));

const payload = withChanges({ sub: "alice", aud: "app", iss: "me", iat: NOW_SECONDS, exp: NOW_SECONDS + 60 }, [
  field("sub", fc.constantFrom<unknown>("é", "x".repeat(300), "", 1, null)),
  field("exp", time, near, fc.constantFrom<unknown>("1", null, undefined)),
  field("iat", near, time, fc.constantFrom<unknown>(undefined, "1")),
  field("nbf", near, time, fc.constant("1")),
  field("aud", fc.constantFrom<unknown>(["app"], ["x", "app"], "x", [], undefined, [1, "app"])),
  field("iss", fc.constantFrom<unknown>("you", undefined, 1)),
  field("jti", fc.constantFrom<unknown>("t", 1)),
  field("extra", fc.jsonValue({ maxDepth: 3 })),
]);
const header = withChanges({ alg: "HS256" }, [
  field("alg", fc.constantFrom("none", "HS384", "RS256", "hs256")),
  field("typ", fc.constantFrom<unknown>("JWT", "jwt", "at+jwt", 1)),
  field("kid", fc.constantFrom<unknown>("a", 1)),
  field("crit", fc.constantFrom<unknown>([], ["exp"], ["b64"], "b64")),
  field("cty", fc.constant("JWT")),
]);
const spoil = fc.oneof(
  { weight: 3, arbitrary: fc.constant((text: string) => text) },
  fc.tuple(fc.nat(10_000), fc.constantFrom("A", "_", ".", "=", " ", "é")).map(([place, letter]) => (text: string) => {
    const at = place % text.length;
    return text.slice(0, at) + letter + text.slice(at + 1);
  }),
  fc.nat(300).map((length) => (text: string) => text.slice(0, length)),
);

test("accepts exactly what jose accepts, but for the rules that are stricter on purpose", async () => {
  const verifiers = [await prepare(nodeEnvironment), await prepare(webEnvironment)];
  const seen = { proved: 0, refused: 0, stricter: 0 };
  const secret = fc.oneof({ weight: 9, arbitrary: fc.constant(SECRET) }, fc.constant(OTHER_SECRET));
  await fc.assert(
    fc.asyncProperty(header, payload, secret, spoil, async (head, body, signer, change) => {
      const credential = change(token({ header: head, payload: body, secret: signer }));
      const [node, web] = await Promise.all(verifiers.map((verifier) => ours(verifier, credential)));
      expect(web).toBe(node);
      const theirs = await jose(credential);
      if (node === "proved") {
        expect(theirs).toBe("proved");
        seen.proved++;
      } else if (theirs === "proved") {
        expect(STRICTER).toContain(node);
        seen.stricter++;
      } else seen.refused++;
    }),
    { numRuns: 3_000, verbose: true },
  );
  // The generator must keep exercising all three verdicts, or agreement means nothing.
  expect(Math.min(seen.proved, seen.refused, seen.stricter)).toBeGreaterThan(50);
});
