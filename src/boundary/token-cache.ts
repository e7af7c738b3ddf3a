/**
 * Owns what one verifier remembers of tokens it found good. Keyed by the digest of the whole token where the host lends
 * one, else by the token itself; never by a part of it (fast-jwt CVE-2026-35039 mixed callers that way).
 *
 * C1 One cache belongs to one verifier of one party, so a token good for one party is unknown to every other.
 * C2 Failures are never remembered.
 * C3 It holds at most `capacity` entries; the least used half goes first.
 * It judges nothing: whoever reads an entry judges its times again.
 */
export interface TokenCacheOptions {
  /** Most entries held. */
  readonly capacity: number;
  readonly sha256?: ((data: Uint8Array | string) => Uint8Array) | undefined;
}

export class TokenCache<Entry> {
  readonly #half: number;
  readonly #sha256: TokenCacheOptions["sha256"];
  /** Two generations: when the young one is half the capacity it becomes the old one, and the old one is dropped. */
  #young = new Map<string, Entry>();
  #old = new Map<string, Entry>();

  constructor(options: TokenCacheOptions) {
    this.#half = Math.max(1, Math.floor(options.capacity / 2));
    this.#sha256 = options.sha256;
  }

  get size(): number {
    return this.#young.size + this.#old.size;
  }

  /** The key of a token; computed once per presentation. */
  keyOf(token: string): string {
    return this.#sha256 === undefined ? token : textOf(this.#sha256(token));
  }

  get(key: string): Entry | undefined {
    const young = this.#young.get(key);
    if (young !== undefined) return young;
    const old = this.#old.get(key);
    if (old !== undefined) {
      this.#old.delete(key);
      this.set(key, old);
    }
    return old;
  }

  set(key: string, entry: Entry): void {
    if (this.#young.size >= this.#half) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(key, entry);
  }

  delete(key: string): void {
    this.#young.delete(key);
    this.#old.delete(key);
  }

  clear(): void {
    this.#young = new Map();
    this.#old = new Map();
  }
}

/** One character per byte: shorter to build than hexadecimal, and as distinct. */
function textOf(digest: Uint8Array): string {
  // `apply` takes any array-like; spreading would go through an iterator, at twice the cost of the digest.
  return String.fromCharCode.apply(null, digest as unknown as number[]);
}
