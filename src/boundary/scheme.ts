/**
 * Owns the seam between parties and the ways they prove themselves. A scheme is declared (`bearer({ … })`), prepared once
 * at start (secrets resolved, keys imported), and then asked to prove presentations. Schemes are a closed set.
 *
 * A verifier never throws for what a peer sent: it answers `absent` or `failed`. G4: it sees the exact bytes received.
 */
import type { MaybePromise } from "./maybe-promise.ts";

export type SchemeKind = "none" | "bearer" | "signature" | "oidc" | "internal";

/** How an invocation came in. Only the runtime makes internal channels; a transport always says `external`. */
export type Channel =
  | { readonly kind: "external" }
  | { readonly kind: "caller"; readonly caller: InternalCaller }
  | { readonly kind: "scheduler"; readonly subject: string }
  | { readonly kind: "producer"; readonly subject: string };

/** Another actor or service, as the runtime knows it. */
export interface InternalCaller {
  /** Actor type name, or service name. */
  readonly name: string;
  /** Key components of the calling actor; absent for services. */
  readonly key?: readonly string[];
  /** The original caller, as data: narrows only, proves nothing by itself. */
  readonly onBehalfOf?: CallerRecord;
}

/** A caller as data: what is stored with a queued message or carried by an internal call. */
export interface CallerRecord {
  readonly party: string;
  readonly identity: unknown;
  readonly claims: Readonly<Record<string, unknown>>;
  /** Epoch ms, or null for never. */
  readonly expiresAt: number | null;
  readonly issuedAt: number | null;
  readonly tokenId: string | null;
}

export const EXTERNAL: Channel = Object.freeze({ kind: "external" });

/** What arrived, as the transport read it. Credentials are read from here only. */
export interface Presentation {
  readonly channel: Channel;
  readonly method: string;
  /** The public URL of the request (`publicUrl` applied). */
  readonly url: string;
  /** A header by lower-case name. Repeated headers are joined by `, ` so that a strict reader refuses them. */
  header(name: string): string | null;
  /** The exact body bytes; null where none was read (no party of the entrypoint needs it, or a socket). */
  readonly body: Uint8Array | null;
  /** The token of a socket's first frame; null where none was sent. */
  readonly frameToken: string | null;
  /** Address of the peer, after `trustProxy`; absent or empty where unknown. Counts, never proves. */
  readonly address?: string;
}

/** What a credential says once verified, before the party's identity schema has seen it. */
export interface Evidence {
  /** The raw identity handed to the party's identity schema: `sub` for tokens, the name for internal callers. */
  readonly subject: unknown;
  readonly claims: Readonly<Record<string, unknown>>;
  /** Epoch ms; null = does not expire. */
  readonly expiresAt: number | null;
  /** Epoch ms of `iat`; null = not stated. */
  readonly issuedAt: number | null;
  readonly tokenId: string | null;
  /** Set when this credential may be used once only: the id to remember and until when (epoch ms). */
  readonly replay: ReplayMark | null;
}

export interface ReplayMark {
  readonly id: string;
  readonly keepUntil: number;
  /** Position in a promised sequence (`order`), or null. */
  readonly sequence?: SequenceMark | null;
}

export interface SequenceMark {
  readonly stream: string;
  readonly position: number;
  /** The position the stream begins with; null = the first one seen. */
  readonly start: number | null;
  /** How long a delivery may wait for those before it, ms; 0 = it is refused at once. */
  readonly maxWait: number;
}

export type ProofResult =
  | { readonly status: "absent" }
  | { readonly status: "failed"; readonly outcome: "unauthenticated" | "expired" | "replayed"; readonly reason: string }
  | { readonly status: "proved"; readonly evidence: Evidence };

export const ABSENT: ProofResult = Object.freeze({ status: "absent" });

export function failed(
  reason: string,
  outcome: "unauthenticated" | "expired" | "replayed" = "unauthenticated",
): ProofResult {
  return { status: "failed", outcome, reason };
}

/** A prepared scheme. `prove` is synchronous wherever its cryptography is. `now` is epoch ms. */
export interface SchemeVerifier {
  prove(presentation: Presentation, now: number): MaybePromise<ProofResult>;
}

/** What a scheme may use while it is prepared and while it verifies; given by the host, never ambient. */
export interface SchemeEnvironment {
  /** The value of a named secret, or undefined when absent. */
  secret(name: string): string | undefined;
  now(): number;
  fetch(input: string, init?: RequestInit): Promise<Response>;
  /** A keyed digest the host lends, synchronous where the platform has one (Node); absent elsewhere: use WebCrypto. */
  readonly hmac?: (hash: "sha256" | "sha1", key: Uint8Array) => (data: Uint8Array) => Uint8Array;
  /** A digest the host lends, synchronous. */
  readonly sha256?: (data: Uint8Array | string) => Uint8Array;
  /** For warnings at start, such as a short webhook secret. Never given a secret value. */
  warn(message: string): void;
  /** Clock skew allowed on `exp` and `nbf`, ms; at most 30 000. */
  readonly skew: number;
}

/** Where a scheme finds its credential; two members of one sum never read the same carrier. */
export type Carrier = "none" | "authorization" | "signature" | "channel";

export interface Scheme<Kind extends SchemeKind = SchemeKind, Subject = unknown> {
  readonly kind: Kind;
  readonly carrier: Carrier;
  /** True when the verifier needs the exact body bytes. */
  readonly needsBody: boolean;
  /** Names of the secrets it reads, for messages and for `byward dev`. */
  readonly secretNames: readonly string[];
  /** True when this presentation carries something this scheme would read, valid or not (G2, ruling 7). */
  isPresented(presentation: Presentation): boolean;
  /**
   * Resolves secrets and imports keys. Called once, at start.
   * @throws ConfigurationError naming the party and what is missing or too weak; never echoing a value.
   */
  prepare(partyName: string, environment: SchemeEnvironment): MaybePromise<SchemeVerifier>;
  /** Phantom: the type of the subject before the identity schema. */
  readonly "~subject"?: Subject;
}
