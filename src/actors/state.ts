/**
 * Owns one actor's state in memory: a plain tree that handlers change through a tracked view, and its way to and from
 * stored text. Nothing here waits: what leaves the actor waits in the outbox (G8).
 *
 * Invariants:
 * - A value that cannot be stored is refused at its assignment, and the assignment does not happen.
 * - Every change through a view sets `dirty` before control returns to the handler; encoding never goes through a view.
 * - The stored text never exceeds `maxSize` (G12).
 * - Objects given to the state are adopted: changes made to them directly, not through `c.state`, are stored only if the
 *   same invocation also changes something through `c.state` at or after.
 */
import { decode, EncodeError, encode } from "../protocol/json.ts";
import { admit } from "./state/admission.ts";
import { DraftTracker } from "./state/draft.ts";
import { SizeBudget } from "./state/size-budget.ts";
import { StateError } from "./state/state-error.ts";
import { LiveTracker, type Tree } from "./state/tracker.ts";
import { utf8Length } from "./utf8-length.ts";

export { checkShape, type MigrationSource, migrateState, type StateVersions } from "./state/migrate.ts";
export { refusalOf, StateError, type StateErrorCode } from "./state/state-error.ts";
export { untracked } from "./state/untracked.ts";

/** `maxStateSize`: bytes of the stored text of one actor's state. */
export const DEFAULT_MAX_STATE_SIZE = 8 * 1024 * 1024;

export interface StateCellOptions {
  /** Bytes of the stored text; {@link DEFAULT_MAX_STATE_SIZE} when absent. */
  readonly maxSize?: number;
  /** Called once each time the state goes from clean to dirty, before the changing statement returns. */
  readonly onDirty?: () => void;
  /**
   * Called at each change with the raw state (not to be changed). Changes made inside do not call it again. It must not
   * throw: what it throws reaches the handler's assignment although the change was made.
   */
  readonly onChange?: (state: unknown) => void;
}

/** Changes of one invocation, kept apart until it succeeds. */
export interface StagedState<S> {
  /** The state with these changes; its identity is stable. Ends with `commit` or `rollback`: later writes throw. */
  readonly value: S;
  /**
   * Applies the changes.
   * @throws StateError `conflict` when another invocation changed the same entry, `ended` when the state was reset
   *   meanwhile, `too_large`; nothing is applied then
   */
  commit(): void;
  /** Drops the changes. */
  rollback(): void;
}

export class StateCell<S = unknown> {
  readonly #options: StateCellOptions;
  readonly #budget: SizeBudget;
  readonly #drafts = new Set<DraftTracker>();
  #root: unknown;
  #tracker: LiveTracker;
  #tree: Tree;
  #dirty = false;
  #notifying = false;

  /** @throws StateError `invalid_type` or `too_large` for a first state that cannot be stored */
  constructor(state: S, options: StateCellOptions = {}) {
    this.#options = options;
    this.#budget = new SizeBudget(options.maxSize ?? DEFAULT_MAX_STATE_SIZE, {
      measure: () => utf8Length(this.#text()),
    });
    this.#tree = this.#plant(state);
    this.#tracker = new LiveTracker(this.#tree);
    this.encode();
  }

  /** A cell with the state of stored text. @throws DecodeError */
  static restore<S>(text: string, options: StateCellOptions = {}): StateCell<S> {
    return new StateCell(decode(text) as S, options);
  }

  /** The tracked view: change it in place. */
  get value(): S {
    return this.#tracker.root as S;
  }

  /** The raw tree, for reading at full speed. Changing it is not seen. */
  get raw(): S {
    return this.#root as S;
  }

  /** True when something changed since the last `encode`. */
  get dirty(): boolean {
    return this.#dirty;
  }

  /**
   * The text to store; the state counts as clean from here.
   * @throws StateError when an adopted object was changed directly into something that cannot be stored
   */
  encode(): string {
    const text = this.#text();
    const size = this.#sizeOf(text);
    if (size > this.#budget.max) {
      throw new StateError("too_large", "state", `the state takes more than ${this.#budget.max} bytes`);
    }
    this.#budget.measured(size);
    this.#dirty = false;
    return text;
  }

  /** Goes back to a stored text, or to a new tree. Views and stages of the tree before end: writing to them throws. */
  reset(state: { readonly text: string } | { readonly value: S }): void {
    const why = "the state was rolled back; read it again through c.state";
    this.#tracker.end(why);
    for (const draft of this.#drafts) draft.end(why);
    this.#drafts.clear();
    this.#tree = this.#plant("text" in state ? decode(state.text) : state.value);
    this.#tracker = new LiveTracker(this.#tree);
    this.encode();
  }

  /** Opens a stage for one invocation. Costs next to nothing until its `value` is read. */
  stage(): StagedState<S> {
    return new Stage<S>(
      () => this.#openDraft(),
      (draft) => this.#commit(draft),
      (draft) => this.#drafts.delete(draft),
    );
  }

  #plant(value: unknown): Tree {
    const place = { into: null, depth: 0, max: this.#budget.max, read: (one: object) => one, path: () => [] };
    this.#root = admit(value, place).raw;
    const root = this.#root;
    return {
      root,
      max: this.#budget.max,
      reserve: (bound, exact, path) => this.#budget.reserve(bound, exact, path),
      edited: (target, entry) => {
        if (this.#drafts.size > 0) for (const draft of this.#drafts) draft.noticed(target, entry);
        this.#changed();
      },
    };
  }

  #openDraft(): DraftTracker {
    const draft = new DraftTracker(this.#tree);
    this.#drafts.add(draft);
    return draft;
  }

  #commit(draft: DraftTracker): void {
    this.#drafts.delete(draft);
    const applied = draft.apply();
    if (applied.length === 0) return;
    for (const other of this.#drafts) for (const [target, entry] of applied) other.noticed(target, entry);
    this.#changed();
  }

  #changed(): void {
    if (!this.#dirty) {
      this.#dirty = true;
      this.#options.onDirty?.();
    }
    const { onChange } = this.#options;
    if (onChange === undefined || this.#notifying) return;
    this.#notifying = true;
    try {
      onChange(this.#root);
    } finally {
      this.#notifying = false;
    }
  }

  #text(): string {
    try {
      return encode(this.#root, "state");
    } catch (error) {
      if (!(error instanceof EncodeError)) throw error;
      throw new StateError("invalid_type", error.path, error.message, { cause: error });
    }
  }

  /** Bytes of the text; an upper bound while that is far from the limit, so that small states are not scanned. */
  #sizeOf(text: string): number {
    return text.length * 6 < this.#budget.max ? text.length * 3 : utf8Length(text);
  }
}

class Stage<S> implements StagedState<S> {
  readonly #open: () => DraftTracker;
  readonly #apply: (draft: DraftTracker) => void;
  readonly #forget: (draft: DraftTracker) => void;
  #draft: DraftTracker | null = null;
  #over = false;

  constructor(open: () => DraftTracker, apply: (draft: DraftTracker) => void, forget: (draft: DraftTracker) => void) {
    this.#open = open;
    this.#apply = apply;
    this.#forget = forget;
  }

  get value(): S {
    this.#draft ??= this.#open();
    if (this.#over) this.#close(this.#draft);
    return this.#draft.root as S;
  }

  commit(): void {
    this.#end((draft) => this.#apply(draft));
  }

  rollback(): void {
    this.#end(this.#forget);
  }

  #end(how: (draft: DraftTracker) => void): void {
    if (this.#over) return;
    this.#over = true;
    if (this.#draft === null) return;
    try {
      how(this.#draft);
    } finally {
      this.#close(this.#draft);
    }
  }

  #close(draft: DraftTracker): void {
    this.#forget(draft);
    draft.end(OVER);
  }
}

const OVER = "the invocation it belongs to is over";
