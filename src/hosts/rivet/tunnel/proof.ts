/**
 * Owns how the two ends of a tunnel know each other: the first message is an HMAC over the actor it is for, the time and a
 * nonce, under a key only runners have. Engine ports are private; this holds also where somebody reaches them. A proof opens
 * one tunnel of a runner: used again it is none.
 */
import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";

/** ms a proof is good for; clocks of runners may be that far apart. */
const WINDOW = 60_000;

/** Proofs remembered at most; only runners can make one. */
const MOST = 100_000;

/** The key of a cluster's tunnels, from a secret all its runners have. */
export function tunnelKey(secret: string): Uint8Array {
  return createHmac("sha256", secret).update("byward tunnel 1").digest();
}

export function makeProof(key: Uint8Array, target: string, now: number): string {
  const nonce = randomBytes(12).toString("base64url");
  return JSON.stringify({ v: 1, at: now, nonce, mac: macOf(key, target, now, nonce).toString("base64url") });
}

export function isProof(key: Uint8Array, target: string, now: number, text: string): boolean {
  let given: { readonly v?: unknown; readonly at?: unknown; readonly nonce?: unknown; readonly mac?: unknown };
  try {
    given = JSON.parse(text);
  } catch {
    return false;
  }
  const { v, at, nonce, mac } = given ?? {};
  if (v !== 1 || typeof at !== "number" || typeof nonce !== "string" || typeof mac !== "string") return false;
  if (nonce.length > 64 || Math.abs(now - at) > WINDOW) return false;
  const [expected, presented] = [macOf(key, target, at, nonce), Buffer.from(mac, "base64url")];
  return expected.length === presented.length && timingSafeEqual(expected, presented);
}

/** The proofs that a runner takes, each once. */
export class ProofBook {
  readonly #key: Uint8Array;
  /** Nonces that were used, and until when a proof could come with them: the oldest first. */
  readonly #used = new Map<string, number>();

  constructor(key: Uint8Array) {
    this.#key = key;
  }

  /** True for a proof for one of the names that has not been used. */
  take(names: readonly string[], now: number, text: string): boolean {
    if (!names.some((name) => isProof(this.#key, name, now, text))) return false;
    // `isProof` has read it.
    const { nonce } = JSON.parse(text) as { readonly nonce: string };
    for (const [known, until] of this.#used) {
      if (until >= now && this.#used.size < MOST) break;
      this.#used.delete(known);
    }
    if (this.#used.has(nonce)) return false;
    this.#used.set(nonce, now + 2 * WINDOW);
    return true;
  }
}

function macOf(key: Uint8Array, target: string, at: number, nonce: string): Buffer {
  return createHmac("sha256", key)
    .update(JSON.stringify([target, at, nonce]))
    .digest();
}
