/**
 * Kills a loaded server at random instants and audits what it had acknowledged. `BYWARD_KILLS=500` is the long run.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { audit, kill, loadAndKill, newBooks, start } from "./harness.ts";

const KILLS = Number(process.env["BYWARD_KILLS"] ?? 25);
const SEED = Number(process.env["BYWARD_SEED"] ?? Date.now() % 1_000_000);
/** Kills on one data directory; the books then start over, so that states stay small. */
const PER_DIRECTORY = 25;

test(`${KILLS} kills: nothing acknowledged is lost, nothing happens twice`, { timeout: KILLS * 20_000 }, async () => {
  let dice = SEED;
  const roll = (): number => {
    dice = (Math.imul(dice, 1_103_515_245) + 12_345) >>> 0;
    return dice / 4_294_967_296;
  };
  let operations = 0;
  for (let done = 0; done < KILLS; ) {
    const dataDir = await mkdtemp(join(tmpdir(), "byward-crash-"));
    onTestFinished(() => rm(dataDir, { recursive: true, force: true }));
    const books = newBooks();
    let running = await start(dataDir);
    for (let here = 0; here < PER_DIRECTORY && done < KILLS; here++, done++) {
      await loadAndKill(running, books, 30 + roll() * 300, here, roll);
      running = await start(dataDir);
      const wrong = await audit(running.url, books);
      expect(wrong, `seed ${SEED}, kill ${done + 1}`).toEqual([]);
    }
    await kill(running);
    operations += books.operations;
  }
  console.log(`${KILLS} kills, ${operations} operations, seed ${SEED}: nothing lost, nothing twice`);
});
