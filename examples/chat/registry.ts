/** The chat's registry: rooms, and the web side on the same port. `byward access examples/chat/registry.ts` shows who may what. */
import { setup } from "byward";
import { chatRoom } from "./room.ts";
import { web } from "./web/service.ts";

export const registry = setup({ use: { chatRoom }, services: { web } });
