/**
 * Owns decisions between their recording and their writing: numbers in columns, no objects, bounded. Nearly every decision repeats
 * the shape of an earlier one of the same caller, so that recording one is a few comparisons and three stores.
 */
import type { Decision } from "../../../actors/decisions.ts";

/** Decisions that gather at most. */
const MAX_GATHERED = 4096;
/** Shapes that are known at a time, and those remembered for each caller. */
const MAX_SHAPES = 8192;
const MAX_RECENT = 8;

interface KnownShape {
  readonly id: number;
  readonly decision: Decision;
}

export class Gathering {
  readonly #describe: (decision: Decision) => string;
  readonly #shapes = new Int32Array(MAX_GATHERED);
  readonly #times = new Float64Array(MAX_GATHERED);
  readonly #durations = new Float64Array(MAX_GATHERED);
  readonly #ids = new Map<number, string>();
  #byText = new Map<string, number>();
  #recent = new WeakMap<object, KnownShape[]>();
  readonly #nobody = {};
  #lastId = 0;
  #definitions = "";
  #count = 0;
  #from = 0;

  /** `describe` gives the fields of a decision's shape, as JSON without braces. */
  constructor(describe: (decision: Decision) => string) {
    this.#describe = describe;
  }

  get count(): number {
    return this.#count;
  }

  /** Adds one; true when there is room for no more. */
  add(decision: Decision): boolean {
    const at = this.#count;
    if (at === 0) this.#from = decision.seq;
    this.#shapes[at] = this.#shapeOf(decision);
    this.#times[at] = decision.at;
    this.#durations[at] = decision.duration;
    if (decision.correlationId !== null) this.#ids.set(at, decision.correlationId);
    this.#count = at + 1;
    return at + 1 === MAX_GATHERED;
  }

  /** Numbers stand for nothing any more: every shape is defined again when it is next met. */
  forget(): void {
    this.#byText = new Map();
    this.#recent = new WeakMap();
    this.#definitions = "";
    this.#lastId = 0;
  }

  /** The lines of what gathered; nothing is gathered any more. */
  take(): Buffer {
    const begin = this.#times[0]!;
    const head = `${this.#definitions}{"from":${this.#from},"at":${begin}}\n`;
    const lines = Buffer.allocUnsafe(this.#count * LONGEST_LINE + this.#ids.size * LONGEST_ID);
    let end = 0;
    for (let at = 0; at < this.#count; at++) {
      lines[end++] = OPEN;
      end = putInteger(lines, end, this.#shapes[at]!);
      lines[end++] = COMMA;
      end = putInteger(lines, end, this.#times[at]! - begin);
      lines[end++] = COMMA;
      end = putInteger(lines, end, Math.round(this.#durations[at]!));
      const id = this.#ids.size === 0 ? undefined : this.#ids.get(at);
      if (id !== undefined) end += lines.write(`,${JSON.stringify(id.slice(0, MAX_ID))}`, end);
      lines[end++] = CLOSE;
      lines[end++] = LINE_FEED;
    }
    this.#count = 0;
    this.#definitions = "";
    this.#ids.clear();
    if (this.#byText.size >= MAX_SHAPES) {
      this.forget();
      this.#definitions = '{"forget":true}\n';
    }
    return Buffer.concat([Buffer.from(head), lines.subarray(0, end)]);
  }

  #shapeOf(decision: Decision): number {
    const holder = decision.caller ?? this.#nobody;
    let recent = this.#recent.get(holder);
    if (recent !== undefined) {
      for (let index = 0; index < recent.length; index++) {
        const known = recent[index]!;
        if (isSame(known.decision, decision)) return known.id;
      }
    } else {
      recent = [];
      this.#recent.set(holder, recent);
    }
    const id = this.#define(decision);
    if (recent.length === MAX_RECENT) recent.shift();
    recent.push({ id, decision });
    return id;
  }

  #define(decision: Decision): number {
    const fields = this.#describe(decision);
    const known = this.#byText.get(fields);
    if (known !== undefined) return known;
    const id = ++this.#lastId;
    this.#byText.set(fields, id);
    this.#definitions += `{"shape":${id},${fields}}\n`;
    return id;
  }
}

/** For decisions of one caller. */
function isSame(one: Decision, other: Decision): boolean {
  return (
    one.name === other.name &&
    one.kind === other.kind &&
    one.key === other.key &&
    one.target === other.target &&
    one.outcome === other.outcome &&
    one.reason === other.reason
  );
}

const OPEN = 0x5b;
const CLOSE = 0x5d;
const COMMA = 0x2c;
const MINUS = 0x2d;
const ZERO = 0x30;
const LINE_FEED = 0x0a;
/** `[`, three numbers of at most 17 characters, two commas, `]` and a line feed. */
const LONGEST_LINE = 56;
const MAX_ID = 64;
/** A correlation id with its comma, as JSON in which every character may be escaped. */
const LONGEST_ID = MAX_ID * 6 + 3;

/** Writes a whole number; where one is none, 0. Nearly all of them are below 100. */
function putInteger(bytes: Buffer, start: number, value: number): number {
  if (value >= 0 && value < 10 && Number.isInteger(value)) {
    bytes[start] = ZERO + value;
    return start + 1;
  }
  if (value >= 10 && value < 100 && Number.isInteger(value)) {
    const tens = (value / 10) | 0;
    bytes[start] = ZERO + tens;
    bytes[start + 1] = ZERO + value - 10 * tens;
    return start + 2;
  }
  return putLarge(bytes, start, value);
}

function putLarge(bytes: Buffer, start: number, value: number): number {
  let end = start;
  let left = Number.isSafeInteger(value) ? value : 0;
  if (left < 0) {
    bytes[end++] = MINUS;
    left = -left;
  }
  let divisor = 1;
  while (left / divisor >= 10) divisor *= 10;
  for (; divisor >= 1; divisor /= 10) {
    const digit = Math.floor(left / divisor);
    bytes[end++] = ZERO + digit;
    left -= digit * divisor;
  }
  return end;
}
