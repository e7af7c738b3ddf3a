/** The conformance suite's registry, as a module that threads load. */
import { setup } from "../../src/index.node.ts";
import { conformanceOptions } from "../../src/testing/conformance/actors.ts";

export const registry = setup(conformanceOptions);
