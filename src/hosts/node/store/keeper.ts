/**
 * Owns the keeper as the writer sees it: a third thread, started when first needed, for work on the file that would hold
 * up commits or loads: folding the log, checking the file after an unclean stop.
 */
import { Worker } from "node:worker_threads";
import type { KeeperReply, KeeperRequest, WorkerOptions } from "./messages.ts";
import { WORKER_ENTRY } from "./worker-entry.ts";

export class Keeper {
  readonly #options: WorkerOptions;
  #thread: Worker | null = null;
  readonly #waiting: PromiseWithResolvers<KeeperReply>[] = [];

  constructor(options: WorkerOptions) {
    this.#options = { ...options, role: "keeper" };
  }

  /** Requests are answered in order. Rejects when the thread is gone or could not do it. */
  ask(request: KeeperRequest): Promise<KeeperReply> {
    this.#thread ??= this.#start();
    const answer = Promise.withResolvers<KeeperReply>();
    this.#waiting.push(answer);
    this.#thread.postMessage(request);
    return answer.promise;
  }

  async close(): Promise<void> {
    await this.#thread?.terminate();
  }

  #start(): Worker {
    const thread = new Worker(WORKER_ENTRY, { workerData: this.#options, execArgv: [], name: "byward-store-keeper" });
    thread.on("message", (reply: KeeperReply) => this.#waiting.shift()?.resolve(reply));
    thread.on("error", (error) => {
      for (const answer of this.#waiting.splice(0)) answer.reject(error);
    });
    thread.on("exit", () => {
      this.#thread = null;
      for (const answer of this.#waiting.splice(0)) answer.reject(new Error("the keeper thread ended"));
    });
    thread.unref();
    return thread;
  }
}
