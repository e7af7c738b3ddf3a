/** Owns the processes of a bench: starting them, telling them what to do, ending every one of them. */
import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";

const CHILD = fileURLToPath(new URL("./child.ts", import.meta.url));

interface Answer {
  readonly id: number;
  readonly value?: unknown;
  readonly error?: string;
}

/** One side of a pair in its own process. */
export class Remote {
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, { resolve: (value: never) => void; reject: (error: Error) => void }>();
  #nextId = 1;
  #url = "";

  private constructor(child: ChildProcess) {
    this.#child = child;
    child.on("message", (answer: Answer) => {
      const waiting = this.#waiting.get(answer.id);
      this.#waiting.delete(answer.id);
      if (answer.error === undefined) waiting?.resolve(answer.value as never);
      else waiting?.reject(new Error(answer.error));
    });
    child.on("exit", (code, signal) => {
      for (const { reject } of this.#waiting.values()) reject(new Error(`the process ended: ${code ?? signal}`));
      this.#waiting.clear();
    });
  }

  /** Starts `module`, a path below `bench/`, with `options`. */
  static async start(module: string, options: object = {}): Promise<Remote> {
    const path = fileURLToPath(new URL(`../${module}`, import.meta.url));
    const profile = process.env["BENCH_CPU_PROF"];
    const child = fork(CHILD, [path, JSON.stringify(options)], {
      execArgv: [
        "--expose-gc",
        "--no-warnings",
        ...(profile !== undefined && module.includes(profile) ? ["--cpu-prof", "--cpu-prof-dir=/tmp/byward-prof"] : []),
      ],
      stdio: ["ignore", "inherit", "inherit", "ipc"],
    });
    const remote = new Remote(child);
    remote.#url = await remote.#answer<string>(0);
    return remote;
  }

  get url(): string {
    return this.#url;
  }
  get pid(): number {
    return this.#child.pid!;
  }

  ask<T>(name: string, argument?: unknown): Promise<T> {
    const id = this.#nextId++;
    const answer = this.#answer<T>(id);
    this.#child.send({ id, name, argument });
    return answer;
  }

  #answer<T>(id: number): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
    });
  }

  /** Ends it; resolves when it is gone. */
  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const gone = new Promise<void>((resolve) => this.#child.once("exit", () => resolve()));
    this.#child.disconnect();
    const late = setTimeout(() => this.#child.kill("SIGKILL"), 5000);
    await gone;
    clearTimeout(late);
  }
}
