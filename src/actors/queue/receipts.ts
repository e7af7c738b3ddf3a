/**
 * Owns senders that wait for their message to be completed. They are registered before the message is enqueued, so that
 * a consumer that completes it at once finds them; what they are told leaves after the completion is durable (G8).
 */
import type { Timer } from "../../hosts/port.ts";
import { decode } from "../../protocol/json.ts";
import { aborted, deadLettered } from "./errors.ts";
import type { QueueReceipt } from "./types.ts";

export interface ReceiptSource {
  after(ms: number, task: () => void): Timer;
  /** Runs `leave` when everything staged is durable, `fail` when it never will be. */
  release(leave: () => void, fail: (error: unknown) => void): void;
}

interface Sender {
  readonly answer: (receipt: QueueReceipt) => void;
  readonly fail: (error: unknown) => void;
}

export class Receipts {
  readonly #source: ReceiptSource;
  readonly #senders = new Map<number, Set<Sender>>();

  constructor(source: ReceiptSource) {
    this.#source = source;
  }

  /** Waits for a message to be completed; `timeout` in ms, undefined for no limit. */
  wait(id: number, timeout: number | undefined, signal: AbortSignal | undefined): Promise<QueueReceipt> {
    return new Promise((resolve, reject) => {
      const end = (): void => {
        timer?.cancel();
        signal?.removeEventListener("abort", onAbort);
        const senders = this.#senders.get(id);
        senders?.delete(sender);
        if (senders?.size === 0) this.#senders.delete(id);
      };
      const onAbort = (): void => sender.fail(aborted(signal?.reason));
      const sender: Sender = {
        answer: (receipt) => {
          end();
          resolve(receipt);
        },
        fail: (error) => {
          end();
          reject(error);
        },
      };
      const timer =
        timeout === undefined ? null : this.#source.after(timeout, () => sender.answer({ status: "timedOut" }));
      signal?.addEventListener("abort", onAbort, { once: true });
      if (!this.#senders.has(id)) this.#senders.set(id, new Set());
      this.#senders.get(id)!.add(sender);
      if (signal?.aborted) onAbort();
    });
  }

  completed(id: number, response: string | null): void {
    const senders = this.#senders.get(id);
    if (senders === undefined) return;
    const receipt = completedReceipt(response);
    this.#source.release(
      () => {
        for (const sender of [...senders]) sender.answer(receipt);
      },
      (error) => {
        for (const sender of [...senders]) sender.fail(error);
      },
    );
  }

  givenUp(id: number): void {
    const senders = this.#senders.get(id);
    if (senders === undefined) return;
    const tell = (): void => {
      for (const sender of [...senders]) sender.fail(deadLettered());
    };
    this.#source.release(tell, tell);
  }

  abortAll(reason: unknown): void {
    for (const senders of [...this.#senders.values()]) for (const sender of [...senders]) sender.fail(aborted(reason));
  }
}

export function completedReceipt(response: string | null): QueueReceipt {
  return response === null ? { status: "completed" } : { status: "completed", response: decode(response) };
}
