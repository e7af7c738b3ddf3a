/** Owns the tracked view of plain objects. Every key is data: `__proto__` too never reaches a prototype. */
import { type Bag, putMember } from "./kinds.ts";
import { Node } from "./node.ts";

export class ObjectNode extends Node<Bag> {
  get(_target: Bag, key: PropertyKey): unknown {
    const content = this.tracker.read(this.target);
    const value = content[key];
    if (typeof value !== "object" || value === null) return value;
    if (key === "__proto__" && !Object.hasOwn(content, key)) return undefined;
    return this.tracker.view(value, this.depth);
  }

  override set(_target: Bag, key: PropertyKey, value: unknown, receiver: unknown): boolean {
    if (this.isForeign(receiver)) return this.defineOn(receiver, key, value);
    if (typeof key === "symbol") return this.refuse(key, "a symbol is not a key that can be stored");
    const raw = this.admit(value, key, String(key).length);
    const before = this.tracker.read(this.target);
    if (Object.is(before[key], raw) && Object.hasOwn(before, key)) return true;
    putMember(this.tracker.edit(this.target, key), key, raw);
    this.tracker.edited(this.target, key);
    return true;
  }

  override deleteProperty(_target: Bag, key: PropertyKey): boolean {
    if (!Object.hasOwn(this.tracker.read(this.target), key)) return true;
    delete this.tracker.edit(this.target, key)[key];
    this.tracker.edited(this.target, key);
    return true;
  }
}
