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
import type { InvokeTarget } from "./types.ts";

/** The messages the gate decides. */
export type GatedMessage = ActionMessage | SubscribeMessage | SendMessage;

export class MessageCall implements GateCall {
  readonly message: GatedMessage;
  readonly target: InvokeTarget;
  readonly by: By;
  readonly credentials: Credentials;
  /** Epoch ms. */
  readonly started: number;
  readonly #instance: ActorInstance;
  readonly #connection: Connection;
  readonly #address: string;

  constructor(instance: ActorInstance, connection: Connection, message: GatedMessage, address: string) {
    this.message = message;
    this.target = targetOf(message);
    this.by = partiesOf(instance.compiled, this.target);
    this.credentials = connection.lease.credentials;
    this.started = instance.clock.now();
    this.#instance = instance;
    this.#connection = connection;
    this.#address = address;
  }

  leaseEnd(): "expired" | "revoked" | null {
    return this.#connection.leaseEnd();
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
