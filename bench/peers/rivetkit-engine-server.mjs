/**
 * RivetKit 2.3.19, unpatched, as a runner in this process, and its engine beside it on loopback with a folder of its own.
 * Both as fast as we know to make them: `launchEngine` sets what `docs/rivet.md` lists (no rate limit, no delayed answers),
 * and the runner's connection gets `TCP_NODELAY`, for which RivetKit has no setting.
 *
 * The token comes as a parameter and is verified in `createConnState`. 2.3 has no hook that decides each action (only
 * `canSubscribe` and `canPublish`), so the action decides at its start, as its documentation does.
 */
import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { launchEngine } from "../../src/hosts/rivet/launcher.ts";
import { setNoDelay } from "../../src/hosts/rivet/no-delay.ts";
import { engineBinary, loadKit } from "./rivetkit-engine-kit.ts";
import { mayEcho, subjectOf } from "./verify.mjs";

/** µs of a clock tick of Linux, in which `/proc` counts. */
const TICK = 10_000;

export async function serve() {
  // With it RivetKit's native part walks the stack for every message.
  delete process.env.RUST_BACKTRACE;
  // Its native part logs by its own setting.
  process.env.RIVET_LOG_LEVEL ??= "error";
  // An interrupt at the terminal reaches us too; that the bench is gone is what ends us, in order.
  process.on("SIGINT", () => {});
  const dataDir = await mkdtemp(`${tmpdir()}/rivetkit-engine-bench-`);
  let engine;
  let registry;
  const close = async () => {
    await registry?.shutdown();
    await engine?.close();
    await rm(dataDir, { recursive: true, force: true });
  };
  try {
    engine = await launchEngine({ dataDir, port: 0, binary: engineBinary, failover: "steady" });
    registry = await startRunner(engine);
    return { url: engine.endpoint, commands: { cpu: () => ownCpu() + cpuOf(engine.pid) }, close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function startRunner({ endpoint, token }) {
  const { actor, setup } = await loadKit();
  const bench = actor({
    state: { calls: 0 },
    createConnState: async (_c, params) => ({ subject: await subjectOf(params.token) }),
    actions: {
      echo: (c, text) => {
        if (!mayEcho("echo", c.conn.state.subject)) throw new Error("forbidden");
        return text;
      },
    },
  });
  const registry = setup({
    use: { bench },
    endpoint,
    token,
    startEngine: false,
    startServices: false,
    noWelcome: true,
    logging: { level: "error" },
  });
  await registry.startAndWait();
  await setNoDelay(Number(new URL(endpoint).port));
  return registry;
}

const ownCpu = () => {
  const { user, system } = process.cpuUsage();
  return user + system;
};

/** What a process has used so far, µs; each call is answered by both, so both are the server's. */
function cpuOf(pid) {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) * TICK;
}
