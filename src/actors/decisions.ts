/**
 * Owns the record of gate decisions: who asked for what, what came of it, why. Bounded in memory (G12); sinks and
 * reports stand on the floor above. Positional arguments, so that recording allocates one object and no closure.
 */
import type { SealedCaller } from "../boundary/caller.ts";
import type { Outcome } from "../boundary/outcome.ts";
import type { AnyRefinement } from "../boundary/party.ts";
import type { Logger } from "../hosts/port.ts";
import type { Levels } from "./levels.ts";

export type EntryKind =
  | "action"
  | "queue"
  | "subscribe"
  | "request"
  | "websocket"
  | "connect"
  | "create"
  | "renew"
  | "http"
  | "call"
  | "cron"
  | "message";

export interface Decision {
  readonly seq: number;
  /** Epoch ms. */
  readonly at: number;
  /** Actor type or service name. */
  readonly target: string;
  /** Actor key text; empty for services. */
  readonly key: string;
  readonly kind: EntryKind;
  readonly name: string;
  /** Party the caller was admitted as; null when nobody was proved. */
  readonly party: string | null;
  /** The caller, for digests; never a token. */
  readonly caller: SealedCaller | null;
  readonly outcome: Outcome;
  /** Stable reason code; empty for `ok`. */
  readonly reason: string;
  /** What the peer was told when it was refused; null where it was told none. */
  readonly correlationId: string | null;
  /** W3C `traceparent` of the request, as it came; null where there was none. Never trusted, only parsed. */
  readonly traceparent: string | null;
  /** ms from arrival to decision. */
  readonly duration: number;
}

export type DecisionListener = (decision: Decision) => void;

/** What a sink is given when its registry starts. */
export interface DecisionSinkContext {
  readonly log: Logger;
  /** Every refinement the registry's entrypoints name: a sink may record which of them a caller satisfied. */
  readonly refinements: readonly AnyRefinement[];
  /** True for names that definitions declare; others were chosen by a peer. */
  isDeclared(target: string, kind: EntryKind, name: string): boolean;
  /** What is held at this instant: actors, connections, leases, queues. */
  levels(): Levels;
}

/** Where decisions go beside memory, such as a file. Given to `setup({ decisions })`. */
export interface DecisionSink {
  /** Called once, before anything is served. @throws ConfigurationError when it cannot be written to */
  start(context: DecisionSinkContext): void;
  /** Called with each decision, in order, on the path of the call: must neither throw nor wait. */
  record(decision: Decision): void;
  /** Resolves when everything recorded is kept. */
  close(): Promise<void>;
}

/** The last decisions, oldest overwritten. */
export class DecisionRing {
  readonly #capacity: number;
  readonly #ring: Decision[] = [];
  #seq = 0;
  #listeners: DecisionListener[] = [];

  constructor(capacity = 4096) {
    this.#capacity = capacity;
  }

  get count(): number {
    return this.#seq;
  }

  record(
    at: number,
    target: string,
    key: string,
    kind: EntryKind,
    name: string,
    caller: SealedCaller | null,
    outcome: Outcome,
    reason: string,
    correlationId: string | null,
    duration: number,
    traceparent: string | null = null,
  ): void {
    const decision: Decision = {
      seq: ++this.#seq,
      at,
      target,
      key,
      kind,
      name,
      party: caller === null ? null : caller.party,
      caller,
      outcome,
      reason,
      correlationId,
      traceparent,
      duration,
    };
    this.#add(decision);
  }

  /** Takes over a decision of another runtime of the same registry, in the order of this one. */
  adopt(decision: Omit<Decision, "seq">): void {
    this.#add({ ...decision, seq: ++this.#seq });
  }

  #add(decision: Decision): void {
    this.#ring[decision.seq % this.#capacity] = decision;
    for (const listener of this.#listeners) listener(decision);
  }

  /** The remembered decisions, oldest first. */
  recent(): readonly Decision[] {
    return this.#ring.filter((entry) => entry !== undefined).sort((a, b) => a.seq - b.seq);
  }

  /** Calls `listener` with every decision from now on; returns how to stop. A listener must not throw or block. */
  subscribe(listener: DecisionListener): () => void {
    this.#listeners = [...this.#listeners, listener];
    return () => {
      this.#listeners = this.#listeners.filter((known) => known !== listener);
    };
  }
}
