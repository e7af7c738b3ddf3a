/** Owns how Byward's actors are called at the engine: one Rivet actor each, of one generic type, by a key of one component. */
import type { ActorRef } from "../port.ts";

/** Types of Rivet actors. */
export const ACTOR_TYPE = "byward";
export const DIRECTORY_TYPE = "bywardDirectory";
/** The one directory of a namespace. */
export const DIRECTORY_KEY = "host";

/** Commas separate components at the engine, slashes ours: both are encoded. */
export function rivetKey(ref: ActorRef): string {
  return `${encodeURIComponent(ref.name)}:${encodeURIComponent(ref.key)}`;
}

/** @throws Error for a key that is none of ours */
export function refOfKey(key: string): ActorRef {
  const [name, actorKey, ...rest] = key.split(":");
  if (name === undefined || actorKey === undefined || rest.length > 0) throw new Error(`No actor has the key ${key}`);
  return { name: decodeURIComponent(name), key: decodeURIComponent(actorKey) };
}

const SEPARATOR = "-";
/** An id the engine gives. */
const RIVET_ID = /^[a-z0-9]{30}$/;

/** The id of an incarnation leads to its Rivet actor. */
export function idPrefixOf(rivetId: string): string {
  return `${rivetId}${SEPARATOR}`;
}

/** The Rivet actor of an id; null for what no id begins with. */
export function rivetIdOf(id: string): string | null {
  const rivetId = id.slice(0, Math.max(0, id.indexOf(SEPARATOR)));
  return RIVET_ID.test(rivetId) ? rivetId : null;
}
