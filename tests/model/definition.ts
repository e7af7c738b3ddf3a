/**
 * Owns the vocabulary that the model and the world share: definitions, credentials and steps as plain data. Nothing here
 * decides; both sides read the same data and know nothing of each other.
 */

export type PartyName = "User" | "Admin" | "Sso" | "Editor" | "Partner" | "Hook" | "Visitor" | "Caller" | "Scheduler";

/** What may stand as `by`: one member, or a sum of several. */
export const BYS = {
  visitor: ["Visitor"],
  user: ["User"],
  admin: ["Admin"],
  sso: ["Sso"],
  editor: ["Editor"],
  partner: ["Partner"],
  hook: ["Hook"],
  caller: ["Caller"],
  userOrVisitor: ["User", "Visitor"],
  partnerOrVisitor: ["Partner", "Visitor"],
  hookOrVisitor: ["Hook", "Visitor"],
  userOrSso: ["User", "Sso"],
  hookOrUser: ["Hook", "User"],
  callerOrUser: ["Caller", "User"],
  everybody: ["User", "Sso", "Hook", "Caller", "Visitor"],
  fallback: ["Caller", "Scheduler", "Visitor"],
} as const satisfies Record<string, readonly PartyName[]>;
export type ByName = keyof typeof BYS;

/** The party that is proved for a member, and what a refinement asks of its claims. */
export const REFINEMENTS: Partial<Record<PartyName, { base: PartyName; claim: string; value?: string }>> = {
  Admin: { base: "User", claim: "admin" },
  Editor: { base: "Sso", claim: "role", value: "editor" },
};

/** What code that decides may answer. `slow-…` answers late; the last four look at something. */
export const ANSWERS = [
  ...["true", "false", "truthy", "nothing", "throws", "user-error"],
  ...["slow-true", "slow-false", "slow-truthy", "slow-throws", "slow-user-error", "hangs"],
  ...["open", "policy", "is-ada", "is-user"],
] as const;
export type Answer = (typeof ANSWERS)[number];

export const KINDS = ["action", "queue", "subscribe", "request", "websocket"] as const;
export type Kind = (typeof KINDS)[number];

/** The first rule whose kind and name fit answers. */
export interface Rule {
  readonly kind: Kind | null;
  readonly name: string | null;
  readonly answer: Answer;
}

export const ACTIONS = ["act", "toggle", "slow", "refuse", "crash", "typed", "plan"] as const;
export const EVENTS = ["news", "direct"] as const;
export const QUEUES = ["jobs", "mail"] as const;

export interface Definition {
  /** Seconds. */
  readonly skew: 0 | 5;
  /** Null: `canInvoke` alone is declared. */
  readonly by: ByName | null;
  readonly guards: Readonly<Record<string, ByName>>;
  readonly events: readonly string[] | null;
  readonly queues: readonly string[] | null;
  readonly onRequest: boolean;
  readonly onWebSocket: boolean;
  readonly canInvoke: { readonly rules: readonly Rule[]; readonly otherwise: Answer } | null;
  /** True: it says that it rests on caller and entrypoint alone. */
  readonly pure: boolean;
  /** True: `canInvoke` counts in the state how often it was asked. */
  readonly counts: boolean;
  readonly canCreate: Answer | null;
  readonly beforeConnect: "none" | "slow" | "refuses" | "throws";
  readonly onCreate: "quick" | "slow";
  readonly rate: {
    readonly per: "address" | "identity" | "connection";
    readonly limit: number;
    readonly window: number;
  } | null;
  /** Failed proofs an address has per minute. */
  readonly failures: number;
}

/** ms; none of them a multiple of 10, so that nothing ends in the instant in which a step begins. */
export const SLOW = 21;
export const SLOW_HANDLER = 37;
export const DEADLINE = 53;
/** ms every step takes. */
export const STEP = 200;
/** ms into a step at which something else happens. */
export const MEANWHILE = 10;
/** ms after which an action that `plan` scheduled runs. */
export const PLANNED = 1003;
/** Seconds a signed time may be off. */
export const TOLERANCE = 300;
export const FAILURE_WINDOW = 60_000;
export const MAX_LIFE = 86_400;

export interface Token {
  /** Whose key signs it. */
  readonly signer: "user" | "sso" | "partner" | "nobody";
  readonly sub: string;
  /** Seconds. */
  readonly iat: number | null;
  readonly exp: number | null;
  readonly nbf: number | null;
  readonly jti: string | null;
  readonly claims: Readonly<Record<string, string | boolean>>;
}

export type Bearer =
  | { readonly form: "token"; readonly token: Token }
  /** Presented, and no token: `Bearer`, `Bearer x.y`, two headers. */
  | { readonly form: "empty" | "garbage" | "twice"; readonly token?: Token }
  /** No bearer credential at all: `Basic …`. */
  | { readonly form: "basic" };

export interface Signed {
  readonly key: "hook" | "nobody";
  /** Seconds; null: the header is missing. */
  readonly time: number | null;
  /** Signs other bytes than are sent. */
  readonly tampered: boolean;
}

export interface Presented {
  readonly bearer: Bearer | null;
  /** Over HTTP only. */
  readonly signed: Signed | null;
}

export type Mode = "get" | "getOrCreate";

/** Something that happens while an invocation is being decided. */
export type Meanwhile = { readonly what: "revoke"; readonly sub: string } | { readonly what: "bump" } | null;

export interface HttpCall {
  readonly step: "http";
  readonly kind: "action" | "queue" | "subscribe" | "request";
  readonly name: string;
  readonly key: string;
  readonly presented: Presented;
  readonly mode: Mode;
  readonly body: "good" | "wrong-shape" | "not-json" | "other-type" | "too-long" | "slow";
  readonly wrongMethod: boolean;
  readonly badHeader: boolean;
  readonly unknownType: boolean;
  readonly meanwhile: Meanwhile;
}
export interface InternalCall {
  readonly step: "internal";
  readonly kind: "action" | "queue" | "request";
  readonly name: string;
  readonly key: string;
  readonly mode: Mode;
  readonly meanwhile: Meanwhile;
}
/** Looks an actor up, gets or creates it, or creates it. */
export interface Touch {
  readonly step: "touch";
  readonly method: "GET" | "PUT" | "POST" | "DELETE";
  readonly key: string;
  readonly presented: Presented;
  readonly body: "good" | "wrong-shape" | "not-json" | "other-type";
}
export interface Open {
  readonly step: "open";
  readonly kind: "rpc" | "raw" | "raw-hello";
  readonly key: string;
  readonly presented: Presented;
  readonly mode: Mode;
  readonly foreignOrigin: boolean;
  readonly unknownType: boolean;
  readonly meanwhile: Meanwhile;
}
export interface Say {
  readonly step: "say";
  /** Which connection, in the order they were opened. */
  readonly on: number;
  readonly kind: "action" | "queue" | "subscribe";
  readonly name: string;
  readonly meanwhile: Meanwhile;
}
export interface Renew {
  readonly step: "renew";
  readonly on: number;
  readonly bearer: Bearer & { readonly form: "token" | "garbage" };
}
export type Step =
  | HttpCall
  | InternalCall
  | Touch
  | Open
  | Say
  | Renew
  | { readonly step: "unsubscribe"; readonly on: number; readonly name: string }
  | { readonly step: "echo"; readonly on: number }
  | { readonly step: "hang-up"; readonly on: number }
  | { readonly step: "advance"; readonly ms: number }
  | { readonly step: "revoke"; readonly by: "sub" | "jti" | "claim" | "all"; readonly value: string }
  | { readonly step: "bump" }
  | { readonly step: "policy" }
  | { readonly step: "restart" };

/** What one step showed, to whom it came from. */
export interface Seen {
  /** `ok`, `group/code`, or null where nothing was answered. */
  readonly answer: string | null;
  /** HTTP only. */
  readonly status: number | null;
  /** What the answer carried: an action's output. */
  readonly output: unknown;
}

/** What the world and the model must agree on after every step. */
export interface View {
  readonly seen: Seen;
  /** Handlers that ran in this step, with the caller they saw. */
  readonly ran: readonly string[];
  /** `onConnect` and `onCreate` so far. */
  readonly connects: number;
  readonly creates: number;
  readonly connections: readonly ConnectionView[];
}
export interface ConnectionView {
  /** `code reason` of the close; null while it is open. */
  readonly closed: string | null;
  readonly delivered: Readonly<Record<string, number>>;
  /** Subscriptions that were ended by the server, with the code. */
  readonly ended: readonly string[];
  readonly echoes: number;
}
