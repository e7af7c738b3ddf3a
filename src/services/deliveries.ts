/**
 * Owns replay on services: a delivery that names itself is judged against what this service remembers of its party, and
 * remembered, durably, when its handler has succeeded and before its sender is told (G9, rulings 21 and 22). A crash between
 * the handler and the record runs it again; an actor queue send under `c.deliveryId` closes that gap.
 *
 * Rows are kept by the host's store under a reserved address, one for each service and party, which no client can spell.
 */

import { newCorrelationId } from "../actors/failure.ts";
import { Refusal } from "../boundary/errors.ts";
import { andThen, type MaybePromise } from "../boundary/maybe-promise.ts";
import { ReplayLedger, type ReplayTicket } from "../boundary/replay.ts";
import { ticketOf } from "../boundary/replay-verdict.ts";
import type { ReplayMark } from "../boundary/scheme.ts";
import type { Proof } from "../boundary/verify.ts";
import type { ActorRef, Host, ReplayRow } from "../hosts/port.ts";
import { keyText } from "../protocol/key.ts";
import type { ServiceEntry } from "./entrypoints.ts";

/** No actor type can have this name: `setup` refuses it, and so does the address of an actor. */
const RESERVED_NAME = "$replay";

/** Where deliveries are judged. */
export interface DeliveryBook {
  /**
   * Judges a verified call; null for calls that name no delivery, which is most of them.
   * @throws Refusal `duplicate`, `in_progress`, `replayed`, `overloaded`, `fault`
   */
  begin(entry: ServiceEntry, proof: Proof | null): MaybePromise<ServiceDelivery | null>;
}

/** Ids are declared and nothing here is durable: refused, since running without remembering would break the promise (ruling 24). */
export const NO_DELIVERIES: DeliveryBook = {
  begin(_entry, proof) {
    if ((proof?.evidence.replay ?? null) === null) return null;
    throw new Refusal("fault", {
      reason: "replay.host_required",
      cause: new Error(
        `Party "${proof!.party.name}" remembers ids of deliveries, and this host keeps nothing. Serve it from a registry with a durable host.`,
      ),
    });
  },
};

/** A delivery that names itself, and where it is remembered. */
export interface ScopedDelivery {
  readonly ref: ActorRef;
  readonly mark: ReplayMark;
}

/** One sender may deliver the same event to several routes: each runs it once. Null for a call that names no delivery. */
export function scopeOf(entry: ServiceEntry, proof: Proof | null): ScopedDelivery | null {
  const mark = proof?.evidence.replay ?? null;
  if (mark === null) return null;
  const party = proof!.party.name;
  const ref = { name: RESERVED_NAME, key: keyText([entry.service.name, party]) };
  return { ref, mark: { ...mark, id: `${entry.name}:${party}:${mark.id}` } };
}

export class ServiceDeliveries implements DeliveryBook {
  readonly #host: Host;
  readonly #ledgers = new Map<string, DeliveryLedger>();

  constructor(host: Host) {
    this.#host = host;
  }

  begin(entry: ServiceEntry, proof: Proof | null): MaybePromise<ServiceDelivery | null> {
    const scoped = scopeOf(entry, proof);
    if (scoped === null) return null;
    const { ref, mark } = scoped;
    const ledger = this.#ledgerOf(ref);
    return andThen(ledger.begin(mark), (decision) => new LocalDelivery(mark.id, ticketOf(decision), ledger));
  }

  #ledgerOf(ref: ActorRef): DeliveryLedger {
    let ledger = this.#ledgers.get(ref.key);
    if (ledger === undefined) {
      ledger = new DeliveryLedger(this.#host, ref);
      this.#ledgers.set(ref.key, ledger);
    }
    return ledger;
  }
}

/** The deliveries of one service and party, judged and remembered. */
export class DeliveryLedger {
  readonly #host: Host;
  readonly #ref: ActorRef;
  readonly #ledger: ReplayLedger;
  #created: Promise<void> | null = null;

  constructor(host: Host, ref: ActorRef) {
    const { store, clock } = host;
    this.#host = host;
    this.#ref = ref;
    this.#ledger = new ReplayLedger(
      {
        get: (id) => store.replayGet(ref, id),
        count: () => store.replayCount(ref),
        prune: (before) => store.replayPrune(ref, before),
      },
      clock,
    );
  }

  begin(mark: Parameters<ReplayLedger["begin"]>[0]): ReturnType<ReplayLedger["begin"]> {
    return this.#ledger.begin(mark);
  }

  async write(rows: readonly ReplayRow[]): Promise<void> {
    this.#created ??= this.#create().catch((error: unknown) => {
      this.#created = null;
      throw error;
    });
    await this.#created;
    await this.#host.store.commit({ actor: this.#ref, mode: "update", replayPut: rows });
  }

  async #create(): Promise<void> {
    const { store, clock } = this.#host;
    if ((await store.load(this.#ref)) !== null) return;
    const meta = {
      id: newCorrelationId(this.#host),
      createdAt: clock.now(),
      version: 1,
      nextQueueId: 1,
      running: false,
    };
    await store.commit({ actor: this.#ref, mode: "create", meta });
  }
}

/** One delivery under way. */
export interface ServiceDelivery {
  /** Unique to the delivery within its service and party. */
  readonly id: string;
  /** Its handler did not succeed: an equal delivery may run. */
  failed(): void;
  /** Its handler succeeded: resolves when that is on disk. Rejects when it could not be written; then it may run again. */
  succeeded(): Promise<void>;
}

class LocalDelivery implements ServiceDelivery {
  readonly id: string;
  readonly #ticket: ReplayTicket;
  readonly #ledger: DeliveryLedger;
  #ended = false;

  constructor(id: string, ticket: ReplayTicket, ledger: DeliveryLedger) {
    this.id = id;
    this.#ticket = ticket;
    this.#ledger = ledger;
  }

  failed(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#ticket.settle("failed");
    this.#ticket.release(true);
  }

  async succeeded(): Promise<void> {
    if (this.#ended) return;
    this.#ended = true;
    try {
      await this.#ledger.write(this.#ticket.settle("done"));
    } catch (error) {
      this.#ticket.release(false);
      throw error;
    }
    this.#ticket.release(true);
  }
}
