/**
 * Owns the scheme `none`: nothing is presented, nothing is proved. Whether it may be used at all is decided by G2,
 * above.
 */
import {
  ABSENT,
  type Evidence,
  type Presentation,
  type ProofResult,
  type Scheme,
  type SchemeVerifier,
} from "../scheme.ts";

const NOBODY: Evidence = Object.freeze({
  subject: undefined,
  claims: Object.freeze({}),
  expiresAt: null,
  issuedAt: null,
  tokenId: null,
  replay: null,
});
const PROVED: ProofResult = Object.freeze({ status: "proved", evidence: NOBODY });

/** Everybody who presented nothing, from outside. An internal call is never such a visitor (ruling 6). */
export function none(): Scheme<"none", undefined> {
  return SCHEME;
}

const VERIFIER: SchemeVerifier = Object.freeze({
  prove: (presentation: Presentation) => (presentation.channel.kind === "external" ? PROVED : ABSENT),
});

const SCHEME: Scheme<"none", undefined> = Object.freeze({
  kind: "none",
  carrier: "none",
  needsBody: false,
  secretNames: Object.freeze([]),
  isPresented: () => false,
  prepare: () => VERIFIER,
});
