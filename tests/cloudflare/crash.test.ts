/** workerd killed at random instants: nothing acknowledged is lost, nothing happens twice. `BYWARD_KILLS=n` for more. */
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import { audit, loadAndKill, newBooks } from "../crash/harness.ts";
import { hasWorkerd, startWorker } from "./workerd.ts";

const KILLS = Number(process.env["BYWARD_KILLS"] ?? 5);
const SEED = Number(process.env["BYWARD_SEED"] ?? Date.now() % 1_000_000);
/** Every object is in memory before the load begins: a kill is to hit work, not its beginning. */
async function warm(url: string): Promise<void> {
  const headers = { "content-type": "application/json" };
  const actors = Array.from({ length: 8 }, (_, index) => `${url}/actors/ledger/l${index}/actions/audit`);
  await Promise.all(actors.map((actor) => fetch(actor, { method: "POST", headers, body: "[]" })));
}

const entry = fileURLToPath(new URL("crash.worker.ts", import.meta.url));

test.skipIf(!hasWorkerd)(
  `${KILLS} kills of workerd: nothing acknowledged is lost, nothing happens twice`,
  { timeout: KILLS * 20_000 },
  async () => {
    let dice = SEED;
    const roll = (): number => {
      dice = (Math.imul(dice, 1_103_515_245) + 12_345) >>> 0;
      return dice / 4_294_967_296;
    };
    const workerd = await startWorker({ entry });
    onTestFinished(() => workerd.stop());
    const books = newBooks();
    for (let done = 0; done < KILLS; done++) {
      await warm(workerd.url);
      // Rounds with an odd number share sockets, which front Workers do not.
      await loadAndKill({ child: workerd.child, url: workerd.url }, books, 300 + roll() * 900, done * 2, roll);
      await workerd.restart();
      expect(await audit(workerd.url, books), `seed ${SEED}, kill ${done + 1}`).toEqual([]);
    }
    expect(books.operations).toBeGreaterThan(0);
    console.log(`${KILLS} kills of workerd, ${books.operations} operations, seed ${SEED}: nothing lost, nothing twice`);
  },
);
