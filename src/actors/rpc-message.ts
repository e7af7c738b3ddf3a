/**
 * Owns one message of an RPC connection on its way through the gate: what the gate asks of it, in one object, so that a
 * message allocates no closures.
 */
import type { SealedCaller } from "../boundary/caller.ts";
import type { Refusal } from "../boundary/errors.ts";
import type { By } from "../boundary/party.ts";
import type { Credentials } from "../boundary/verify.ts";
import type { ActionMessage, SendMessage, SubscribeMessage } from "../protocol/messages.ts";
import type { Connection } from "./connection.ts";
import { InvocationScope } from "./context.ts";
import { type GateCall, type GateContext, partiesOf } from "./gate.ts";
import type { ActorInstance } from "./instance.ts";
import type { KeptDecisions } from "./kept-decisions.ts";
import type { InvokeTarget } from "./types.ts";

/** The messages the gate decides. */
export type GatedMessage = ActionMessage | SubscribeMessage | SendMessage;

export class MessageCall implements GateCall {
  readonly message: GatedMessage;
  readonly target: InvokeTarget;
  readonly by: By;
  readonly credentials: Credentials;
  readonly kept: KeptDecisions | null;
  /** Epoch ms. */
  readonly started: number;
  /** Epoch ms of the last look at the lease; of an admitted message, when that was decided. */
  decided = 0;
  readonly #instance: ActorInstance;
  readonly #connection: Connection;
  readonly #address: string;

  constructor(instance: ActorInstance, connection: Connection, message: GatedMessage, address: string) {
    this.message = message;
    this.target = targetOf(message);
    this.by = partiesOf(instance.compiled, this.target);
    this.credentials = connection.lease.credentials;
    this.kept = connection.kept;
    this.started = instance.clock.now();
    this.#instance = instance;
    this.#connection = connection;
    this.#address = address;
  }

  /** Asked first at the instant of `started`, then again when `canInvoke` has answered: only then the clock is read anew. */
  leaseEnd(): "expired" | "revoked" | null {
    this.decided = this.decided === 0 ? this.started : this.#instance.clock.now();
    return this.#connection.leaseEnd(this.decided);
  }

  overLimit(caller: SealedCaller): Refusal | null {
    const { rates } = this.#instance.runtime;
    if (rates.isEmpty) return null;
    const target = this.#instance.compiled.name;
    const { name } = this.message;
    const connection = this.#connection.id;
    return rates.refuse({ target, kind: this.target.kind, name, address: this.#address, connection }, caller);
  }

  createContext(caller: SealedCaller): GateContext {
    return new InvocationScope(this.#instance, this.#connection, caller);
  }
}

function targetOf({ t, name }: GatedMessage): InvokeTarget {
  if (t === "action") return { kind: "action", name };
  return t === "subscribe" ? { kind: "subscribe", name } : { kind: "queue", name };
}
