/**
 * Owns one run of a registry in a test: a host over storage that outlives it. A session that is over is cut off from time
 * and storage, so that a crashed one cannot go on in the background.
 */
import { isPromise } from "../boundary/maybe-promise.ts";
import { memory } from "../hosts/memory/host.ts";
import type { ActorStore, Clock, Host, Logger, LogLevel } from "../hosts/port.ts";
import type { Edge } from "../registry/edge.ts";
import { Registry } from "../registry/registry.ts";
import type { TestClock } from "./clock.ts";

/** A line of the registry's log. */
export interface LogLine {
  readonly level: LogLevel;
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

export interface SessionParts {
  readonly clock: TestClock;
  readonly store: ActorStore;
  /** Work the clock must wait for. */
  readonly track: <T>(work: Promise<T>) => Promise<T>;
  readonly env: (name: string) => string | undefined;
  readonly fetch: Host["fetch"];
  readonly log: LogLine[];
  readonly digests: Pick<Host, "hmac" | "sha256">;
}

export class Session {
  readonly registry: Registry;
  readonly edge: Promise<Edge>;
  #isOver = false;

  constructor(definitions: Registry["config"], parts: SessionParts) {
    this.registry = new Registry(definitions, null);
    this.edge = this.registry.start(
      memory({
        clock: this.#fencedClock(parts.clock),
        store: this.#fencedStore(parts.store, parts.track),
        log: logInto(parts.log, {}),
        env: parts.env,
        fetch: parts.fetch,
        ...parts.digests,
      }),
    );
    // Who asks for the edge learns why it did not start.
    this.edge.catch(() => {});
  }

  /** Stops every actor cleanly. */
  async stop(): Promise<void> {
    await this.edge;
    await this.registry.close();
    this.#isOver = true;
  }

  /** Nothing more of it happens: no hook runs, no timer fires, no write begins. */
  crash(): void {
    this.#isOver = true;
  }

  #fencedClock(clock: TestClock): Clock {
    return {
      now: () => clock.now(),
      after: (delay, task) => clock.after(delay, () => (this.#isOver ? undefined : task())),
    };
  }

  #fencedStore(store: ActorStore, track: SessionParts["track"]): ActorStore {
    const never = new Promise<never>(() => {});
    return new Proxy(store, {
      get: (target, name) => {
        const member = target[name as keyof ActorStore] as unknown;
        // The storage is closed by the kit, when nothing will be started on it again.
        if (name === "close") return () => Promise.resolve();
        if (typeof member !== "function") return member;
        return (...args: unknown[]) => {
          if (this.#isOver) return never;
          const result: unknown = member.apply(target, args);
          if (!isPromise(result)) return result;
          track(result);
          return result.then((value) => (this.#isOver ? never : value));
        };
      },
    });
  }
}

function logInto(lines: LogLine[], bound: Readonly<Record<string, unknown>>): Logger {
  const at =
    (level: LogLevel) =>
    (fields: object, message: string): void => {
      lines.push({ level, message, fields: { ...bound, ...fields } });
    };
  return {
    debug: at("debug"),
    info: at("info"),
    warn: at("warn"),
    error: at("error"),
    child: (fields) => logInto(lines, { ...bound, ...fields }),
  };
}
