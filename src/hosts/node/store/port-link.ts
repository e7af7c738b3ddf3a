/**
 * Owns a thread of the store as a thread beside the main one sees it: a port. The store outlives this link; when it closes
 * first, what it owes will never come.
 */
import type { MessagePort } from "node:worker_threads";
import { StoreError } from "../../port.ts";
import type { Reply, Request } from "./messages.ts";
import type { LinkHandlers, StoreLink, WorkReply } from "./worker-link.ts";

export class PortLink implements StoreLink {
  readonly #port: MessagePort;
  readonly #ended = Promise.withResolvers<void>();
  #isOver = false;

  constructor(port: MessagePort, handlers: LinkHandlers) {
    this.#port = port;
    // The store's threads say `ready` and `closed` to the main thread alone.
    port.on("message", (reply: Reply) => handlers.reply(reply as WorkReply));
    port.on("close", () => {
      const error = this.#isOver
        ? new StoreError("closed", "The store is closed")
        : new StoreError(
            "failed",
            "The store's thread ended; whether its last writes are on disk is known after reopening",
          );
      this.#isOver = true;
      handlers.end(error);
      this.#ended.resolve();
    });
  }

  post(request: Request, transfer: readonly MessagePort[] = []): void {
    if (!this.#isOver) this.#port.postMessage(request, transfer);
  }

  /** Threads beside the main one live until they are told to end. */
  owe(): void {}
  paid(): void {}

  async close(): Promise<void> {
    if (!this.#isOver) {
      this.#isOver = true;
      this.#port.close();
    }
    await this.#ended.promise;
  }
}
