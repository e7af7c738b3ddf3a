/** The public names of `byward/cedar` on Node, where the installed package is the engine. */
import { createCedar } from "./adapter.ts";
import type { CedarEngine } from "./engine.ts";

export type { CedarDecision, CedarOptions } from "./adapter.ts";
export type { CedarEngine } from "./engine.ts";
export type { CedarContext, CedarInvoke } from "./request.ts";

// An optional peer: who imports this without it learns so from `cedar()`, with what to do.
const installed = await import("@cedar-policy/cedar-wasm/nodejs").then(
  (module): CedarEngine => module,
  () => null,
);

export const cedar = createCedar(installed);
