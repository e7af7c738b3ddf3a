/**
 * Owns what one verifier remembers of tokens it found good. Keyed by the digest of the whole token where the host lends
 * one, else by the token itself; never by a part of it (fast-jwt CVE-2026-35039 mixed callers that way).
 *
 * C1 One cache belongs to one verifier of one party, so a token good for one party is unknown to every other.
 * C2 Failures are never remembered.
 * C3 It holds at most `capacity` entries; the least used half goes first.
 * C4 A few good tokens are held beside their digests, found by the whole of them; they lead to the digest, to nothing else.
 * It judges nothing: whoever reads an entry judges its times again.
 */
export interface TokenCacheOptions {
  /** Most entries held. */
  readonly capacity: number;
  readonly sha256?: ((data: Uint8Array | string) => Uint8Array) | undefined;
}

/** At most 1 MiB of tokens a party. */
const MOST_RECENT = 512;
const LONGEST_RECENT = 2048;

export class TokenCache<Entry> {
  readonly #half: number;
  readonly #sha256: TokenCacheOptions["sha256"];
  /** Two generations: when the young one is half the capacity it becomes the old one, and the old one is dropped. */
  #young = new Map<string, Entry>();
  #old = new Map<string, Entry>();
  /** Keys of good tokens that came lately. Says nothing of whether they are good now. */
  readonly #recent = new Map<string, string>();

  constructor(options: TokenCacheOptions) {
    this.#half = Math.max(1, Math.floor(options.capacity / 2));
    this.#sha256 = options.sha256;
  }

  get size(): number {
    return this.#young.size + this.#old.size;
  }

  /** The key of a token; computed once per presentation. */
  keyOf(token: string): string {
    if (this.#sha256 === undefined) return token;
    return this.#recent.get(token) ?? textOf(this.#sha256(token));
  }

  /** A good token came: the digest of one that comes often is not computed again. */
  noteRecent(token: string, key: string): void {
    if (this.#sha256 === undefined || token.length > LONGEST_RECENT || this.#recent.has(token)) return;
    if (this.#recent.size >= MOST_RECENT) this.#recent.clear();
    this.#recent.set(token, key);
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
    this.#recent.clear();
  }
}

/** One character per byte: shorter to build than hexadecimal, and as distinct. */
function textOf(digest: Uint8Array): string {
  // `apply` takes any array-like; spreading would go through an iterator, at twice the cost of the digest.
  return String.fromCharCode.apply(null, digest as unknown as number[]);
}
