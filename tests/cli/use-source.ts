/** Preloaded into processes under test: there `byward` and its subpaths mean the source, not the last build. */
import { registerHooks } from "node:module";

const SUBPATHS: Readonly<Record<string, string>> = {
  byward: "index.node.ts",
  "byward/client": "client/index.ts",
  "byward/bynk": "bynk/index.ts",
  "byward/bynk/runtime": "bynk/runtime/index.ts",
  "byward/testing": "testing/index.ts",
  "byward/telemetry": "telemetry/index.ts",
  "byward/cedar": "cedar/index.node.ts",
  "byward/hono": "registry/services-hono.ts",
};

registerHooks({
  resolve(specifier, context, nextResolve) {
    const source = Object.hasOwn(SUBPATHS, specifier) ? SUBPATHS[specifier] : undefined;
    if (source === undefined) return nextResolve(specifier, context);
    return { url: new URL(`../../src/${source}`, import.meta.url).href, shortCircuit: true };
  },
});
