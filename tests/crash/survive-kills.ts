/** Owns the crash test itself; the short and the long run differ in the number of kills only. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished } from "vitest";
import { audit, kill, loadAndKill, newBooks, start } from "./harness.ts";

const SEED = Number(process.env["BYWARD_SEED"] ?? Date.now() % 1_000_000);
/** Kills on one data directory; the books then start over, so that states stay small. */
const PER_DIRECTORY = 25;

/** Kills a loaded server at random instants and audits what it had acknowledged. */
export async function surviveKills(kills: number): Promise<void> {
  let dice = SEED;
  const roll = (): number => {
    dice = (Math.imul(dice, 1_103_515_245) + 12_345) >>> 0;
    return dice / 4_294_967_296;
  };
  let operations = 0;
  for (let done = 0; done < kills; ) {
    const dataDir = await mkdtemp(join(tmpdir(), "byward-crash-"));
    onTestFinished(() => rm(dataDir, { recursive: true, force: true }));
    const books = newBooks();
    let running = await start(dataDir);
    for (let here = 0; here < PER_DIRECTORY && done < kills; here++, done++) {
      await loadAndKill(running, books, 30 + roll() * 300, here, roll);
      running = await start(dataDir);
      const wrong = await audit(running.url, books);
      expect(wrong, `seed ${SEED}, kill ${done + 1}`).toEqual([]);
    }
    await kill(running);
    operations += books.operations;
  }
  console.log(`${kills} kills, ${operations} operations, seed ${SEED}: nothing lost, nothing twice`);
}
