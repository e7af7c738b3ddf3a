/** Kills the server under chatting clients and starts it again. `BYWARD_KILLS=50` is the long run. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createClient } from "byward/client";
import { SignJWT } from "jose";
import { expect, onTestFinished, test } from "vitest";
import { steadyPort } from "../support/steady-port.ts";
import { type Books, Chatter } from "./chatter.ts";
import type { Rooms } from "./server.ts";

const KILLS = Number(process.env["BYWARD_KILLS"] ?? 10);
const SEED = Number(process.env["BYWARD_SEED"] ?? Date.now() % 1_000_000);
const CLIENTS = 4;
const PATIENCE_MS = 30_000;
const SECRET = "a secret of the reconnection test, long enough";
const ENTRY = fileURLToPath(new URL("./server.ts", import.meta.url));

interface Running {
  readonly child: ChildProcess;
  readonly url: string;
}

async function start(dataDir: string, port: string): Promise<Running> {
  const env = { ...process.env, RECONNECT_SECRET: SECRET };
  const child = spawn(process.execPath, [ENTRY, dataDir, port], { stdio: ["ignore", "pipe", "inherit"], env });
  const url = await new Promise<string>((resolve, reject) => {
    child.stdout.once("data", (chunk: Buffer) => resolve(chunk.toString().trim()));
    child.once("exit", (code) => reject(new Error(`the server ended with ${code}`)));
  });
  return { child, url };
}

async function kill({ child }: Running): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGKILL");
  await gone;
}

const token = (): Promise<string> =>
  new SignJWT({})
    .setProtectedHeader({ alg: "HS256" })
    .setSubject("ann")
    .setIssuedAt()
    .setExpirationTime("10m")
    .sign(new TextEncoder().encode(SECRET));
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Speaks until every client has heard of it through a subscription made before the kill. @returns ms it took */
async function subscriptionsAreBack(url: string, chatters: readonly Chatter[], round: number): Promise<number> {
  const client = createClient<Rooms>(url, { token });
  const began = Date.now();
  for (let attempt = 0; ; attempt++) {
    const marks = Array.from({ length: attempt + 1 }, (_, index) => `mark.${round}.${index}`);
    await client.room.getOrCreate("lobby").say(marks.at(-1)!);
    await pause(40);
    const deaf = chatters.filter((chatter) => !marks.some((mark) => chatter.hasHeard(mark)));
    if (deaf.length === 0) return Date.now() - began;
    if (Date.now() - began < PATIENCE_MS) continue;
    const states = deaf.map(({ isConnected, failure }) => `connected ${isConnected}, failure ${failure?.code}`);
    throw new Error(`after kill ${round}, ${deaf.length} clients hear nothing: ${states.join("; ")}`);
  }
}

async function settled(work: Promise<unknown>): Promise<boolean> {
  return Promise.race([work.then(() => true), pause(PATIENCE_MS).then(() => false)]);
}

/** Compares what clients were told with what is there. */
async function audit(url: string, all: readonly Books[]): Promise<string[]> {
  const { said, handled } = await createClient<Rooms>(url, { token }).room.getOrCreate("lobby").audit();
  const wrong: string[] = [];
  const answers = new Set<number>();
  for (const books of all) {
    for (const [op, seq] of books.said) {
      if (!said.has(op)) wrong.push(`${op} was answered and is lost`);
      if (answers.has(seq)) wrong.push(`${op} was given the answer of another call, ${seq}`);
      answers.add(seq);
    }
    for (const op of books.sent) if (!handled.has(op)) wrong.push(`${op} was acknowledged and is not yet handled`);
    for (const op of books.refused)
      if (said.has(op) || handled.has(op)) wrong.push(`${op} was refused and took effect`);
  }
  const asked = new Set(all.flatMap((books) => [...books.asked]));
  for (const [op, times] of [...said, ...handled]) {
    if (times !== 1) wrong.push(`${op} took effect ${times} times`);
    if (!asked.has(op) && !op.startsWith("mark")) wrong.push(`${op} was never asked for`);
  }
  return wrong;
}

async function auditPatiently(url: string, all: readonly Books[]): Promise<string[]> {
  for (const began = Date.now(); ; ) {
    const wrong = await audit(url, all);
    const isOver = wrong.length === 0 || wrong.some((line) => !line.includes("not yet"));
    if (isOver || Date.now() - began > PATIENCE_MS) return wrong;
    await pause(50);
  }
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);

function report(all: readonly Books[], recoveries: readonly number[]): string {
  const rejected: Record<string, number> = {};
  for (const books of all) {
    for (const [code, times] of Object.entries(books.rejected)) rejected[code] = (rejected[code] ?? 0) + times;
  }
  const sorted = recoveries.toSorted((one, two) => one - two);
  return [
    `${KILLS} kills, ${CLIENTS} clients, seed ${SEED}: ${sum(all.map(({ asked }) => asked.size))} calls`,
    `${sum(all.map(({ said }) => said.size))} actions and ${sum(all.map(({ sent }) => sent.size))} sends acknowledged`,
    `rejected ${JSON.stringify(rejected)}`,
    `${sum(all.map(({ events }) => events))} events, ${sum(all.map(({ connects }) => connects))} connects`,
    `subscriptions back after ${sorted[Math.floor(sorted.length / 2)]} ms in the middle, ${sorted.at(-1)} ms at most`,
  ].join("; ");
}

test(`${KILLS} kills: every call settles once, what was acknowledged is there, subscriptions come back`, {
  timeout: 60_000 + KILLS * 40_000,
}, async () => {
  let state = SEED;
  const dice = (): number => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return state / 4_294_967_296;
  };
  const dataDir = await mkdtemp(join(tmpdir(), "byward-reconnect-"));
  let running = await start(dataDir, String(await steadyPort()));
  onTestFinished(async () => {
    await kill(running);
    await rm(dataDir, { recursive: true, force: true });
  });
  const { url } = running;
  const chatters = Array.from({ length: CLIENTS }, (_, index) => new Chatter(`c${index}`, url, token, dice));
  onTestFinished(async () => void (await Promise.all(chatters.map((chatter) => chatter.dispose()))));
  const all = chatters.map(({ books }) => books);

  const recoveries: number[] = [];
  await subscriptionsAreBack(url, chatters, 0);
  for (let round = 1; round <= KILLS; round++) {
    await pause(30 + dice() * 300);
    await kill(running);
    await pause(dice() * 200);
    running = await start(dataDir, new URL(url).port);
    recoveries.push(await subscriptionsAreBack(url, chatters, round));
    expect(
      all.flatMap(({ wrong }) => wrong),
      `seed ${SEED}, kill ${round}`,
    ).toEqual([]);
  }

  expect(await settled(Promise.all(chatters.map((chatter) => chatter.finish()))), "every call settles").toBe(true);
  expect(await auditPatiently(url, all), `seed ${SEED}`).toEqual([]);
  expect(
    all.flatMap(({ wrong }) => wrong),
    `seed ${SEED}`,
  ).toEqual([]);
  for (const books of all) expect(books.connects).toBeGreaterThan(KILLS / 2);
  console.log(report(all, recoveries));
});
