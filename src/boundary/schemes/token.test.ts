import { expect, test } from "vitest";
import { nodeEnvironment, presentation } from "../../../tests/vectors/environment.ts";
import { goodClaims, NOW, token } from "../../../tests/vectors/tokens.ts";
import { readExpectations, toTokenRule } from "./expectations.ts";
import { type SignatureCheck, type SignatureReason, TokenVerifier } from "./token.ts";

const rule = toTokenRule(readExpectations("test", {}, ["HS256"]), 0);
const shown = presentation({ headers: { authorization: `Bearer ${token()}` } });

test("a token verified under a key that was withdrawn meanwhile is not remembered", async () => {
  let generation = 0;
  const pending: ((reason: SignatureReason | null) => void)[] = [];
  const check: SignatureCheck = {
    get generation() {
      return generation;
    },
    isCurrent: () => true,
    check: () => new Promise((resolve) => pending.push(resolve)),
  };
  const verifier = new TokenVerifier(rule, check, nodeEnvironment());
  const first = verifier.prove(shown, NOW);
  generation = 1;
  const between = verifier.prove(presentation({ frameToken: token({ payload: goodClaims({ sub: "bob" }) }) }), NOW);
  pending.shift()?.(null);
  pending.shift()?.(null);
  expect(await between).toMatchObject({ status: "proved" });
  expect(await first).toMatchObject({ status: "proved" });
  const second = verifier.prove(shown, NOW);
  pending.shift()?.("jwt.signature");
  expect(await second).toMatchObject({ reason: "jwt.signature" });
});

test("failures are not remembered", async () => {
  let reason: SignatureReason | null = "oidc.keys_unavailable";
  const check: SignatureCheck = { generation: 0, isCurrent: () => true, check: () => reason };
  const verifier = new TokenVerifier(rule, check, nodeEnvironment());
  expect(verifier.prove(shown, NOW)).toMatchObject({ reason: "oidc.keys_unavailable" });
  reason = null;
  expect(verifier.prove(shown, NOW)).toMatchObject({ status: "proved" });
});

test("the signature is not checked for what cannot be a token of the party", () => {
  let checks = 0;
  const check: SignatureCheck = {
    generation: 0,
    isCurrent: () => true,
    check: () => {
      checks++;
      return null;
    },
  };
  const verifier = new TokenVerifier(rule, check, nodeEnvironment());
  const bad = [
    "",
    "a.b",
    "a.b.c",
    "x".repeat(9_000),
    token({ header: { alg: "none" } }),
    token({ header: { alg: "HS256", crit: [] } }),
  ];
  bad.push(token({ payload: '{"sub":"a","sub":"b"}' }), token({ payload: `${"[".repeat(20)}${"]".repeat(20)}` }));
  for (const credential of bad) {
    expect(verifier.prove(presentation({ frameToken: credential }), NOW)).toMatchObject({ status: "failed" });
  }
  expect(checks).toBe(0);
});
