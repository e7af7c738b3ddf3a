/** The registry of the conformance suite as a Worker. */
import { setup } from "byward";
import type { Registry } from "../../src/registry/registry.ts";
import { conformanceOptions } from "../../src/testing/conformance/actors.ts";
import { operated } from "./operated.ts";

const registry = setup(conformanceOptions) as unknown as Registry;

export const BywardActor = registry.worker().Actor;
export default operated(registry);
