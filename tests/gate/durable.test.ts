/** G8: what was answered is there after `kill -9`, at whatever instant it comes. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import { post } from "./server.ts";

const ENTRY = fileURLToPath(new URL("./counter-server.ts", import.meta.url));

async function start(dataDir: string): Promise<{ child: ChildProcess; url: string }> {
  const child = spawn(process.execPath, [ENTRY, dataDir], { stdio: ["ignore", "pipe", "inherit"] });
  onTestFinished(() => {
    child.kill("SIGKILL");
  });
  const url = await new Promise<string>((resolve, reject) => {
    child.stdout!.once("data", (chunk: Buffer) => resolve(chunk.toString().trim()));
    child.once("exit", (code) => reject(new Error(`the server ended with ${code}`)));
  });
  return { child, url };
}

async function kill(child: ChildProcess): Promise<void> {
  const gone = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGKILL");
  await gone;
}

test("state answered for survives kill -9 right after the reply", async () => {
  const dataDir = await mkdtemp(join(tmpdir(), "byward-kill-"));
  onTestFinished(() => rm(dataDir, { recursive: true, force: true }));
  let expected = 0;
  for (let round = 0; round < 3; round++) {
    const { child, url } = await start(dataDir);
    for (let call = 0; call < 3; call++) {
      const reply = await post(`${url}/actors/counter/one/actions/add`, [1]);
      expect(reply.body).toEqual({ output: ++expected });
    }
    await kill(child);
  }
  const { child, url } = await start(dataDir);
  expect((await post(`${url}/actors/counter/one/actions/add`, [0])).body).toEqual({ output: expected });
  await kill(child);
});
