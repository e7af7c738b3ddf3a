/** Owns `createClient`: accessors for every actor by name, over handles. */
import { createActor, type HandleContext, handleForId, handleForKey } from "./actor-handle.ts";
import { readConfig } from "./config.ts";
import { type Runtime, systemRuntime } from "./runtime.ts";
import type { ActorAccessor, Client, ClientMembers, ClientOptions } from "./types.ts";

/**
 * A client of a registry. It does nothing until it is used.
 *
 * ```ts
 * const client = createClient<typeof registry>("https://chat.example", { token: () => session.token() });
 * const room = client.chatRoom.getOrCreate("lobby");
 * await room.sendMessage("hello");
 * ```
 * @param endpoint origin, with or without a base path; or all options in one object
 * @throws ActorError `client/invalid_endpoint`
 */
export const createClient = <Registry = unknown>(
  endpoint?: string | ClientOptions,
  options: ClientOptions = {},
): Client<Registry> => {
  const all = typeof endpoint === "string" ? { ...options, endpoint } : { ...options, ...endpoint };
  return createClientOn<Registry>(systemRuntime(all), all);
};

/** The same, over given surroundings: for tests with a clock of their own. */
export const createClientOn = <Registry = unknown>(runtime: Runtime, options: ClientOptions): Client<Registry> => {
  const context: HandleContext = { config: readConfig(options, runtime), connections: new Set() };
  const accessors = new Map<string, ActorAccessor>();
  const members = membersOf(context);
  const client = new Proxy(members, {
    get: (target, name) => {
      if (typeof name === "symbol" || name in target) return Reflect.get(target, name, target);
      // Awaiting a client, or logging it, is not asking for an actor.
      if (name === "then" || name === "toJSON" || name.startsWith("$")) return undefined;
      const accessor = accessors.get(name) ?? accessorOf(context, name);
      accessors.set(name, accessor);
      return accessor;
    },
    set: () => false,
  });
  // The proxy answers for every actor of the registry, which exists as a type only.
  return client as unknown as Client<Registry>;
};

const accessorOf = (context: HandleContext, name: string): ActorAccessor => ({
  get: (key, options) => handleForKey(context, name, key, "get", options),
  getOrCreate: (key, options) => handleForKey(context, name, key, "getOrCreate", options),
  getForId: (id, options) => handleForId(context, name, id, options),
  create: (key, options) => createActor(context, name, key, options),
});

const membersOf = (context: HandleContext): ClientMembers => ({
  get: (name, key, options) => accessorOf(context, name).get(key, options),
  getOrCreate: (name, key, options) => accessorOf(context, name).getOrCreate(key, options),
  getForId: (name, id, options) => accessorOf(context, name).getForId(id, options),
  create: (name, key, options) => accessorOf(context, name).create(key, options),
  dispose: async () => {
    await Promise.all([...context.connections].map((connection) => connection.dispose()));
  },
});
