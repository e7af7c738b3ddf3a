/** Compile-only: the order of the keys of `actor()` does not change what is inferred. Checked by `tsc` alone. */
import { actor, bearer, event, party, queue, setup } from "byward";
import type { CreateOptions, GetOrCreateOptions } from "byward/client";
import type { AnyTestKit, TestKit } from "byward/testing";

const User = party("User", { auth: bearer({ secret: "AUTH_JWT_SECRET" }) });

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const assertType = <_T extends true>(): void => {};

interface Seed {
  readonly seed: number;
}
interface Params {
  readonly room: string;
}
type Types<D extends { readonly "~types"?: unknown }> = NonNullable<D["~types"]>;
type Expected<T> = T extends {
  readonly input: infer Input;
  readonly params: infer P;
  readonly state: infer State;
  readonly connState: infer ConnState;
}
  ? [Input, P, State, ConnState]
  : never;
type All = [Seed, Params, { n: number }, { at: string }];

// `canCreate` first, without and with its input said.
const decidedFirst = actor({
  by: User,
  canCreate: ({ caller, key, input }) => {
    assertType<Equal<typeof input, unknown>>();
    return caller.identity === key[0];
  },
  createState: (_c, input: Seed) => ({ n: input.seed }),
  createConnState: (_c, params: Params) => ({ at: params.room }),
  actions: { n: (c) => [c.state.n, c.conn.state.at, c.conn.params.room] as const },
});
assertType<Equal<Expected<Types<typeof decidedFirst>>, All>>();

const decidedKnowing = actor({
  by: User,
  canCreate: ({ input }: { readonly input: Seed }) => input.seed > 0,
  createState: (c, input: Seed) => ({ n: input.seed + c.key.length }),
  createConnState: (c, params: Params) => ({ at: params.room + c.state.n }),
  actions: { n: (c) => c.state.n },
});
assertType<Equal<Expected<Types<typeof decidedKnowing>>, All>>();

// Both creating functions, each with its context used, in either order.
const stateFirst = actor({
  by: User,
  createState: (c, input: Seed) => ({ n: input.seed + c.key.length }),
  createConnState: (c, params: Params) => ({ at: c.caller.identity + params.room + c.state.n }),
  actions: { n: (c) => c.conn.state.at },
});
assertType<Equal<Expected<Types<typeof stateFirst>>, All>>();

const connectionFirst = actor({
  by: User,
  events: { said: event<string>() },
  queues: { jobs: queue<number>() },
  onBeforeConnect: (c, params: Params) => {
    if (params.room === c.key[0]) c.broadcast("said", params.room);
  },
  createConnState: (_c, params: Params) => ({ at: params.room }),
  state: { n: 0 },
  onCreate: (c, input: Seed) => {
    c.state.n = input.seed;
    // @ts-expect-error an event nobody declared
    c.broadcast("sad", "");
  },
  actions: { n: (c) => c.conn.state.at },
});
assertType<Equal<Expected<Types<typeof connectionFirst>>, All>>();

// What no function above says, `types` says for all of them.
const saidAtOnce = actor({
  by: User,
  types: {} as { state: { n: number }; input: Seed; params: Params; connState: { at: string } },
  actions: { n: (c) => [c.state.n, c.conn.state.at, c.conn.params.room] as const },
  canCreate: ({ input }) => input.seed > 0,
  onConnect: (_c, conn) => {
    assertType<Equal<typeof conn.params, Params>>();
  },
  createConnState: (_c, params) => ({ at: params.room }),
  createState: (_c, input) => ({ n: input.seed }),
});
assertType<Equal<Expected<Types<typeof saidAtOnce>>, All>>();

export const registry = setup({ use: { decidedFirst, decidedKnowing, stateFirst, connectionFirst, saidAtOnce } });

// Clients read them.
export const options: readonly [GetOrCreateOptions<typeof decidedFirst>, CreateOptions<typeof saidAtOnce>] = [
  { createWithInput: { seed: 1 }, params: { room: "a" } },
  { input: { seed: 1 }, params: { room: "a" } },
];
// @ts-expect-error not the input
export const wrong: CreateOptions<typeof stateFirst> = { input: { seed: "1" } };

// A function that helps tests of several registries takes any kit.
export const help = async (kit: AnyTestKit): Promise<unknown> => {
  await kit.restart();
  kit.as(User).get("anything", "a").connect();
  return kit.client.getOrCreate("anything", "a").action({ name: "n" });
};
export const helped = (kit: TestKit<typeof registry>): Promise<unknown> => help(kit);
