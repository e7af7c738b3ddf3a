/**
 * Owns the comparison of two sides: a server and a load each in processes of their own, rounds that alternate, ratios of
 * neighbouring rounds. Ratios are what counts; absolute figures are those of a machine.
 */
import { Remote } from "./processes.ts";
import { type PairResult, QUICK, type SideResult, type SkippedResult } from "./results.ts";
import type { Round } from "./round.ts";
import { median, spreadOf } from "./stats.ts";

export interface SidePlan {
  readonly label: string;
  readonly server: string;
  readonly serverOptions?: object;
  readonly load: string;
  /** Given to the load beside the server's `url`. */
  readonly loadOptions: object;
}

export interface PairPlan {
  readonly id: string;
  readonly title: string;
  readonly unit: string;
  /** Calls in flight. */
  readonly window: number;
  /** What one call counts for; 1 unless it is many. */
  readonly worth?: number;
  readonly ours: SidePlan;
  readonly theirs: SidePlan;
  readonly target: number | null;
  readonly rounds?: number;
  readonly ms?: number;
}

interface Running {
  readonly plan: SidePlan;
  readonly server: Remote;
  readonly load: Remote;
}

interface Measured extends Round {
  readonly serverCpu: number;
}

/** Runs a pair; a peer that cannot be started is skipped with its reason, ours is not. */
export async function comparePair(plan: PairPlan): Promise<PairResult | SkippedResult> {
  const ours = await start(plan.ours);
  let theirs: Running;
  try {
    theirs = await start(plan.theirs);
  } catch (error) {
    await stop(ours);
    const reason = `${plan.theirs.label} could not be started: ${(error as Error).message.split("\n")[0]}`;
    console.log(`${plan.title}: skipped. ${reason}`);
    return { kind: "skipped", id: plan.id, title: plan.title, reason };
  }
  try {
    return report(plan, await alternate(plan, ours, theirs));
  } finally {
    await Promise.all([stop(ours), stop(theirs)]);
  }
}

async function start(plan: SidePlan): Promise<Running> {
  const server = await Remote.start(plan.server, plan.serverOptions);
  try {
    return { plan, server, load: await Remote.start(plan.load, { url: server.url, ...plan.loadOptions }) };
  } catch (error) {
    await server.stop();
    throw error;
  }
}

async function stop({ server, load }: Running): Promise<void> {
  await load.stop();
  await server.stop();
}

async function alternate(plan: PairPlan, ours: Running, theirs: Running): Promise<[Measured[], Measured[]]> {
  const rounds = QUICK ? 3 : (plan.rounds ?? 11);
  const ms = QUICK ? 300 : (plan.ms ?? 1000);
  const mine: Measured[] = [];
  const other: Measured[] = [];
  for (const side of [ours, theirs]) await measure(side, plan.window, ms);
  for (let round = 0; round < rounds; round++) {
    // Whoever comes first changes, so that a drift of the machine favours nobody.
    const order = round % 2 === 0 ? [ours, theirs] : [theirs, ours];
    for (const side of order) (side === ours ? mine : other).push(await measure(side, plan.window, ms));
  }
  return [mine, other];
}

async function measure({ server, load }: Running, window: number, ms: number): Promise<Measured> {
  const before = await server.ask<number>("cpu");
  const round = await load.ask<Round>("round", { window, ms });
  return { ...round, serverCpu: ((await server.ask<number>("cpu")) - before) / round.calls };
}

function report(plan: PairPlan, [mine, other]: [Measured[], Measured[]]): PairResult {
  const worth = plan.worth ?? 1;
  const result: PairResult = {
    kind: "pair",
    id: plan.id,
    title: plan.title,
    unit: plan.unit,
    ours: sideOf(plan.ours.label, mine, worth),
    theirs: sideOf(plan.theirs.label, other, worth),
    ratio: spreadOf(mine.map(({ rate }, index) => rate / other[index]!.rate)),
    rounds: mine.length,
    target: plan.target,
  };
  print(result);
  return result;
}

function sideOf(label: string, rounds: readonly Measured[], worth: number): SideResult {
  return {
    label,
    rate: spreadOf(rounds.map(({ rate }) => rate * worth)),
    p50: median(rounds.map(({ p50 }) => p50)),
    p99: median(rounds.map(({ p99 }) => p99)),
    serverCpu: median(rounds.map(({ serverCpu }) => serverCpu / worth)),
  };
}

function print({ title, unit, ours, theirs, ratio, target }: PairResult): void {
  const verdict =
    target === null ? "" : ratio.median >= target ? `  at least ${target}: met` : `  at least ${target}: MISSED`;
  console.log(`${title}`);
  for (const side of [ours, theirs]) {
    const { label, rate, p50, p99, serverCpu } = side;
    console.log(
      `  ${label.padEnd(34)} ${rate.median.toFixed(0).padStart(9)} ${unit}   p50 ${p50.toFixed(3)} ms   p99 ${p99.toFixed(3)} ms   server ${serverCpu.toFixed(2)} µs`,
    );
  }
  console.log(`  ratio ${ratio.median.toFixed(2)}  (${ratio.min.toFixed(2)}–${ratio.max.toFixed(2)})${verdict}`);
}
