/** The chat's registry. `byward access examples/chat/registry.ts` shows who may reach what. */
import { setup } from "byward";
import { chatRoom } from "./room.ts";

/** A registry that pages of these origins may call; pages of other origins may not (nothing is allowed by default). */
export const createRegistry = (pageOrigins: readonly string[]) =>
  setup({ use: { chatRoom }, cors: { origins: pageOrigins } });

export const registry = createRegistry(["http://127.0.0.1:3000", "http://localhost:3000"]);
