/** The server whose capacity is measured: rooms with a padded state that are read, written and listened to. */
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { actor, bearer, event, party, setup } from "byward";
import type { Side } from "../harness/child.ts";
import { SECRET } from "../harness/credentials.ts";

interface Options {
  readonly stateBytes: number;
}

const User = party("User", { auth: bearer({ secret: "AUTH_JWT_SECRET" }) });

/** What the process has used since it began. */
export interface Usage {
  /** µs of the thread that runs actors. */
  readonly loop: number;
  /** µs of all threads. */
  readonly all: number;
  /** Bytes handed to the disk. */
  readonly written: number;
  /** Resident bytes after a collection. */
  readonly memory: number;
  /** Bytes of the data files. */
  readonly stored: number;
}

export async function serve({ stateBytes }: Options): Promise<Side> {
  process.env["AUTH_JWT_SECRET"] = SECRET;
  const dataDir = mkdtempSync(join(tmpdir(), "byward-capacity-"));
  process.on("exit", () => rmSync(dataDir, { recursive: true, force: true }));
  const room = actor({
    by: User,
    state: { count: 0, text: "x".repeat(stateBytes) },
    events: { said: event<string>() },
    canInvoke: (c) => c.caller.party === "User",
    actions: {
      read: (c) => c.state.count,
      write: (c) => ++c.state.count,
      say: (c, text: string) => c.broadcast("said", text),
    },
  });
  const { url } = await setup({ use: { room } }).serve({ port: 0, dataDir });
  const usage = (): Usage => {
    // Before the clocks are read: it must not count as work of the load.
    (globalThis as { gc?: () => void }).gc?.();
    const memory = process.memoryUsage().rss;
    const loop = process.threadCpuUsage();
    const all = process.cpuUsage();
    const written = Number(/^write_bytes: (\d+)$/m.exec(readFileSync("/proc/self/io", "utf8"))?.[1] ?? 0);
    return {
      loop: loop.user + loop.system,
      all: all.user + all.system,
      written,
      memory,
      stored: statSync(join(dataDir, "actors.sqlite")).size,
    };
  };
  return { url, commands: { usage } };
}
