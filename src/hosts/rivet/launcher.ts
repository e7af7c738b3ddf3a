/**
 * Owns starting a Rivet Engine for the runners of one machine or a private network: its settings (the published defaults hold
 * an answer back for 40 ms, shed load early, and come back slowly from an outage), private addresses, an admin token always,
 * and its end: it does not outlive whoever started it, not even one that is killed.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { chmod, mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { createServer } from "node:net";
import { join, resolve } from "node:path";
import { ConfigurationError } from "../../boundary/errors.ts";

export interface EngineOptions {
  /** Where its data is kept, with the embedded RocksDB. It survives a killed engine, not a power failure. Default `.byward/engine`. */
  readonly dataDir?: string;
  /** Keeps data in PostgreSQL instead, which survives what the database survives: `postgresql://…`. Needs `natsAddresses`. */
  readonly postgresUrl?: string;
  readonly natsAddresses?: readonly string[];
  /** Private address for all its ports. Default `127.0.0.1`. Its gateway must never be reachable from outside. */
  readonly address?: string;
  /** Port of its guard; 0 = any. Default 6421. Its peer API and metrics take ports of their own. */
  readonly port?: number;
  /** Default: the one in `dataDir`, made when there is none. */
  readonly adminToken?: string;
  /** The engine's program. Default: that of the package `@rivetkit/engine-cli-<platform>`. */
  readonly binary?: string;
  /** How soon a silent runner is given up. `fast` (default): about 4 s; `steady`: the engine's own 15 s, for loaded machines. */
  readonly failover?: "fast" | "steady";
  /** Further settings, such as `RIVET__…`; they win. */
  readonly env?: Readonly<Record<string, string>>;
  /** Where its output goes. Default: nowhere. */
  readonly output?: (text: string) => void;
  /** ms until it must be ready. Default 30 000. */
  readonly timeout?: number;
}

/** A running engine. */
export interface Engine {
  /** For runners: `serveOnRivet(registry, { endpoint, token })`. */
  readonly endpoint: string;
  readonly token: string;
  readonly pid: number;
  /** ms from start to ready. */
  readonly readyAfter: number;
  /** Settles when it ended, whoever ended it. */
  readonly ended: Promise<{ readonly code: number | null; readonly signal: string | null }>;
  /** Stops it: asks, then insists. */
  close(): Promise<void>;
}

const DEFAULT_PORT = 6421;
const READY_LOOK = 50;
/** ms between asking and insisting. */
const PATIENCE = 5000;

/**
 * Starts an engine and resolves when it answers.
 *
 * @throws ConfigurationError `rivet.engine_missing`, `rivet.engine_failed`, `rivet.nats_missing`
 */
export async function launchEngine(options: EngineOptions = {}): Promise<Engine> {
  const binary = options.binary ?? findBinary();
  const address = options.address ?? "127.0.0.1";
  const dataDir = resolve(options.dataDir ?? join(".byward", "engine"));
  if (options.postgresUrl !== undefined && options.natsAddresses === undefined) {
    throw new ConfigurationError(
      "rivet.nats_missing",
      "An engine on PostgreSQL talks to its siblings over NATS: give `natsAddresses`.",
    );
  }
  await mkdir(dataDir, { recursive: true });
  const token = options.adminToken ?? (await keptToken(dataDir));
  const [port, peer, metrics] = await portsFor(address, options.port ?? DEFAULT_PORT);
  const started = performance.now();
  const config = await writeConfig(dataDir, options.natsAddresses);
  const settings = engineSettings({ address, port, peer, metrics, dataDir, token, options });
  const child = spawnGuarded(binary, ["start", ...config], settings);
  const end = endOf(child);
  const { output } = options;
  child.stdout?.on("data", (chunk: Buffer) => output?.(chunk.toString()));
  child.stderr?.on("data", (chunk: Buffer) => output?.(chunk.toString()));
  const endpoint = `http://${address.includes(":") ? `[${address}]` : address}:${port}`;
  const close = (): Promise<void> => stop(child, end);
  try {
    await ready(endpoint, end, options.timeout ?? 30_000);
  } catch (error) {
    await close();
    throw error;
  }
  return { endpoint, token, pid: enginePid(child), readyAfter: performance.now() - started, ended: end, close };
}

function findBinary(): string {
  const { platform, arch } = process;
  const names: Readonly<Record<string, string>> = {
    "linux x64": "linux-x64-musl",
    "linux arm64": "linux-arm64-musl",
    "darwin x64": "darwin-x64",
    "darwin arm64": "darwin-arm64",
  };
  const name = `@rivetkit/engine-cli-${names[`${platform} ${arch}`] ?? `${platform}-${arch}`}`;
  for (const from of [join(process.cwd(), "byward.js"), import.meta.url]) {
    try {
      const binary = join(createRequire(from).resolve(`${name}/package.json`), "..", "rivet-engine");
      if (existsSync(binary)) return binary;
    } catch {
      // Looked for in the next place.
    }
  }
  throw new ConfigurationError(
    "rivet.engine_missing",
    `Install the engine: npm install ${name}@2.3.19, or give \`binary\`.`,
  );
}

/** A token nobody chose is made once, and kept where only this user reads it. */
async function keptToken(dataDir: string): Promise<string> {
  const path = join(dataDir, "admin-token");
  const kept = await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return "";
    throw error;
  });
  // A power failure may leave the name alone: without a token anybody who reaches the engine runs it.
  if (kept.trim() !== "") return kept.trim();
  const token = randomBytes(32).toString("base64url");
  await writeFile(`${path}.new`, `${token}\n`, { mode: 0o600, flush: true });
  await rename(`${path}.new`, path);
  return token;
}

async function writeConfig(dataDir: string, nats: readonly string[] | undefined): Promise<readonly string[]> {
  if (nats === undefined) return [];
  const path = join(dataDir, "engine.json");
  await writeFile(path, JSON.stringify({ nats: { addresses: nats } }), { mode: 0o600 });
  await chmod(path, 0o600);
  return ["--config", path];
}

interface SettingParts {
  readonly address: string;
  readonly port: number;
  readonly peer: number;
  readonly metrics: number;
  readonly dataDir: string;
  readonly token: string;
  readonly options: EngineOptions;
}

/** The engine's environment. Names and effects were measured with 2.3.19 (`docs/rivet.md`). */
export function engineSettings(parts: SettingParts): Readonly<Record<string, string>> {
  const { address, port, peer, metrics, dataDir, token, options } = parts;
  const env: Record<string, string | undefined> = {
    ...process.env,
    RIVET__GUARD__HOST: address,
    RIVET__GUARD__PORT: String(port),
    RIVET__API_PEER__HOST: address,
    RIVET__API_PEER__PORT: String(peer),
    RIVET__METRICS__HOST: address,
    RIVET__METRICS__PORT: String(metrics),
    RIVET__AUTH__ADMIN_TOKEN: token,
    RIVET__TELEMETRY__ENABLED: "false",
    ...(options.postgresUrl === undefined
      ? { RIVET__FILE_SYSTEM__PATH: join(dataDir, "db") }
      : { RIVET__POSTGRES__URL: options.postgresUrl }),
    // Without it each answer waits for the peer's delayed acknowledgement: 40 ms.
    RIVET__GUARD__TCP_NODELAY: "true",
    // It stops starting actors when the whole machine is busier than this, per mille of one core.
    RIVET__RUNTIME__WORKER_CPU_MAX: "1000000",
    // Each tunnel carries many callers: limits are ours, by caller.
    RIVET__PEGBOARD__GATEWAY_WEBSOCKET_RATE_LIMIT_REQUESTS: "1000000000",
    RIVET__PEGBOARD__GATEWAY_WEBSOCKET_RATE_LIMIT_DRIP_RATE_MS: "1",
    RIVET__PEGBOARD__ENVOY_WEBSOCKET_RATE_LIMIT_REQUESTS: "1000000000",
    RIVET__PEGBOARD__ENVOY_WEBSOCKET_RATE_LIMIT_DRIP_RATE_US: "1",
    // After an outage of all runners: back within a second or two, not after up to 512 s.
    RIVET__PEGBOARD__RESCHEDULE_BACKOFF_MAX_EXPONENT: "1",
    RIVET__PEGBOARD__BASE_RETRY_TIMEOUT: "500",
    ...(options.failover === "steady" ? {} : FAST_FAILOVER),
    ...options.env,
  };
  // With it the engine walks the stack for every message: one core at 100 %.
  delete env["RUST_BACKTRACE"];
  return Object.fromEntries(Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined));
}

const FAST_FAILOVER = {
  RIVET__PEGBOARD__ENVOY_LOST_THRESHOLD: "3000",
  RIVET__PEGBOARD__ENVOY_PING_TIMEOUT: "3000",
  RIVET__PEGBOARD__ENVOY_UPDATE_PING_INTERVAL: "500",
  RIVET__PEGBOARD__ENVOY_ELIGIBLE_THRESHOLD: "2000",
};

/**
 * The engine under a shell that waits for it and for its own standard input: when this process is gone, however it went,
 * the input ends and the shell ends the engine.
 */
const GUARD = `
"$@" </dev/null 3>&- 4<&- & engine=$!
echo "pid $engine" >&3
( cat >/dev/null; kill "$engine" 2>/dev/null; sleep 5; kill -9 "$engine" 2>/dev/null ) <&4 &
watch=$!
trap 'kill "$engine" 2>/dev/null' TERM INT
while kill -0 "$engine" 2>/dev/null; do wait "$engine"; code=$?; done
kill "$watch" 2>/dev/null
exit "$code"`;

const pids = new WeakMap<ChildProcess, number>();

function spawnGuarded(binary: string, args: readonly string[], env: Readonly<Record<string, string>>): ChildProcess {
  const child = spawn("/bin/sh", ["-c", GUARD, "sh", binary, ...args], {
    env,
    stdio: ["ignore", "pipe", "pipe", "pipe", "pipe"],
    // Not in our group: an interrupt at the terminal reaches us, and we stop it in order.
    detached: true,
  });
  child.stdio[3]?.once("data", (chunk: Buffer) => pids.set(child, Number(chunk.toString().split(" ")[1])));
  return child;
}

function enginePid(child: ChildProcess): number {
  return pids.get(child) ?? child.pid!;
}

function endOf(child: ChildProcess): Engine["ended"] {
  return new Promise((done) => {
    child.once("error", () => done({ code: null, signal: null }));
    child.once("exit", (code, signal) => done({ code, signal }));
  });
}

async function stop(child: ChildProcess, end: Engine["ended"]): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const pid = enginePid(child);
  signal(pid, "SIGTERM");
  const late = setTimeout(() => signal(pid, "SIGKILL"), PATIENCE);
  await end;
  clearTimeout(late);
  for (const stream of child.stdio) stream?.destroy();
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // It is gone.
  }
}

async function ready(endpoint: string, end: Engine["ended"], timeout: number): Promise<void> {
  let over: Awaited<Engine["ended"]> | null = null;
  void end.then((result) => {
    over = result;
  });
  const deadline = performance.now() + timeout;
  while (performance.now() < deadline) {
    if (over !== null) break;
    try {
      const response = await fetch(`${endpoint}/health`, { signal: AbortSignal.timeout(1000) });
      if (response.ok) return;
    } catch {
      // Not yet.
    }
    await new Promise((done) => setTimeout(done, READY_LOOK));
  }
  const how = over === null ? `did not answer within ${timeout} ms` : `ended: ${JSON.stringify(over)}`;
  throw new ConfigurationError("rivet.engine_failed", `The engine ${how}. Give \`output\` to see what it says.`);
}

/** Three ports: a given first one and the two behind it, or any three free ones. */
async function portsFor(address: string, first: number): Promise<readonly [number, number, number]> {
  if (first !== 0) return [first, first + 1, first + 2];
  const servers = await Promise.all([0, 1, 2].map(() => listenAnywhere(address)));
  const ports = servers.map((server) => (server.address() as { readonly port: number }).port);
  await Promise.all(servers.map((server) => new Promise((done) => server.close(done))));
  return [ports[0]!, ports[1]!, ports[2]!];
}

function listenAnywhere(address: string): Promise<ReturnType<typeof createServer>> {
  const server = createServer();
  return new Promise((done, fail) => {
    server.once("error", fail);
    server.listen(0, address, () => done(server));
  });
}
