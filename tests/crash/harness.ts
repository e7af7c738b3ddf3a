/**
 * Owns one crash run: a server under load, SIGKILL at a random instant, a restart, and an audit of what is on disk against
 * what clients had been told. G8: nothing acknowledged is lost. G9: nothing twice.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { type LoadLink, ownSocket, sharedSocket } from "./shared-socket.ts";

const ENTRY = fileURLToPath(new URL("./server.ts", import.meta.url));
const ACTORS = 8;
const WINDOW = 12;

/** What clients were told, and what they asked for without hearing back. */
export class Ledger {
  readonly told = {
    written: new Set<string>(),
    handled: new Set<string>(),
    fired: new Set<string>(),
    pairs: new Set<string>(),
  };
  readonly asked = new Set<string>();
  lastEvent = 0;
}
export interface Books {
  readonly ledgers: readonly Ledger[];
  readonly births: Set<string>;
  readonly ended: Set<string>;
  operations: number;
}
export const newBooks = (): Books => ({
  ledgers: Array.from({ length: ACTORS }, () => new Ledger()),
  births: new Set(),
  ended: new Set(),
  operations: 0,
});

export interface Running {
  readonly child: ChildProcess;
  readonly url: string;
}

export async function start(dataDir: string): Promise<Running> {
  const child = spawn(process.execPath, [ENTRY, dataDir], { stdio: ["ignore", "pipe", "inherit"] });
  const url = await new Promise<string>((resolve, reject) => {
    child.stdout!.once("data", (chunk: Buffer) => resolve(chunk.toString().trim()));
    child.once("exit", (code) => reject(new Error(`the server ended with ${code}`)));
  });
  return { child, url };
}

export async function kill({ child }: Running): Promise<void> {
  const gone = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGKILL");
  await gone;
}

/** Loads the server until it is killed after `ms`. */
export async function loadAndKill(
  running: Running,
  books: Books,
  ms: number,
  round: number,
  dice: () => number,
): Promise<void> {
  // Every other round the actors share one socket.
  const linkTo = round % 2 === 0 ? (path: string) => ownSocket(running.url, path) : sharedSocket(running.url);
  const workers = books.ledgers.map((ledger, index) =>
    loadLedger(linkTo(`/actors/ledger/l${index}/connect`), ledger, index, round, books, dice),
  );
  workers.push(loadBirths(running.url, books, round));
  await new Promise((resolve) => setTimeout(resolve, ms));
  await kill(running);
  await Promise.all(workers);
}

function loadLedger(
  link: LoadLink,
  ledger: Ledger,
  index: number,
  round: number,
  books: Books,
  dice: () => number,
): Promise<void> {
  return new Promise((resolve) => {
    const pending = new Map<number, () => void>();
    let id = 0;
    const send = (message: object, onTold: () => void): void => {
      id += 1;
      books.operations += 1;
      pending.set(id, onTold);
      link.send(JSON.stringify({ id, ...message }));
    };
    const next = (): void => {
      if (!link.isOpen) return;
      const op = `${round}.${index}.${id + 1}`;
      ledger.asked.add(op);
      const action = (name: string, ...args: unknown[]) => ({ t: "action", name, args: [op, ...args] });
      const choice = dice();
      if (choice < 0.4) send(action("write"), () => ledger.told.written.add(op));
      else if (choice < 0.55) send(action("pair"), () => ledger.told.pairs.add(op));
      else if (choice < 0.75) send({ t: "send", name: "jobs", body: op }, () => ledger.told.handled.add(op));
      else if (choice < 0.85) send(action("send"), () => ledger.told.handled.add(op));
      else send(action("schedule", Math.floor(dice() * 30)), () => ledger.told.fired.add(op));
    };
    link.onOpen(() => link.send(JSON.stringify({ t: "hello" })));
    link.onFrame((text) => {
      if (text.startsWith("!")) return;
      const frame = JSON.parse(text);
      for (const message of Array.isArray(frame) ? frame : [frame]) {
        if (message.t === "ready") {
          send({ t: "subscribe", name: "tick" }, () => {});
          for (let count = 0; count < WINDOW; count++) next();
        } else if (message.t === "event") {
          ledger.lastEvent = Math.max(ledger.lastEvent, message.args[0]);
        } else if (message.t === "result") {
          pending.get(message.id)?.();
          pending.delete(message.id);
          next();
        } else if (message.t === "error" && message.id !== undefined) {
          // A refusal (a full queue) is an answer too: the operation did not happen.
          pending.delete(message.id);
          next();
        }
      }
    });
    link.onEnd(resolve);
  });
}

async function loadBirths(url: string, books: Books, round: number): Promise<void> {
  for (let count = 0; ; count++) {
    const key = `b${round}-${count}`;
    try {
      if ((await act(url, "birth", key, "touch")) !== true) return;
      books.births.add(key);
      books.operations += 1;
      if (count % 3 === 0) {
        await act(url, "birth", key, "end");
        books.ended.add(key);
      }
    } catch {
      return;
    }
  }
}

async function act(
  url: string,
  actor: string,
  key: string,
  action: string,
  headers: Record<string, string> = {},
): Promise<unknown> {
  const response = await fetch(`${url}/actors/${actor}/${key}/actions/${action}`, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: "[]",
  });
  const body = (await response.json()) as { output?: unknown; code?: string };
  if (response.status === 404) return "not_found";
  if (response.status !== 200) throw new Error(`${action}: ${response.status} ${body.code}`);
  return body.output;
}

interface Audit {
  readonly seq: number;
  readonly written: Map<string, number>;
  readonly handled: Map<string, number>;
  readonly fired: Map<string, number>;
  readonly pairs: readonly string[];
}

/** Everything that is wrong, in words; empty when the books agree with the disk. */
export async function audit(url: string, books: Books): Promise<string[]> {
  const wrong: string[] = [];
  await Promise.all([
    ...books.ledgers.map(async (ledger, index) => wrong.push(...(await auditLedger(url, ledger, index)))),
    auditBirths(url, books, wrong),
  ]);
  return wrong;
}

async function auditLedger(url: string, ledger: Ledger, index: number): Promise<string[]> {
  if (ledger.asked.size === 0) return [];
  // Messages and schedules acknowledged before the kill must come to pass; they are given time, then counted.
  for (let patience = 600; ; patience--) {
    const wrong = compare(await readLedger(url, index), ledger, index);
    if (wrong.length === 0 || patience === 0 || wrong.some((line) => !line.includes("not yet"))) return wrong;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function readLedger(url: string, index: number): Promise<Audit> {
  const raw = (await act(url, "ledger", `l${index}`, "audit")) as Record<string, unknown>;
  const map = (value: unknown) => new Map((value as [string, [string, number][]])[1]);
  return {
    seq: raw["seq"] as number,
    written: map(raw["written"]),
    handled: map(raw["handled"]),
    fired: map(raw["fired"]),
    pairs: raw["pairs"] as string[],
  };
}

function compare(disk: Audit, { told, asked, lastEvent }: Ledger, index: number): string[] {
  const wrong: string[] = [];
  const say = (what: string): void => void wrong.push(`ledger l${index}: ${what}`);
  for (const op of told.written) if (!disk.written.has(op)) say(`write ${op} was acknowledged and is lost`);
  for (const op of told.pairs) {
    if (!disk.written.has(op)) say(`pair ${op} was acknowledged and its state is lost`);
    if (!disk.pairs.includes(op)) say(`pair ${op} was acknowledged and its kv is lost`);
  }
  for (const op of told.handled)
    if (!disk.handled.has(op)) say(`message ${op} was acknowledged and is not yet handled`);
  for (const op of told.fired) if (!disk.fired.has(op)) say(`schedule ${op} was acknowledged and has not yet fired`);
  for (const kind of ["written", "handled", "fired"] as const) {
    for (const [op, times] of disk[kind]) {
      if (times !== 1) say(`${kind} ${op} took effect ${times} times`);
      if (!asked.has(op)) say(`${kind} ${op} was never asked for`);
    }
  }
  if (lastEvent > disk.seq) say(`event ${lastEvent} left before its state was durable (${disk.seq})`);
  return wrong;
}

async function auditBirths(url: string, books: Books, wrong: string[]): Promise<void> {
  for (const key of [...books.births].slice(-20)) {
    const found = await act(url, "birth", key, "inspect", { "byward-mode": "get" });
    if (books.ended.has(key)) {
      // The reply to `end` leaves before the wipe is durable; what was not wiped must then be whole.
      if (found === "not_found") continue;
    }
    if (found === "not_found") {
      if (!books.ended.has(key)) wrong.push(`birth ${key} was acknowledged and is lost`);
      continue;
    }
    const { born, certificate } = found as { born: boolean; certificate: string | null };
    if (!born || certificate !== "yes") wrong.push(`birth ${key} is half-created: ${JSON.stringify(found)}`);
  }
}
