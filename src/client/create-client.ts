/** Owns `createClient`: accessors for every actor by name, over handles. */
import { withNames } from "./action-proxy.ts";
import { createActor, type HandleContext, handleForId, handleForKey } from "./actor-handle.ts";
import { readConfig } from "./config.ts";
import { type Runtime, systemRuntime } from "./runtime.ts";
import type {
  ActorAccessor,
  ActorKey,
  Client,
  ClientMembers,
  ClientOptions,
  CreateOptions,
  GetOrCreateOptions,
  HandleOptions,
} from "./types.ts";

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
  const client = withNames(membersOf(context), (name) => accessorOf(context, name));
  // The proxy answers for every actor of the registry, which exists as a type only.
  return client as unknown as Client<Registry>;
};

const accessorOf = (context: HandleContext, name: string): ActorAccessor => ({
  get: (key, options) => handleForKey(context, name, key, "get", options),
  getOrCreate: (key, options) => handleForKey(context, name, key, "getOrCreate", options),
  getForId: (id, options) => handleForId(context, name, id, options),
  create: (key, options) => createActor(context, name, key, options),
});

const membersOf = (context: HandleContext) =>
  ({
    get: (name: string, key?: ActorKey, options?: HandleOptions) => accessorOf(context, name).get(key, options),
    getOrCreate: (name: string, key?: ActorKey, options?: GetOrCreateOptions) =>
      accessorOf(context, name).getOrCreate(key, options),
    getForId: (name: string, id: string, options?: HandleOptions) => accessorOf(context, name).getForId(id, options),
    create: (name: string, key?: ActorKey, options?: CreateOptions) => accessorOf(context, name).create(key, options),
    dispose: async () => {
      await Promise.all([...context.connections].map((connection) => connection.dispose()));
    },
  }) satisfies Readonly<Record<Exclude<keyof ClientMembers, "then" | "~registry">, unknown>>;
