/** Services, handlers, actors and agents (reference §12, §13, §23, §25, §28). */
import type { Annotation, ByClause, GivenClause, Param } from "./clauses.ts";
import type { Block, Expr } from "./expressions.ts";
import type { BoolLiteral, DocBlock, IntLiteral, Name, SignedLiteral, Span, StringLiteral } from "./node.ts";
import type { TypeRef } from "./types.ts";

export interface ServiceDecl {
  readonly kind: "ServiceDecl";
  readonly doc: DocBlock | undefined;
  readonly name: Name;
  /** Undefined for a service without `from`: a call service. */
  readonly protocol: Protocol | undefined;
  /** Service-level default, for handlers that have no `by` of their own. */
  readonly by: ByClause | undefined;
  readonly given: GivenClause | undefined;
  readonly policies: readonly Policy[];
  readonly handlers: readonly Handler[];
  readonly span: Span;
}

export interface HttpProtocol {
  readonly kind: "HttpProtocol";
  readonly span: Span;
}

export interface CronProtocol {
  readonly kind: "CronProtocol";
  readonly span: Span;
}

/** `from queue("jobs")` */
export interface QueueProtocol {
  readonly kind: "QueueProtocol";
  readonly queue: StringLiteral;
  readonly span: Span;
}

/** `from WebSocket(in: A, out: B)`, also written `websocket` (ring 2). */
export interface WebSocketProtocol {
  readonly kind: "WebSocketProtocol";
  readonly in: TypeRef;
  readonly out: TypeRef;
  readonly span: Span;
}

/** `from Events(Order { paid: true, .. }) via schema(2)` (ring 2). */
export interface EventsProtocol {
  readonly kind: "EventsProtocol";
  readonly event: TypeRef;
  readonly pattern: readonly EventPatternField[] | undefined;
  readonly via: ViaClause | undefined;
  readonly span: Span;
}

export interface EventPatternField {
  readonly kind: "EventPatternField";
  readonly name: Name;
  readonly value: EventPatternValue;
  readonly span: Span;
}

/** A literal, or a payload-free variant with an optional qualifier. */
export type EventPatternValue = SignedLiteral | StringLiteral | BoolLiteral | EventPatternVariant;

export interface EventPatternVariant {
  readonly kind: "EventPatternVariant";
  readonly qualifier: Name | undefined;
  readonly variant: Name;
  readonly span: Span;
}

/** `via schema(2)`. A word other than `schema` is reported by the parser (`service.unknown_via_clause`). */
export interface ViaClause {
  readonly kind: "ViaClause";
  readonly clause: Name;
  readonly version: IntLiteral | undefined;
  readonly span: Span;
}

/** `from` with a word that names no protocol, or arguments that could not be read; already reported. */
export interface ErrorProtocol {
  readonly kind: "ErrorProtocol";
  readonly name: Name;
  readonly span: Span;
}

export type Protocol = HttpProtocol | CronProtocol | QueueProtocol | WebSocketProtocol | EventsProtocol | ErrorProtocol;

/** `cors { … }`, `security { … }`, `limits { … }`. The parser has reported a repeated section; all are kept. */
export interface Policy {
  readonly kind: "Policy";
  readonly section: Name & { readonly text: "cors" | "security" | "limits" };
  readonly fields: readonly PolicyField[];
  readonly span: Span;
}

export interface PolicyField {
  readonly kind: "PolicyField";
  readonly name: Name;
  readonly value: Expr;
  readonly span: Span;
}

/** A handler of a service or of an agent. */
export interface Handler {
  readonly kind: "Handler";
  readonly doc: DocBlock | undefined;
  readonly annotations: readonly Annotation[];
  readonly entry: HandlerEntry;
  readonly by: ByClause | undefined;
  readonly params: readonly Param[];
  readonly result: TypeRef;
  readonly given: GivenClause | undefined;
  readonly body: Block;
  readonly span: Span;
}

/** `on call` in a service, `on call name` in an agent. */
export interface CallEntry {
  readonly kind: "CallEntry";
  readonly name: Name | undefined;
  readonly span: Span;
}

export interface HttpEntry {
  readonly kind: "HttpEntry";
  readonly method: Name & { readonly text: "GET" | "POST" | "PUT" | "PATCH" | "DELETE" };
  readonly path: StringLiteral;
  readonly span: Span;
}

export interface ScheduleEntry {
  readonly kind: "ScheduleEntry";
  readonly schedule: StringLiteral;
  readonly span: Span;
}

export interface OnMessageEntry {
  readonly kind: "OnMessageEntry";
  readonly span: Span;
}

export interface OpenEntry {
  readonly kind: "OpenEntry";
  readonly span: Span;
}

export interface CloseEntry {
  readonly kind: "CloseEntry";
  readonly span: Span;
}

export interface EventEntry {
  readonly kind: "EventEntry";
  readonly span: Span;
}

/** `on` with a word that names no entry point; already reported. */
export interface ErrorEntry {
  readonly kind: "ErrorEntry";
  readonly name: Name;
  readonly span: Span;
}

export type HandlerEntry =
  | CallEntry
  | HttpEntry
  | ScheduleEntry
  | OnMessageEntry
  | OpenEntry
  | CloseEntry
  | EventEntry
  | ErrorEntry;

/** `actor User { auth = Bearer(…), identity = UserId }`. */
export interface SchemeActor {
  readonly kind: "SchemeActor";
  readonly doc: DocBlock | undefined;
  readonly name: Name;
  /** Any name; the checker knows the schemes. `None` arrives here as a name. */
  readonly scheme: Name;
  /** Empty when no parentheses were written. */
  readonly config: readonly ActorConfig[];
  readonly identity: TypeRef | undefined;
  readonly span: Span;
}

/**
 * `secret = "NAME"`. The value is any expression the author wrote: only a string without holes or an integer
 * (perhaps negated) is meaningful, and the checker refuses the rest, so that a key of the wrong kind is named as such.
 */
export interface ActorConfig {
  readonly kind: "ActorConfig";
  readonly key: Name;
  readonly value: Expr;
  readonly span: Span;
}

/** `actor Admin = User where hasClaim("admin")`. */
export interface RefinementActor {
  readonly kind: "RefinementActor";
  readonly doc: DocBlock | undefined;
  readonly name: Name;
  readonly base: Name;
  readonly predicate: Expr;
  readonly span: Span;
}

export type ActorDecl = SchemeActor | RefinementActor;

/** Ring 2 (§23). */
export interface AgentDecl {
  readonly kind: "AgentDecl";
  readonly doc: DocBlock | undefined;
  readonly name: Name;
  /** Undefined only after a reported error. */
  readonly key: Param | undefined;
  readonly stores: readonly StoreField[];
  readonly invariants: readonly StatePredicate[];
  readonly transitions: readonly StatePredicate[];
  readonly handlers: readonly Handler[];
  readonly span: Span;
}

/** `store stock: Map[Sku, Int] @indexed(by: sku) = …`. */
export interface StoreField {
  readonly kind: "StoreField";
  readonly doc: DocBlock | undefined;
  readonly name: Name;
  readonly storage: Name;
  readonly args: readonly TypeRef[];
  readonly annotations: readonly Annotation[];
  readonly initial: Expr | undefined;
  readonly span: Span;
}

/** `invariant name: e` / `transition name: e`. */
export interface StatePredicate {
  readonly kind: "StatePredicate";
  readonly clause: "invariant" | "transition";
  readonly doc: DocBlock | undefined;
  readonly name: Name;
  readonly predicate: Expr;
  readonly span: Span;
}
