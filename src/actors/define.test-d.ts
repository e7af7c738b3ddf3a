/** Compile-only: what inference gives, and what must not compile. Checked by `tsc` alone. */
import { actor, anyOf, bearer, event, hasClaim, party, queue, refine, Visitor } from "byward";
import { z } from "zod";

const UserId = z.string().min(1).brand<"UserId">();
const User = party("User", { auth: bearer({ secret: "AUTH_JWT_SECRET" }), identity: UserId });
const Other = party("Other", { auth: bearer({ secret: "OTHER_SECRET" }) });
const Admin = refine("Admin", User, hasClaim("admin"));

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const assertType = <_T extends true>(): void => {};

export const chatRoom = actor({
  by: anyOf(User, Visitor),
  state: { messages: [] as { text: string; from: string }[] },
  events: { messages: event<{ text: string }>(), modLog: event<[who: string, why: number]>() },
  queues: { jobs: queue<{ kind: "scan" }, { ok: boolean }>() },
  guards: {
    actions: { ban: { by: Admin, input: z.object({ userId: UserId }) } },
    events: { modLog: { by: Admin } },
    queues: { jobs: { by: User } },
  },
  canInvoke: (c, invoke) => {
    assertType<Equal<typeof c.caller.party, "User" | "Visitor" | "Admin">>();
    if (invoke.kind === "subscribe" && invoke.name === "messages") return true;
    if (invoke.kind === "action" && invoke.name === "sendMessage") return c.caller.party === "User";
    // @ts-expect-error an action nobody declared
    if (invoke.kind === "action" && invoke.name === "sendMesage") return true;
    // @ts-expect-error a queue is no event
    if (invoke.kind === "subscribe" && invoke.name === "jobs") return true;
    return false;
  },
  actions: {
    sendMessage: (c, text: string) => {
      assertType<Equal<typeof c.caller.party, "User" | "Visitor">>();
      // @ts-expect-error a visitor has no identity
      void c.caller.identity;
      if (c.caller.party === "User") {
        assertType<Equal<typeof c.caller.identity, z.infer<typeof UserId>>>();
        c.state.messages.push({ text, from: c.caller.identity });
        c.broadcast("messages", { text });
        c.broadcast("modLog", "who", 1);
        // @ts-expect-error the payload of another event
        c.broadcast("messages", "who", 1);
      }
      return c.state.messages.length;
    },
    ban: (c, input) => {
      assertType<Equal<typeof c.caller.party, "Admin">>();
      assertType<Equal<typeof input.userId, z.infer<typeof UserId>>>();
      return c.caller.identity;
    },
  },
  onRequest: (c) => new Response(c.caller.party),
});

actor({
  createState: (_c, input: { start: number }) => ({ count: input.start }),
  canInvoke: (c, invoke) => {
    assertType<Equal<typeof c.caller.party, "Caller" | "Scheduler" | "Visitor">>();
    return invoke.kind === "action" && invoke.name === "add";
  },
  actions: {
    add: (c, by: number) => {
      c.state.count += by;
      return c.state.count;
    },
  },
});

// @ts-expect-error a verdict is a boolean
actor({ by: User, canInvoke: () => "yes", actions: { a: () => 1 } });
// @ts-expect-error nothing is not a verdict
actor({ by: User, canInvoke: () => undefined, actions: { a: () => 1 } });
// @ts-expect-error a guard for an action that does not exist
actor({ by: User, actions: { a: () => 1 }, guards: { actions: { b: { by: User } } } });
// @ts-expect-error a guard for an event that does not exist
actor({ by: User, events: { e: event() }, actions: { a: () => 1 }, guards: { events: { f: { by: User } } } });
// @ts-expect-error an unknown key
actor({ by: User, stat: 1, actions: { a: () => 1 } });
// @ts-expect-error two bearer parties in one sum
anyOf(User, Other);
// @ts-expect-error everybody first: nothing behind is ever tried
anyOf(Visitor, User);
// @ts-expect-error a refinement is no member of a sum
anyOf(Admin, Visitor);
// @ts-expect-error only token parties carry claims
refine("Odd", Visitor, hasClaim("x"));
