/** Owns where the actors of a registry are, as a runtime sees it: each in the object of its own name. */
import type { Fleet } from "../../actors/fleet.ts";
import type { Runtime } from "../../actors/runtime.ts";
import { keyText } from "../../protocol/key.ts";
import type { ActorRef } from "../port.ts";
import { RemoteCallee } from "./callee.ts";
import { callObject, type Stubs } from "./stubs.ts";

/** The key of reserved actors. */
const RESERVED_KEY = keyText([]);

export interface FleetSource {
  readonly stubs: () => Stubs;
  /** True when this runtime is in the object of that actor. */
  owns(ref: ActorRef): boolean;
  runtime(): Runtime;
}

/** Revocations and epochs are not told from here: the directory tells everybody. */
export function fleetOf({ stubs, owns, runtime }: FleetSource): Fleet {
  return {
    owns,
    calleeOf: (name, address) => {
      if ("key" in address && owns({ name, key: keyText(address.key) })) return null;
      return new RemoteCallee(runtime, stubs().ofActor(name, address));
    },
    revoked: async () => [],
    epochRaised: async () => {},
  };
}

/** Who holds a reserved actor; null where this object does. */
export function keeperOf(
  stubs: Stubs,
  name: string,
  owns: (ref: ActorRef) => boolean,
): ((question: string, args: readonly unknown[]) => Promise<unknown>) | null {
  const ref = { name, key: RESERVED_KEY };
  if (owns(ref)) return null;
  return (question, args) => callObject(stubs.ofRef(ref), "queue", name, question, args);
}
