/** Starts programs of this repository on their source, and waits for what they print. */
import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));
const USE_SOURCE = fileURLToPath(new URL("./use-source.ts", import.meta.url));
const DEADLINE_MS = 60_000;

export interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Options {
  readonly cwd?: string;
  /** Added to the environment; undefined takes a variable away. */
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/** A running program. */
export class Running {
  readonly child: ChildProcess;
  stdout = "";
  stderr = "";
  readonly #ended: Promise<Finished>;

  constructor(child: ChildProcess) {
    this.child = child;
    child.stdout?.setEncoding("utf8").on("data", (text: string) => {
      this.stdout += text;
    });
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.stderr += text;
    });
    this.#ended = new Promise((done) => {
      child.once("close", (code) => done({ code, stdout: this.stdout, stderr: this.stderr }));
    });
  }

  /** Resolves with the match when standard output, or standard error, has come to contain it. */
  async waitFor(pattern: RegExp, from: "stdout" | "stderr" = "stdout"): Promise<RegExpExecArray> {
    const until = Date.now() + DEADLINE_MS;
    for (;;) {
      const match = pattern.exec(this[from]);
      if (match !== null) return match;
      if (Date.now() > until || this.child.exitCode !== null) {
        throw new Error(`${pattern} did not come.\nstdout: ${this.stdout}\nstderr: ${this.stderr}`);
      }
      await new Promise((done) => setTimeout(done, 20));
    }
  }

  finished(): Promise<Finished> {
    return this.#ended;
  }

  /** Ctrl+C, then the end. */
  async stop(): Promise<Finished> {
    this.child.kill("SIGINT");
    return this.#ended;
  }
}

/** Starts a file of this repository with its arguments, on the source. */
export function start(file: string, args: readonly string[], options: Options = {}): Running {
  const env: NodeJS.ProcessEnv = { ...process.env, NO_COLOR: "1", NODE_ENV: "test", ...options.env };
  for (const [name, value] of Object.entries(env)) if (value === undefined) delete env[name];
  return new Running(
    spawn(process.execPath, ["--import", USE_SOURCE, `${root}${file}`, ...args], {
      cwd: options.cwd ?? root,
      env,
      stdio: ["ignore", "pipe", "pipe"],
    }),
  );
}

/** Runs the command line to its end. */
export function byward(args: readonly string[], options?: Options): Promise<Finished> {
  return start("src/cli/main.ts", args, options).finished();
}

/** Runs a line as a person would paste it. */
export function paste(line: string): Promise<Finished> {
  const child = spawn("bash", ["-c", line], { stdio: ["ignore", "pipe", "pipe"], timeout: DEADLINE_MS });
  return new Running(child).finished();
}

/** Runs a line of one command that does not end by itself, such as a stream; the caller ends it. */
export function listen(line: string): Running {
  return new Running(spawn("bash", ["-c", `exec ${line.trim()}`], { stdio: ["ignore", "pipe", "pipe"] }));
}

/** What such a line has printed when it has come to contain `pattern`. */
export async function listenFor(line: string, pattern: RegExp): Promise<string> {
  const listening = listen(line);
  try {
    await listening.waitFor(pattern);
    return listening.stdout;
  } finally {
    await listening.stop();
  }
}
