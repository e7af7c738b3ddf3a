/**
 * Owns how objects are named and reached. Every actor has an object of its own under `name/key`; reserved ones begin with `$`,
 * which no actor's name does, so nothing from outside can be routed to them.
 */
import { ConfigurationError, Refusal } from "../../boundary/errors.ts";
import { decode, encode } from "../../protocol/json.ts";
import { keyText } from "../../protocol/key.ts";
import type { ActorRef } from "../port.ts";
import { opened } from "./envelope.ts";
import type { ObjectNamespace, WorkerEnv } from "./platform.ts";

export const BINDING = "BYWARD_ACTOR";
/** The object that keeps revocations and the epoch. */
export const DIRECTORY = "$directory";
/** Where calls for ids go that are nobody's: no key is spelled like this. */
const NOBODY = "~missing";
const HEX_ID = /^[0-9a-f]{64}(?=-)/;

/** What an object answers to others of its Worker. */
export interface ObjectStub {
  fetch(request: Request): Promise<Response>;
  /** One operation with its arguments as text; an envelope. */
  call(operation: string, args: string): Promise<string>;
  /** The same for what is answered with a stream or a socket. */
  relay(operation: string, args: string, request: Request | null): Promise<Response>;
}

export type ObjectAddress = { readonly key: readonly string[] } | { readonly id: string };

/** The prefix of actor ids of an object. */
export const idPrefixOf = (objectId: string): string => `${objectId}-`;

export class Stubs {
  readonly #namespace: ObjectNamespace<ObjectStub>;

  /** @throws ConfigurationError `cloudflare.binding_missing` */
  constructor(env: WorkerEnv) {
    const namespace = env[BINDING] as ObjectNamespace<ObjectStub> | undefined;
    if (typeof namespace?.idFromName !== "function") {
      throw new ConfigurationError(
        "cloudflare.binding_missing",
        `The Worker has no binding ${BINDING}: bind the class BywardActor under that name (durable_objects.bindings).`,
      );
    }
    this.#namespace = namespace;
  }

  ofName(name: string): ObjectStub {
    return this.#namespace.get(this.#namespace.idFromName(name));
  }

  ofRef({ name, key }: ActorRef): ObjectStub {
    return this.ofName(`${name}/${key}`);
  }

  /** By the platform's own id, as text. */
  ofObject(id: string): ObjectStub {
    return this.#namespace.get(this.#namespace.idFromString(id));
  }

  /** The object of an actor; an id leads to the object that made it, and an unknown one to an object that holds nobody. */
  ofActor(name: string, address: ObjectAddress): ObjectStub {
    if ("key" in address) return this.ofRef({ name, key: keyText(address.key) });
    const [object] = HEX_ID.exec(address.id) ?? [];
    if (object !== undefined) {
      try {
        return this.ofObject(object);
      } catch {
        // An id of another namespace, or none at all.
      }
    }
    return this.ofRef({ name, key: NOBODY });
  }
}

/**
 * Asks an object; resolves to what it answered.
 * @throws Refusal, UserError or StoreError as it answered; Refusal `unavailable` or `overloaded` where the platform failed
 */
export async function callObject(stub: ObjectStub, operation: string, ...args: readonly unknown[]): Promise<unknown> {
  let answer: string;
  const text = encode(args, "args");
  try {
    answer = await stub.call(operation, text);
  } catch (error) {
    throw platformFailure(error);
  }
  return opened(answer);
}

/** The same for streams and sockets. */
export async function relayObject(
  stub: ObjectStub,
  operation: string,
  args: readonly unknown[],
  request: Request | null,
): Promise<Response> {
  try {
    return await stub.relay(operation, encode(args, "args"), request);
  } catch (error) {
    throw platformFailure(error);
  }
}

/** Arguments as `callObject` sends them. */
export const readArgs = (text: string): readonly unknown[] => decode(text) as readonly unknown[];

/** What an object that cannot be reached is to a caller. */
export function platformFailure(error: unknown): Refusal {
  const isBusy = (error as { overloaded?: unknown } | null)?.overloaded === true;
  return new Refusal(isBusy ? "overloaded" : "unavailable", {
    reason: isBusy ? "object.overloaded" : "object.failed",
    retryAfter: 1,
    cause: error,
  });
}
