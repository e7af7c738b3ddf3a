/**
 * Owns the tracked views of Date and of typed arrays: objects whose data is in internal slots, changed as a whole.
 *
 * Hazards, by the nature of proxies: a native function that wants the slots of its argument (`TextDecoder.decode`,
 * `crypto.subtle.digest`) does not accept a view; `view.slice()` gives it a plain copy. Taking `.buffer` counts as a
 * change, for what is written through it cannot be seen.
 */
import { isIndex } from "./kinds.ts";
import { Node, nodeOf, WHOLE } from "./node.ts";
import { StateError } from "./state-error.ts";

type Method = (...parameters: never[]) => unknown;

export class DateNode extends Node<Date> {
  get(_target: Date, key: PropertyKey): unknown {
    const own = DATE_METHODS[key];
    return own ?? Reflect.get(this.content, key, this.content);
  }

  call(name: PropertyKey, parameters: unknown[]): unknown {
    const changed = new Date(this.content.getTime());
    const result = Reflect.apply(Reflect.get(changed, name) as Method, changed, parameters);
    if (changed.getTime() === this.content.getTime()) return result;
    if (Number.isNaN(changed.getTime())) {
      const path = this.tracker.pathOf(this.target);
      throw new StateError("invalid_type", path, `${String(name)} would make ${path} an invalid Date`);
    }
    this.tracker.edit(this.target, WHOLE).setTime(changed.getTime());
    this.tracker.edited(this.target, WHOLE);
    return result;
  }
}

const DATE_METHODS: Record<PropertyKey, Method> = Object.create(null);
for (const name of Reflect.ownKeys(Date.prototype)) {
  if (name === "constructor" || name === Symbol.toPrimitive) continue;
  DATE_METHODS[name] = function method(this: unknown, ...parameters: never[]): unknown {
    const node = nodeOf(this);
    if (node instanceof DateNode) return node.call(name, parameters);
    return Reflect.apply(Reflect.get(Date.prototype, name) as Method, this, parameters);
  };
}
// `new Date(view)` asks for the default primitive; the native text would lose the milliseconds, ISO text keeps them.
DATE_METHODS[Symbol.toPrimitive] = function toPrimitive(this: Date, hint: string): unknown {
  if (hint === "default") return this.toISOString();
  return hint === "number" ? this.getTime() : this.toString();
};

const CHANGING = new Set<PropertyKey>(["set", "fill", "sort", "reverse", "copyWithin", "setFromBase64", "setFromHex"]);

/** Typed arrays of every element type. */
export class BytesNode extends Node<Uint8Array> {
  readonly #methods = new Map<PropertyKey, Method>();

  get(_target: Uint8Array, key: PropertyKey): unknown {
    if (key === "buffer") this.#change(() => {});
    const content = this.content;
    const value: unknown = Reflect.get(content, key, content);
    return typeof value === "function" && key !== "constructor" ? this.#method(key) : value;
  }

  override set(_target: Uint8Array, key: PropertyKey, value: unknown, receiver: unknown): boolean {
    if (this.isForeign(receiver)) return this.defineOn(receiver, key, value);
    if (!isIndex(key)) return this.refuse(key);
    const index = Number(key);
    // The element type converts first, on a copy: what it rejects or leaves equal changes nothing.
    const probe = this.content.slice(index, index + 1);
    if (probe.length === 0) return true;
    probe[0] = value as number;
    if (Object.is(probe[0], this.content[index])) return true;
    this.#change((bytes) => bytes.set(probe, index));
    return true;
  }

  /** Announces a change, and gives the bytes to change. */
  edit(): Uint8Array {
    return this.tracker.edit(this.target, WHOLE);
  }
  edited(): void {
    this.tracker.edited(this.target, WHOLE);
  }
  /** The bytes whose buffer a part may share. */
  held(): Uint8Array {
    return this.tracker.hold(this.target);
  }

  #change(make: (bytes: Uint8Array) => unknown): unknown {
    const bytes = this.edit();
    try {
      return make(bytes);
    } finally {
      // Also where it threw half way.
      this.edited();
    }
  }

  #method(name: PropertyKey): Method {
    let method = this.#methods.get(name);
    if (method === undefined) {
      method = (...parameters: never[]) => this.#call(name, parameters);
      this.#methods.set(name, method);
    }
    return method;
  }

  #call(name: PropertyKey, parameters: never[]): unknown {
    const run = (bytes: Uint8Array): unknown =>
      Reflect.apply(
        Reflect.get(bytes, name) as Method,
        bytes,
        parameters.map((one) => this.#seen(one, bytes)) as never[],
      );
    if (name === "subarray") return new PartNode(this, run(this.held()) as Uint8Array).proxy;
    const result = CHANGING.has(name) ? this.#change(run) : run(this.content);
    return result === this.content ? this.proxy : result;
  }

  /** A callback is given the view where the method would give it the bytes. */
  #seen(parameter: unknown, bytes: Uint8Array): unknown {
    if (typeof parameter !== "function") return parameter;
    const { proxy } = this;
    return function callback(this: unknown, ...given: unknown[]): unknown {
      return Reflect.apply(
        parameter,
        this,
        given.map((one) => (one === bytes ? proxy : one)),
      );
    };
  }
}

/** What `subarray` gives: it shares the buffer of the whole, so what is written to it is a change of the whole. */
class PartNode extends BytesNode {
  readonly #whole: BytesNode;

  constructor(whole: BytesNode, part: Uint8Array) {
    super(part, whole.tracker, whole.depth);
    this.#whole = whole;
  }

  override get content(): Uint8Array {
    return this.target;
  }
  override edit(): Uint8Array {
    this.#whole.edit();
    return this.target;
  }
  override edited(): void {
    this.#whole.edited();
  }
  override held(): Uint8Array {
    this.#whole.held();
    return this.target;
  }
}
