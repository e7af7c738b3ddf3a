/**
 * Owns running Workers on the raw `workerd` binary for tests and benches: bundle, configuration, start, kill, start again on
 * the same disk. No egress, loopback only. What it starts ends with it, also when a test fails or this process is killed.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync, unlinkSync, writeFileSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { steadyPort } from "../support/steady-port.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const source = (path: string): string => join(root, "src", path);
const BINARY = join(root, "node_modules/@cloudflare/workerd-linux-64/bin/workerd");
const COMPATIBILITY_DATE = "2026-04-01";

/** False where the platform has no binary: tests say so and are skipped. */
export const hasWorkerd = existsSync(BINARY);

export interface WorkerOptions {
  /** Module of the Worker, TypeScript; exports a default handler and the class `BywardActor`. */
  readonly entry: string;
  /** Variables and secrets. */
  readonly env?: Readonly<Record<string, string>>;
  /** Names of other modules to put in place of imports. */
  readonly alias?: Readonly<Record<string, string>>;
  readonly flags?: readonly string[];
  /** Longest file it may write, in blocks of 512 bytes; past it the disk refuses. */
  readonly fileBlocks?: number;
}

export interface Workerd {
  readonly url: string;
  /** Where a socket of the configuration is. */
  urlOf(socket: string): string;
  readonly child: ChildProcess;
  readonly dataDir: string;
  /** SIGKILL, at once. */
  kill(): Promise<void>;
  /** Starts again on the same disk and port; kills first what still runs. */
  restart(options?: { readonly fileBlocks: null }): Promise<void>;
  /** Kills, and removes the disk. */
  stop(): Promise<void>;
  /** What it wrote to its outputs. */
  output(): string;
}

const running = new Set<ChildProcess>();
const homes = new Set<string>();
process.once("exit", () => {
  for (const child of running) child.kill("SIGKILL");
  for (const home of homes) rmSync(home, { recursive: true, force: true });
});

const bundled = new Map<string, Promise<string>>();

/** Bundles a Worker as its platform would load it: the condition `workerd`, no `node:*`. Once for each module. */
export function bundleWorker(options: Pick<WorkerOptions, "entry" | "alias">): Promise<string> {
  const key = JSON.stringify([options.entry, options.alias]);
  const known = bundled.get(key) ?? bundle(options);
  bundled.set(key, known);
  return known;
}

async function bundle(options: Pick<WorkerOptions, "entry" | "alias">): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [options.entry],
    bundle: true,
    write: false,
    format: "esm",
    target: "es2024",
    conditions: ["workerd", "worker", "browser"],
    external: ["cloudflare:workers"],
    alias: {
      "byward/client": source("client/index.ts"),
      "byward/cloudflare": source("hosts/cloudflare/index.workerd.ts"),
      byward: source("index.cloudflare.ts"),
      ...options.alias,
    },
    // The package has no side effects; its tests do.
    ignoreAnnotations: true,
    logLevel: "error",
  });
  return outputFiles[0]!.text;
}

/** Bundles and serves a Worker on a disk of its own. */
export async function startWorker(options: WorkerOptions): Promise<Workerd> {
  const module = await bundleWorker(options);
  const config = (dataDir: string): string => configOf(dataDir, options);
  return startConfigured({ modules: { "worker.mjs": module }, config, fileBlocks: options.fileBlocks ?? null });
}

export interface Configured {
  /** Texts by the names that the configuration embeds. */
  readonly modules: Readonly<Record<string, string>>;
  /** The configuration, which has a socket `http`. */
  readonly config: (dataDir: string) => string;
  /** Sockets beside `http`, at ports of their own. */
  readonly sockets?: readonly string[];
  readonly experimental?: boolean;
  readonly fileBlocks?: number | null;
}

/** Serves what a configuration says on a disk of its own. */
export async function startConfigured(configured: Configured): Promise<Workerd> {
  const { modules, config } = configured;
  const home = mkdtempSync(join(tmpdir(), "byward-workerd-"));
  const dataDir = join(home, "data");
  homes.add(home);
  await mkdir(dataDir);
  for (const [name, text] of Object.entries(modules)) await writeFile(join(home, name), text);
  await writeFile(join(home, "config.capnp"), config(dataDir));
  let process = await launch(home, dataDir, await steadyPort(), configured);
  return {
    get url() {
      return `http://127.0.0.1:${process.port}`;
    },
    urlOf: (socket) => `http://127.0.0.1:${process.ports.get(socket)}`,
    get child() {
      return process.child;
    },
    dataDir,
    kill: () => process.kill(),
    output: () => process.output(),
    restart: async (changed) => {
      await process.kill();
      process = await launch(home, dataDir, process.port, { ...configured, ...changed });
    },
    stop: async () => {
      await process.kill();
      rmSync(home, { recursive: true, force: true });
      homes.delete(home);
    },
  };
}

function configOf(dataDir: string, { env = {}, flags = [] }: WorkerOptions): string {
  const bindings = Object.entries(env).map(([name, text]) => `( name = "${name}", text = ${JSON.stringify(text)} ),`);
  return `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    ( name = "main", worker = .main ),
    ( name = "disk", disk = ( path = ${JSON.stringify(dataDir)}, writable = true ) ),
    ( name = "internet", network = ( allow = [] ) ),
  ],
  sockets = [ ( name = "http", address = "127.0.0.1:0", http = (), service = "main" ) ],
);
const main :Workerd.Worker = (
  modules = [ ( name = "worker", esModule = embed "worker.mjs" ) ],
  compatibilityDate = "${COMPATIBILITY_DATE}",
  compatibilityFlags = [${flags.map((flag) => JSON.stringify(flag)).join(", ")}],
  bindings = [ ( name = "BYWARD_ACTOR", durableObjectNamespace = "BywardActor" ), ${bindings.join(" ")} ],
  durableObjectNamespaces = [ ( className = "BywardActor", uniqueKey = "byward", enableSql = true ) ],
  durableObjectStorage = ( localDisk = "disk" ),
);
`;
}

interface Launched {
  readonly child: ChildProcess;
  readonly port: number;
  readonly ports: ReadonlyMap<string, number>;
  kill(): Promise<void>;
  output(): string;
}

type Launch = Pick<Configured, "sockets" | "experimental" | "fileBlocks">;

async function launch(home: string, dataDir: string, port: number, options: Launch): Promise<Launched> {
  const { sockets = [], experimental = false, fileBlocks = null } = options;
  const unlock = lock(dataDir);
  const extra = experimental ? ["--experimental"] : [];
  const args = ["serve", ...extra, join(home, "config.capnp"), "config", `-shttp=127.0.0.1:${port}`, "--control-fd=3"];
  // A write past the limit fails like one on a full disk, where the signal that would come with it is ignored.
  const limited = `trap '' XFSZ; ulimit -f ${fileBlocks}; exec "$0" "$@"`;
  const [command, given] = fileBlocks === null ? [BINARY, args] : ["sh", ["-c", limited, BINARY, ...args]];
  const child = spawn(command, given, { cwd: home, stdio: ["ignore", "pipe", "pipe", "pipe"] });
  running.add(child);
  const watchdog = watch(child.pid!);
  let output = "";
  for (const stream of [child.stdout!, child.stderr!]) {
    stream.on("data", (chunk: Buffer) => {
      output = (output + chunk.toString()).slice(-100_000);
    });
  }
  const gone = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  void gone.then(() => {
    running.delete(child);
    watchdog.kill("SIGKILL");
    unlock();
  });
  const kill = async (): Promise<void> => {
    child.kill("SIGKILL");
    await gone;
  };
  const ports = await new Promise<ReadonlyMap<string, number>>((resolve, reject) => {
    const found = new Map<string, number>();
    let text = "";
    (child.stdio[3] as NodeJS.ReadableStream).on("data", (chunk: Buffer) => {
      text += chunk.toString();
      for (const [, socket, at] of text.matchAll(/"event":"listen","socket":"([^"]+)","port":(\d+)/g)) {
        found.set(socket!, Number(at));
      }
      if (["http", ...sockets].every((name) => found.has(name))) resolve(found);
    });
    child.once("exit", (code) => reject(new Error(`workerd ended with ${code}: ${output}`)));
  });
  return { child, port: ports.get("http")!, ports, kill, output: () => output };
}

/** Two workerd on one disk would both own every actor: nothing in workerd forbids it. */
function lock(dataDir: string): () => void {
  const path = join(dataDir, "..", "workerd.lock");
  try {
    const file = openSync(path, "wx");
    writeFileSync(file, String(process.pid));
    closeSync(file);
  } catch (error) {
    throw new Error(`${dataDir} is in use by process ${readFileSync(path, "utf8")}`, { cause: error });
  }
  return () => {
    if (existsSync(path)) unlinkSync(path);
  };
}

/** Ends a process when this one is gone, however it went: the pipe closes then. */
function watch(pid: number): ChildProcess {
  const watchdog = spawn("sh", ["-c", `read _; kill -9 ${pid}`], { stdio: ["pipe", "ignore", "ignore"] });
  watchdog.unref();
  (watchdog.stdin as unknown as { unref(): void }).unref();
  return watchdog;
}
