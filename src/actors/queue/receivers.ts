/**
 * Owns those who wait for messages: served in the order they began to wait, each with the lowest ids of its queues. A
 * receiver whose queues have to be read from the store first is passed over until they are.
 */
import type { QueueRow, Timer } from "../../hosts/port.ts";
import { aborted } from "./errors.ts";
import type { Lane } from "./lane.ts";
import type { Holder, Lease } from "./leases.ts";

export interface ReceiveRequest {
  readonly names: readonly string[] | null;
  readonly count: number;
  /** ms; 0 = do not wait, null = without limit. */
  readonly timeout: number | null;
  readonly signal: AbortSignal | null;
  readonly completable: boolean;
  readonly holder: Holder;
}

export interface ReceiverSource {
  lanes(names: readonly string[] | null): readonly Lane[];
  /** Takes a message into the holder's hands; null when it is not to be delivered after all. */
  lease(row: QueueRow, request: ReceiveRequest): Lease | null;
  after(ms: number, task: () => void): Timer;
  /** Messages were read from the store; some of them may be delayed. */
  loaded(): void;
  /** What was staged while delivering is to be handed over before the receiver runs. */
  delivered(): void;
}

interface Receiver {
  readonly request: ReceiveRequest;
  readonly resolve: (leases: readonly Lease[]) => void;
  readonly reject: (error: unknown) => void;
  readonly end: () => void;
  isReading: boolean;
}

export class Receivers {
  readonly #source: ReceiverSource;
  readonly #waiting = new Set<Receiver>();
  #isDispatching = false;
  #again = false;

  constructor(source: ReceiverSource) {
    this.#source = source;
  }

  /** Receivers that wait for a message to come. */
  get size(): number {
    return this.#waiting.size;
  }

  receive(request: ReceiveRequest): Promise<readonly Lease[]> {
    if (request.signal?.aborted) return Promise.reject(aborted(request.signal.reason));
    return new Promise((resolve, reject) => {
      this.#join(request, resolve, reject);
      this.dispatch();
    });
  }

  /** Hands out what there is. Called whenever something became deliverable. */
  dispatch(): void {
    this.#again = true;
    if (this.#isDispatching) return;
    this.#isDispatching = true;
    try {
      while (this.#again) {
        this.#again = false;
        for (const receiver of this.#waiting) this.#serve(receiver);
      }
    } finally {
      this.#isDispatching = false;
    }
  }

  /** The actor stops: nobody waits any longer. */
  abortAll(reason: unknown): void {
    for (const receiver of [...this.#waiting]) {
      receiver.end();
      receiver.reject(aborted(reason));
    }
  }

  #join(request: ReceiveRequest, resolve: Receiver["resolve"], reject: Receiver["reject"]): void {
    const { timeout, signal } = request;
    const onAbort = (): void => {
      receiver.end();
      reject(aborted(signal?.reason));
    };
    const timer =
      timeout === null || timeout <= 0
        ? null
        : this.#source.after(timeout, () => {
            receiver.end();
            resolve([]);
          });
    const end = (): void => {
      this.#waiting.delete(receiver);
      timer?.cancel();
      signal?.removeEventListener("abort", onAbort);
    };
    const receiver: Receiver = { request, resolve, reject, end, isReading: false };
    signal?.addEventListener("abort", onAbort, { once: true });
    this.#waiting.add(receiver);
  }

  #serve(receiver: Receiver): void {
    const { request } = receiver;
    const lanes = this.#source.lanes(request.names);
    const taken: Lease[] = [];
    while (taken.length < request.count) {
      const unread = lanes.filter((lane) => lane.needsLoad);
      if (unread.length > 0) {
        // A batch is what is at hand; only an empty hand waits for the store.
        if (taken.length === 0) this.#read(receiver, unread);
        if (taken.length === 0) return;
        break;
      }
      const lane = lowest(lanes);
      if (lane === null) break;
      const lease = this.#source.lease(lane.take()!, request);
      if (lease !== null) taken.push(lease);
    }
    if (taken.length === 0 && request.timeout !== 0) return;
    receiver.end();
    // Handed over first: the delivery is on its way to disk before the handler can do anything, crash included.
    if (taken.length > 0) this.#source.delivered();
    receiver.resolve(taken);
  }

  #read(receiver: Receiver, lanes: readonly Lane[]): void {
    if (receiver.isReading) return;
    receiver.isReading = true;
    Promise.all(lanes.map((lane) => lane.load())).then(
      () => {
        receiver.isReading = false;
        this.#source.loaded();
        this.dispatch();
      },
      (error: unknown) => {
        if (!this.#waiting.has(receiver)) return;
        receiver.end();
        receiver.reject(error);
      },
    );
  }
}

/** The queue whose next message has the lowest id. */
function lowest(lanes: readonly Lane[]): Lane | null {
  let best: Lane | null = null;
  let id = Number.POSITIVE_INFINITY;
  for (const lane of lanes) {
    const row = lane.peek();
    if (row === undefined || row.id >= id) continue;
    best = lane;
    id = row.id;
  }
  return best;
}
