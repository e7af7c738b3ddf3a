/**
 * Owns the objects whose unknown members are actions. Members of the object itself win; what other code probes for
 * (`then`, `toJSON`, symbols, `$…`) is never an action, so that awaiting, logging and comparing call nothing.
 */

/** The object with `call` behind every other name. The same name gives the same function every time. */
export const withActions = <Members extends object>(
  members: Members,
  call: (name: string, args: unknown[]) => Promise<unknown>,
): Members => {
  const functions = new Map<string, unknown>();
  return new Proxy(members, {
    get: (target, name) => {
      if (typeof name === "symbol") return Reflect.get(target, name, target);
      const known = functions.get(name);
      if (known !== undefined) return known;
      const value = name in target ? Reflect.get(target, name, target) : actionOf(name, call);
      if (typeof value !== "function") return value;
      const bound = name in target ? value.bind(target) : value;
      functions.set(name, bound);
      return bound;
    },
    set: () => false,
  });
};

const actionOf = (name: string, call: (name: string, args: unknown[]) => Promise<unknown>): unknown =>
  name === "then" || name === "toJSON" || name.startsWith("$") ? undefined : (...args: unknown[]) => call(name, args);
