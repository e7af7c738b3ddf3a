/** What a Worker loads: by the export condition, nothing of Node, nothing but the platform's own module from outside. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { setup } from "byward";
import { worker } from "byward/cloudflare";
import { expect, test } from "vitest";
import { bundleWorker } from "./workerd.ts";

const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

test("the root of byward under the condition `workerd` comes before the one for Node", () => {
  const { exports } = JSON.parse(readFileSync(here("../../package.json"), "utf8")) as {
    exports: Record<string, Record<string, { default: string }>>;
  };
  const root = exports["."]!;
  expect(Object.keys(root).indexOf("workerd")).toBe(0);
  expect(root["workerd"]!.default).toBe("./dist/index.cloudflare.js");
  expect(exports["./cloudflare"]!["workerd"]!.default).toBe("./dist/hosts/cloudflare/index.workerd.js");
});

test("elsewhere a registry is no Worker, and says so", () => {
  const registry = setup({});
  expect(() => registry.worker()).toThrow("[host_required]");
  expect(() => worker(registry)).toThrow("[host_required]");
});

test("a bundled Worker imports the platform's module and nothing else", async () => {
  for (const entry of ["conformance.worker.ts", "chat.worker.ts"]) {
    const text = await bundleWorker({ entry: here(entry) });
    const imports = [...text.matchAll(/^import\b[^"']*["']([^"']+)["']/gm)].map(([, name]) => name);
    expect(new Set(imports), entry).toEqual(new Set(["cloudflare:workers"]));
    expect(text, entry).not.toMatch(/["']node:/);
  }
});
