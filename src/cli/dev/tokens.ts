/** Owns development tokens: one for each bearer party of a registry and its refinements, minted with the party's own secret. */
import { findClaims, findSubject } from "../../access/witness.ts";
import { mintBearer } from "../../boundary/mint.ts";
import { type AnyParty, type AnyRefinement, baseOf } from "../../boundary/party.ts";
import type { BearerScheme } from "../../boundary/schemes/bearer.ts";

const LIFETIME_SECONDS = 8 * 3600;

export interface DevToken {
  readonly party: string;
  readonly subject: string;
  readonly claims: Readonly<Record<string, unknown>>;
  readonly token: string;
  /** Epoch ms. */
  readonly expiresAt: number;
}

/** Names of the secrets that the parties read from the environment. */
export function secretNamesOf(parties: readonly (AnyParty | AnyRefinement)[]): readonly string[] {
  return [...new Set(parties.flatMap((party) => baseOf(party).scheme.secretNames))];
}

/**
 * A token for each bearer party that one can be made for: its secret is in `env`, and a subject and claims were found that
 * it accepts.
 */
export async function mintDevTokens(
  parties: readonly (AnyParty | AnyRefinement)[],
  options: { readonly env: NodeJS.ProcessEnv; readonly now: number; readonly subject?: string | undefined },
): Promise<readonly DevToken[]> {
  const tokens = await Promise.all(parties.map((party) => mintFor(party, options)));
  return tokens.filter((token) => token !== null);
}

async function mintFor(
  member: AnyParty | AnyRefinement,
  options: { readonly env: NodeJS.ProcessEnv; readonly now: number; readonly subject?: string | undefined },
): Promise<DevToken | null> {
  const base = baseOf(member);
  if (base.scheme.kind !== "bearer") return null;
  const scheme = base.scheme as BearerScheme;
  const secret = options.env[scheme.secretNames[0] ?? ""];
  const subject = await findSubject(base, options.subject);
  const claims = findClaims(member);
  if (secret === undefined || subject === null || claims === null) return null;
  const { issuers, audiences, type, maxLifetime } = scheme.expects;
  const expiresIn = Math.min(LIFETIME_SECONDS, Math.floor(maxLifetime));
  const token = await mintBearer({
    secret,
    subject,
    now: options.now,
    expiresIn,
    claims,
    ...(issuers === null ? {} : { issuer: issuers[0]! }),
    ...(audiences === null ? {} : { audience: audiences[0]! }),
    ...(type === null ? {} : { type }),
  });
  return { party: member.name, subject, claims, token, expiresAt: options.now + expiresIn * 1000 };
}
