/**
 * Owns promised sequences: a position runs only after its predecessor is recorded. It keeps, per stream, the row of
 * the last position done and a mark that the stream has begun; both stay, so a stream is never restarted by
 * forgetting.
 *
 * O1 At most one position of a stream runs at a time.
 * O2 A stream begins with its declared start, or else with the first delivery that succeeds; from then on positions
 *    go up by one.
 * O3 A gap is waited for, at most as long as the party says and by at most so many deliveries, or refused. Nothing is
 *    reordered.
 */
import { andThen, isPromise, type MaybePromise } from "./maybe-promise.ts";
import type { ReplayClock, ReplayRecord, ReplayRows } from "./replay-rows.ts";
import type { SequenceMark } from "./scheme.ts";

/** The latest instant a date can say (ECMA-262 §21.4.1.1): such a row is kept until it is replaced. */
const FOR_GOOD = 8_640_000_000_000_000;

/** A delivery's turn in its stream. */
export interface SequenceTurn {
  /** What records it. */
  rows(keepUntil: number): readonly ReplayRecord[];
  /** Ends the turn; `done` lets the next position run. */
  finish(done: boolean): void;
}

interface Waiter {
  resume(): void;
}

interface Stream {
  /** The position before the next one; null while unknown here. */
  last: number | null;
  /** True while its beginning has been tried and not recorded. */
  unbegun: boolean;
  /** The position whose turn it is; null while nothing runs. */
  running: number | null;
  /** Deliveries being judged, waiting or running: while there are any, what is known here is kept. */
  users: number;
  readonly waiters: Set<Waiter>;
}

/** Where a delivery stands: `first` begins its stream, `next` follows the last one recorded. */
type Place = "first" | "next" | "gap" | "behind";

/** The row that records a position. */
export function positionRowId(mark: Pick<SequenceMark, "stream" | "position">): string {
  return `${mark.stream}|${mark.position}`;
}

function beginningRowId(stream: string): string {
  return `${stream}|begun`;
}

export class Sequences {
  readonly #rows: Pick<ReplayRows, "get">;
  readonly #clock: ReplayClock;
  readonly #mostWaiting: number;
  readonly #streams = new Map<string, Stream>();
  #waiting = 0;

  constructor(rows: Pick<ReplayRows, "get">, clock: ReplayClock, mostWaiting: number) {
    this.#rows = rows;
    this.#clock = clock;
    this.#mostWaiting = mostWaiting;
  }

  /** Streams held in memory; for tests of boundedness. */
  get size(): number {
    return this.#streams.size;
  }

  /** The delivery's turn, at once or after waiting; `gap` when it did not come, `behind` when it has passed. */
  turnOf(mark: SequenceMark): MaybePromise<SequenceTurn | "gap" | "behind"> {
    const stream = this.#enter(mark.stream);
    const leave = <Result>(result: Result): Result => {
      if (typeof result === "string") this.#leave(mark.stream, stream);
      return result;
    };
    const giveUp = (error: unknown): never => {
      this.#leave(mark.stream, stream);
      throw error;
    };
    try {
      const turn = this.#attempt(stream, mark, this.#clock.now() + mark.maxWait);
      return isPromise(turn) ? turn.then(leave, giveUp) : leave(turn);
    } catch (error) {
      return giveUp(error);
    }
  }

  #attempt(stream: Stream, mark: SequenceMark, deadline: number): MaybePromise<SequenceTurn | "gap" | "behind"> {
    return andThen(this.#place(stream, mark), (read) => {
      // What happened here while rows were being read counts for more than what was read.
      const place = stream.last === null ? read : placeAfter(stream.last, mark.position);
      if (place === "behind") return "behind";
      if (place !== "gap" && stream.running === null) return this.#take(stream, mark, place);
      return andThen(this.#wait(stream, deadline), (woken) => (woken ? this.#attempt(stream, mark, deadline) : "gap"));
    });
  }

  #place(known: Stream, mark: SequenceMark): MaybePromise<Place> {
    const { stream, position, start } = mark;
    if (known.last !== null) return placeAfter(known.last, position);
    return andThen(this.#rows.get(beginningRowId(stream)), (begun): MaybePromise<Place> => {
      if (begun === null) {
        if (start === null || position === start) return "first";
        return position < start ? "behind" : "gap";
      }
      return andThen(this.#rows.get(positionRowId(mark)), (own): MaybePromise<Place> => {
        if (own?.status === "done") return "behind";
        const before = this.#rows.get(positionRowId({ stream, position: position - 1 }));
        return andThen(before, (row): Place => (row?.status === "done" ? "next" : "gap"));
      });
    });
  }

  #take(stream: Stream, mark: SequenceMark, place: "first" | "next"): SequenceTurn {
    stream.running = mark.position;
    // Until the first one is recorded, those that wait behind it must not take themselves for the first.
    stream.last = mark.position - 1;
    stream.unbegun ||= place === "first";
    return {
      rows: (keepUntil) => recordRows(mark, stream.unbegun, keepUntil),
      finish: (done) => {
        stream.running = null;
        if (done) {
          stream.last = mark.position;
          stream.unbegun = false;
        }
        for (const waiter of [...stream.waiters]) waiter.resume();
        this.#leave(mark.stream, stream);
      },
    };
  }

  /** True when something changed and the turn may have come; false at the deadline, or when too many wait already. */
  #wait(stream: Stream, deadline: number): MaybePromise<boolean> {
    const remaining = deadline - this.#clock.now();
    if (remaining <= 0 || this.#waiting >= this.#mostWaiting) return false;
    this.#waiting += 1;
    return new Promise((resolve) => {
      const settle = (woken: boolean): void => {
        if (!stream.waiters.delete(waiter)) return;
        timer.cancel();
        this.#waiting -= 1;
        resolve(woken);
      };
      const waiter: Waiter = { resume: () => settle(true) };
      stream.waiters.add(waiter);
      const timer = this.#clock.after(remaining, () => settle(false));
    });
  }

  #enter(name: string): Stream {
    let stream = this.#streams.get(name);
    if (stream === undefined) {
      stream = { last: null, unbegun: false, running: null, users: 0, waiters: new Set() };
      this.#streams.set(name, stream);
    }
    stream.users += 1;
    return stream;
  }

  /** What a stream has recorded is in its rows; nothing is kept in memory for it once nobody uses it. */
  #leave(name: string, stream: Stream): void {
    stream.users -= 1;
    if (stream.users === 0) this.#streams.delete(name);
  }
}

function placeAfter(last: number, position: number): Exclude<Place, "first"> {
  if (position <= last) return "behind";
  return position === last + 1 ? "next" : "gap";
}

function recordRows(mark: SequenceMark, begins: boolean, keepUntil: number): readonly ReplayRecord[] {
  const { stream, position } = mark;
  const done = (id: string, until: number): ReplayRecord => ({ id, status: "done", keepUntil: until });
  const own = done(positionRowId(mark), FOR_GOOD);
  if (begins) return [own, done(beginningRowId(stream), FOR_GOOD)];
  // The predecessor's row has done its work; it stays only as long as an equal delivery would still verify.
  return [own, done(positionRowId({ stream, position: position - 1 }), keepUntil)];
}
