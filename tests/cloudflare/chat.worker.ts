/** The room of `examples/chat`, unchanged, as a Worker; its page needs Node to be built, so it is left out. */
import { setup } from "byward";
import { chatRoom } from "../../examples/chat/room.ts";
import type { Registry } from "../../src/registry/registry.ts";
import { operated } from "./operated.ts";

const registry = setup({ use: { chatRoom } }) as unknown as Registry;

export const BywardActor = registry.worker().Actor;
export default operated(registry);
