/** Owns the cases of what must still be there: after an answer, a restart, a failure. */

import type { SignatureScheme } from "../../boundary/schemes/signature.ts";
import { signDelivery } from "../../boundary/sign.ts";
import { Hook, TEST_SECRET } from "./actors.ts";
import { assertEqual, assertRefused, assertThat } from "./assert.ts";
import type { CaseDefinition } from "./suite.ts";

export const durabilityCases: readonly CaseDefinition[] = [
  {
    name: "state that was acknowledged outlives a restart",
    run: async ({ host, as }) => {
      for (const word of ["one", "two"]) await as("ada").subject.getOrCreate("a").say(word);
      await host.restart();
      assertEqual(await as("ada").subject.get("a").words(), ["one", "two"], "the words");
    },
  },
  {
    name: "an atomic action that throws leaves nothing, another leaves what it did",
    run: async ({ host, as }) => {
      const handle = as("ada").subject.getOrCreate("a");
      await assertRefused(handle.strict(true), "user/refused", "the action");
      await host.restart();
      assertEqual(await as("ada").subject.get("a").open(), 0, "what it left");
    },
  },
  {
    name: "key-value pairs outlive a restart, and are listed in order of their keys",
    run: async ({ host, as }) => {
      const handle = as("ada").subject.getOrCreate("a");
      for (const key of ["b/2", "a/1", "b/10", "c/1"]) await handle.put(key, `value of ${key}`);
      await host.restart();
      const pairs = (await as("ada").subject.get("a").list("b/")) as readonly (readonly [string, string])[];
      assertEqual(
        pairs.map(([key]) => key),
        ["b/10", "b/2"],
        "the keys",
      );
      assertEqual(pairs[0]![1], "value of b/10", "a value");
    },
  },
  {
    name: "actors are apart: by key, by name, and from one another's storage",
    run: async ({ as }) => {
      const { subject } = as("ada");
      await subject.getOrCreate(["a", "b"]).say("one");
      assertEqual(await subject.getOrCreate("a,b").words(), [], "a key that looks alike");
      assertEqual(await subject.getOrCreate([]).words(), [], "the empty key");
      assertEqual(await subject.getOrCreate(["a", "b"]).words(), ["one"], "the same key");
    },
  },
  {
    name: "creation is whole or not at all",
    run: async ({ as }) => {
      const { fragile } = as("ada");
      await assertRefused(
        fragile.getOrCreate("f", { createWithInput: { fails: true } }).made(),
        "byward/internal_error",
        "a creation that fails",
      );
      await assertRefused(fragile.get("f").made(), "actor/not_found", "the actor");
      assertEqual(await fragile.getOrCreate("f").made(), "yes", "the next creation");
    },
  },
  {
    name: "an actor is created once, whoever comes first",
    run: async ({ as }) => {
      const { subject } = as("ada");
      const ids = await Promise.all(Array.from({ length: 8 }, () => subject.getOrCreate("a").resolve()));
      assertEqual(new Set(ids).size, 1, "how many there are");
      await assertRefused(subject.create("a"), "actor/duplicate_key", "creating it again");
    },
  },
  {
    name: "destroy takes everything, and the next actor of that key is another one",
    run: async ({ host, as, until }) => {
      const { subject } = as("ada");
      const first = await subject.getOrCreate("a").resolve();
      const handle = subject.get("a");
      await handle.say("one");
      await handle.put("key", "value");
      await handle.after(3_600_000, "never");
      await handle.send("jobs", "message");
      await handle.end();
      await until(
        async () => (await handle.run().catch((error: { code: string }) => error.code)) === "not_found",
        "it is gone",
      );
      await host.restart();
      const again = as("ada").subject.getOrCreate("a");
      assertEqual(await again.words(), [], "its state");
      assertEqual(await again.list(""), [], "its pairs");
      assertThat((await again.resolve()) !== first, "The next actor has the id of the one before");
      await assertRefused(as("ada").subject.getForId(first).words(), "actor/not_found", "the old id");
    },
  },
  {
    name: "a signed delivery is handled once, also after a restart",
    run: async ({ host, as }) => {
      const body = "[]";
      const scheme = Hook.scheme as unknown as SignatureScheme;
      const signed = await signDelivery(scheme.format, {
        secret: TEST_SECRET,
        body,
        now: host.now(),
        id: "delivery-1",
      });
      const deliver = (): Promise<Response> =>
        host.fetch("/actors/subject/a/actions/run", {
          method: "POST",
          headers: { ...signed, "content-type": "application/json" },
          body,
        });
      assertEqual((await deliver()).status, 200, "the delivery");
      const again = await deliver();
      assertEqual([again.status, again.headers.get("byward-duplicate")], [200, "true"], "the same again");
      await host.restart();
      assertEqual((await deliver()).headers.get("byward-duplicate"), "true", "the same after a restart");
      assertEqual(await as(null).subject.get("a").open(), 1, "how often it ran");
    },
  },
];
