/**
 * Owns replay on one actor: a delivery that names itself (a webhook id, a digest) is judged against what the actor
 * remembers, and remembered in the same commit as what it changed, so that its success is never recorded without its
 * effect nor its effect without its success (G9, ruling 22).
 */
import { isPromise, type MaybePromise } from "../boundary/maybe-promise.ts";
import { type ReplayDecision, ReplayLedger, type ReplayTicket } from "../boundary/replay.ts";
import { ticketOf } from "../boundary/replay-verdict.ts";
import type { ReplayMark } from "../boundary/scheme.ts";
import type { Proof } from "../boundary/verify.ts";
import type { ActorRef, ActorStore, Clock } from "../hosts/port.ts";
import type { Outbox } from "./outbox.ts";
import type { InvokeTarget } from "./types.ts";

export interface DeliveriesSource {
  readonly ref: ActorRef;
  readonly store: ActorStore;
  readonly clock: Clock;
  readonly outbox: Outbox;
}

export class Deliveries {
  readonly #source: DeliveriesSource;
  #ledger: ReplayLedger | null = null;

  constructor(source: DeliveriesSource) {
    this.#source = source;
  }

  /**
   * Judges a verified call; null for calls that name no delivery, which is most of them.
   * @throws Refusal `duplicate`, `in_progress`, `replayed` or `overloaded`
   */
  begin(target: InvokeTarget, proof: Proof | null): MaybePromise<Delivery | null> {
    const mark = proof?.evidence.replay ?? null;
    if (mark === null) return null;
    const scoped = {
      ...mark,
      id: `${target.kind}:${"name" in target ? target.name : ""}:${proof!.party.name}:${mark.id}`,
    };
    const decision = this.#ledgerOf().begin(scoped);
    return isPromise(decision)
      ? decision.then((settled) => this.#delivery(settled, scoped))
      : this.#delivery(decision, scoped);
  }

  /** True once a delivery was judged: rows may stand that are to be forgotten some day. */
  get isUsed(): boolean {
    return this.#ledger !== null;
  }

  #ledgerOf(): ReplayLedger {
    const { ref, store, clock } = this.#source;
    this.#ledger ??= new ReplayLedger(
      {
        get: (id) => store.replayGet(ref, id),
        count: () => store.replayCount(ref),
        prune: (before) => store.replayPrune(ref, before),
      },
      clock,
    );
    return this.#ledger;
  }

  #delivery(decision: ReplayDecision, mark: ReplayMark): Delivery {
    return new Delivery(mark.id, ticketOf(decision), this.#source.outbox);
  }
}

/** One delivery under way. */
export class Delivery {
  /** Unique to the delivery; the idempotency id of what it enqueues. */
  readonly id: string;
  readonly #ticket: ReplayTicket;
  readonly #outbox: Outbox;
  #succeeded = false;
  /** Its handler goes on after its call. */
  #isOutlived = false;

  constructor(id: string, ticket: ReplayTicket, outbox: Outbox) {
    this.id = id;
    this.#ticket = ticket;
    this.#outbox = outbox;
  }

  /** Its handler succeeded: the mark joins the commit of what it changed. */
  succeeded(): void {
    if (this.#succeeded) return;
    this.#succeeded = true;
    for (const row of this.#ticket.settle("done")) this.#outbox.staged.replayPut.set(row.id, row);
    this.#outbox.settle();
  }

  /** Its caller was told that it took too long, and its handler goes on: an equal delivery is in progress until that ends. */
  outlive(): void {
    this.#isOutlived = true;
  }
  /** That handler has ended. */
  endOutlived(): void {
    this.#isOutlived = false;
    this.end();
  }

  /** The call is over, whichever way: an equal delivery may be judged once the mark is durable, or at once if there is none. */
  end(): void {
    if (this.#isOutlived) return;
    if (!this.#succeeded) {
      this.#ticket.settle("failed");
      this.#ticket.release(true);
      return;
    }
    this.#outbox.release(
      () => this.#ticket.release(true),
      () => this.#ticket.release(false),
    );
  }
}
