/** The host conformance suite on a Rivet Engine, each case on an engine of its own. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setup } from "byward";
import { createClient } from "byward/client";
import { launchEngine, type RivetServed, serveOnRivet } from "byward/rivet";
import { hostConformance, type RunningHost } from "byward/testing";
import { expect, onTestFinished, test } from "vitest";
import { steadyPort } from "../support/steady-port.ts";
import { engineBinary, loadKit } from "./kit.ts";

const startRivet: Parameters<typeof hostConformance>[0]["start"] = async (options) => {
  const dataDir = await mkdtemp(join(tmpdir(), "byward-rivet-"));
  const engine = await launchEngine({ dataDir, port: 0, binary: engineBinary });
  onTestFinished(async () => {
    await engine.close();
    await rm(dataDir, { recursive: true, force: true });
    expect(() => process.kill(engine.pid, 0), "the engine is gone").toThrow();
  });
  const rivetkit = await loadKit();
  const registry = { current: setup(options) };
  const serve = (port: number): Promise<RivetServed> =>
    serveOnRivet(registry.current, { ...engine, rivetkit, port, lease: 10_000 });
  let running = await serve(await steadyPort());
  const host: RunningHost = {
    createClient: (given) => createClient({ ...given, endpoint: running.url }),
    fetch: (path, init) => fetch(running.url + path, init),
    revoke: (query) => registry.current.revoke(query),
    now: () => Date.now(),
    elapse: (ms) => new Promise((done) => setTimeout(done, ms)),
    restart: async () => {
      await running.close();
      registry.current = setup(options);
      running = await serve(running.port);
    },
    stop: () => running.close(),
  };
  return host;
};

for (const { name, skipped, run } of hostConformance({ name: "rivet", start: startRivet })) {
  test.skipIf(skipped !== null)(skipped === null ? name : `${name} (${skipped})`, { timeout: 60_000 }, run);
}
