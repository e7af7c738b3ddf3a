/** The store suite, and what this store does beyond it, inside a Durable Object on the raw `workerd`. */
import { fileURLToPath } from "node:url";
import { afterAll, expect, test } from "vitest";
import { hasWorkerd, startWorker } from "./workerd.ts";

if (!hasWorkerd) test.skip("the store suite in a Durable Object (no workerd on this platform)", () => {});
else await runSuite();

async function runSuite(): Promise<void> {
  const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
  const workerd = await startWorker({
    entry: here("store.worker.ts"),
    alias: { vitest: here("expect-shim.ts") },
    flags: ["nodejs_compat"],
  });
  afterAll(() => workerd.stop());
  const ask = async (name?: string): Promise<unknown> => {
    const query = name === undefined ? "" : `?name=${encodeURIComponent(name)}`;
    return (await fetch(`${workerd.url}/${query}`)).json();
  };
  for (const name of (await ask()) as string[]) {
    test(name, async () => {
      expect(await ask(name)).toBeNull();
    });
  }
}
