/**
 * Owns one chatting client: it keeps calls under way whatever becomes of the server, and notes what it asked for, what it
 * was told, what came over its sockets and through which states its connection went.
 */
import { ActorError, type Client } from "byward/client";
import { createClientOn } from "../../src/client/create-client.ts";
import { systemRuntime } from "../../src/client/runtime.ts";
import type { Rooms } from "./server.ts";

/** Calls under way at once. */
const WINDOW = 6;
/** Codes that a call may end with because a server was killed, and no others. */
const EXPECTED = new Set(["client/connection_lost", "client/network_failed", "byward/unavailable", "queue/full"]);
/** Between two calls of one worker, ms: people chat, they do not measure. */
const PACE_MS = 5;
/**
 * Pauses before another attempt, as parts of what they would be. Kills come faster here than connections live, so that
 * pauses would grow to half a minute. `BYWARD_PAUSES=1` leaves them as they are.
 */
const PAUSES = Number(process.env["BYWARD_PAUSES"] ?? 0.03);
/** Which states may follow one another. */
const NEXT: Readonly<Record<string, readonly string[]>> = {
  connecting: ["connected", "disconnected"],
  connected: ["disconnected", "idle"],
  disconnected: ["connecting", "idle"],
};

/** What one client did and saw. */
export interface Books {
  readonly asked: Set<string>;
  /** Actions that were answered, with the number they were answered with. */
  readonly said: Map<string, number>;
  /** Sends that were acknowledged. */
  readonly sent: Set<string>;
  readonly rejected: Record<string, number>;
  /** Calls the server said no to: they must have had no effect. */
  readonly refused: Set<string>;
  /** Everything that must not be, in words. */
  readonly wrong: string[];
  events: number;
  connects: number;
}

export class Chatter {
  readonly books: Books = {
    asked: new Set(),
    said: new Map(),
    sent: new Set(),
    rejected: {},
    refused: new Set(),
    wrong: [],
    events: 0,
    connects: 0,
  };
  readonly #name: string;
  readonly #client: Client<Rooms>;
  readonly #conn;
  readonly #handle;
  readonly #dice: () => number;
  #heard = new Set<string>();
  #lastSeq = 0;
  #status = "connecting";
  #stopped = false;
  #count = 0;
  readonly #workers: Promise<void>[];

  constructor(name: string, url: string, token: () => Promise<string>, dice: () => number) {
    this.#name = name;
    this.#dice = dice;
    const options = { endpoint: url, token, WebSocket: this.#watchedSocket() };
    const runtime = systemRuntime(options);
    this.#client = createClientOn<Rooms>({ ...runtime, random: () => runtime.random() * PAUSES }, options);
    this.#handle = this.#client.room.getOrCreate("lobby");
    this.#conn = this.#handle.connect();
    this.#conn.onStatusChange((status) => this.#follow(status));
    this.#conn.on("said", (seq, op) => this.#hear(seq, op));
    this.#workers = Array.from({ length: WINDOW }, () => this.#work());
  }

  get isConnected(): boolean {
    return this.#conn.isConnected;
  }
  /** Why the connection gave up, if it did. */
  get failure(): ActorError | undefined {
    return this.#conn.$failure;
  }
  hasHeard(op: string): boolean {
    return this.#heard.has(op);
  }

  /** Asks for nothing more; resolves when every call has settled. */
  async finish(): Promise<void> {
    this.#stopped = true;
    await Promise.all(this.#workers);
  }
  dispose(): Promise<void> {
    return this.#client.dispose();
  }

  /** A `WebSocket` that notes a reply that comes a second time on the same socket. */
  #watchedSocket(): typeof WebSocket {
    const wrong = this.books.wrong;
    const name = this.#name;
    return class extends WebSocket {
      constructor(url: string | URL, protocols?: string | string[]) {
        super(url, protocols);
        const seen = new Set<number>();
        this.addEventListener("message", ({ data }) => {
          if (typeof data !== "string") return;
          const frame: unknown = JSON.parse(data);
          for (const { t, id } of (Array.isArray(frame) ? frame : [frame]) as { t: string; id?: number }[]) {
            if ((t !== "result" && t !== "error") || id === undefined) continue;
            if (seen.has(id)) wrong.push(`${name}: a second reply to ${id} on one socket`);
            seen.add(id);
          }
        });
      }
    };
  }

  #follow(status: string): void {
    if (!NEXT[this.#status]?.includes(status)) this.books.wrong.push(`${this.#name}: ${this.#status} → ${status}`);
    this.#status = status;
    if (status === "connected") this.books.connects += 1;
  }

  #hear(seq: number, op: string): void {
    this.books.events += 1;
    if (seq <= this.#lastSeq) this.books.wrong.push(`${this.#name}: event ${seq} after ${this.#lastSeq}`);
    this.#lastSeq = seq;
    if (op.startsWith("mark")) this.#heard.add(op);
  }

  async #work(): Promise<void> {
    while (!this.#stopped) {
      const op = `${this.#name}.${++this.#count}`;
      this.books.asked.add(op);
      try {
        await this.#ask(op);
      } catch (error) {
        this.#note(op, error);
      }
      await new Promise((resolve) => setTimeout(resolve, PACE_MS));
    }
  }

  async #ask(op: string): Promise<void> {
    const choice = this.#dice();
    if (choice < 0.35) this.#answered(op, await this.#conn.say(op));
    else if (choice < 0.55) this.#answered(op, await this.#conn.ponder(op));
    else if (choice < 0.65) this.#answered(op, await this.#handle.say(op));
    else if (choice < 0.85) {
      await this.#conn.send("jobs", op);
      this.books.sent.add(op);
    } else {
      await this.#handle.send("jobs", op);
      this.books.sent.add(op);
    }
  }

  #answered(op: string, seq: number): void {
    if (this.books.said.has(op)) this.books.wrong.push(`${this.#name}: ${op} was answered twice`);
    this.books.said.set(op, seq);
  }

  #note(op: string, error: unknown): void {
    const code = error instanceof ActorError ? `${error.group}/${error.code}` : String(error);
    if (!code.startsWith("client/")) this.books.refused.add(op);
    this.books.rejected[code] = (this.books.rejected[code] ?? 0) + 1;
    if (!EXPECTED.has(code)) this.books.wrong.push(`${this.#name}: ${op} was rejected with ${code}`);
  }
}
