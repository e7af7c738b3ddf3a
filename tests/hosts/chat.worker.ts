/** The chat example as a Worker, unchanged. */
import { registry } from "../../examples/chat/registry.ts";
import type { Registry } from "../../src/registry/registry.ts";
import { operated } from "../cloudflare/operated.ts";

const unchanged = registry as unknown as Registry;

export const BywardActor = unchanged.worker().Actor;
export default operated(unchanged);
