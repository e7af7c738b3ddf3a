/** Connections that call and listen at given rates, whether answers come or not, as many callers would. */
import { performance } from "node:perf_hooks";
import WebSocket from "ws";
import type { Side } from "../harness/child.ts";
import { quantile } from "../harness/stats.ts";

interface Options {
  readonly url: string;
  readonly token: string;
  readonly connections: number;
  /** Connections of one actor. */
  readonly perRoom: number;
  /** Every connection listens to its room. */
  readonly listen: boolean;
}

/** Calls a second, over all connections. */
export interface Rates {
  readonly reads: number;
  readonly writes: number;
  readonly says: number;
}

export interface LoadResult {
  readonly calls: number;
  readonly events: number;
  /** ms. */
  readonly p50: number;
  readonly p99: number;
}

const TICK_MS = 5;

class Caller {
  readonly #ws: WebSocket;
  /** The first one was the subscription's. */
  #id = 2;
  readonly #sent = new Map<number, number>();
  readonly waits: number[];
  events = 0;

  constructor(ws: WebSocket, waits: number[]) {
    this.#ws = ws;
    this.waits = waits;
    ws.on("message", (data) => {
      const frame = JSON.parse(String(data)) as { t: string; id?: number };
      for (const message of Array.isArray(frame) ? frame : [frame]) this.#heard(message);
    });
  }

  #heard(message: { readonly t: string; readonly id?: number }): void {
    if (message.t === "event") {
      this.events += 1;
      return;
    }
    if (message.t === "error") throw new Error(JSON.stringify(message));
    const sent = this.#sent.get(message.id ?? 0);
    if (sent === undefined) return;
    this.#sent.delete(message.id!);
    this.waits.push(performance.now() - sent);
  }

  get isIdle(): boolean {
    return this.#sent.size === 0;
  }

  call(name: string, args: readonly unknown[]): void {
    const id = this.#id++;
    this.#sent.set(id, performance.now());
    this.#ws.send(JSON.stringify({ t: "action", id, name, args }));
  }
}

async function connect({ url, token, listen }: Options, room: number, waits: number[]): Promise<Caller> {
  const ws = new WebSocket(`${url.replace("http", "ws")}/actors/room/r${room}/connect`, ["byward.v1"]);
  await new Promise((done, fail) => ws.once("open", done).once("error", fail));
  const ready = new Promise((done) => ws.once("message", done));
  ws.send(JSON.stringify({ t: "hello", token }));
  await ready;
  if (listen) {
    const subscribed = new Promise((done) => ws.once("message", (data) => done(String(data))));
    ws.send(JSON.stringify({ t: "subscribe", id: 1, name: "said" }));
    const answer = await subscribed;
    if (!String(answer).includes('"result"')) throw new Error(`not subscribed: ${answer}`);
  }
  return new Caller(ws, waits);
}

export async function open(options: Options): Promise<Side> {
  const waits: number[] = [];
  const callers: Caller[] = [];
  while (callers.length < options.connections) {
    const batch = Math.min(100, options.connections - callers.length);
    const from = callers.length;
    const made = Array.from({ length: batch }, (_, at) =>
      connect(options, Math.floor((from + at) / options.perRoom), waits),
    );
    callers.push(...(await Promise.all(made)));
  }
  const run = async ({ reads, writes, says, ms }: Rates & { readonly ms: number }): Promise<LoadResult> => {
    waits.length = 0;
    for (const caller of callers) caller.events = 0;
    const started = performance.now();
    const done = { read: 0, write: 0, say: 0 };
    let next = 0;
    const due = (name: keyof typeof done, rate: number, elapsed: number, args: readonly unknown[]): void => {
      for (; done[name] < (rate * elapsed) / 1000; done[name] += 1) callers[next++ % callers.length]!.call(name, args);
    };
    for (let elapsed = 0; elapsed < ms; elapsed = performance.now() - started) {
      due("read", reads, elapsed, []);
      due("write", writes, elapsed, []);
      due("say", says, elapsed, ["hello"]);
      await new Promise((resume) => setTimeout(resume, TICK_MS));
    }
    const patience = performance.now() + 10_000;
    while (!callers.every((caller) => caller.isIdle)) {
      if (performance.now() > patience) throw new Error("answers did not come within 10 s");
      await new Promise((resume) => setTimeout(resume, TICK_MS));
    }
    return {
      calls: waits.length,
      events: callers.reduce((sum, caller) => sum + caller.events, 0),
      p50: waits.length === 0 ? 0 : quantile(waits, 0.5),
      p99: waits.length === 0 ? 0 : quantile(waits, 0.99),
    };
  };
  return { commands: { run: run as (argument: unknown) => unknown } };
}
