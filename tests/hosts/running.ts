/** Owns the two hosts of this repository's own process as tests drive them: memory on virtual time, Node with SQLite and real sockets. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type SetupOptions, setup } from "byward";
import { createClient } from "byward/client";
import { type RunningHost, setupTest } from "byward/testing";
import { steadyPort } from "../support/steady-port.ts";

export async function onMemory(
  options: SetupOptions,
  env: Readonly<Record<string, string>> = {},
): Promise<RunningHost> {
  const kit = await setupTest(null, setup(options), { env });
  return {
    createClient: (clientOptions) => kit.createClient(clientOptions),
    fetch: kit.fetch,
    revoke: (query) => kit.registry.revoke(query),
    now: () => kit.clock.now(),
    track: (work) => kit.clock.track(work),
    elapse: (ms) => kit.clock.advance(ms),
    restart: kit.restart,
    stop: kit.dispose,
  };
}

export async function onNode(options: SetupOptions): Promise<RunningHost> {
  const dataDir = await mkdtemp(join(tmpdir(), "byward-host-"));
  let registry = setup(options);
  let served = await registry.serve({ port: await steadyPort(), dataDir });
  const { port } = served;
  return {
    createClient: (clientOptions) => createClient(served.url, clientOptions),
    fetch: (path, init) => fetch(served.url + path, init),
    revoke: (query) => registry.revoke(query),
    now: () => Date.now(),
    elapse: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
    restart: async () => {
      await served.close();
      registry = setup(options);
      served = await registry.serve({ port, dataDir });
    },
    stop: async () => {
      await served.close();
      await rm(dataDir, { recursive: true });
    },
  };
}
