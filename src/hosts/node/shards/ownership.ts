/** Owns which thread an actor lives in: a hash of its address, the same in every thread for as long as they run. */
import type { ActorRef } from "../../port.ts";

/** The main thread: what no shard owns, such as the actors behind queues of services. */
export const MAIN = -1;

export class Ownership {
  readonly #names: ReadonlySet<string>;
  readonly #shards: number;

  /** `names` are the actor types that are spread. */
  constructor(names: Iterable<string>, shards: number) {
    this.#names = new Set(names);
    this.#shards = shards;
  }

  /** The number of the owning shard, from 0, or {@link MAIN}. */
  ownerOf({ name, key }: ActorRef): number {
    return this.#names.has(name) ? hash(`${name}/${key}`) % this.#shards : MAIN;
  }
}

/** FNV-1a with a final mix: keys that differ in their last character only must spread too. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) value = Math.imul(value ^ text.charCodeAt(at), 0x01000193);
  value = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  value = Math.imul(value ^ (value >>> 13), 0xc2b2ae35);
  return (value ^ (value >>> 16)) >>> 0;
}
