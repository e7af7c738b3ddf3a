/**
 * Owns the objects that answer to any name: actions of a handle, actors of a client. Members of the object itself win;
 * what other code probes for (`then`, `toJSON`, symbols, `$…`, `~…`) is never one of those names, so that awaiting, logging
 * and comparing call nothing.
 */

/** The object with `make(name)` behind every other name: once made, the same every time. */
export const withNames = <Members extends object>(members: Members, make: (name: string) => unknown): Members => {
  const made = new Map<string, unknown>();
  return new Proxy(members, {
    get: (target, name) => {
      if (typeof name === "symbol") return Reflect.get(target, name, target);
      if (made.has(name)) return made.get(name);
      const isMember = name in target;
      const value: unknown = isMember ? Reflect.get(target, name, target) : isProbe(name) ? undefined : make(name);
      // A getter may answer otherwise next time; only what stays is kept.
      if (isMember && typeof value !== "function") return value;
      const kept = isMember && typeof value === "function" ? value.bind(target) : value;
      made.set(name, kept);
      return kept;
    },
    set: () => false,
  });
};

/** The object with an action behind every other name. */
export const withActions = <Members extends { action(call: { name: string; args: unknown[] }): Promise<unknown> }>(
  members: Members,
): Members =>
  withNames(
    members,
    (name) =>
      (...args: unknown[]) =>
        members.action({ name, args }),
  );

const isProbe = (name: string): boolean => name === "then" || name === "toJSON" || /^[$~]/.test(name);
