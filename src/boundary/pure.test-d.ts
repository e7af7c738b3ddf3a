/** Compile-only: what a pure decision may read, and where it may stand. Checked by `tsc` alone. */
import {
  actor,
  anyOf,
  bearer,
  type CallerOf,
  event,
  hasClaim,
  type PureContext,
  party,
  pure,
  queue,
  refine,
  service,
  Visitor,
} from "byward";

const User = party("User", { auth: bearer({ secret: "AUTH_JWT_SECRET" }) });
const Admin = refine("Admin", User, hasClaim("admin"));
type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const assertType = <_T extends true>(): void => {};

export const room = actor({
  by: anyOf(User, Visitor),
  state: { open: true },
  vars: { seen: 0 },
  events: { said: event<string>() },
  queues: { jobs: queue<number>() },
  guards: { actions: { ban: { by: Admin } } },
  createConnState: (_c, params: { team: string }) => params.team,
  canInvoke: pure((c, invoke) => {
    if (invoke.kind === "subscribe" && invoke.name === "said") return true;
    if (invoke.kind === "request") return invoke.method === "GET";
    assertType<Equal<typeof c.params, unknown>>();
    // @ts-expect-error a kind that is none
    if (invoke.kind === "acton") return true;
    // @ts-expect-error an answer that is kept does not rest on the state
    void c.state;
    // @ts-expect-error nor on variables
    void c.vars;
    // @ts-expect-error nor on the connection as the actor has changed it
    void c.conn;
    // @ts-expect-error nor on what schedules, which knows the time
    void c.schedule;
    // @ts-expect-error what a caller is called depends on its party
    const name: string = c.caller.identity;
    return c.caller.party === "User" && c.key[0] === name;
  }),
  // What `pure` is given does not stand in the way of what else is inferred.
  actions: {
    say: (c, text: string) => {
      assertType<Equal<typeof c.caller.party, "User" | "Visitor">>();
      assertType<Equal<typeof c.conn.state, string>>();
      c.broadcast("said", c.state.open ? text : "");
    },
    ban: (c) => {
      assertType<Equal<typeof c.caller.party, "Admin">>();
    },
  },
});

const ofUsers = pure((c: PureContext<CallerOf<typeof User>>) => {
  assertType<Equal<typeof c.caller.identity, string>>();
  return c.caller.identity === c.key[0];
});
actor({ by: User, canInvoke: ofUsers, actions: { a: () => 1 } });
// @ts-expect-error a visitor comes here, too
actor({ by: anyOf(User, Visitor), canInvoke: ofUsers, actions: { a: () => 1 } });
actor({ by: User, canInvoke: pure(async (c) => c.caller.party === "User"), actions: { a: () => 1 } });
// @ts-expect-error a verdict is a boolean
actor({ by: User, canInvoke: pure(() => "yes"), actions: { a: () => 1 } });
// @ts-expect-error a promise of no boolean
actor({ by: User, canInvoke: pure(async () => 1), actions: { a: () => 1 } });

service({
  by: User,
  canInvoke: pure((c, invoke) => {
    // @ts-expect-error headers are the message's
    void c.header;
    return invoke.kind === "http" && c.service === "api";
  }),
  routes: { "GET /users/:id": { handle: (c) => c.params.id } },
});
