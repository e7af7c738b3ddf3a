/** The public names of `byward/cedar` where the engine is given by the program: everywhere but on Node. */
import { createCedar } from "./adapter.ts";

export type { CedarDecision, CedarOptions } from "./adapter.ts";
export type { CedarEngine } from "./engine.ts";
export type { CedarContext, CedarInvoke } from "./request.ts";

export const cedar = createCedar(null);
