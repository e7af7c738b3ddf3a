/**
 * Owns the durable queues of one actor: who sends, who receives, what is told to whom when. Rows and their changes are
 * staged in the outbox, so that an acknowledgement and the state changed while handling the message are one commit:
 * the effect of a message on state is exactly once (G9, design §6).
 *
 * Calls in: `enqueue` for admitted senders, `forContext` for contexts, `deliverDue` from the actor's alarm. Calls out:
 * the store for pages of messages, the outbox, and `QueueCore`.
 *
 * Invariants: a message is delivered again until it is acknowledged or dead-lettered; one message is in one receiver's
 * hands at a time; receivers are served in the order they began to wait, lowest id first; no memory grows with the
 * number of stored messages.
 */

import type { StandardSchemaV1 } from "@standard-schema/spec";
import { isPromise } from "../boundary/maybe-promise.ts";
import type { QueueRow } from "../hosts/port.ts";
import { QueueContext } from "./queue/context.ts";
import { DeadLetters } from "./queue/dead-letters.ts";
import { aborted, alreadyCompleted, leaseLost, queueFull, undeclared } from "./queue/errors.ts";
import { Idempotency } from "./queue/idempotency.ts";
import { assertId, prepare } from "./queue/intake.ts";
import { type Holder, type Lease, Leases } from "./queue/leases.ts";
import { MessageLog, type NewMessage } from "./queue/message-log.ts";
import { completedReceipt, Receipts } from "./queue/receipts.ts";
import { type ReceiveRequest, Receivers } from "./queue/receivers.ts";
import type { EnqueueRequest, QueueCore, QueueReceipt } from "./queue/types.ts";

export { QueueContext } from "./queue/context.ts";
export type {
  ActorQueue,
  BatchOptions,
  CompletableMessage,
  DeadMessage,
  EnqueueRequest,
  QueueCore,
  QueueMessage,
  QueueReceipt,
  ReceiveOptions,
  SendOptions,
} from "./queue/types.ts";

/** What a handler changed while it held messages. */
export interface HeldEffects {
  /** @throws StateError when they cannot be applied; the messages then stay held */
  keep(): void;
  drop(): void;
  /** Ends waits of the context, beside the actor's stop. */
  until?(): AbortSignal | null;
  /** @throws Error where what is done to a queue could not be taken back */
  assertMayChange?(what: string): void;
}
const NO_EFFECTS: HeldEffects = { keep: () => {}, drop: () => {} };

export class ActorQueues {
  readonly #core: QueueCore;
  readonly #log: MessageLog;
  readonly #leases: Leases;
  readonly #receivers: Receivers;
  readonly #receipts: Receipts;
  readonly #ids: Idempotency;
  readonly #dead: DeadLetters;

  constructor(core: QueueCore) {
    this.#core = core;
    this.#log = new MessageLog(core);
    this.#ids = new Idempotency(core);
    this.#dead = new DeadLetters(core, this.#log);
    const after = (ms: number, task: () => void) => core.clock.after(ms, task);
    this.#receipts = new Receipts({ after, release: (leave, fail) => core.outbox.release(leave, fail) });
    this.#leases = new Leases(this.#log, () => core.clock.now(), {
      acknowledged: (lease, response) => this.#receipts.completed(lease.row.id, response),
      givenUp: (lease) => this.#givenUp(lease.row),
    });
    this.#receivers = new Receivers({
      lanes: (names) => this.#log.lanes(names),
      lease: (row, request) => this.#lease(row, request),
      after,
      loaded: () => core.onChange(),
      delivered: () => this.#settle(),
    });
    core.stopSignal.addEventListener("abort", () => this.#stop(), { once: true });
  }

  /** Messages that wait or are being handled, of all queues. */
  get size(): number {
    return this.#log.total;
  }

  /** Messages that are dead-lettered, of all queues. */
  get deadCount(): number {
    return this.#log.dead;
  }

  /** True while somebody waits for a message: the actor may sleep, a send wakes it. */
  get isWaiting(): boolean {
    return this.#receivers.size > 0;
  }

  /** True while a message is in somebody's hands: its effect on state is to be committed with its acknowledgement. */
  get isHolding(): boolean {
    return !this.#leases.isEmpty;
  }

  /**
   * The queue face of a new context. `effects` are the changes its handler made while it held messages: kept in the turn
   * of their acknowledgement, dropped when they are given back, so that neither is ever committed without the other.
   */
  forContext(effects: HeldEffects = NO_EFFECTS): QueueContext {
    return new QueueContext({
      receive: (request) => this.#receive(request),
      acknowledge: (holder) => {
        if (holder.leases.size > 0) effects.keep();
        this.#acknowledge(holder);
      },
      release: (holder) => {
        if (holder.leases.size > 0) effects.drop();
        this.#release(holder);
      },
      expireLater: (holder) => this.#expireLater(holder),
      complete: (lease, reply) => this.#complete(lease, reply, effects),
      move: (from, to) => this.#leases.move(from, to),
      send: (name, body, id, held) => this.#sendOwn(name, body, id, held),
      dead: (name, limit, after) => this.#dead.list(name, limit, after),
      redrive: (name, ids) => this.#redrive(name, ids),
      until: () => effects.until?.() ?? null,
      assertMayChange: (what) => effects.assertMayChange?.(what),
    });
  }

  /**
   * Enqueues a message of a sender the gate admitted. Resolves when the message is durable; with `wait`, when it is
   * completed, or `timedOut` (the message stays). A timeout of 0 or less enqueues nothing.
   * @throws Refusal `queue/full`, `queue/message_too_large`, `queue/message_invalid`, `queue/invalid_payload`,
   *   `queue/invalid_option`, `queue/dead_lettered`, `actor/aborted`, `auth/forbidden` for an undeclared name
   */
  async enqueue(request: EnqueueRequest): Promise<QueueReceipt> {
    const { name, body, caller, id, wait, timeout } = request;
    if (wait && timeout !== undefined && timeout <= 0) return { status: "timedOut" };
    if (request.signal?.aborted) throw aborted(request.signal.reason);
    const text = this.#prepare(name, body, id);
    const message = { name, body: isPromise(text) ? await text : text, caller, key: id ?? null };
    if (id === undefined) return this.#accept(message, request);
    const sent = await this.#ids.send(name, id, (found) => ({
      receipt: found === null ? this.#accept(message, request) : this.#duplicate(found, request),
    }));
    return sent.receipt;
  }

  /** Delivers what has fallen due: backed-off messages, and leases that ran out. Call it at `earliest`. */
  deliverDue(): void {
    this.#leases.expireDue();
    for (const lane of this.#log.lanes(null)) lane.promote();
    this.#receivers.dispatch();
    this.#settle();
    this.#core.onChange();
  }

  /** When `deliverDue` has work next, epoch ms; null when nothing is delayed. For the alarm of a live actor. */
  earliest(): number | null {
    let earliest = this.#leases.earliest;
    for (const lane of this.#log.lanes(null)) earliest = sooner(earliest, lane.earliest);
    return earliest;
  }

  /** When the actor must be woken if it is not in memory, epoch ms; 0 = at once. For the commit. */
  wakeAt(): number | null {
    let earliest: number | null = null;
    for (const lane of this.#log.lanes(null)) earliest = sooner(earliest, lane.hasDeliverable ? 0 : lane.earliest);
    return earliest;
  }

  /** Acknowledges what a context, or every context, received without `completable`: `run` has settled. */
  acknowledgeHeld(context?: QueueContext): void {
    if (context !== undefined) context.acknowledgeHeld();
    else for (const holder of this.#leases.holders()) this.#leases.acknowledge(holder);
  }

  /** Gives back what a context, or every context, holds: `run` has failed. */
  releaseHeld(context?: QueueContext): void {
    if (context !== undefined) context.releaseHeld();
    else for (const holder of this.#leases.holders()) this.#release(holder);
  }

  #receive(request: ReceiveRequest): Promise<readonly Lease[]> {
    this.#settle();
    if (this.#core.isStopping()) return Promise.reject(aborted(this.#core.stopSignal.reason));
    return this.#receivers.receive(request);
  }

  #lease(row: QueueRow, request: ReceiveRequest): Lease | null {
    const { declared } = this.#core;
    const token = declared?.get(row.queue)?.token;
    if (row.attempt >= this.#log.maxAttempts(row.queue)) {
      this.#giveUp(row, `not handled after ${row.attempt} deliveries`);
      return null;
    }
    if (token?.onRevoked === "deadLetter" && row.caller !== null && this.#core.isRevoked(row.caller)) {
      this.#giveUp(row, "its sender was revoked");
      return null;
    }
    return this.#leases.take(row, request.holder, request.completable);
  }

  #giveUp(row: QueueRow, reason: string): void {
    this.#log.giveUp(row, reason);
    this.#givenUp(row);
  }

  #givenUp(row: QueueRow): void {
    this.#receipts.givenUp(row.id);
    this.#dead.trim();
  }

  #acknowledge(holder: Holder): void {
    if (holder.leases.size > 0) this.#leases.acknowledge(holder);
  }

  #release(holder: Holder): void {
    if (holder.leases.size === 0) return;
    // An actor that stops did not fail: the message is there for the next start.
    this.#leases.release(holder, !this.#core.isStopping());
    this.#settle();
    this.#core.onChange();
    this.#receivers.dispatch();
  }

  #expireLater(holder: Holder): void {
    if (holder.leases.size === 0) return;
    this.#leases.expireLater(holder);
    this.#core.onChange();
  }

  async #complete(lease: Lease, reply: unknown, effects: HeldEffects): Promise<void> {
    const { clock, declared, limits, outbox } = this.#core;
    if (outbox.isClosed) throw leaseLost();
    const schema = declared?.get(lease.row.queue)?.token.complete ?? null;
    let response: string | null = null;
    if (reply !== undefined || schema !== null) {
      const text = prepare(reply, schema, "invalid_completion_payload", limits.maxQueueMessageSize, clock);
      response = isPromise(text) ? await text : text;
      // An asynchronous schema took its time: the lease may have been settled meanwhile.
      if (lease.state === "done") throw alreadyCompleted();
      if (lease.state === "lost") throw leaseLost();
    }
    effects.keep();
    this.#leases.complete(lease, response);
    await outbox.durable();
  }

  async #sendOwn(name: string, body: unknown, id: string | undefined, held: () => boolean): Promise<QueueRow> {
    const text = this.#prepare(name, body, id);
    const message = { name, body: isPromise(text) ? await text : text, caller: null, key: id ?? null };
    if (id === undefined) return this.#sendStaged(message, held);
    return this.#ids.send(name, id, (found) => found ?? this.#sendStaged(message, held));
  }

  #sendStaged(message: NewMessage, held: () => boolean): QueueRow {
    const row = this.#add(message);
    this.#receivers.dispatch();
    if (!held()) this.#settle();
    return row;
  }

  async #redrive(name: string, ids: readonly number[] | null): Promise<number> {
    const count = await this.#dead.redrive(name, ids);
    if (count === 0) return 0;
    this.#receivers.dispatch();
    this.#settle();
    return count;
  }

  #prepare(name: string, body: unknown, id: string | undefined): ReturnType<typeof prepare> {
    const { clock, declared, limits } = this.#core;
    if (declared !== null && !declared.has(name)) throw undeclared();
    // With an id it may be there already, which is no matter of room.
    if (id === undefined) this.#assertRoom();
    else assertId(id);
    const schema: StandardSchemaV1 | null = declared?.get(name)?.token.message ?? null;
    return prepare(body, schema, "invalid_payload", limits.maxQueueMessageSize, clock);
  }

  #assertRoom(): void {
    if (this.#core.isStopping()) throw aborted(this.#core.stopSignal.reason);
    if (this.#log.isFull) throw queueFull(this.#core.limits.maxQueueSize);
  }

  #add(message: NewMessage): QueueRow {
    this.#assertRoom();
    const row = this.#log.add(message);
    this.#ids.added(row);
    this.#core.onActivity();
    return row;
  }

  #accept(message: NewMessage, request: EnqueueRequest): Promise<QueueReceipt> {
    const row = this.#add(message);
    const receipt = request.wait
      ? this.#receipts.wait(row.id, request.timeout, request.signal)
      : this.#queued(row, false);
    this.#receivers.dispatch();
    this.#settle();
    return receipt;
  }

  #queued(row: QueueRow, duplicate: boolean): Promise<QueueReceipt> {
    return new Promise((resolve, reject) => {
      this.#core.outbox.release(() => resolve({ status: "queued", id: BigInt(row.id), duplicate }), reject);
    });
  }

  /** The id is known: there is no second message; a waiting sender waits for the first one. */
  async #duplicate(found: QueueRow, request: EnqueueRequest): Promise<QueueReceipt> {
    if (!request.wait) return this.#queued(found, true);
    if (found.status === "done") return this.#answered(found);
    const receipt = this.#receipts.wait(found.id, request.timeout, request.signal);
    receipt.catch(() => {});
    // It may have been completed while the store was asked: once all that is on disk, the store knows.
    await this.#core.outbox.durable();
    const again = await this.#core.store.findQueueKey(this.#core.ref, request.name, request.id!);
    return again?.status === "done" ? this.#answered(again) : receipt;
  }

  #answered(row: QueueRow): Promise<QueueReceipt> {
    return new Promise((resolve, reject) => {
      this.#core.outbox.release(() => resolve(completedReceipt(row.response ?? null)), reject);
    });
  }

  #settle(): void {
    if (this.#core.settle === undefined) this.#core.outbox.settle();
    else this.#core.settle();
  }

  #stop(): void {
    const { reason } = this.#core.stopSignal;
    this.#receivers.abortAll(reason);
    this.#receipts.abortAll(reason);
  }
}

function sooner(a: number | null, b: number | null): number | null {
  if (a === null || b === null) return a ?? b;
  return Math.min(a, b);
}
