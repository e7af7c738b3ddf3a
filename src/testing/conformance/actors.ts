/** Owns the actors that the conformance suite runs on every host, and the secret their callers prove themselves with. */
import { actor } from "../../actors/define.ts";
import { event, queue } from "../../actors/tokens.ts";
import { hasClaim } from "../../boundary/claims.ts";
import { UserError } from "../../boundary/errors.ts";
import { anyOf, Caller, party, refine, Visitor } from "../../boundary/party.ts";
import { bearer } from "../../boundary/schemes/bearer.ts";
import { signature } from "../../boundary/schemes/signature.ts";
import type { SetupOptions, setup } from "../../registry/setup.ts";

/** Known to everybody: it guards nothing but the suite's own actors. */
export const TEST_SECRET = "conformance-suite-secret-of-48-characters-000000";

const secret = async (): Promise<string> => TEST_SECRET;
export const User = party("User", { auth: bearer({ secret }) });
export const Admin = refine("Admin", User, hasClaim("admin"));
export const Hook = party("Hook", { auth: signature({ secret, header: "x-signature", id: "x-delivery" }) });

/** ms without use until a `sleeper` sleeps. */
export const SLEEP_TIMEOUT = 300;

/** One actor with every kind of entrypoint: a user may use each, a visitor none but `open`. */
const subject = actor({
  by: anyOf(User, Hook, Caller, Visitor),
  state: { ran: 0, words: [] as string[], fired: [] as string[] },
  events: { said: event<string>(), secret: event<string>() },
  queues: { jobs: queue<string>(), small: queue<string>() },
  guards: { actions: { admin: { by: Admin }, strict: { atomic: true } }, events: { secret: { by: Admin } } },
  options: { noSleep: true, maxQueueSize: 5 },
  canInvoke: (c, invoke) => c.caller.party !== "Visitor" || (invoke.kind === "action" && invoke.name === "open"),
  actions: {
    open: (c) => c.state.ran,
    run: (c) => ++c.state.ran,
    admin: (c) => ++c.state.ran,
    say: (c, word: string) => {
      c.state.words.push(word);
      c.broadcast("said", word);
      c.broadcast("secret", word);
      return c.state.words.length;
    },
    words: (c) => [...c.state.words],
    echo: (_c, value: unknown) => value,
    who: (c) => ({ party: c.caller.party, identity: "identity" in c.caller ? c.caller.identity : null }),
    ask: (c, name: string, key: string) => c.client().getOrCreate(name, key).action({ name: "who" }),
    strict: (c, fails: boolean) => {
      c.state.ran += 100;
      if (fails) throw new UserError("no", { code: "refused", metadata: { why: "asked to" } });
      return c.state.ran;
    },
    long: (_c, length: number) => "x".repeat(length),
    put: async (c, key: string, value: string) => c.kv.put(key, value),
    list: (c, prefix: string) => c.kv.list(prefix),
    after: (c, delay: number, name: string) => c.schedule.after(delay, "fire", name),
    cancel: (c, id: string) => c.schedule.cancel(id),
    fire: (c, name: string) => {
      c.state.fired.push(name);
    },
    fired: (c) => [...c.state.fired],
    end: (c) => c.destroy(),
  },
  onRequest: async (c, request) => {
    c.state.ran += 1;
    const { pathname } = new URL(request.url);
    if (pathname !== "/stream") return new Response(await request.arrayBuffer(), { headers: { "x-path": pathname } });
    const parts = ["one", "two", "three"].map((part) => new TextEncoder().encode(part));
    return new Response(
      new ReadableStream<Uint8Array>({
        pull: (controller) => {
          const part = parts.shift();
          if (part === undefined) controller.close();
          else controller.enqueue(part);
        },
      }),
    );
  },
  onWebSocket: (c, socket) => {
    c.state.ran += 1;
    socket.addEventListener("message", ({ data }) => socket.send(data));
  },
});

/** Handles its queue in `run`. The body says what happens. */
const worker = actor({
  by: User,
  state: { handled: [] as { body: string; attempt: number }[] },
  queues: { jobs: queue<string, string>({ maxAttempts: 3, visibilityTimeout: 1000 }) },
  actions: {
    handled: (c) => [...c.state.handled],
    dead: async (c) => (await c.queue.dead("jobs")).map(({ body }) => body),
  },
  run: async (c) => {
    for await (const message of c.queue.iter({ completable: true })) {
      const attempt = Number(message.attempt);
      if (message.body === "poison" || (message.body === "twice" && attempt === 1)) {
        throw new Error(`handling ${message.body} failed`);
      }
      c.state.handled.push({ body: message.body, attempt });
      await message.complete(`did ${message.body}`);
    }
  },
});

/** Sleeps soon, and counts its lives. */
const sleeper = actor({
  by: User,
  state: { wakes: 0, sleeps: 0, fired: 0 },
  events: { tick: event<number>() },
  options: { sleepTimeout: SLEEP_TIMEOUT },
  onWake: (c) => {
    c.state.wakes += 1;
  },
  onSleep: (c) => {
    c.state.sleeps += 1;
  },
  actions: {
    lives: (c) => ({ ...c.state }),
    wakeIn: (c, delay: number) => c.schedule.after(delay, "fire"),
    fire: (c) => {
      c.state.fired += 1;
      c.broadcast("tick", c.state.fired);
    },
  },
});

/** Cannot be created while its input says so. */
const fragile = actor({
  by: User,
  createState: (_c, input: { readonly fails?: boolean } | undefined) => ({ fails: input?.fails === true }),
  onCreate: async (c) => {
    await c.kv.put("made", "yes");
    if (c.state.fails) throw new Error("asked to");
  },
  actions: { made: (c) => c.kv.get("made") },
});

/** What a host must serve for the suite. */
export const conformanceOptions = {
  use: { subject, worker, sleeper, fragile },
  skew: 0,
  limits: { maxIncomingMessageSize: 10_000, maxOutgoingMessageSize: 20_000 },
} as const satisfies SetupOptions;

/** The registry's type, for clients. */
export type ConformanceRegistry = ReturnType<typeof setup<(typeof conformanceOptions)["use"]>>;
