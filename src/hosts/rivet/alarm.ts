/**
 * Owns the one durable deadline of an actor, Rivet's `c.run.setWakeAt`: the engine starts the actor then, on whatever
 * runner there is. The engine forgets a deadline when it passes, also while the actor is up; an owner that crashes just
 * after would leave its work asleep. So a deadline ahead always covers the work:
 *
 * - work for later: the deadline is no later than the work, and is moved on just before it passes;
 * - work for now (messages, an interrupted `run`): the deadline is at most `guard` ms ahead, moved on while the work lasts.
 *
 * It is set before the commit that makes it necessary. A deadline without work wakes an actor once in vain, no more.
 */
import type { Clock, Timer } from "../port.ts";

/** A deadline nearer than this counts as passed: setting it anew takes time. */
const MARGIN = 1000;

export interface AlarmSource {
  readonly clock: Clock;
  setWakeAt(timestamp: number): Promise<void>;
  /** What the last commit left to do: when, and whether `run` goes on. Null: nothing. */
  work(): Work | null;
  failed(error: unknown): void;
  /** A deadline came while the actor is here. */
  due(): void;
}

export interface Work {
  readonly wakeAt: number | null;
  readonly running: boolean;
}

export class Alarm {
  readonly #source: AlarmSource;
  readonly #guard: number;
  #armed = 0;
  /** The work of the last commit that was handed over: the one under way, or else what {@link AlarmSource.work} says. */
  #coming: Work | null = null;
  #timer: Timer | null = null;
  #isOver = false;

  constructor(source: AlarmSource, guard: number) {
    this.#source = source;
    this.#guard = guard;
  }

  /** Resolves when a durable deadline covers the work that a commit is about to leave; at once, mostly. */
  async cover(work: Work | null): Promise<void> {
    this.#coming = work;
    await this.#cover(this.#targetOf(work));
  }

  async #cover(target: number | null): Promise<void> {
    if (target === null) return;
    const now = this.#source.clock.now();
    if (this.#armed > now + MARGIN && this.#armed <= target) return;
    await this.#set(target);
  }

  /** The actor leaves its runner: the deadline is the work itself. */
  async leave(work: Work | null): Promise<void> {
    this.#isOver = true;
    this.#timer?.cancel();
    if (work === null) return;
    const now = this.#source.clock.now();
    const at = work.running ? now : work.wakeAt;
    if (at !== null && Math.max(at, now) !== this.#armed) await this.#source.setWakeAt(Math.max(at, now + 50));
  }

  stop(): void {
    this.#isOver = true;
    this.#timer?.cancel();
  }

  #targetOf(work: Work | null): number | null {
    if (work === null) return null;
    const now = this.#source.clock.now();
    const soon = now + MARGIN;
    if (work.running || (work.wakeAt !== null && work.wakeAt <= soon)) {
      const guarded = now + this.#guard;
      return work.wakeAt !== null && work.wakeAt > soon ? Math.min(work.wakeAt, guarded) : guarded;
    }
    return work.wakeAt;
  }

  async #set(at: number): Promise<void> {
    const target = Math.ceil(at);
    await this.#source.setWakeAt(target);
    this.#armed = target;
    this.#timer?.cancel();
    if (this.#isOver) return;
    const { clock } = this.#source;
    this.#timer = clock.after(Math.max(0, target - clock.now() - MARGIN), () => {
      // A commit under way may not happen: both what is and what is coming must be covered.
      const targets = [this.#source.work(), this.#coming].map(
        (work) => this.#targetOf(work) ?? Number.POSITIVE_INFINITY,
      );
      const first = Math.min(...targets);
      const next = first === Number.POSITIVE_INFINITY ? null : first;
      this.#cover(next).catch((error: unknown) => this.#source.failed(error));
      // The engine does not come any more: the one that stands now is a later one.
      clock.after(Math.max(0, target - clock.now()), () => {
        if (!this.#isOver) this.#source.due();
      });
    });
  }
}
