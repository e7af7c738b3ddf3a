/** The launcher itself: nothing it starts outlives it, and a disk has one workerd at a time. */
import { spawn } from "node:child_process";
import { readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import { hasWorkerd, startWorker } from "./workerd.ts";

const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
const entry = here("crash.worker.ts");

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    // A zombie still has a number; what it was is gone.
    return !readFileSync(`/proc/${pid}/stat`, "utf8").includes(") Z ");
  } catch {
    return false;
  }
}

test.skipIf(!hasWorkerd)("workerd ends with the process that started it, also when that is killed", async () => {
  const program = `import { startWorker } from ${JSON.stringify(here("workerd.ts"))};
    const workerd = await startWorker({ entry: ${JSON.stringify(entry)} });
    console.log(workerd.child.pid, workerd.dataDir);
    setInterval(() => {}, 1000);`;
  const parent = spawn(process.execPath, ["--input-type=module", "-e", program], {
    stdio: ["ignore", "pipe", "inherit"],
    cwd: here("../.."),
  });
  const [pid = "", dataDir = ""] = await new Promise<string[]>((resolve) => {
    parent.stdout.once("data", (chunk: Buffer) => resolve(chunk.toString().trim().split(" ")));
  });
  expect(isAlive(Number(pid))).toBe(true);
  expect(dirname(dirname(dataDir))).toBe(tmpdir());
  parent.kill("SIGKILL");
  await expect.poll(() => isAlive(Number(pid))).toBe(false);
  rmSync(dirname(dataDir), { recursive: true });
});

test.skipIf(!hasWorkerd)(
  "a stopped Worker leaves no process and no folder, and its lock goes with each kill",
  async () => {
    const workerd = await startWorker({ entry });
    onTestFinished(() => workerd.stop());
    const { pid } = workerd.child;
    const home = join(workerd.dataDir, "..");
    expect(readdirSync(home)).toContain("workerd.lock");
    await workerd.kill();
    expect(readdirSync(home)).not.toContain("workerd.lock");
    await workerd.restart();
    expect(workerd.child.pid).not.toBe(pid);
    expect((await fetch(`${workerd.url}/nowhere`)).status).toBe(404);
    const last = workerd.child.pid!;
    await workerd.stop();
    expect(isAlive(last)).toBe(false);
    expect(() => readdirSync(home)).toThrow("ENOENT");
  },
);
