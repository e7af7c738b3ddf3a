/** Owns the main thread's side of reading: the reads of one turn of the event loop leave as one message. */
import { StoreError } from "../../port.ts";
import type { ReadCall, ReadReply } from "./messages.ts";
import type { StoreLink } from "./worker-link.ts";

interface Owed {
  resolve(value: unknown): void;
  reject(error: StoreError): void;
}

export class ReadQueue {
  readonly #link: StoreLink;
  readonly #limit: number;
  readonly #owed = new Map<number, Owed>();
  #calls: ReadCall[] = [];
  #next = 0;
  #broken: StoreError | null = null;

  /** Past `limit` reads without an answer a read is refused (G12). */
  constructor(link: StoreLink, limit: number) {
    this.#link = link;
    this.#limit = limit;
  }

  call(method: string, args: readonly unknown[]): Promise<unknown> {
    if (this.#broken !== null) return Promise.reject(this.#broken);
    if (this.#owed.size >= this.#limit) return Promise.reject(new StoreError("full", "Too many reads are waiting"));
    return new Promise((resolve, reject) => {
      const id = this.#next;
      this.#next += 1;
      this.#owed.set(id, { resolve, reject });
      this.#calls.push([id, method, args]);
      if (this.#calls.length === 1) queueMicrotask(() => this.#flush());
      if (this.#owed.size === 1) this.#link.owe();
    });
  }

  settle(reply: ReadReply): void {
    for (const result of reply.results) {
      const owed = this.#owed.get(result.id);
      this.#owed.delete(result.id);
      if ("value" in result) owed?.resolve(result.value);
      else owed?.reject(new StoreError(result.code, result.message));
    }
    if (this.#owed.size === 0) this.#link.paid();
  }

  break(error: StoreError): void {
    this.#broken = error;
    for (const owed of this.#owed.values()) owed.reject(error);
    this.#owed.clear();
  }

  #flush(): void {
    const calls = this.#calls;
    this.#calls = [];
    this.#link.post({ kind: "read", calls });
  }
}
