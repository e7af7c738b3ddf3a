/**
 * Owns who comes: for each party of the matrix, somebody who holds a good credential of it, made with the test secrets the
 * registry was given. Nothing here is worth anything to a registry that was not started by an attack.
 */

import type { Member } from "../access/verdict.ts";
import { findSubject } from "../access/witness.ts";
import type { TokenKey } from "../boundary/mint.ts";
import { type AnyParty, baseOf } from "../boundary/party.ts";
import type { BearerScheme } from "../boundary/schemes/bearer.ts";
import type { SignatureScheme } from "../boundary/schemes/signature.ts";
import { signDelivery } from "../boundary/sign.ts";
import { Credentials } from "../testing/credentials.ts";
import type { TestProvider } from "../testing/provider.ts";
import type { TestSecrets } from "../testing/secrets.ts";
import type { HeaderList } from "./wire.ts";

/** What is presented with a request or a socket. */
export interface Presented {
  /** Goes to the usual place of the transport: `Authorization`, or the first frame. */
  readonly token?: string;
  readonly headers?: HeaderList;
  /** Added to the query, without `?`. */
  readonly query?: string;
  /** In place of the body that was to be sent. */
  readonly body?: string;
}

/** The request a credential is made for. */
export interface Occasion {
  readonly method: string;
  readonly url: string;
  readonly body: string;
}

/** Makes what is presented; signatures depend on the request. */
export type Present = (occasion: Occasion) => Promise<Presented> | Presented;

export const nothing: Present = () => ({});
export const withToken =
  (token: string): Present =>
  () => ({ token });
export const withHeaders =
  (...headers: HeaderList): Present =>
  () => ({ headers });

/** Somebody who can prove to be a party. */
export interface Holder {
  readonly member: Member;
  readonly base: AnyParty;
  readonly kind: "token" | "signature" | "none";
  readonly present: Present;
}

export interface HolderParts {
  readonly parties: ReadonlySet<AnyParty>;
  readonly secrets: TestSecrets;
  readonly provider: TestProvider;
}

export interface TokenWish {
  readonly claims?: Readonly<Record<string, unknown>>;
  readonly expiresIn?: number;
  readonly tokenId?: string;
}

/** What tokens and signatures are made with. */
export class Mint {
  readonly #parts: HolderParts;
  readonly #credentials: Credentials;
  readonly #made = new Set<string>();
  #deliveries = 0;

  constructor(parts: HolderParts) {
    this.#parts = parts;
    this.#credentials = new Credentials({ ...parts, now: Date.now });
  }

  /** Credentials that were made: none of them may be seen again. */
  get made(): ReadonlySet<string> {
    return this.#made;
  }

  /** A holder of a column of the matrix; null where none can be made. */
  async holderOf(member: Member): Promise<Holder | null> {
    const base = baseOf(member);
    const { kind } = base.scheme;
    if (kind === "none") return { member, base, kind: "none", present: nothing };
    if (kind === "signature" && this.secretOf(base) !== null) {
      return { member, base, kind: "signature", present: (occasion) => this.sign(base, occasion) };
    }
    if (kind !== "bearer" && kind !== "oidc") return null;
    try {
      const token = await this.token(member);
      return { member, base, kind: "token", present: withToken(token) };
    } catch {
      // Its secret comes from a function, or no usual claims satisfy it.
      return null;
    }
  }

  async token(member: Member, wish: TokenWish = {}): Promise<string> {
    const token = await this.#credentials.mint(member, wish);
    this.#made.add(token);
    return token;
  }

  /** The claims of a good token, for making bad ones. */
  async claimsOf(member: Member): Promise<Record<string, unknown>> {
    const [, payload = ""] = (await this.token(member)).split(".");
    return JSON.parse(Buffer.from(payload, "base64url").toString()) as Record<string, unknown>;
  }

  /** The key of an OpenID party's provider. */
  keyOf(base: AnyParty): TokenKey | null {
    return this.#parts.provider.keyFor(base);
  }

  /** The secret tokens and signatures of a party are made with; null where it has none by name. */
  secretOf(base: AnyParty): string | null {
    const name = base.scheme.secretNames[0];
    const { signing, env } = this.#parts.secrets;
    return name === undefined ? null : (signing.get(name) ?? env.get(name) ?? null);
  }

  /** A delivery with an id of its own. */
  async sign(base: AnyParty, occasion: Occasion, change: Partial<DeliveryWish> = {}): Promise<Presented> {
    const { format } = base.scheme as SignatureScheme;
    const id = change.id ?? `attack-${++this.#deliveries}`;
    const body = withFields(format, occasion.body, change.now ?? Date.now(), id);
    // A scheme that is not of this library may have a time that it does not sign.
    const time = format.time?.from === "header" && !format.template.has.timestamp ? format.time : null;
    const { time: _time, tolerance: _tolerance, ...timeless } = format;
    const headers = await signDelivery(time === null ? format : timeless, {
      secret: change.secret ?? this.secretOf(base)!,
      body,
      now: change.now ?? Date.now(),
      id,
      url: occasion.url,
      headers: { "content-type": "application/json" },
    });
    if (time !== null) headers[time.header] = String(Math.floor((change.now ?? Date.now()) / 1000));
    return { headers: Object.entries(headers), body };
  }
}

export interface DeliveryWish {
  readonly id: string;
  /** Epoch ms. */
  readonly now: number;
  readonly secret: string;
}

/** Times and ids that a format has inside its body. */
function withFields(format: SignatureScheme["format"], body: string, now: number, id: string): string {
  const { time, id: place } = format;
  if (time?.from !== "body" && place?.from !== "body") return body;
  try {
    const parsed: unknown = JSON.parse(body);
    const root = typeof parsed === "object" && parsed !== null && !Array.isArray(parsed) ? parsed : {};
    if (time?.from === "body") put(root, time.path, time.unit === "ms" ? now : Math.floor(now / 1000));
    if (place?.from === "body") put(root, place.path, id);
    return JSON.stringify(root);
  } catch {
    // Malformed on purpose: it has no place for a time or an id.
    return body;
  }
}

function put(root: object, path: readonly string[], value: unknown): void {
  let at = root as Record<string, unknown>;
  for (const name of path.slice(0, -1)) {
    const next = Object.hasOwn(at, name) ? at[name] : undefined;
    at[name] = typeof next === "object" && next !== null ? next : {};
    at = at[name] as Record<string, unknown>;
  }
  at[path.at(-1)!] = value;
}

/** What a token party compares; null where it compares nothing. */
export function expectsOf(base: AnyParty): BearerScheme["expects"] | null {
  return "expects" in base.scheme ? (base.scheme as BearerScheme).expects : null;
}

/** A subject of a party, for claims of bad tokens. */
export async function subjectOf(base: AnyParty): Promise<string> {
  return (await findSubject(base)) ?? "someone";
}
