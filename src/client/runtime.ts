/** Owns what the client takes from its surroundings. Everything ambient is named here, and replaced in tests. */

export interface Runtime {
  readonly fetch: typeof globalThis.fetch;
  readonly WebSocket: typeof globalThis.WebSocket;
  /** Epoch ms. */
  now(): number;
  /** 0 ≤ x < 1. Spreads reconnects; nothing secret rests on it. */
  random(): number;
  /** Unique, for idempotency ids. */
  uniqueId(): string;
  /** Calls once after `ms`. Returns what cancels it. */
  later(ms: number, run: () => void): () => void;
  /** An error nobody listens for. */
  report(error: unknown): void;
}

/** Longest delay timers take; longer ones would fire at once. */
export const MAX_DELAY = 2 ** 31 - 1;

export const systemRuntime = (
  overrides: { readonly fetch?: typeof globalThis.fetch; readonly WebSocket?: typeof globalThis.WebSocket } = {},
): Runtime => ({
  // Called as a method of the global object: browsers refuse it on any other.
  fetch: overrides.fetch ?? ((input, init) => globalThis.fetch(input, init)),
  get WebSocket() {
    return overrides.WebSocket ?? globalThis.WebSocket;
  },
  now: () => Date.now(),
  random: () => Math.random(),
  uniqueId: () => {
    // Not randomUUID: browsers have it on secure origins only.
    const bytes = crypto.getRandomValues(new Uint8Array(16));
    return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  },
  later: (ms, run) => {
    const timer = setTimeout(run, Math.min(ms, MAX_DELAY));
    return () => clearTimeout(timer);
  },
  report: (error) => console.error(error),
});
