/**
 * Owns the life of development children: one at a time, a new one when a file changed, the same port for all. S1 A child is
 * started only after the one before has ended, since both want the data directory. S2 Stopping ends the child first.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { resolve } from "node:path";
import { CHILD_ENTRY } from "./child-entry.ts";
import type { ChildOptions, FromChild, Welcome } from "./messages.ts";
import { Watcher } from "./watcher.ts";

/** A child that does not stop in this time, ms, is ended: longer than it waits for requests in flight. */
const PATIENCE_MS = 12_000;

export interface SupervisorEvents {
  serving(welcome: Welcome, isRestart: boolean): void;
  failed(failure: Extract<FromChild, { type: "failed" }>): void;
  /** The process ended without saying why. */
  died(how: string): void;
  changed(file: string): void;
}

export class Supervisor {
  readonly #options: ChildOptions;
  readonly #events: SupervisorEvents;
  readonly #watcher = new Watcher((file) => this.#restart(file));
  #child: ChildProcess | null = null;
  #hasServed = false;
  #saidWhy = false;
  #port: number | undefined;
  #wanted = true;
  /** Restarts stand in line (S1). */
  #line: Promise<void> = Promise.resolve();

  constructor(options: ChildOptions, events: SupervisorEvents) {
    this.#options = options;
    this.#events = events;
    this.#port = options.port;
    this.#watcher.add([resolve(options.entry)]);
  }

  start(): void {
    const options: ChildOptions = { ...this.#options, port: this.#port };
    const child = spawn(process.execPath, [...process.execArgv, CHILD_ENTRY, JSON.stringify(options)], {
      stdio: ["ignore", "inherit", "inherit", "ipc"],
    });
    this.#child = child;
    this.#saidWhy = false;
    child.on("message", (message: FromChild) => this.#heard(message));
    child.on("exit", (code, signal) => this.#ended(child, code, signal));
  }

  #heard(message: FromChild): void {
    switch (message.type) {
      case "loaded":
        this.#watcher.add(message.files);
        return;
      case "serving":
        this.#watcher.anySource = false;
        this.#port = message.welcome.port;
        this.#events.serving(message.welcome, this.#hasServed);
        this.#hasServed = true;
        return;
      case "failed":
        this.#saidWhy = true;
        this.#watcher.anySource = true;
        this.#events.failed(message);
    }
  }

  #ended(child: ChildProcess, code: number | null, signal: NodeJS.Signals | null): void {
    if (this.#child !== child) return;
    this.#child = null;
    this.#watcher.anySource = true;
    if (!this.#saidWhy && this.#wanted) this.#events.died(signal === null ? `exit code ${code}` : signal);
  }

  #restart(file: string): void {
    this.#events.changed(file);
    this.#line = this.#line.then(async () => {
      await this.#stopChild();
      if (this.#wanted) this.start();
    });
  }

  /** Resolves when the child has ended (S1). */
  async #stopChild(): Promise<void> {
    const child = this.#child;
    if (child === null) return;
    this.#child = null;
    const ended = new Promise<void>((done) => child.once("exit", () => done()));
    if (child.exitCode !== null || child.signalCode !== null) return;
    if (child.connected) child.send({ type: "stop" });
    const impatient = setTimeout(() => child.kill("SIGKILL"), PATIENCE_MS);
    await ended;
    clearTimeout(impatient);
  }

  async stop(): Promise<void> {
    this.#wanted = false;
    this.#watcher.close();
    await this.#line;
    await this.#stopChild();
  }
}
