/** Owns a small cluster for tests: an engine and runners, and clients that load it and keep books of what they were told. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import WebSocket from "ws";
import { type Engine, launchEngine } from "../../src/hosts/rivet/index.ts";
import type { Ledger } from "../crash/harness.ts";
import { engineBinary } from "./kit.ts";

const ENTRY = fileURLToPath(new URL("./runner.ts", import.meta.url));
/** Operations of one client under way. */
const WINDOW = 6;
const PAUSE = 100;
/** ms without an answer after which a client comes again. */
const SILENCE = 3000;

export interface Runner {
  readonly child: ChildProcess;
  readonly url: string;
}

export class Cluster {
  readonly engine: Engine;
  readonly #dataDir: string;
  readonly #children = new Set<ChildProcess>();

  private constructor(engine: Engine, dataDir: string) {
    this.engine = engine;
    this.#dataDir = dataDir;
  }

  static async start(): Promise<Cluster> {
    const dataDir = await mkdtemp(join(tmpdir(), "byward-rivet-"));
    return new Cluster(await launchEngine({ dataDir, port: 0, binary: engineBinary }), dataDir);
  }

  async addRunner(): Promise<Runner> {
    const { endpoint, token } = this.engine;
    const child = spawn(process.execPath, [ENTRY, endpoint, token], {
      stdio: ["pipe", "pipe", process.env["BYWARD_RUNNER_LOG"] === undefined ? "ignore" : "inherit"],
      env: { ...process.env, BYWARD_LOG: process.env["BYWARD_RUNNER_LOG"] ?? "silent" },
    });
    this.#children.add(child);
    child.once("exit", () => this.#children.delete(child));
    const url = await new Promise<string>((done, fail) => {
      child.stdout!.on("data", (chunk: Buffer) => {
        const line = /^http:\S+$/m.exec(chunk.toString());
        if (line !== null) done(line[0]);
      });
      child.once("exit", (code) => fail(new Error(`a runner ended with ${code}`)));
    });
    return { child, url };
  }

  async kill({ child }: Runner): Promise<void> {
    const gone = new Promise((done) => child.once("exit", done));
    child.kill("SIGKILL");
    await gone;
  }

  /** Ends everything; resolves to the pids of what is still there, which should be none. */
  async stop(): Promise<readonly number[]> {
    const pids = [...this.#children].map(({ pid }) => pid!);
    for (const child of this.#children) child.kill("SIGKILL");
    await this.engine.close();
    await rm(this.#dataDir, { recursive: true, force: true });
    let left = [...pids, this.engine.pid].filter(isAlive);
    for (let waited = 0; left.length > 0 && waited < 20_000; waited += 100) {
      await new Promise((done) => setTimeout(done, 100));
      left = left.filter(isAlive);
    }
    return left;
  }
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** Loads one ledger through several fronts until it is stopped; comes again after each loss. */
export class Load {
  readonly #ledger: Ledger;
  readonly #index: number;
  readonly #fronts: () => readonly string[];
  readonly #dice: () => number;
  readonly #prefix: string;
  #socket: WebSocket | null = null;
  #number = 0;
  #turn: number;
  #isOver = false;
  #lastAnswer = 0;
  readonly #watch: NodeJS.Timeout;
  /** Operations that were answered. */
  answered = 0;

  constructor(ledger: Ledger, index: number, prefix: string, fronts: () => readonly string[], dice: () => number) {
    this.#ledger = ledger;
    this.#index = index;
    this.#prefix = prefix;
    this.#fronts = fronts;
    this.#dice = dice;
    this.#turn = index;
    this.#watch = setInterval(() => {
      if (performance.now() - this.#lastAnswer > SILENCE) this.#socket?.terminate();
    }, 500);
    this.#open();
  }

  get lastAnswer(): number {
    return this.#lastAnswer;
  }

  stop(): void {
    this.#isOver = true;
    clearInterval(this.#watch);
    this.#socket?.terminate();
  }

  #open(): void {
    if (this.#isOver) return;
    const fronts = this.#fronts();
    const front = fronts[this.#turn++ % Math.max(1, fronts.length)];
    if (front === undefined) {
      setTimeout(() => this.#open(), PAUSE);
      return;
    }
    const url = `${front.replace("http", "ws")}/actors/ledger/l${this.#index}/connect`;
    const socket = new WebSocket(url, ["byward.v1"]);
    this.#socket = socket;
    const pending = new Map<number, () => void>();
    let opened = performance.now();
    const stall = setTimeout(() => socket.terminate(), SILENCE + 2000);
    socket.on("open", () => socket.send(JSON.stringify({ t: "hello" })));
    socket.on("message", (data) => {
      const frame = JSON.parse(data.toString());
      for (const message of Array.isArray(frame) ? frame : [frame]) {
        if (message.t === "ready") {
          clearTimeout(stall);
          opened = performance.now();
          this.#lastAnswer = Math.max(this.#lastAnswer, opened);
          socket.send(JSON.stringify({ t: "subscribe", id: 1_000_000, name: "tick" }));
          for (let count = 0; count < WINDOW; count++) this.#next(socket, pending);
        } else if (message.t === "event") {
          this.#ledger.lastEvent = Math.max(this.#ledger.lastEvent, message.args[0]);
        } else if (message.t === "result" && pending.has(message.id)) {
          pending.get(message.id)!();
          pending.delete(message.id);
          this.answered += 1;
          this.#lastAnswer = performance.now();
          this.#next(socket, pending);
        } else if (message.t === "error" && message.id !== undefined) {
          // A refusal is an answer too: the operation did not happen, or nobody said that it did.
          pending.delete(message.id);
          setTimeout(() => this.#next(socket, pending), 5);
        }
      }
    });
    socket.on("error", () => {});
    socket.on("close", () => {
      clearTimeout(stall);
      setTimeout(() => this.#open(), PAUSE);
    });
  }

  #next(socket: WebSocket, pending: Map<number, () => void>): void {
    if (this.#isOver || socket.readyState !== WebSocket.OPEN) return;
    const id = ++this.#number;
    const op = `${this.#prefix}.${this.#index}.${id}`;
    const { told, asked } = this.#ledger;
    asked.add(op);
    const send = (message: object, book: Set<string>): void => {
      pending.set(id, () => book.add(op));
      socket.send(JSON.stringify({ id, ...message }));
    };
    const action = (name: string, ...args: unknown[]) => ({ t: "action", name, args: [op, ...args] });
    const choice = this.#dice();
    if (choice < 0.4) send(action("write"), told.written);
    else if (choice < 0.55) send(action("pair"), told.pairs);
    else if (choice < 0.75) send({ t: "send", name: "jobs", body: op }, told.handled);
    else if (choice < 0.85) send(action("send"), told.handled);
    else send(action("schedule", Math.floor(this.#dice() * 500)), told.fired);
  }
}

/** Waits until every load was answered after `since`; resolves to how long that took, ms. */
export async function servedAgain(loads: readonly Load[], since: number, patience: number): Promise<number> {
  while (performance.now() - since < patience) {
    if (loads.every(({ lastAnswer }) => lastAnswer > since)) return performance.now() - since;
    await new Promise((done) => setTimeout(done, 20));
  }
  throw new Error(`Not served again within ${patience} ms`);
}
