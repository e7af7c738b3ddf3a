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

/**
 * Decides by Cedar policies: `canInvoke: cedar(policies, schema)`. Synchronous. `true` where a policy permits and none
 * forbids, `false` where none permits; what Cedar cannot determine throws, which is `internal_error` to the peer.
 *
 * @throws ConfigurationError `cedar.engine_missing`, `cedar.schema_invalid`, `cedar.policies_invalid`, `cedar.namespace`;
 *   with line and column
 */
export const cedar = createCedar(installed);
