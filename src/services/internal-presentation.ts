/** Owns what an internal invocation presents: its channel, and nothing a transport could have brought. */
import type { Channel, Presentation } from "../boundary/scheme.ts";

export function internalPresentation(channel: Exclude<Channel, { kind: "external" }>): Presentation {
  return { channel, method: "", url: "", header: () => null, body: null, frameToken: null };
}
