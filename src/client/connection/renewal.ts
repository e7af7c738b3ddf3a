/**
 * Owns the renewal of a connection's lease, in band and before it ends (design §7). A failed renewal leaves the lease as
 * it was: it is tried again while the lease lives, and at its end the server closes.
 *
 * Invariant: how long the lease runs is told by the server's two times alone; the client's clock may be wrong.
 */
import { readLease } from "../../protocol/server-frames.ts";
import { ActorError, clientError, MalformedResponseMessage } from "../errors.ts";
import { MAX_DELAY, type Runtime } from "../runtime.ts";

export interface Lease {
  readonly expiresAt: number | null;
  readonly now: number;
}

/** What renewal needs of the connection. */
export interface RenewalPort {
  readonly runtime: Runtime;
  freshToken(): Promise<string | undefined>;
  renew(token: string): Promise<unknown>;
  reportError(error: ActorError): void;
}

/** ms before the end at which renewal starts, at most; for short leases a fifth of them. */
const LEAD = 60_000;
const FIRST_RETRY = 1000;

export class Renewal {
  readonly #port: RenewalPort;
  #cancel: (() => void) | undefined;
  /** Told apart from a renewal that was stopped while it waited. */
  #round = 0;
  #retry = FIRST_RETRY;

  constructor(port: RenewalPort) {
    this.#port = port;
  }

  /** A lease was granted. */
  start(lease: Lease): void {
    this.stop();
    this.#retry = FIRST_RETRY;
    if (lease.expiresAt !== null) this.#schedule(remaining(lease) - Math.min(LEAD, remaining(lease) / 5), lease);
  }

  stop(): void {
    this.#round++;
    this.#cancel?.();
    this.#cancel = undefined;
  }

  #schedule(delay: number, lease: Lease): void {
    const wait = Math.min(Math.max(delay, 0), MAX_DELAY);
    this.#cancel = this.#port.runtime.later(wait, () => {
      // A lease longer than timers can count is waited for in parts.
      if (wait < delay) this.#schedule(delay - wait, lease);
      else void this.#renew(lease);
    });
  }

  async #renew(lease: Lease): Promise<void> {
    const round = this.#round;
    try {
      const token = await this.#port.freshToken();
      if (round !== this.#round || token === undefined) return;
      const renewed = asLease(await this.#port.renew(token));
      if (round !== this.#round) return;
      if (!isLonger(renewed, lease)) throw clientError("token_failed", "token() gave a token that ends no later.");
      this.start(renewed);
    } catch (error) {
      if (round === this.#round) this.#failed(error, lease);
    }
  }

  #failed(error: unknown, lease: Lease): void {
    const known = error instanceof ActorError ? error : clientError("token_failed", "The renewal failed.", error);
    this.#port.reportError(known);
    // A subject that changed is refused for good; the lease runs out and the connection starts over.
    if (known.code === "forbidden") return;
    this.#retry = Math.min(this.#retry * 2, LEAD);
    this.#schedule(this.#retry * (0.5 + this.#port.runtime.random() / 2), lease);
  }
}

const remaining = ({ expiresAt, now }: Lease): number => (expiresAt ?? Number.POSITIVE_INFINITY) - now;

const isLonger = (renewed: Lease, before: Lease): boolean =>
  renewed.expiresAt === null || renewed.expiresAt > (before.expiresAt ?? Number.POSITIVE_INFINITY);

const asLease = (output: unknown): Lease => {
  try {
    return readLease(output);
  } catch (error) {
    throw new MalformedResponseMessage("The answer to a renewal has no lease.", error);
  }
};
