/**
 * Owns the slow half of `encode`: writes values that need tags, and says which part of a value cannot be written.
 * It builds text, not a tree of stand-ins, so that no key it copies can hit a setter.
 */
import { type ByteView, bytesOf, byteTag, toBase64 } from "./bytes.ts";
import { EncodeError } from "./errors.ts";
import { isPlain } from "./json-plain.ts";
import { MAX_BIGINT_DIGITS, MAX_DEPTH } from "./limits.ts";

/** A member name, an index, or ready-made path text. */
type Segment = string | number | { readonly text: string };

/** Plain parts go to JSON.stringify whole. Looking only so far keeps the cost linear: no node is tested more often. */
const PLAIN_LEVELS = 3;

export const writeTagged = (value: unknown, label: string): string => new Writer(label).write(value);

class Writer {
  readonly #label: string;
  readonly #path: Segment[] = [];
  readonly #ancestors: object[] = [];
  /** Open brackets of the text, not of the value: the reader bounds the text. */
  #depth = 0;

  constructor(label: string) {
    this.#label = label;
  }

  write(value: unknown): string {
    switch (typeof value) {
      case "string":
        return JSON.stringify(value);
      case "boolean":
        return String(value);
      case "number":
        if (!Number.isFinite(value)) this.#refuse(`${value} has no encoding`);
        return JSON.stringify(value);
      case "undefined":
        return this.#nested(1, () => '["$Undefined",0]');
      case "bigint":
        return this.#nested(1, () => `["$BigInt","${this.#digits(value)}"]`);
      case "object":
        return value === null ? "null" : this.#object(value);
      default:
        return this.#refuse(`a ${typeof value} has no encoding`);
    }
  }

  #digits(value: bigint): string {
    const text = value.toString();
    if (text.length > MAX_BIGINT_DIGITS) this.#refuse(`a bigint of more than ${MAX_BIGINT_DIGITS} digits`);
    return text;
  }

  #object(value: object): string {
    if (this.#depth + PLAIN_LEVELS <= MAX_DEPTH && isPlain(value, PLAIN_LEVELS)) return JSON.stringify(value);
    if (this.#ancestors.includes(value)) this.#refuse("it contains itself");
    this.#ancestors.push(value);
    const text = this.#contents(value);
    this.#ancestors.pop();
    return text;
  }

  #contents(value: object): string {
    if (Array.isArray(value)) return this.#array(value);
    if (isRecord(value)) return this.#record(value);
    if (isExactly(value, Date)) return this.#date(value);
    if (isExactly(value, Map)) return this.#map(value);
    if (isExactly(value, Set)) return this.#set(value);
    const tag = byteTag(value);
    if (tag === undefined) return this.#refuse(describe(value));
    return this.#nested(1, () => `["${tag}","${toBase64(bytesOf(value as ByteView | ArrayBuffer))}"]`);
  }

  #array(items: readonly unknown[]): string {
    return this.#nested(1, () => {
      const [first] = items;
      if (items.length !== 2 || typeof first !== "string" || !first.startsWith("$")) return this.#items(items);
      return `[${JSON.stringify(`$${first}`)},${this.#at(1, items[1])}]`;
    });
  }

  #items(items: readonly unknown[]): string {
    let text = "[";
    // By index: a hole is an undefined element here, and `map` would skip it.
    for (let i = 0; i < items.length; i++) text += (i > 0 ? "," : "") + this.#at(i, items[i]);
    return `${text}]`;
  }

  #record(record: Record<string, unknown>): string {
    return this.#nested(1, () => {
      const members: string[] = [];
      for (const key of Object.keys(record)) {
        const member = record[key];
        if (member !== undefined) members.push(`${JSON.stringify(key)}:${this.#at(key, member)}`);
      }
      return `{${members.join(",")}}`;
    });
  }

  #date(date: Date): string {
    const time = date.getTime();
    if (Number.isNaN(time)) this.#refuse("an invalid Date");
    return this.#nested(1, () => `["$Date",${time}]`);
  }

  #map(map: Map<unknown, unknown>): string {
    return this.#nested(3, () => {
      const entries: string[] = [];
      for (const [key, member] of map) {
        const i = entries.length;
        const keyText = this.#at({ text: `.entries()[${i}][0]` }, key);
        entries.push(`[${keyText},${this.#at({ text: `.entries()[${i}][1]` }, member)}]`);
      }
      return `["$Map",[${entries.join(",")}]]`;
    });
  }

  #set(set: Set<unknown>): string {
    return this.#nested(2, () => {
      const members: string[] = [];
      for (const member of set) members.push(this.#at({ text: `.values()[${members.length}]` }, member));
      return `["$Set",[${members.join(",")}]]`;
    });
  }

  #at(segment: Segment, value: unknown): string {
    this.#path.push(segment);
    const text = this.write(value);
    this.#path.pop();
    return text;
  }

  #nested(levels: number, write: () => string): string {
    this.#depth += levels;
    if (this.#depth > MAX_DEPTH) this.#refuse(`nested deeper than ${MAX_DEPTH} levels`);
    const text = write();
    this.#depth -= levels;
    return text;
  }

  #refuse(reason: string): never {
    throw new EncodeError(this.#label + this.#path.map(render).join(""), reason);
  }
}

/** A plain object, also one of another realm: its prototype is null or ends the chain. */
const isRecord = (value: object): value is Record<string, unknown> => {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype || Object.getPrototypeOf(prototype) === null;
};

/** An instance of the class itself: a subclass has behaviour that would be lost. */
const isExactly = <T extends object>(value: object, type: new () => T): value is T =>
  value instanceof type && Object.getPrototypeOf(value) === type.prototype;

const describe = (value: object): string => {
  if (value instanceof Promise) return "a Promise; an `await` is missing";
  const made: unknown = value.constructor;
  const name = typeof made === "function" && made.name !== "" ? made.name : "a class";
  return `an instance of ${name}; store plain data and rebuild it`;
};

const render = (segment: Segment): string => {
  if (typeof segment === "number") return `[${segment}]`;
  if (typeof segment === "object") return segment.text;
  return /^[A-Za-z_$][\w$]*$/.test(segment) ? `.${segment}` : `[${JSON.stringify(segment.slice(0, 64))}]`;
};
