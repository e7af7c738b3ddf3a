/** Which units have to be checked anew: those that changed, and all that rest on them. */
import type { UnitGroup } from "../project/units.ts";
import type { Units } from "./state.ts";

export function findStale(groups: readonly UnitGroup[], before: Units): ReadonlySet<string> {
  const names = new Set(groups.map((group) => group.name));
  // A new or vanished name can change what any name in any unit means, and what is suggested for it.
  const sameNames = names.size === before.size && [...names].every((name) => before.has(name));
  if (!sameNames) return names;
  const stale = new Set(groups.filter((group) => isChanged(group, before)).map((group) => group.name));
  const dependents = findDependents(groups);
  const queue = [...stale];
  for (let name = queue.pop(); name !== undefined; name = queue.pop()) {
    for (const dependent of dependents.get(name) ?? []) {
      if (stale.has(dependent)) continue;
      stale.add(dependent);
      queue.push(dependent);
    }
  }
  return stale;
}

/** A file that has not changed keeps its syntax tree, so its units keep their nodes. */
function isChanged(group: UnitGroup, before: Units): boolean {
  const known = before.get(group.name)?.group;
  if (known === undefined || known.kind !== group.kind || known.parts.length !== group.parts.length) return true;
  return group.parts.some((part, index) => part.node !== known.parts[index]?.node);
}

/** Who names each unit in `uses` or `consumes`. */
function findDependents(groups: readonly UnitGroup[]): ReadonlyMap<string, readonly string[]> {
  const dependents = new Map<string, string[]>();
  for (const group of groups) {
    for (const part of group.parts) {
      for (const item of part.node.items) {
        if (item.kind !== "UsesClause" && item.kind !== "ConsumesClause") continue;
        const target = item.target.text;
        const known = dependents.get(target);
        if (known === undefined) dependents.set(target, [group.name]);
        else known.push(group.name);
      }
    }
  }
  return dependents;
}
