/** Every host passes the same cases: memory on virtual time, and Node with SQLite and real sockets. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setup } from "byward";
import { createClient } from "byward/client";
import { hostConformance, type RunningHost, setupTest } from "byward/testing";
import { expect, test } from "vitest";

const memoryCases = hostConformance({
  name: "memory",
  start: async (options) => {
    const kit = await setupTest(null, setup(options));
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
  },
});

const startNode = async (options: Parameters<typeof setup>[0]): Promise<RunningHost> => {
  const dataDir = await mkdtemp(join(tmpdir(), "byward-conformance-"));
  let registry = setup(options);
  let served = await registry.serve({ port: 0, dataDir });
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
};

for (const { name, skipped, run } of [...memoryCases, ...hostConformance({ name: "node", start: startNode })]) {
  if (skipped === null) test.concurrent(name, run);
  else test.skip(`${name} (${skipped})`, () => {});
}

test("a skip needs a case and a reason", () => {
  const start = (): Promise<never> => Promise.reject(new Error("not started"));
  expect(() => hostConformance({ name: "x", start, skips: { "no such case": "because" } })).toThrow(
    "no conformance case",
  );
  const [first] = hostConformance({ name: "x", start });
  const known = first!.name.slice("x: ".length);
  expect(() => hostConformance({ name: "x", start, skips: { [known]: " " } })).toThrow("no reason");
  expect(hostConformance({ name: "x", start, skips: { [known]: "no sockets" } })[0]!.skipped).toBe("no sockets");
});
