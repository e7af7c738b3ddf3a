/**
 * Owns one worker thread of the store as the main thread sees it: start, readiness, messages, death. The thread keeps the
 * process alive only while something is owed: an answer, readiness or a close.
 */
import { type MessagePort, Worker } from "node:worker_threads";
import { ConfigurationError } from "../../../boundary/errors.ts";
import { StoreError, type StoreFailure } from "../../port.ts";
import type { ClosedReply, ReadyReply, Reply, Request, WorkerOptions } from "./messages.ts";
import { WORKER_ENTRY } from "./worker-entry.ts";

export type WorkReply = Exclude<Reply, ReadyReply | ClosedReply>;

/** A thread of the store as those that ask it see it. */
export interface StoreLink {
  post(request: Request, transfer?: readonly MessagePort[]): void;
  /** Notes that an answer is owed. */
  owe(): void;
  /** Notes that an answer came. */
  paid(): void;
  /** Ends the link; resolves when nothing more will come. */
  close(): Promise<void>;
}

export interface LinkHandlers {
  reply(reply: WorkReply): void;
  /** The thread is gone: closed, or ended though nobody closed it. What it still owes will never come. */
  end(error: StoreError): void;
}

export class WorkerLink implements StoreLink {
  /** Settles when the worker can serve; rejects with what keeps it from serving. */
  readonly ready: Promise<{ readonly unclean: boolean }>;
  readonly #worker: Worker;
  readonly #closed = Promise.withResolvers<void>();
  readonly #ready = Promise.withResolvers<{ readonly unclean: boolean }>();
  readonly #handlers: LinkHandlers;
  #owed = 1;
  /** Nothing is sent any more. */
  #over = false;
  #gone = false;

  constructor(options: WorkerOptions, handlers: LinkHandlers) {
    this.#handlers = handlers;
    this.ready = this.#ready.promise;
    // The parent's flags and loaders are not for this thread; an inherited `--import` would run in it again.
    this.#worker = new Worker(WORKER_ENTRY, {
      workerData: options,
      execArgv: [],
      name: `byward-store-${options.role}`,
    });
    this.#worker.on("message", (reply: Reply) => this.#receive(reply));
    this.#worker.on("error", (error) => this.#die(error));
    this.#worker.on("exit", (code) => this.#die(new Error(`the thread ended with code ${code}`)));
  }

  post(request: Request, transfer: readonly MessagePort[] = []): void {
    if (!this.#over) this.#worker.postMessage(request, transfer);
  }

  owe(): void {
    this.#owed += 1;
    if (this.#owed === 1) this.#worker.ref();
  }

  paid(): void {
    this.#owed -= 1;
    if (this.#owed === 0) this.#worker.unref();
  }

  /** Asks the worker to close its file, and waits until the thread is gone. */
  async close(): Promise<void> {
    if (!this.#over) {
      this.owe();
      this.post({ kind: "close" });
    }
    await this.#closed.promise;
  }

  #receive(reply: Reply): void {
    if (reply.kind === "closed") {
      this.#over = true;
      return;
    }
    if (reply.kind === "ready") this.#receiveReady(reply);
    else this.#handlers.reply(reply);
  }

  #receiveReady(reply: ReadyReply): void {
    this.paid();
    if (reply.error === null) {
      this.#ready.resolve({ unclean: reply.unclean });
      return;
    }
    this.#over = true;
    const { configuration, code, message } = reply.error;
    // A configuration message already ends with its code in brackets.
    const bare = message.replace(` [${code}]`, "");
    // The cast holds because a worker that is not misconfigured sends a `StoreFailure`.
    this.#ready.reject(
      configuration ? new ConfigurationError(code, bare) : new StoreError(code as StoreFailure, message),
    );
  }

  #die(cause: Error): void {
    if (this.#gone) return;
    this.#gone = true;
    const expected = this.#over;
    this.#over = true;
    this.#closed.resolve();
    if (expected) {
      this.#handlers.end(new StoreError("closed", "The store is closed"));
      return;
    }
    const error = new StoreError(
      "failed",
      "The store's thread ended unexpectedly; whether its last writes are on disk is known after reopening",
      { cause },
    );
    this.#ready.reject(error);
    this.#handlers.end(error);
  }
}
