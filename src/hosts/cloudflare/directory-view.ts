/**
 * Owns what one isolate knows of the directory. Plain data, shared by the runtimes of the isolate; each asks on its own behalf,
 * since what one request waits for another must not.
 */
import type { Runtime } from "../../actors/runtime.ts";
import type { RevocationRow } from "../port.ts";
import type { Closing, Knowledge } from "./directory.ts";
import { callObject, DIRECTORY, type Stubs } from "./stubs.ts";

/** Age up to which knowledge serves calls that stand on no connection, ms. */
export const MAX_AGE = 5000;

export class DirectoryView {
  #version = 0;
  #epoch = 0;
  #rows: { readonly version: number; readonly row: RevocationRow }[] = [];
  #checkedAt = Number.NEGATIVE_INFINITY;

  get version(): number {
    return this.#version;
  }

  isFresh(now: number): boolean {
    return now - this.#checkedAt < MAX_AGE;
  }

  /**
   * Takes in what the directory said at `askedAt`. False, and nothing is taken, where this isolate lacks what came before: an
   * object is told what it has not heard, and what it had heard may have been in another isolate.
   */
  learn(knowledge: Knowledge, askedAt: number): boolean {
    if (knowledge.after > this.#version) return false;
    this.#checkedAt = Math.max(this.#checkedAt, askedAt);
    this.#epoch = Math.max(this.#epoch, knowledge.epoch);
    const fresh = knowledge.rows.filter(({ version }) => version > this.#version);
    if (fresh.length > 0) this.#rows = [...this.#rows.filter(({ row }) => row.keepUntil >= askedAt), ...fresh];
    this.#version = Math.max(this.#version, knowledge.version);
    return true;
  }

  /** Asks the directory for what is new. */
  async update(stubs: Stubs, now: () => number): Promise<void> {
    const askedAt = now();
    // The directory answers `since` with Knowledge.
    const answer = await callObject(stubs.ofName(DIRECTORY), "since", this.#version);
    this.learn(answer as Knowledge, askedAt);
  }

  /** What a runtime that knows of `version` has yet to learn. */
  after(version: number): {
    readonly rows: readonly RevocationRow[];
    readonly epoch: number;
    readonly version: number;
  } {
    const rows = this.#rows.filter((found) => found.version > version).map(({ row }) => row);
    return { rows, epoch: this.#epoch, version: this.#version };
  }
}

/** One runtime's share of what its isolate knows. */
export class Learner {
  readonly #view: DirectoryView;
  #version = 0;
  #epoch = 0;

  constructor(view: DirectoryView) {
    this.#view = view;
  }

  /** Takes into force what the isolate has learnt since; the connections it closed, each with the revocation that did. */
  apply(runtime: Runtime): readonly Closing[] {
    const { rows, epoch, version } = this.#view.after(this.#version);
    if (version === this.#version && epoch === this.#epoch) return [];
    this.#version = version;
    this.#epoch = epoch;
    runtime.learn([], epoch);
    return rows.flatMap((row) => runtime.learn([row], epoch).map((closed) => ({ ...closed, by: row.id })));
  }
}
