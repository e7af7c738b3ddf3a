/**
 * Owns deliveries that services remember, both ends: a front Worker asks the one object of that service and party, so that of
 * two equal deliveries at most one runs, in whatever isolates they arrive (G9).
 *
 * Invariants: a success is recorded durably before its sender is told; a delivery whose front Worker is gone may run again
 * after {@link TICKET_LIFE}; while one is under way a timer keeps the object, and what it knows, in memory.
 */
import { newCorrelationId } from "../../actors/failure.ts";
import { Refusal } from "../../boundary/errors.ts";
import type { ReplayDecision, ReplayTicket } from "../../boundary/replay.ts";
import { ticketOf } from "../../boundary/replay-verdict.ts";
import type { ReplayMark } from "../../boundary/scheme.ts";
import type { Proof } from "../../boundary/verify.ts";
import {
  type DeliveryBook,
  DeliveryLedger,
  type ScopedDelivery,
  type ServiceDelivery,
  scopeOf,
} from "../../services/deliveries.ts";
import type { ServiceEntry } from "../../services/entrypoints.ts";
import type { ActorRef, Host, Timer } from "../port.ts";
import { callObject, type Stubs } from "./stubs.ts";

/** How long a delivery may take before an equal one may run, ms. */
export const TICKET_LIFE = 60_000;

/** A decision as it crosses: the right to run is a number that is given back. */
type Crossing = Exclude<ReplayDecision, { readonly kind: "run" }> | { readonly kind: "run"; readonly ticket: string };

interface UnderWay {
  readonly ticket: ReplayTicket;
  readonly timer: Timer;
}

/** The object's end. */
export class KeptDeliveries {
  readonly #host: Host;
  readonly #underWay = new Map<string, UnderWay>();
  #ledger: DeliveryLedger | null = null;

  constructor(host: Host) {
    this.#host = host;
  }

  /** Answers `begin`, `done` and `failed`; the arguments are those that {@link RemoteDeliveries} sends. */
  async answer(args: readonly unknown[]): Promise<unknown> {
    const [step, ref, mark, id] = args as readonly ["begin" | "done" | "failed", ActorRef, ReplayMark, string];
    if (!ref.name.startsWith("$")) throw new Refusal("fault", { reason: "object.deliveries" });
    this.#ledger ??= new DeliveryLedger(this.#host, ref);
    if (step === "begin") return this.#begin(this.#ledger, mark);
    const ticket = this.#take(id);
    if (step === "done") await this.#done(this.#ledger, mark, ticket);
    else this.#failed(ticket);
    return null;
  }

  async #begin(ledger: DeliveryLedger, mark: ReplayMark): Promise<Crossing> {
    const decision = await ledger.begin(mark);
    if (decision.kind !== "run") return decision;
    const id = newCorrelationId(this.#host);
    const timer = this.#host.clock.after(TICKET_LIFE, () => this.#failed(this.#take(id)));
    this.#underWay.set(id, { ticket: decision.ticket, timer });
    return { kind: "run", ticket: id };
  }

  /** A ticket that is over is taken anew: the success is to be recorded all the same. */
  async #done(ledger: DeliveryLedger, mark: ReplayMark, known: ReplayTicket | null): Promise<void> {
    const decision = known === null ? await ledger.begin(mark) : null;
    if (decision?.kind === "duplicate") return;
    const ticket = known ?? ticketOf(decision!);
    try {
      await ledger.write(ticket.settle("done"));
    } catch (error) {
      ticket.release(false);
      throw error;
    }
    ticket.release(true);
  }

  #failed(ticket: ReplayTicket | null): void {
    ticket?.settle("failed");
    ticket?.release(true);
  }

  #take(id: string): ReplayTicket | null {
    const found = this.#underWay.get(id);
    this.#underWay.delete(id);
    found?.timer.cancel();
    return found?.ticket ?? null;
  }
}

/** The front's end. */
export class RemoteDeliveries implements DeliveryBook {
  readonly #stubs: Stubs;
  readonly #waitUntil: (promise: Promise<unknown>) => void;

  constructor(stubs: Stubs, waitUntil: (promise: Promise<unknown>) => void) {
    this.#stubs = stubs;
    this.#waitUntil = waitUntil;
  }

  begin(entry: ServiceEntry, proof: Proof | null): Promise<ServiceDelivery> | null {
    const scoped = scopeOf(entry, proof);
    return scoped === null ? null : this.#begin(scoped);
  }

  async #begin({ ref, mark }: ScopedDelivery): Promise<ServiceDelivery> {
    const ask = (...rest: readonly unknown[]): Promise<unknown> =>
      callObject(this.#stubs.ofRef(ref), "delivery", ...rest);
    // The other end answers `begin` with a Crossing.
    const decision = (await ask("begin", ref, mark)) as Crossing;
    if (decision.kind !== "run") {
      ticketOf(decision);
      throw new Refusal("fault", { reason: "replay.decision" });
    }
    let isOver = false;
    return {
      id: mark.id,
      failed: () => {
        if (isOver) return;
        isOver = true;
        this.#waitUntil(ask("failed", ref, mark, decision.ticket).catch(() => {}));
      },
      succeeded: async () => {
        if (isOver) return;
        isOver = true;
        await ask("done", ref, mark, decision.ticket);
      },
    };
  }
}
