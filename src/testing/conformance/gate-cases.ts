/** Owns the cases of access: each kind of entrypoint, allowed and denied, with a look at what ran. */

import { assertEqual, assertRefused, assertThat } from "./assert.ts";
import type { CaseContext, CaseDefinition } from "./suite.ts";

type Attempt = (context: CaseContext, sub: string | null) => Promise<unknown>;

const subjectOf = ({ as }: CaseContext, sub: string | null) => as(sub).subject.getOrCreate("a");

/** Nothing tells when a subscription stands, so the word is said until it is heard. */
async function sayUntil(context: CaseContext, heard: Promise<unknown>): Promise<void> {
  let isOver = false;
  const over = heard.finally(() => {
    isOver = true;
  });
  over.catch(() => {});
  await context.until(async () => {
    if (!isOver) await subjectOf(context, "ada").say("word");
    return isOver;
  }, "the word is heard");
  await over;
}

/** Each kind by each way in; all but subscriptions and messages count in `ran`. */
const WAYS: Readonly<Record<string, { readonly attempt: Attempt; readonly runs: number }>> = {
  "an action over HTTP": { attempt: (context, sub) => subjectOf(context, sub).run(), runs: 1 },
  "an action on a connection": {
    attempt: (context, sub) => subjectOf(context, sub).connect().action({ name: "run", args: [] }),
    runs: 1,
  },
  "a message over HTTP": { attempt: (context, sub) => subjectOf(context, sub).send("jobs", "one"), runs: 0 },
  "a message on a connection": {
    attempt: (context, sub) => subjectOf(context, sub).connect().send("jobs", "one"),
    runs: 0,
  },
  "a subscription on a connection": {
    attempt: async (context, sub) => {
      const connection = subjectOf(context, sub).connect();
      const heard = new Promise<void>((resolve, reject) => {
        connection.on("said", () => resolve(), { onDenied: reject });
      });
      if (sub !== null) await sayUntil(context, heard);
      await heard;
    },
    runs: 0,
  },
  "a subscription over Server-Sent Events": {
    attempt: async (context, sub) => {
      if (sub === null) {
        const response = await context.host.fetch("/actors/subject/a/events/said");
        throw await response.json();
      }
      const events = subjectOf(context, sub).$events("said");
      await sayUntil(context, events.next());
      await events.return?.();
    },
    runs: 0,
  },
  "a raw request": {
    attempt: async (context, sub) => {
      const response = await subjectOf(context, sub).fetch("/echo", { method: "POST", body: "hello" });
      if (!response.ok) throw await response.json();
    },
    runs: 1,
  },
  "a raw socket": {
    attempt: async (context, sub) => (await subjectOf(context, sub).webSocket("/")).close(),
    runs: 1,
  },
};

const kinds = Object.entries(WAYS).flatMap(([way, { attempt, runs }]): CaseDefinition[] => [
  {
    name: `${way} that is allowed runs`,
    run: async (context) => {
      await attempt(context, "ada");
      assertEqual(await subjectOf(context, null).open(), runs, "how often a handler ran");
    },
  },
  {
    name: `${way} that is denied runs nothing`,
    run: async (context) => {
      await assertRefused(attempt(context, null), "auth/forbidden", way);
      const user = subjectOf(context, "ada");
      assertEqual(await user.open(), 0, "how often a handler ran");
      assertEqual(await user.words(), [], "what was said");
    },
  },
]);

export const gateCases: readonly CaseDefinition[] = [
  ...kinds,
  {
    name: "a bad credential creates and runs nothing",
    run: async ({ host, as }) => {
      const bad = host.createClient({ token: "not-a-token" });
      await assertRefused(
        bad.getOrCreate("subject", "new").action({ name: "open" }),
        "auth/unauthenticated",
        "a bad token",
      );
      await assertRefused(as("ada").subject.get("new").run(), "actor/not_found", "the actor it named");
      await bad.dispose();
    },
  },
  {
    name: "a denied caller creates nothing",
    run: async ({ as }) => {
      await assertRefused(as(null).subject.getOrCreate("new").run(), "auth/forbidden", "a visitor");
      await assertRefused(as("ada").subject.get("new").run(), "actor/not_found", "the actor it named");
    },
  },
  {
    name: "a refinement asks for its claim",
    run: async ({ as }) => {
      await assertRefused(as("ada").subject.getOrCreate("a").admin(), "auth/forbidden", "a user without the claim");
      assertEqual(await as("root", { admin: true }).subject.getOrCreate("a").admin(), 1, "an admin");
    },
  },
  {
    name: "a name is looked up after it is allowed",
    run: async ({ as }) => {
      const call = (sub: string | null) =>
        as(sub)
          .getOrCreate("subject", "a")
          .action({ name: "nothing" as "open" });
      await assertRefused(call(null), "auth/forbidden", "a visitor");
      await assertRefused(call("ada"), "action/not_found", "a user");
    },
  },
  {
    name: "another actor is a caller with its name and key",
    run: async ({ as }) => {
      const seen = await as("ada").subject.getOrCreate("asking").ask("subject", "asked");
      assertEqual(seen, { party: "Caller", identity: "subject/asking" }, "who called");
    },
  },
  {
    name: "an error of a handler reaches its caller; a fault does not say why",
    run: async ({ as }) => {
      const handle = as("ada").subject.getOrCreate("a");
      const told = await handle.strict(true).catch((error: unknown) => error as { message: string; metadata: unknown });
      assertEqual((told as { metadata: unknown }).metadata, { why: "asked to" }, "metadata of a UserError");
      const fault = (await as("ada")
        .fragile.getOrCreate("f", { createWithInput: { fails: true } })
        .made()
        .catch((error: unknown) => error)) as { code: string; message: string };
      assertEqual(fault.code, "internal_error", "a fault's code");
      assertThat(!fault.message.includes("asked to"), "A fault's message says why");
    },
  },
];
