/** The public names of `byward/cedar` where the engine is given by the program: everywhere but on Node. */
import { createCedar } from "./adapter.ts";

export type { CedarDecision, CedarOptions } from "./adapter.ts";
export type { CedarEngine } from "./engine.ts";
export type { CedarContext, CedarInvoke } from "./request.ts";

/**
 * Decides by Cedar policies: `canInvoke: cedar(policies, schema)`. Synchronous. `true` where a policy permits and none
 * forbids, `false` where none permits; what Cedar cannot determine throws, which is `internal_error` to the peer.
 *
 * @throws ConfigurationError `cedar.engine_missing`, `cedar.schema_invalid`, `cedar.policies_invalid`, `cedar.namespace`;
 *   with line and column
 */
export const cedar = createCedar(null);
