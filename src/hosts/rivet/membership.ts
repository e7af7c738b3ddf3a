/**
 * Owns a runner's membership: it beats, learns what the directory tells, and knows until when it may serve. A runner that
 * hears nothing for `lease` ms, because it was paused or cut off, serves nobody until it is a member again; what it missed
 * it gets with the state (G7).
 */
import { randomUUID } from "node:crypto";
import type { ClosedConnection } from "../../actors/surroundings.ts";
import type { Clock, Logger, RevocationRow, Timer } from "../port.ts";
import { ask } from "./ask.ts";
import type { DirectoryQuestion, DirectoryWord, MemberWord } from "./directory.ts";
import { DIRECTORY_KEY, DIRECTORY_TYPE } from "./names.ts";
import type { HostRows } from "./store.ts";
import type { Stream } from "./tunnel/mux.ts";
import type { TunnelPool } from "./tunnel/pool.ts";

export interface MembershipOptions {
  readonly pool: TunnelPool;
  readonly clock: Clock;
  readonly log: Logger;
  readonly lease: number;
  /** Takes what is durable into force; the connections that ended by it. */
  readonly learn: (rows: readonly RevocationRow[], epoch: number) => readonly ClosedConnection[];
  /** The membership may be over elsewhere: stop serving. */
  readonly lapsed: () => void;
  /** It stands again. */
  readonly joined: () => void;
}

const BEAT = 1000;
/** ms without a turn of the event loop after which others may have this runner's actors: failover takes 3 s at least. */
const PAUSED = 2500;
const TARGET = { type: DIRECTORY_TYPE, key: DIRECTORY_KEY } as const;
/** ms between attempts to join again. */
const PAUSE = 250;

export class Membership implements HostRows {
  readonly #options: MembershipOptions;
  readonly #id = randomUUID();
  readonly #beats = new Map<number, number>();
  #stream: Stream | null = null;
  #until = 0;
  #beat = 0;
  #lastTick = 0;
  #timer: Timer | null = null;
  #isLapsed = false;
  #isClosed = false;
  /** Connections that members closed, by revocation, for the one who revoked. */
  readonly #closedBy = new Map<string, readonly ClosedConnection[]>();

  constructor(options: MembershipOptions) {
    this.#options = options;
  }

  /** Resolves when this runner is a member. */
  async join(): Promise<void> {
    await this.#join();
    this.#tick();
  }

  /** Leaves in order: nobody waits for this runner. */
  close(): void {
    this.#isClosed = true;
    this.#timer?.cancel();
    if (this.#stream !== null) this.#say({ t: "leave" });
  }

  async putRevocation(row: RevocationRow): Promise<void> {
    this.#closedBy.set(row.id, (await this.#ask({ op: "revoke", row })) as readonly ClosedConnection[]);
  }

  /** What members closed for a revocation of this runner's; told once. */
  closedBy(row: RevocationRow): readonly ClosedConnection[] {
    const closed = this.#closedBy.get(row.id) ?? [];
    this.#closedBy.delete(row.id);
    return closed;
  }

  async listRevocations(now: number): Promise<readonly RevocationRow[]> {
    return (await this.#ask({ op: "revocations", now })) as readonly RevocationRow[];
  }

  async putEpoch(epoch: number): Promise<void> {
    await this.#ask({ op: "raise", epoch });
  }

  async getEpoch(): Promise<number> {
    return (await this.#ask({ op: "epoch" })) as number;
  }

  /** True for the first runner that claims this instant of a schedule. */
  async claim(schedule: string, at: number): Promise<boolean> {
    return (await this.#ask({ op: "claim", schedule, at })) as boolean;
  }

  async #ask(question: DirectoryQuestion): Promise<unknown> {
    return ask(await this.#options.pool.get(TARGET), "host", question);
  }

  async #join(): Promise<void> {
    const asked = performance.now();
    const mux = await this.#options.pool.get(TARGET);
    const stream = mux.open({ kind: "member", id: this.#id });
    await new Promise<void>((done, fail) => {
      const lost = (): void => {
        fail(new Error("the directory went away"));
        if (this.#stream === stream) this.#lost();
      };
      stream.handlers = {
        message: (data) => {
          const word = JSON.parse(String(data)) as DirectoryWord;
          if (word.t === "state") {
            this.#options.learn(word.rows, word.epoch);
            this.#stream = stream;
            this.#beats.clear();
            this.#stands(asked);
            done();
          } else this.#heard(word, stream);
        },
        reset: lost,
        close: lost,
      };
    });
  }

  #lost(): void {
    this.#stream = null;
    if (this.#isClosed) return;
    const again = (): void => {
      if (this.#isClosed) return;
      this.#join().catch(() => this.#options.clock.after(PAUSE, again));
    };
    again();
  }

  #heard(word: Exclude<DirectoryWord, { readonly t: "state" }>, stream: Stream): void {
    if (word.t === "learn") {
      const closed = this.#options.learn(word.rows, word.epoch);
      // On the stream it came on: what was missed comes before this runner stands there again.
      stream.message(JSON.stringify({ t: "learned", seq: word.seq, closed } satisfies MemberWord));
      return;
    }
    const sent = this.#beats.get(word.n);
    this.#beats.delete(word.n);
    if (sent !== undefined) this.#stands(sent);
  }

  /** What was asked then was answered: the directory counts from later than that. */
  #stands(asked: number): void {
    this.#until = Math.max(this.#until, asked + this.#options.lease);
    if (!this.#isLapsed || this.#until <= performance.now()) return;
    this.#isLapsed = false;
    this.#options.joined();
  }

  #tick(): void {
    if (this.#isClosed) return;
    const now = performance.now();
    const wasPaused = this.#lastTick !== 0 && now - this.#lastTick > PAUSED;
    this.#lastTick = now;
    if (wasPaused) this.#until = 0;
    if (now >= this.#until && !this.#isLapsed) {
      this.#isLapsed = true;
      // What was asked before does not count.
      this.#beats.clear();
      this.#options.lapsed();
    }
    this.#beat += 1;
    this.#beats.set(this.#beat, now);
    if (this.#beats.size > 100) this.#beats.delete(this.#beats.keys().next().value!);
    this.#say({ t: "beat", n: this.#beat });
    this.#timer = this.#options.clock.after(
      Math.max(50, Math.min(BEAT, this.#isLapsed ? BEAT : this.#until - now)),
      () => this.#tick(),
    );
  }

  #say(word: MemberWord): void {
    this.#stream?.message(JSON.stringify(word));
  }
}
