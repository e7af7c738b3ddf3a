/**
 * Owns the tunnels of a front: one for each Rivet actor it talks to, opened through the engine's gateway when first needed
 * and closed when unused. The engine decides where the actor is, starts it where it must, and drops tunnels of an owner
 * that was replaced.
 */
import WebSocket from "ws";
import { Refusal } from "../../../boundary/errors.ts";
import type { Clock, Logger } from "../../port.ts";
import { Mux } from "./mux.ts";
import { makeProof } from "./proof.ts";

/** Which Rivet actor: by type and key, made where there is none; or by its id. */
export type Target = { readonly type: string; readonly key: string } | { readonly type: string; readonly id: string };

export interface PoolOptions {
  readonly endpoint: string;
  readonly token: string;
  readonly namespace: string;
  readonly poolName: string;
  readonly key: Uint8Array;
  readonly clock: Clock;
  readonly log: Logger;
  /** ms to wait for an actor that moves. */
  readonly patience: number;
}

/** ms between pings of a tunnel in use. */
const PING = 1000;
/** Pings without a word after which it is given up; the engine would keep a tunnel to an owner that is gone for 20 s. */
const UNANSWERED = 4;
/** ms a tunnel without streams stays. */
const IDLE = 5000;
/**
 * ms for one attempt: opening, and the actor's welcome. The engine keeps an attempt waiting that it made for an owner which
 * then turned out to be gone; the next one finds the new owner. So the first are short.
 */
const ATTEMPTS = [2000, 3000, 3000, 5000] as const;
const FIRST_PAUSE = 50;
const LONGEST_PAUSE = 1000;

export class TunnelPool {
  readonly #options: PoolOptions;
  readonly #tunnels = new Map<string, Promise<Mux>>();
  readonly #open = new Set<Mux>();
  #isClosed = false;

  constructor(options: PoolOptions) {
    this.#options = options;
  }

  /** A tunnel to the actor. @throws Refusal `unavailable`; `not_found` for an id the engine does not know */
  get(target: Target): Promise<Mux> {
    const name = JSON.stringify(target);
    const known = this.#tunnels.get(name);
    if (known !== undefined) return known;
    const opening = this.#reach(target, name);
    this.#tunnels.set(name, opening);
    opening.catch(() => this.#tunnels.delete(name));
    return opening;
  }

  close(): void {
    this.#isClosed = true;
    for (const mux of [...this.#open]) mux.close(1001, "the front closes");
  }

  async #reach(target: Target, name: string): Promise<Mux> {
    const { clock, log, patience } = this.#options;
    const deadline = clock.now() + patience;
    for (let pause = FIRST_PAUSE, round = 0; ; pause = Math.min(pause * 2, LONGEST_PAUSE), round++) {
      try {
        return await this.#attempt(target, name, ATTEMPTS[Math.min(round, ATTEMPTS.length - 1)]!);
      } catch (error) {
        if ("id" in target && !(await this.#exists(target.id))) {
          throw new Refusal("not_found", { reason: "actor.missing", group: "actor" });
        }
        if (this.#isClosed || clock.now() + pause >= deadline) {
          log.warn({ target, err: error }, "an actor could not be reached");
          throw new Refusal("unavailable", { reason: "actor.unreachable", retryAfter: 1, cause: error });
        }
        await new Promise<void>((done) => clock.after(pause, done));
      }
    }
  }

  /** Its gateway does not tell an id it never gave from an actor that moves. True where it cannot be asked. */
  async #exists(id: string): Promise<boolean> {
    const { endpoint, namespace, token } = this.#options;
    const query = new URLSearchParams({ namespace, actor_ids: id });
    try {
      const headers = { authorization: `Bearer ${token}` };
      const response = await fetch(`${endpoint}/actors?${query}`, { headers, signal: AbortSignal.timeout(5000) });
      if (response.status === 400) return false;
      if (!response.ok) return true;
      const { actors } = (await response.json()) as { readonly actors: readonly { readonly destroy_ts: unknown }[] };
      return actors.some(({ destroy_ts }) => destroy_ts === null);
    } catch {
      return true;
    }
  }

  #attempt(target: Target, name: string, timeout: number): Promise<Mux> {
    const { clock, key } = this.#options;
    const socket = new WebSocket(this.#urlOf(target), ["rivet"], {
      perMessageDeflate: false,
      handshakeTimeout: timeout,
    });
    return new Promise((done, fail) => {
      let mux: Mux | null = null;
      const late = clock.after(timeout, () => socket.terminate());
      socket.on("open", () => socket.send(makeProof(key, "id" in target ? target.id : target.key, clock.now())));
      socket.on("error", (error) => fail(error));
      socket.on("close", (code, reason) => {
        late.cancel();
        fail(new Error(`The tunnel closed with ${code} ${String(reason)}`));
        if (mux !== null) this.#ended(mux, name, String(reason));
      });
      socket.on("message", (data, isBinary) => {
        if (isBinary) mux?.receive(bytesOf(data));
        else if (mux === null) {
          late.cancel();
          mux = this.#opened(socket, name);
          done(mux);
        }
      });
    });
  }

  #opened(socket: WebSocket, name: string): Mux {
    const { clock } = this.#options;
    let idle = clock.after(IDLE, () => {});
    const rearm = (): void => {
      idle.cancel();
      if (mux.size > 0 || mux.isOver) return;
      idle = clock.after(IDLE, () => {
        if (mux.size > 0 || mux.isOver) return;
        // From here on the next use opens another one.
        this.#tunnels.delete(name);
        mux.close(1000, "idle");
      });
    };
    const carrier = {
      send: (frame: Uint8Array) => socket.send(frame),
      close: (code: number, reason: string) => socket.close(code, reason),
    };
    const mux: Mux = new Mux(carrier, null, rearm);
    this.#open.add(mux);
    rearm();
    let unanswered = 0;
    const ping = (): void => {
      if (mux.isOver) return;
      if (mux.size === 0 || mux.silence < PING) unanswered = 0;
      if (mux.size > 0 && unanswered++ >= UNANSWERED) {
        // No close handshake: nobody is there to answer it.
        this.#ended(mux, name, "silent");
        socket.terminate();
        return;
      }
      if (mux.size > 0) mux.ping();
      clock.after(PING, ping);
    };
    clock.after(PING, ping);
    return mux;
  }

  #ended(mux: Mux, name: string, reason: string): void {
    this.#open.delete(mux);
    const current = this.#tunnels.get(name);
    current?.then(
      (known) => {
        if (known === mux && this.#tunnels.get(name) === current) this.#tunnels.delete(name);
      },
      () => {},
    );
    mux.end(reason);
  }

  #urlOf(target: Target): string {
    const { endpoint, namespace, poolName } = this.#options;
    const origin = endpoint.replace(/^http/, "ws").replace(/\/+$/, "");
    if ("id" in target) return `${origin}/gateway/${encodeURIComponent(target.id)}/websocket/tunnel`;
    const query = new URLSearchParams({
      "rvt-namespace": namespace,
      "rvt-method": "getOrCreate",
      "rvt-runner": poolName,
      "rvt-key": target.key,
      "rvt-crash-policy": "sleep",
    });
    return `${origin}/gateway/${target.type}/websocket/tunnel?${query}`;
  }
}

function bytesOf(data: WebSocket.RawData): Uint8Array {
  if (data instanceof ArrayBuffer) return new Uint8Array(data);
  return Array.isArray(data) ? Buffer.concat(data) : data;
}
