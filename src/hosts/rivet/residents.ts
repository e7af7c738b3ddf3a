/**
 * Owns the actors that are on this runner: from the moment the engine starts one here until it leaves, is replaced, or its
 * place is lost. Two lives of one actor never overlap in memory: what the earlier one left is gone before the later one is
 * taken in, and writes nothing.
 */
import type { Runtime } from "../../actors/runtime.ts";
import type { ActorRef, Clock, Logger, Timer } from "../port.ts";
import { ActorStorage } from "./actor-storage.ts";
import { refOfKey } from "./names.ts";
import type { RivetContext, RivetSocket } from "./platform.ts";
import type { RivetStore } from "./store.ts";
import { textOf } from "./store.ts";
import { acceptTunnel, MOVING } from "./tunnel/accept.ts";
import type { Mux, Stream } from "./tunnel/mux.ts";
import type { ProofBook } from "./tunnel/proof.ts";

export interface ResidentsOptions {
  readonly store: RivetStore;
  readonly clock: Clock;
  readonly log: Logger;
  readonly proofs: ProofBook;
  readonly guard: number;
  /** Resolves when this runner can take calls. */
  readonly runtime: Promise<Runtime>;
  readonly serve: (resident: Resident, stream: Stream, head: unknown) => void;
}

/** ms between looks at which actors are in use. */
const LOOK = 1000;
/** Looks an actor without a row or a tunnel is left alone before it is removed at the engine. */
const VACANT_LOOKS = 3;

/** One actor on this runner. */
export class Resident {
  readonly ref: ActorRef;
  readonly context: RivetContext;
  readonly storage: ActorStorage;
  readonly tunnels = new Set<Mux>();
  /** False from the moment it leaves. */
  isHere = true;
  vacantLooks = 0;
  letSleep: (() => void) | null = null;

  constructor(ref: ActorRef, context: RivetContext, storage: ActorStorage) {
    this.ref = ref;
    this.context = context;
    this.storage = storage;
  }
}

export class Residents {
  readonly #options: ResidentsOptions;
  readonly #residents = new Map<string, Resident>();
  readonly #byContext = new Map<string, Resident>();
  #look: Timer;
  #isLapsed = false;
  #isClosing = false;

  constructor(options: ResidentsOptions) {
    this.#options = options;
    this.#look = this.#arm();
  }

  get(ref: ActorRef): Resident | undefined {
    return this.#residents.get(textOf(ref));
  }

  byRivetId(id: string): Resident | undefined {
    return this.#byContext.get(id);
  }

  /** The engine started an actor here. */
  async arrive(context: RivetContext): Promise<void> {
    const { clock, guard, log, store } = this.#options;
    const ref = refOfKey(context.key.join(","));
    const runtime = await this.#options.runtime;
    const before = this.get(ref);
    if (before !== undefined) await this.#drop(before, "another life of it began");
    let resident: Resident | null = null;
    const storage = await ActorStorage.open({
      context,
      ref,
      clock,
      guard,
      onDue: () => void runtime.alarm(),
      onBroken: (error) => {
        log.error({ actor: ref.name, key: ref.key, err: error }, "an actor lost its place on this runner");
        if (resident !== null) void this.#lost(resident);
      },
    });
    resident = new Resident(ref, context, storage);
    this.#residents.set(textOf(ref), resident);
    this.#byContext.set(context.actorId, resident);
    store.adopt(ref, storage);
    void runtime.wakeDue();
  }

  /** The engine started the run handler: a deadline passed. */
  async alarm(): Promise<void> {
    await (await this.#options.runtime).alarm();
  }

  /** The engine takes the actor away in order: it stops as on any host, and the engine learns when to wake it. */
  async depart(context: RivetContext): Promise<void> {
    const resident = this.#byContext.get(context.actorId);
    // The end of an earlier life is none of the present one's.
    if (resident === undefined || resident.context.vars.id !== context.vars.id) return;
    resident.isHere = false;
    await this.#evict(resident, "shutdown");
    try {
      await resident.storage.leave();
    } catch (error) {
      this.#options.log.warn({ actor: resident.ref.name, key: resident.ref.key, err: error }, "no deadline was set");
    }
    this.#forget(resident, "the actor moves");
  }

  /** A front wants to talk to an actor. */
  connect(context: RivetContext, socket: RivetSocket): void {
    const found = this.#byContext.get(context.actorId);
    const resident = found?.context.vars.id === context.vars.id ? found : undefined;
    const { proofs, clock, serve } = this.#options;
    acceptTunnel(
      socket,
      {
        proofs,
        clock,
        names: [context.key.join(","), context.actorId],
        isOpen: () => resident?.isHere === true && !resident.storage.isOver && !this.#isLapsed,
        accept: (stream, head) => {
          if (resident === undefined || !resident.isHere || this.#isLapsed) stream.reset("moving");
          else serve(resident, stream, head);
        },
      },
      (mux) => void resident?.tunnels.add(mux),
      (mux) => void resident?.tunnels.delete(mux),
    );
  }

  /**
   * This runner may have been replaced without knowing: it was paused, or cut off. Nobody is served, and every actor goes
   * back to what the engine has, until {@link resume}.
   */
  async lapse(): Promise<void> {
    if (this.#isLapsed) return;
    this.#isLapsed = true;
    this.#options.log.warn({}, "this runner lost touch: nobody is served until it is in touch again");
    await Promise.all([...this.#residents.values()].map((resident) => this.#lost(resident)));
  }

  resume(): void {
    this.#isLapsed = false;
  }

  get isLapsed(): boolean {
    return this.#isLapsed;
  }

  /** Every actor leaves, in order. */
  async close(): Promise<void> {
    this.#isClosing = true;
    this.#look.cancel();
    await Promise.all([...this.#residents.values()].map((resident) => this.depart(resident.context)));
  }

  async #lost(resident: Resident): Promise<void> {
    resident.storage.end("This runner lost the actor");
    await this.#drop(resident, "the actor lost its place");
    try {
      resident.context.sleep();
    } catch {
      // It is gone already.
    }
  }

  async #drop(resident: Resident, why: string): Promise<void> {
    resident.isHere = false;
    resident.storage.end(why);
    for (const mux of resident.tunnels) mux.close(MOVING, why);
    await this.#evict(resident, "reset");
    this.#forget(resident, why);
  }

  /** Takes the actor out of memory; with `reset` it writes nothing, as its storage is over. */
  async #evict(resident: Resident, cause: "shutdown" | "reset"): Promise<void> {
    const runtime = await this.#options.runtime;
    const name = textOf(resident.ref);
    const live = runtime.liveInstances().find((instance) => textOf(instance.ref) === name);
    await live?.stop(cause);
  }

  #forget(resident: Resident, why: string): void {
    resident.letSleep?.();
    resident.letSleep = null;
    for (const mux of resident.tunnels) mux.close(MOVING, why);
    const { store } = this.#options;
    store.release(resident.ref, resident.storage);
    if (this.get(resident.ref) === resident) this.#residents.delete(textOf(resident.ref));
    const { actorId } = resident.context;
    if (this.#byContext.get(actorId) === resident) this.#byContext.delete(actorId);
  }

  #arm(): Timer {
    return this.#options.clock.after(LOOK, () => {
      this.#lookAround()
        .catch((error: unknown) => this.#options.log.error({ err: error }, "looking after actors failed"))
        .finally(() => {
          if (!this.#isClosing) this.#look = this.#arm();
        });
    });
  }

  /** An actor in memory keeps its place; one that was never made, and that nobody talks to, is removed at the engine. */
  async #lookAround(): Promise<void> {
    const runtime = await this.#options.runtime;
    const live = new Set(runtime.liveInstances().map(({ ref }) => textOf(ref)));
    for (const resident of this.#residents.values()) {
      const isLive = live.has(textOf(resident.ref));
      if (isLive && resident.letSleep === null) {
        const { promise, resolve } = Promise.withResolvers<void>();
        resident.letSleep = resolve;
        void resident.context.keepAwake(promise);
      } else if (!isLive && resident.letSleep !== null) {
        resident.letSleep();
        resident.letSleep = null;
      }
      const isVacant = !isLive && resident.storage.facts === null && resident.tunnels.size === 0;
      resident.vacantLooks = isVacant ? resident.vacantLooks + 1 : 0;
      if (resident.vacantLooks < VACANT_LOOKS) continue;
      resident.isHere = false;
      resident.storage.end("The actor does not exist");
      this.#forget(resident, "the actor does not exist");
      resident.context.destroy();
    }
  }
}
