/** What services must infer, and what must not compile. Checked by `tsc`, not run. */
import { expectTypeOf } from "vitest";
import { z } from "zod";
import { hasClaim } from "../boundary/claims.ts";
import { anyOf, Caller, party, refine, Visitor } from "../boundary/party.ts";
import { bearer } from "../boundary/schemes/bearer.ts";
import { signature } from "../boundary/schemes/signature.ts";
import { service } from "./define.ts";
import { ack, retry } from "./queue-result.ts";
import type { CallRef, QueueRef } from "./types.ts";

const User = party("User", { auth: bearer({ secret: "KEY" }), identity: z.string().min(1).brand<"UserId">() });
const Admin = refine("Admin", User, hasClaim("admin"));
const Hook = party("Hook", { auth: signature({ secret: "HOOK", header: "X-Signature" }) });
type UserId = string & z.core.$brand<"UserId">;

const api = service({
  by: anyOf(User, Visitor),
  canInvoke: (c, invoke) => {
    expectTypeOf(c.caller.party).toEqualTypeOf<"User" | "Visitor" | "Admin" | "Hook" | "Caller">();
    expectTypeOf(invoke.kind).toEqualTypeOf<"http" | "call">();
    if (invoke.kind === "http") {
      expectTypeOf(invoke.name).toEqualTypeOf<
        "GET /users/:id" | "POST /users/:id/posts/:post" | "POST /hook" | "GET /n/:n"
      >();
    }
    // @ts-expect-error there is no such route
    return invoke.name !== "GET /nowhere";
  },
  routes: {
    "GET /users/:id": {
      handle(c) {
        expectTypeOf(c.params).toEqualTypeOf<{ readonly id: string }>();
        expectTypeOf(c.caller.party).toEqualTypeOf<"User" | "Visitor">();
        expectTypeOf(c.query).toEqualTypeOf<unknown>();
        expectTypeOf(c.body).toEqualTypeOf<unknown>();
        // @ts-expect-error the path has no such parameter
        c.params.name;
        return { id: c.params.id };
      },
    },
    "POST /users/:id/posts/:post": {
      by: Admin,
      query: z.object({ page: z.coerce.number() }),
      body: z.object({ title: z.string() }),
      limits: { maxBody: 1000 },
      async handle(c) {
        expectTypeOf(c.caller.party).toEqualTypeOf<"Admin">();
        expectTypeOf(c.caller.identity).toEqualTypeOf<UserId>();
        expectTypeOf(c.params).toEqualTypeOf<{ readonly id: string; readonly post: string }>();
        expectTypeOf(c.query.page).toEqualTypeOf<number>();
        expectTypeOf(c.body).toEqualTypeOf<{ title: string }>();
        const total = c.call(api.calls.total);
        expectTypeOf(total).toEqualTypeOf<(a: number, b: string) => Promise<string>>();
        // @ts-expect-error the message has no such member
        await c.send(api.queues.mail, { from: "a" });
        return new Response(null, { status: 201 });
      },
    },
    "POST /hook": {
      by: Hook,
      handle: (c) => {
        expectTypeOf(c.caller.party).toEqualTypeOf<"Hook">();
        expectTypeOf(c.deliveryId).toEqualTypeOf<string | null>();
      },
    },
    "GET /n/:n": {
      params: z.object({ n: z.coerce.number() }),
      handle(c) {
        expectTypeOf(c.params.n).toEqualTypeOf<number>();
      },
    },
  },
  calls: {
    total: {
      handle(c, a: number, b: string) {
        expectTypeOf(c.caller.party).toEqualTypeOf<"Caller">();
        expectTypeOf(c.caller.identity).toEqualTypeOf<string>();
        return `${a}${b}`;
      },
    },
    nothing: { by: Caller, handle: async () => 5 },
    coerced: {
      input: z.string().transform((text) => text.length),
      handle(_c, length) {
        expectTypeOf(length).toEqualTypeOf<number>();
        return length;
      },
    },
  },
  queues: {
    mail: {
      message: z.object({ to: z.string() }),
      maxAttempts: 3,
      handle(c, message) {
        expectTypeOf(c.caller.party).toEqualTypeOf<"Producer">();
        expectTypeOf(message.body).toEqualTypeOf<{ to: string }>();
        return message.attempt > 1 ? ack() : retry("once more");
      },
    },
  },
  crons: {
    nightly: {
      schedule: "0 3 * * *",
      handle(c) {
        expectTypeOf(c.caller.party).toEqualTypeOf<"Scheduler">();
        expectTypeOf(c.scheduledAt).toEqualTypeOf<number>();
      },
    },
  },
});

expectTypeOf(api.calls.total).toEqualTypeOf<CallRef<[a: number, b: string], string>>();
expectTypeOf(api.calls.nothing).toEqualTypeOf<CallRef<[], number>>();
expectTypeOf(api.calls.coerced).toEqualTypeOf<CallRef<[input: string], number>>();
expectTypeOf(api.queues.mail).toEqualTypeOf<QueueRef<{ to: string }>>();

service({
  routes: {
    "GET /public": { by: Visitor, handle: (c) => c.caller.party },
    // @ts-expect-error nobody has said who may come
    "GET /unguarded": { handle: () => 1 },
  },
});

service({
  routes: {
    // @ts-expect-error no such method
    "FETCH /x": { by: Visitor, handle: () => 1 },
  },
});

service({
  routes: {
    // @ts-expect-error a path starts with a slash
    "GET x": { by: Visitor, handle: () => 1 },
  },
});

service({
  routes: {
    // @ts-expect-error no party
    "GET /x": { by: "User", handle: () => 1 },
  },
});

service({
  routes: {
    // @ts-expect-error a misspelt member
    "GET /x": { by: Visitor, querry: z.object({}), handle: () => 1 },
  },
});

service({
  by: User,
  // @ts-expect-error only a boolean decides
  canInvoke: () => "yes",
  routes: { "GET /x": { handle: () => 1 } },
});

service({
  by: User,
  queues: {
    // @ts-expect-error a consumer answers ack, retry or nothing
    mail: { handle: () => "done" },
  },
});

service({
  by: User,
  // Handlers with contexts only: names and callers are known all the same.
  canInvoke: (c, invoke) => {
    expectTypeOf(c.caller.party).toEqualTypeOf<"User" | "Caller">();
    if (invoke.kind === "http") expectTypeOf(invoke.name).toEqualTypeOf<"GET /x" | "GET /y/:id">();
    else expectTypeOf(invoke.name).toEqualTypeOf<"total">();
    return true;
  },
  routes: { "GET /x": { handle: (c) => c.caller.identity }, "GET /y/:id": { handle: (c) => c.params.id } },
  calls: { total: { handle: (c, n: number) => [c.caller.identity, n] } },
});

service({
  canInvoke: () => true,
  routes: {
    // @ts-expect-error nobody has said who may come, whatever canInvoke says
    "GET /x": { handle: (c) => c.method },
  },
});
