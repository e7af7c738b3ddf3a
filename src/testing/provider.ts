/** Owns the OpenID provider of a test: keys of its own, published through the host's `fetch`. Nothing leaves the process. */
import { createTokenKey, type OidcAlgorithm, type TokenKey } from "../boundary/mint.ts";
import type { AnyParty } from "../boundary/party.ts";
import type { OidcScheme } from "../boundary/schemes/oidc.ts";

const DISCOVERY = "/.well-known/openid-configuration";

export interface TestProvider {
  keyFor(party: AnyParty): TokenKey | null;
  /** Answers for every issuer of the registry. */
  readonly fetch: (input: string) => Promise<Response>;
}

export async function createProvider(parties: Iterable<AnyParty>): Promise<TestProvider> {
  const byAlgorithm = new Map<string, TokenKey>();
  for (const party of parties) {
    if (party.scheme.kind !== "oidc") continue;
    const algorithm = algorithmOf(party);
    if (!byAlgorithm.has(algorithm)) {
      byAlgorithm.set(algorithm, await createTokenKey(algorithm, `byward-test-${algorithm}`));
    }
  }
  const keys = { keys: [...byAlgorithm.values()].map(({ publicJwk }) => publicJwk) };
  return {
    keyFor: (party) => (party.scheme.kind === "oidc" ? (byAlgorithm.get(algorithmOf(party)) ?? null) : null),
    fetch: async (input) => {
      if (!input.endsWith(DISCOVERY)) return json(keys);
      const issuer = input.slice(0, -DISCOVERY.length);
      const declared = issuerAt(parties, issuer) ?? issuer;
      return json({ issuer: declared, jwks_uri: `${issuer}/keys` });
    },
  };
}

/** The issuer as its party spells it: it is compared character by character. */
function issuerAt(parties: Iterable<AnyParty>, address: string): string | undefined {
  for (const { scheme } of parties) {
    if (scheme.kind !== "oidc") continue;
    const found = (scheme as OidcScheme).expects.issuers?.find((issuer) => issuer.replace(/\/$/, "") === address);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** ES256 where the party takes it: RSA keys take long to make. */
function algorithmOf(party: AnyParty): OidcAlgorithm {
  const { algorithms } = (party.scheme as OidcScheme).expects;
  return (algorithms.includes("ES256") ? "ES256" : algorithms[0]) as OidcAlgorithm;
}

function json(value: unknown): Response {
  return new Response(JSON.stringify(value), { headers: { "content-type": "application/json" } });
}
