/**
 * Owns what a runner's runtime knows of the others: every actor is reached through its gateway, revocations and the epoch
 * through the directory, and time is this process's own.
 */
import type { Callee } from "../../actors/callee-port.ts";
import type { Fleet } from "../../actors/fleet.ts";
import type { Runtime } from "../../actors/runtime.ts";
import type { Surroundings } from "../../actors/surroundings.ts";
import { keyText } from "../../protocol/key.ts";
import type { Clock, Timer } from "../port.ts";
import { ask } from "./ask.ts";
import { TunnelCallee } from "./callee.ts";
import type { Membership } from "./membership.ts";
import { ACTOR_TYPE, idPrefixOf, rivetIdOf, rivetKey } from "./names.ts";
import type { Residents } from "./residents.ts";
import type { RivetStore } from "./store.ts";
import type { TunnelPool } from "./tunnel/pool.ts";

export interface SpreadParts {
  readonly pool: TunnelPool;
  readonly store: RivetStore;
  readonly residents: Residents;
  readonly membership: Membership;
  readonly clock: Clock;
  readonly runtime: Promise<Runtime>;
}

export function fleetOf({ pool, store, residents, clock }: SpreadParts): Fleet {
  return {
    owns: (ref) => store.has(ref),
    // An actor on this very runner too: only the engine knows that it still is.
    calleeOf: (name, address): Callee | null => {
      if (!("id" in address)) {
        const key = rivetKey({ name, key: keyText(address.key) });
        return new TunnelCallee(pool, { type: ACTOR_TYPE, key }, clock);
      }
      const id = rivetIdOf(address.id);
      return id === null ? null : new TunnelCallee(pool, { type: ACTOR_TYPE, id }, clock);
    },
    idPrefixOf: (ref) => {
      const resident = residents.get(ref);
      return resident === undefined ? "" : idPrefixOf(resident.context.actorId);
    },
    // `revoke` and `raiseEpoch` below have told everybody already.
    revoked: async () => [],
    epochRaised: async () => {},
  };
}

export function surroundingsOf({ pool, store, membership, clock, runtime }: SpreadParts): Surroundings {
  const wake = new WakeTimer(clock, async () => (await runtime).alarm());
  return {
    refresh: () => {},
    enroll: () => {},
    revoke: async (row) => {
      await membership.putRevocation(row);
      return membership.closedBy(row);
    },
    raiseEpoch: async () => {
      await membership.putEpoch(0);
      return (await runtime).epoch;
    },
    farClock: clock,
    wakeAt: (at) => wake.at(at),
    keeperOf: (name) => {
      const ref = { name, key: keyText([]) };
      if (store.has(ref)) return null;
      const target = { type: ACTOR_TYPE, key: rivetKey(ref) } as const;
      return async (question, args) => ask(await pool.get(target), "queue", [name, question, args]);
    },
    idPrefix: "",
  };
}

/** The earliest instant at which an actor of this runner must be looked at. */
class WakeTimer {
  readonly #clock: Clock;
  readonly #due: () => Promise<void>;
  #at = Number.POSITIVE_INFINITY;
  #timer: Timer | null = null;

  constructor(clock: Clock, due: () => Promise<void>) {
    this.#clock = clock;
    this.#due = due;
  }

  at(at: number | null): void {
    if (at === null || at >= this.#at) return;
    this.#at = at;
    this.#timer?.cancel();
    this.#timer = this.#clock.after(Math.max(0, at - this.#clock.now()), () => {
      this.#at = Number.POSITIVE_INFINITY;
      void this.#due();
    });
  }
}
