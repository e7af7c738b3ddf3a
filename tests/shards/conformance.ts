/** Owns running the host conformance suite with actors spread over two threads; no case is skipped. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setup } from "byward";
import { createClient } from "byward/client";
import { hostConformance, type RunningHost } from "byward/testing";
import { expect } from "vitest";
import { steadyPort } from "../support/steady-port.ts";

const MODULE = new URL("./conformance-registry.ts", import.meta.url);

const start = async (options: Parameters<typeof setup>[0]): Promise<RunningHost> => {
  const dataDir = await mkdtemp(join(tmpdir(), "byward-shards-"));
  let registry = setup(options);
  const serve = (port: number) => registry.serve({ port, dataDir, workers: 2, module: MODULE });
  let served = await serve(await steadyPort());
  expect(served.workers).toBe(2);
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
      served = await serve(port);
    },
    stop: async () => {
      await served.close();
      await rm(dataDir, { recursive: true });
    },
  };
};

export const cases = hostConformance({ name: "node, two threads", start });
