/**
 * Owns which message is in whose hands. A holder is a context (or an iterator of one); what it holds stays held while
 * it is open, which is the renewal of its lease. When it ends, messages that wait for `complete()` keep their lease for
 * the visibility timeout and are then delivered again. A crash holds nothing: leases are memory, deliveries are rows.
 */
import type { QueueRow } from "../../hosts/port.ts";
import { Heap } from "./heap.ts";
import type { MessageLog } from "./message-log.ts";

export interface Lease {
  /** As delivered: `attempt` counts this delivery. */
  readonly row: QueueRow;
  holder: Holder;
  /** True: acknowledged by `complete()` only. */
  readonly completable: boolean;
  state: "held" | "done" | "lost";
}

/** Who received messages and has not acknowledged them. */
export class Holder {
  readonly leases = new Set<Lease>();

  get hasUncompleted(): boolean {
    for (const lease of this.leases) if (lease.completable) return true;
    return false;
  }
}

export class Leases {
  readonly #log: MessageLog;
  readonly #now: () => number;
  readonly #acknowledged: (lease: Lease, response: string | null) => void;
  readonly #givenUp: (lease: Lease) => void;
  /** Holders with something in hand. */
  readonly #holders = new Set<Holder>();
  readonly #expiring = new Heap<{ readonly at: number; readonly lease: Lease }>((a, b) => a.at < b.at);

  constructor(
    log: MessageLog,
    now: () => number,
    told: { acknowledged(lease: Lease, response: string | null): void; givenUp(lease: Lease): void },
  ) {
    this.#log = log;
    this.#now = now;
    this.#acknowledged = told.acknowledged;
    this.#givenUp = told.givenUp;
  }

  get isEmpty(): boolean {
    return this.#holders.size === 0;
  }

  /** When the first lease of an ended holder runs out; null when none does. */
  get earliest(): number | null {
    this.#skipSettled();
    return this.#expiring.peek()?.at ?? null;
  }

  take(row: QueueRow, holder: Holder, completable: boolean): Lease {
    const lease: Lease = { row: this.#log.deliver(row), holder, completable, state: "held" };
    holder.leases.add(lease);
    this.#holders.add(holder);
    return lease;
  }

  /** Acknowledges one message. */
  complete(lease: Lease, response: string | null): void {
    this.#settle(lease, "done");
    this.#log.acknowledge(lease.row, response);
    this.#acknowledged(lease, response);
  }

  /** Acknowledges what the holder received without `completable`. */
  acknowledge(holder: Holder): void {
    for (const lease of [...holder.leases]) if (!lease.completable) this.complete(lease, null);
  }

  /** Gives everything the holder holds back to be delivered again. */
  release(holder: Holder, pause: boolean): void {
    for (const lease of [...holder.leases]) this.#putBack(lease, pause);
  }

  /** Everything one holder holds goes to another. */
  move(from: Holder, to: Holder): void {
    for (const lease of from.leases) {
      lease.holder = to;
      to.leases.add(lease);
      this.#holders.add(to);
    }
    from.leases.clear();
    this.#holders.delete(from);
  }

  /** The holder is over: nothing renews its leases any more. */
  expireLater(holder: Holder): void {
    for (const lease of holder.leases) {
      this.#expiring.push({ at: this.#now() + this.#log.visibilityTimeout(lease.row.queue), lease });
    }
  }

  expireDue(): void {
    const now = this.#now();
    this.#skipSettled();
    for (let first = this.#expiring.peek(); first !== undefined && first.at <= now; first = this.#expiring.peek()) {
      this.#expiring.pop();
      this.#putBack(first.lease, true);
      this.#skipSettled();
    }
  }

  holders(): Holder[] {
    return [...this.#holders];
  }

  #putBack(lease: Lease, pause: boolean): void {
    this.#settle(lease, "lost");
    if (!this.#log.putBack(lease.row, pause)) this.#givenUp(lease);
  }

  #settle(lease: Lease, state: "done" | "lost"): void {
    lease.state = state;
    lease.holder.leases.delete(lease);
    if (lease.holder.leases.size === 0) this.#holders.delete(lease.holder);
  }

  #skipSettled(): void {
    while (this.#expiring.size > 0 && this.#expiring.peek()!.lease.state !== "held") this.#expiring.pop();
  }
}
