/**
 * Owns the scheme `internal`: what is proved is the channel an invocation came through. Only the runtime makes internal
 * channels; a transport always says `external`, so nothing that arrives in bytes can claim one, by any header.
 */
import { ConfigurationError } from "../errors.ts";
import {
  ABSENT,
  type Channel,
  type Evidence,
  failed,
  type InternalCaller,
  type Presentation,
  type ProofResult,
  type Scheme,
  type SchemeVerifier,
} from "../scheme.ts";

export type InternalChannel = "caller" | "scheduler" | "producer";

export interface InternalOptions {
  /** Which internal channel it stands for. Default `caller`: another actor or service. */
  readonly channel?: InternalChannel;
  /** Names of actors or services that may call; absent: all. Only with the `caller` channel. */
  readonly from?: string | readonly string[];
}

/**
 * A party behind an internal channel. Its subject is the qualified name: `matchmaker/eu` for an actor, the name alone
 * for a service, a schedule or a queue.
 *
 * @throws ConfigurationError `internal.from`, `internal.channel`
 */
export function internal(options: InternalOptions = {}): Scheme<"internal", string> {
  const channel = options.channel ?? "caller";
  if (channel !== "caller" && channel !== "scheduler" && channel !== "producer") {
    throw new ConfigurationError("internal.channel", 'internal(): channel is "caller", "scheduler" or "producer".');
  }
  const from = readFrom(options.from, channel);
  const isPresented = (presentation: Presentation): boolean => presentation.channel.kind === channel;
  const verifier: SchemeVerifier = Object.freeze({
    prove: (presentation: Presentation) =>
      isPresented(presentation) ? proveChannel(presentation.channel, from) : ABSENT,
  });
  return Object.freeze<Scheme<"internal", string>>({
    kind: "internal",
    carrier: "channel",
    needsBody: false,
    secretNames: Object.freeze([]),
    isPresented,
    prepare: () => verifier,
  });
}

function readFrom(from: string | readonly string[] | undefined, channel: InternalChannel): ReadonlySet<string> | null {
  if (from === undefined) return null;
  const names = typeof from === "string" ? [from] : from;
  const valid = Array.isArray(names) && names.length > 0 && names.every((name) => typeof name === "string" && name);
  if (!valid || channel !== "caller") {
    throw new ConfigurationError(
      "internal.from",
      "internal(): from names the actors or services that may call, and goes with the caller channel only.",
    );
  }
  return new Set(names);
}

function proveChannel(channel: Channel, from: ReadonlySet<string> | null): ProofResult {
  switch (channel.kind) {
    case "external":
      return ABSENT;
    case "caller":
      if (from !== null && !from.has(channel.caller.name)) return failed("internal.from");
      return proved(qualifiedName(channel.caller), claimsOf(channel.caller));
    case "scheduler":
    case "producer":
      return proved(channel.subject, NO_CLAIMS);
  }
}

const NO_CLAIMS = Object.freeze({});

function proved(subject: string, claims: Readonly<Record<string, unknown>>): ProofResult {
  const evidence: Evidence = { subject, claims, expiresAt: null, issuedAt: null, tokenId: null, replay: null };
  return { status: "proved", evidence };
}

/** The key is spelled as in addresses (ruling 3), so that no name and key can spell another actor's qualified name. */
function qualifiedName(caller: InternalCaller): string {
  if (caller.key === undefined) return caller.name;
  const key = caller.key.map(encodeComponent).join(",");
  return `${caller.name}/${caller.key.length === 0 ? "~" : key}`;
}

function encodeComponent(component: string): string {
  if (component === "") return "~0";
  return (component.startsWith("~") ? "~" : "") + encodeURIComponent(component);
}

function claimsOf(caller: InternalCaller): Readonly<Record<string, unknown>> {
  return caller.key === undefined
    ? Object.freeze({ name: caller.name })
    : Object.freeze({ name: caller.name, key: Object.freeze([...caller.key]) });
}
