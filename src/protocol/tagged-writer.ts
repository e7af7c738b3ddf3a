/**
 * Owns the walk from a value to its tagged form, for every encoding, and says which part of a value has none.
 * An output says how the parts are put down; for JSON it builds text, so that no key it copies can hit a setter.
 */
import { type ByteView, bytesOf, byteTag } from "./bytes.ts";
import { EncodeError } from "./errors.ts";
import { isPlain } from "./json-plain.ts";
import { MAX_BIGINT_DIGITS, MAX_DEPTH } from "./limits.ts";

/** How an encoding puts down the parts of a value. */
export interface Output<Part> {
  /** A value that needs no tag, nor does anything in it. */
  plain(value: unknown): Part;
  list(items: readonly Part[]): Part;
  record(members: readonly (readonly [name: string, value: Part])[]): Part;
  bytes(tag: string, bytes: Uint8Array): Part;
  /** Why this string cannot be written, if it cannot. */
  objection?(text: string, isMemberName: boolean): string | undefined;
}

/** A member name, an index, or ready-made path text. */
type Segment = string | number | { readonly text: string };

/** Plain parts are put down whole. Looking only so far keeps the cost linear: no node is tested more often. */
const PLAIN_LEVELS = 3;

/** @throws EncodeError with a path that starts with `label` */
export const writeTagged = <Part>(output: Output<Part>, value: unknown, label: string): Part =>
  new Writer(output, label).write(value);

class Writer<Part> {
  readonly #output: Output<Part>;
  readonly #label: string;
  readonly #path: Segment[] = [];
  readonly #ancestors: object[] = [];
  /** Open brackets of the written form, not of the value: that is what readers bound. */
  #depth = 0;

  constructor(output: Output<Part>, label: string) {
    this.#output = output;
    this.#label = label;
  }

  write(value: unknown): Part {
    switch (typeof value) {
      case "string":
        return this.#text(value, false);
      case "boolean":
        return this.#output.plain(value);
      case "number":
        if (!Number.isFinite(value)) this.#refuse(`${value} has no encoding`);
        return this.#output.plain(value);
      case "undefined":
        return this.#tagged(1, "$Undefined", () => this.#output.plain(0));
      case "bigint":
        return this.#tagged(1, "$BigInt", () => this.#output.plain(this.#digits(value)));
      case "object":
        return value === null ? this.#output.plain(null) : this.#object(value);
      default:
        return this.#refuse(`a ${typeof value} has no encoding`);
    }
  }

  #text(text: string, isMemberName: boolean): Part {
    const objection = this.#output.objection?.(text, isMemberName);
    if (objection !== undefined) this.#refuse(objection);
    return this.#output.plain(text);
  }

  #digits(value: bigint): string {
    const text = value.toString();
    if (text.length > MAX_BIGINT_DIGITS) this.#refuse(`a bigint of more than ${MAX_BIGINT_DIGITS} digits`);
    return text;
  }

  #object(value: object): Part {
    if (this.#isPlain(value)) return this.#output.plain(value);
    if (this.#ancestors.includes(value)) this.#refuse("it contains itself");
    this.#ancestors.push(value);
    const part = this.#contents(value);
    this.#ancestors.pop();
    return part;
  }

  #isPlain(value: object): boolean {
    // An output that objects to some strings has to see them all.
    return !this.#output.objection && this.#depth + PLAIN_LEVELS <= MAX_DEPTH && isPlain(value, PLAIN_LEVELS);
  }

  #contents(value: object): Part {
    if (Array.isArray(value)) return this.#array(value);
    if (isRecord(value)) return this.#record(value);
    if (isExactly(value, Date)) return this.#date(value);
    if (isExactly(value, Map)) return this.#map(value);
    if (isExactly(value, Set)) return this.#set(value);
    const tag = byteTag(value);
    if (tag === undefined) return this.#refuse(describe(value));
    return this.#nested(1, () => this.#output.bytes(tag, bytesOf(value as ByteView | ArrayBuffer)));
  }

  #array(items: readonly unknown[]): Part {
    const [first] = items;
    if (items.length === 2 && typeof first === "string" && first.startsWith("$")) {
      return this.#tagged(1, `$${first}`, () => this.#at(1, items[1]));
    }
    return this.#nested(1, () => {
      const parts: Part[] = [];
      // By index: a hole is an undefined element here, and `map` would skip it.
      for (let i = 0; i < items.length; i++) parts.push(this.#at(i, items[i]));
      return this.#output.list(parts);
    });
  }

  #record(record: Record<string, unknown>): Part {
    return this.#nested(1, () => {
      const members: [string, Part][] = [];
      for (const key of Object.keys(record)) {
        const member = record[key];
        if (member === undefined) continue;
        if (this.#output.objection) this.#text(key, true);
        members.push([key, this.#at(key, member)]);
      }
      return this.#output.record(members);
    });
  }

  #date(date: Date): Part {
    const time = date.getTime();
    if (Number.isNaN(time)) this.#refuse("an invalid Date");
    return this.#tagged(1, "$Date", () => this.#output.plain(time));
  }

  #map(map: Map<unknown, unknown>): Part {
    return this.#tagged(3, "$Map", () => {
      const entries: Part[] = [];
      for (const [key, member] of map) {
        const keyPart = this.#at({ text: `.entries()[${entries.length}][0]` }, key);
        entries.push(this.#output.list([keyPart, this.#at({ text: `.entries()[${entries.length}][1]` }, member)]));
      }
      return this.#output.list(entries);
    });
  }

  #set(set: Set<unknown>): Part {
    return this.#tagged(2, "$Set", () => {
      const members: Part[] = [];
      for (const member of set) members.push(this.#at({ text: `.values()[${members.length}]` }, member));
      return this.#output.list(members);
    });
  }

  #tagged(levels: number, tag: string, payload: () => Part): Part {
    return this.#nested(levels, () => this.#output.list([this.#text(tag, false), payload()]));
  }

  #at(segment: Segment, value: unknown): Part {
    this.#path.push(segment);
    const part = this.write(value);
    this.#path.pop();
    return part;
  }

  #nested(levels: number, write: () => Part): Part {
    this.#depth += levels;
    if (this.#depth > MAX_DEPTH) this.#refuse(`nested deeper than ${MAX_DEPTH} levels`);
    const part = write();
    this.#depth -= levels;
    return part;
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
