/** Owns the cases of queues: exactly once in effect, at least once in delivery, bounded. */
import { assertEqual, assertRefused } from "./assert.ts";
import type { CaseDefinition } from "./suite.ts";

export const queueCases: readonly CaseDefinition[] = [
  {
    name: "a message is handled, and its sender gets the reply it waits for",
    run: async ({ as }) => {
      const handle = as("ada").worker.getOrCreate("w");
      const receipt = await handle.send("jobs", "one", { wait: true, timeout: 30_000 });
      assertEqual(receipt, { status: "completed", response: "did one" }, "the receipt");
      assertEqual(await handle.handled(), [{ body: "one", attempt: 1 }], "what was handled");
    },
  },
  {
    name: "messages are handled in the order they came",
    run: async ({ as, until }) => {
      const handle = as("ada").worker.getOrCreate("w");
      const bodies = Array.from({ length: 20 }, (_, index) => `m${index}`);
      for (const body of bodies) await handle.send("jobs", body);
      await until(async () => (await handle.handled()).length === bodies.length, "all are handled");
      assertEqual(
        (await handle.handled()).map(({ body }) => body),
        bodies,
        "the order",
      );
    },
  },
  {
    name: "a message whose handling failed is delivered again",
    run: async ({ as, until }) => {
      const handle = as("ada").worker.getOrCreate("w");
      await handle.send("jobs", "twice");
      await until(async () => (await handle.handled()).length === 1, "it is handled");
      assertEqual(await handle.handled(), [{ body: "twice", attempt: 2 }], "what was handled");
    },
  },
  {
    name: "a message that always fails becomes a dead letter, and the others go on",
    run: async ({ as, until }) => {
      const handle = as("ada").worker.getOrCreate("w");
      await handle.send("jobs", "poison");
      await handle.send("jobs", "good");
      await until(async () => (await handle.dead()).length === 1, "it is a dead letter");
      await until(async () => (await handle.handled()).length === 1, "the other is handled");
      assertEqual(await handle.dead(), ["poison"], "the dead letters");
    },
  },
  {
    name: "the same idempotency id is one message",
    run: async ({ as, until }) => {
      const handle = as("ada").worker.getOrCreate("w");
      for (let count = 0; count < 3; count++) await handle.send("jobs", "once", { id: "id-1" });
      await handle.send("jobs", "last");
      await until(async () => (await handle.handled()).some(({ body }) => body === "last"), "the last is handled");
      assertEqual(
        (await handle.handled()).map(({ body }) => body),
        ["once", "last"],
        "what was handled",
      );
    },
  },
  {
    name: "an accepted message outlives a restart, and wakes its actor",
    run: async ({ host, as, until }) => {
      const { subject, worker } = as("ada");
      await worker.getOrCreate("w").send("jobs", "one", { wait: true, timeout: 30_000 });
      await subject.getOrCreate("a").send("jobs", "kept");
      await worker.get("w").send("jobs", "two");
      await host.restart();
      const handle = as("ada").worker.get("w");
      await until(async () => (await handle.handled()).length === 2, "the second is handled");
      assertEqual(
        (await handle.handled()).map(({ body }) => body),
        ["one", "two"],
        "what was handled",
      );
    },
  },
  {
    name: "a sender that waits too long learns so, and a full queue refuses",
    run: async ({ host, as }) => {
      const handle = as("ada").subject.getOrCreate("a");
      const receipt = handle.send("small", "0", { wait: true, timeout: 100 });
      await host.elapse(150);
      assertEqual(await receipt, { status: "timedOut" }, "the receipt");
      for (let count = 1; count < 5; count++) await handle.send("small", String(count));
      await assertRefused(handle.send("small", "5"), "queue/full", "one too many");
    },
  },
];
