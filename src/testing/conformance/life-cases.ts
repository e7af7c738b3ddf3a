/** Owns the cases of time and life: schedules, sleep, waking. */
import { SLEEP_TIMEOUT } from "./actors.ts";
import { assertEqual, assertThat } from "./assert.ts";
import type { CaseDefinition } from "./suite.ts";

export const lifeCases: readonly CaseDefinition[] = [
  {
    name: "a schedule fires when it is due, in order, and not when it was cancelled",
    run: async ({ host, as, until }) => {
      const handle = as("ada").subject.getOrCreate("a");
      // Far enough apart that a slow machine arms both before either is due.
      await handle.after(3000, "second");
      await handle.after(1500, "first");
      await handle.cancel((await handle.after(2000, "never")) as string);
      await handle.after(3_600_000, "much later");
      await until(async () => (await handle.fired()).length === 2, "both have fired");
      await host.elapse(100);
      assertEqual(await handle.fired(), ["first", "second"], "what fired");
    },
  },
  {
    name: "a schedule outlives a restart and fires without a call",
    run: async ({ host, as, until }) => {
      await as("ada").subject.getOrCreate("a").after(200, "kept");
      await host.restart();
      await host.elapse(600);
      const handle = as("ada").subject.get("a");
      await until(async () => (await handle.fired()).length > 0, "it has fired");
      assertEqual(await handle.fired(), ["kept"], "what fired");
    },
  },
  {
    name: "an idle actor sleeps, and wakes as it was",
    run: async ({ host, as }) => {
      const handle = as("ada").sleeper.getOrCreate("s");
      assertEqual(await handle.lives(), { wakes: 1, sleeps: 0, fired: 0 }, "its first life");
      await host.elapse(SLEEP_TIMEOUT * 4);
      assertEqual(await handle.lives(), { wakes: 2, sleeps: 1, fired: 0 }, "its second life");
    },
  },
  {
    name: "a sleeping actor is woken by its schedule, and its subscribers hear of it",
    run: async ({ host, as, until }) => {
      const handle = as("ada").sleeper.getOrCreate("s");
      const connection = handle.connect();
      const heard: number[] = [];
      connection.on("tick", (count) => void heard.push(count));
      await connection.wakeIn(SLEEP_TIMEOUT * 4);
      await host.elapse(SLEEP_TIMEOUT * 5);
      await until(() => heard.length === 1, "the event came");
      const lives = await connection.lives();
      assertEqual(lives.fired, 1, "how often it fired");
      assertThat(lives.sleeps >= 1, "It did not sleep");
      assertThat(connection.isConnected, "The connection did not outlive the sleep");
    },
  },
];
