/** Owns what a key range means: unsigned byte order, `start` inclusive, `end` exclusive, all bounds together. */
import type { KvKey, KvRange } from "./port.ts";

export function compareBytes(a: KvKey, b: KvKey): number {
  const shared = Math.min(a.length, b.length);
  for (let at = 0; at < shared; at += 1) {
    const difference = (a[at] as number) - (b[at] as number);
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

export function inRange(key: KvKey, range: KvRange): boolean {
  if (range.start !== undefined && compareBytes(key, range.start) < 0) return false;
  if (range.end !== undefined && compareBytes(key, range.end) >= 0) return false;
  return range.prefix === undefined || startsWith(key, range.prefix);
}

function startsWith(key: KvKey, prefix: KvKey): boolean {
  return key.length >= prefix.length && prefix.every((byte, at) => key[at] === byte);
}

/** The first key after every key with this prefix, or null when there is none (all bytes 0xff). */
export function afterPrefix(prefix: KvKey): KvKey | null {
  // Not `slice`: of a Node Buffer that would be a view of the caller's bytes.
  const end = new Uint8Array(prefix);
  for (let at = end.length - 1; at >= 0; at -= 1) {
    if (end[at] === 0xff) continue;
    end[at] = (end[at] as number) + 1;
    return end.slice(0, at + 1);
  }
  return null;
}

/** A key as text with one character a byte: equal texts mean equal keys, so it serves as a Map key. */
export function keyText(key: KvKey): string {
  let text = "";
  for (const byte of key) text += String.fromCharCode(byte);
  return text;
}
