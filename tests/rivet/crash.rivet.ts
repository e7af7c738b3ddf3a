/**
 * Nothing acknowledged is lost, nothing is acknowledged falsely, whatever happens to a runner: killed, paused past failover
 * and resumed, all of them gone. `BYWARD_KILLS`, `BYWARD_PAUSES`, `BYWARD_SEED` for more.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { expect, onTestFinished, test } from "vitest";
import { audit, type Books, newBooks } from "../crash/harness.ts";
import { Cluster, Load, type Runner, servedAgain } from "./cluster.ts";

const KILLS = Number(process.env["BYWARD_KILLS"] ?? 3);
const PAUSES = Number(process.env["BYWARD_PAUSES"] ?? 1);
const SEED = Number(process.env["BYWARD_SEED"] ?? Date.now() % 1_000_000);
const LEDGERS = 6;
/** ms within which every actor must answer again. */
const PATIENCE = 60_000;
/** ms until answers that were on their way have come. */
const SETTLE = 300;
/** ms a pause lasts: others have the actors by then. */
const PAUSE = 8000;

let dice = SEED;
const roll = (): number => {
  dice = (Math.imul(dice, 1_103_515_245) + 12_345) >>> 0;
  return dice / 4_294_967_296;
};

async function start(): Promise<{ cluster: Cluster; runners: Runner[]; books: Books }> {
  const cluster = await Cluster.start();
  onTestFinished(async () => {
    expect(await cluster.stop(), "processes left behind").toEqual([]);
  });
  return { cluster, runners: [await cluster.addRunner(), await cluster.addRunner()], books: newBooks() };
}

function startLoads(books: Books, round: string, fronts: () => readonly string[]): Load[] {
  return books.ledgers.slice(0, LEDGERS).map((ledger, index) => new Load(ledger, index, round, fronts, roll));
}

/** The audit asks the fronts; an actor that is just moving is asked again. */
async function auditAt(url: string, books: Books): Promise<string[]> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await audit(url, books);
    } catch (error) {
      if (attempt >= 60) throw error;
      await sleep(500);
    }
  }
}

const total = (loads: readonly Load[]): number => loads.reduce((sum, { answered }) => sum + answered, 0);

test(`${KILLS} kills of one of two runners: nothing lost, nothing twice`, {
  timeout: 60_000 + KILLS * 90_000,
}, async () => {
  const { cluster, runners, books } = await start();
  const times: number[] = [];
  let operations = 0;
  for (let kill = 0; kill < KILLS; kill++) {
    const loads = startLoads(books, `k${kill}`, () => runners.map(({ url }) => url));
    try {
      await servedAgain(loads, performance.now(), PATIENCE);
      await sleep(200 + roll() * 800);
      const [victim] = runners.splice(Math.floor(roll() * runners.length), 1);
      const killed = performance.now();
      await cluster.kill(victim!);
      await sleep(SETTLE);
      await servedAgain(loads, performance.now(), PATIENCE);
      times.push(performance.now() - killed);
      await sleep(300);
    } finally {
      for (const load of loads) load.stop();
    }
    operations += total(loads);
    expect(await auditAt(runners[0]!.url, books), `seed ${SEED}, kill ${kill + 1}`).toEqual([]);
    runners.push(await cluster.addRunner());
  }
  report(`${KILLS} kills`, operations, times);
});

test(`${PAUSES} pauses past failover: a runner that comes back acknowledges nothing`, {
  timeout: 60_000 + PAUSES * 120_000,
}, async () => {
  const { runners, books } = await start();
  const times: number[] = [];
  let operations = 0;
  for (let pause = 0; pause < PAUSES; pause++) {
    let fronts = runners.map(({ url }) => url);
    const loads = startLoads(books, `p${pause}`, () => fronts);
    try {
      await servedAgain(loads, performance.now(), PATIENCE);
      await sleep(200 + roll() * 800);
      const paused = runners[Math.floor(roll() * runners.length)]!;
      const others = runners.filter((runner) => runner !== paused);
      const since = performance.now();
      paused.child.kill("SIGSTOP");
      fronts = others.map(({ url }) => url);
      await sleep(SETTLE);
      await servedAgain(loads, performance.now(), PATIENCE);
      times.push(performance.now() - since);
      await sleep(Math.max(500, PAUSE - (performance.now() - since)));
      paused.child.kill("SIGCONT");
      // Clients use both again, the one that was paused too.
      fronts = runners.map(({ url }) => url);
      await sleep(4000);
      await servedAgain(loads, performance.now(), PATIENCE);
    } finally {
      for (const load of loads) load.stop();
    }
    operations += total(loads);
    for (const { url } of runners) expect(await auditAt(url, books), `seed ${SEED}, pause ${pause + 1}`).toEqual([]);
  }
  report(`${PAUSES} pauses`, operations, times);
});

test("all runners down at once: everything is there when they are back, and work goes on by itself", {
  timeout: 120_000,
}, async () => {
  const { cluster, runners, books } = await start();
  const loads = startLoads(books, "d", () => runners.map(({ url }) => url));
  let time = 0;
  try {
    await servedAgain(loads, performance.now(), PATIENCE);
    await sleep(500);
    await Promise.all(runners.splice(0).map((runner) => cluster.kill(runner)));
    await sleep(3000);
    const started = performance.now();
    runners.push(...(await Promise.all([cluster.addRunner(), cluster.addRunner()])));
    await servedAgain(loads, performance.now(), PATIENCE);
    time = performance.now() - started;
  } finally {
    for (const load of loads) load.stop();
  }
  expect(await auditAt(runners[1]!.url, books), `seed ${SEED}`).toEqual([]);
  report("all down", total(loads), [time]);
});

function report(what: string, operations: number, times: readonly number[]): void {
  const sorted = [...times].sort((a, b) => a - b).map((ms) => (ms / 1000).toFixed(1));
  const middle = sorted[Math.floor(sorted.length / 2)];
  console.log(
    `${what}, ${operations} operations, seed ${SEED}: served again after ${sorted[0]}–${sorted.at(-1)} s, median ${middle} s`,
  );
}
