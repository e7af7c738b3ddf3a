/** Owns which names of a decision are declared. Those that are not were chosen by a peer, so reports must not count by them (G12). */
import type { EntryKind } from "../actors/decisions.ts";
import type { CompiledActor } from "../actors/entrypoints.ts";

/** Services decide under the names of their definitions alone; actors also under names that somebody made up. */
export function isDeclared(
  actors: ReadonlyMap<string, CompiledActor>,
  target: string,
  kind: EntryKind,
  name: string,
): boolean {
  const actor = actors.get(target);
  if (actor === undefined || name === "") return true;
  if (kind === "action") return actor.actions.has(name);
  if (kind === "subscribe") return actor.events?.has(name) ?? false;
  if (kind === "queue") return actor.queues?.has(name) ?? false;
  return true;
}
