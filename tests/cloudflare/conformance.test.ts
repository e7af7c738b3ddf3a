/** The host conformance suite on the raw `workerd`: Durable Objects on a temporary disk, no egress. */
import { fileURLToPath } from "node:url";
import { createClient } from "byward/client";
import { hostConformance, type RunningHost } from "byward/testing";
import { test } from "vitest";
import { hasWorkerd, startWorker } from "./workerd.ts";

const entry = fileURLToPath(new URL("conformance.worker.ts", import.meta.url));

const start = async (): Promise<RunningHost> => {
  const workerd = await startWorker({ entry });
  return {
    createClient: (options) => createClient(workerd.url, options),
    fetch: (path, init) => fetch(workerd.url + path, init),
    revoke: async (query) => {
      const answer = await fetch(`${workerd.url}/operator/revoke`, { method: "POST", body: JSON.stringify(query) });
      if (!answer.ok) throw new Error(`revoke: ${answer.status} ${await answer.text()}`);
      return answer.json();
    },
    now: () => Date.now(),
    elapse: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
    restart: workerd.restart,
    stop: async () => {
      if (process.env["BYWARD_SHOW"] === "1") console.log(workerd.output());
      await workerd.stop();
    },
  };
};

for (const { name, skipped, run } of hostConformance({ name: "cloudflare", start })) {
  if (!hasWorkerd) test.skip(`${name} (no workerd on this platform)`, () => {});
  else if (skipped === null) test.concurrent(name, run);
  else test.skip(`${name} (${skipped})`, () => {});
}
