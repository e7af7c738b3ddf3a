/**
 * Owns real credentials for tests: tokens and signatures made with the secrets the kit gave the registry. They pass the
 * same gate as any other, and are worth nothing to a registry that the kit did not make (ruling 12).
 */
import { findClaims, findSubject } from "../access/witness.ts";
import { ConfigurationError } from "../boundary/errors.ts";
import { mintBearer, mintSigned } from "../boundary/mint.ts";
import { type AnyParty, type AnyRefinement, baseOf } from "../boundary/party.ts";
import type { CallerRecord } from "../boundary/scheme.ts";
import type { BearerScheme } from "../boundary/schemes/bearer.ts";
import type { OidcScheme } from "../boundary/schemes/oidc.ts";
import type { SignatureScheme } from "../boundary/schemes/signature.ts";
import { signDelivery } from "../boundary/sign.ts";
import type { TestProvider } from "./provider.ts";
import type { TestSecrets } from "./secrets.ts";

/** A party or a refinement. */
export type Member = AnyParty | AnyRefinement;

/** What a token of a test says. */
export interface TokenOptions {
  /** The subject. Default: one that the party's identity schema accepts. */
  readonly sub?: string;
  /** Further claims; for a refinement, those that satisfy it are there already. */
  readonly claims?: Readonly<Record<string, unknown>>;
  /** Seconds from now to `exp`. Default 3600; negative makes an expired token. */
  readonly expiresIn?: number;
  /** The `jti`. */
  readonly tokenId?: string;
  /** The secret itself, where the party reads it from a function. */
  readonly secret?: string;
}

/** What is signed beside the body. */
export interface SignOptions {
  readonly id?: string;
  /** The URL, for formats that sign it. */
  readonly url?: string;
  /** Other headers inside the signed string. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly secret?: string;
}

/** Who an internal caller is. */
export interface InternalOptions {
  /** Actor type or service it calls as. */
  readonly name?: string;
  readonly key?: readonly string[];
  readonly onBehalfOf?: CallerRecord;
}

export interface CredentialParts {
  readonly parties: ReadonlySet<AnyParty>;
  readonly secrets: TestSecrets;
  readonly provider: TestProvider;
  readonly now: () => number;
}

export class Credentials {
  readonly #parts: CredentialParts;

  constructor(parts: CredentialParts) {
    this.#parts = parts;
  }

  /** @throws ConfigurationError `testing.party_unknown` for a party that no entrypoint of the registry names */
  assertKnown(member: Member): void {
    const base = baseOf(member);
    if (this.#parts.parties.has(base) || base.scheme.kind === "none" || base.scheme.kind === "internal") return;
    throw new ConfigurationError(
      "testing.party_unknown",
      `No entrypoint of this registry names the party "${base.name}", so there is nobody to prove it to.`,
    );
  }

  /**
   * A token of a bearer or oidc party.
   * @throws ConfigurationError `testing.party_unknown`, `testing.no_token`, `testing.no_secret`, `testing.no_claims`
   */
  async mint(member: Member, options: TokenOptions = {}): Promise<string> {
    this.assertKnown(member);
    const base = baseOf(member);
    const { kind } = base.scheme;
    if (kind !== "bearer" && kind !== "oidc") {
      throw new ConfigurationError(
        "testing.no_token",
        `Party "${base.name}" proves itself by ${kind}, not by a token.`,
      );
    }
    const { expects } = base.scheme as BearerScheme | OidcScheme;
    const token = {
      subject: options.sub ?? (await findSubject(base)) ?? "someone",
      now: this.#parts.now(),
      claims: claimsFor(member, options.claims),
      ...(options.expiresIn === undefined ? {} : { expiresIn: options.expiresIn }),
      ...(options.tokenId === undefined ? {} : { tokenId: options.tokenId }),
      ...(expects.issuers === null ? {} : { issuer: expects.issuers[0]! }),
      ...(expects.audiences === null ? {} : { audience: expects.audiences[0]! }),
      ...(expects.type === null ? {} : { type: expects.type }),
    };
    const key = this.#parts.provider.keyFor(base);
    return key === null
      ? mintBearer({ ...token, secret: this.#secretOf(base, options.secret) })
      : mintSigned({ ...token, key });
  }

  /**
   * The headers that make `body` a delivery of a signature party.
   * @throws ConfigurationError `testing.party_unknown`, `testing.no_signature`, `testing.no_secret`
   */
  async sign(member: Member, body: string | Uint8Array, options: SignOptions = {}): Promise<Record<string, string>> {
    this.assertKnown(member);
    const base = baseOf(member);
    if (base.scheme.kind !== "signature") {
      throw new ConfigurationError(
        "testing.no_signature",
        `Party "${base.name}" proves itself by ${base.scheme.kind}, not by a signature.`,
      );
    }
    const { secret, ...rest } = options;
    return signDelivery((base.scheme as SignatureScheme).format, {
      ...rest,
      body,
      now: this.#parts.now(),
      secret: this.#secretOf(base, secret),
    });
  }

  #secretOf(party: AnyParty, given: string | undefined): string {
    if (given !== undefined) return given;
    const name = party.scheme.secretNames[0];
    const { env, signing } = this.#parts.secrets;
    const secret = name === undefined ? undefined : (signing.get(name) ?? env.get(name));
    if (secret !== undefined) return secret;
    throw new ConfigurationError(
      "testing.no_secret",
      `Party "${party.name}" reads its secret from a function; give it as \`secret\`.`,
    );
  }
}

/** Given claims are added to those that satisfy a refinement, and win over them, so that unsatisfied ones can be made. */
function claimsFor(member: Member, given: TokenOptions["claims"]): Readonly<Record<string, unknown>> {
  const found = findClaims(member);
  if (found !== null || given !== undefined) return { ...found, ...given };
  throw new ConfigurationError(
    "testing.no_claims",
    `No claims were found that satisfy "${member.name}" (${(member as AnyRefinement).requires.description}). Give them as \`claims\`.`,
  );
}
