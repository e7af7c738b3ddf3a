/** Owns the curl lines that `byward dev` prints: one call and one subscription for each actor, complete to paste. */
import type { CompiledActor } from "../../actors/entrypoints.ts";
import { type By, baseOf, membersOf } from "../../boundary/party.ts";
import type { DevToken } from "./tokens.ts";

export interface Hint {
  /** What it does, such as `chatRoom.sendMessage as User`. */
  readonly title: string;
  readonly command: string;
}

const MAX_ACTORS = 3;
const KEY = "demo";

/** Lines for the first few actors; the parties are the first that a token or nothing at all can satisfy. */
export function curlHints(url: string, actors: Iterable<CompiledActor>, tokens: readonly DevToken[]): readonly Hint[] {
  const hints: Hint[] = [];
  for (const actor of [...actors].slice(0, MAX_ACTORS)) {
    const base = `${url}/actors/${actor.name}/${KEY}`;
    const action = [...actor.actions.values()][0];
    if (action !== undefined) {
      const holder = holderFor(action.by, tokens);
      const args = JSON.stringify(Array.from({ length: Math.max(action.handler.length - 1, 0) }, () => "hello"));
      const request = [
        `curl -s ${base}/actions/${action.name}`,
        ...headersOf(holder),
        "-H 'Content-Type: application/json'",
      ];
      hints.push({
        title: `${actor.name}.${action.name} as ${holder?.party ?? "Visitor"}`,
        command: [...request, `-d '${args}'`].join(" "),
      });
    }
    const event = [...(actor.events?.values() ?? [])][0];
    if (event !== undefined) {
      const holder = holderFor(event.by, tokens);
      hints.push({
        title: `events ${event.name} as ${holder?.party ?? "Visitor"}`,
        command: [`curl -sN ${base}/events/${event.name}`, ...headersOf(holder)].join(" "),
      });
    }
  }
  return hints;
}

/** Whose token to show: the first member that there is one for; nobody's where none is needed or none can be made. */
function holderFor(by: By, tokens: readonly DevToken[]): DevToken | undefined {
  for (const member of membersOf(by)) {
    const token = tokens.find(({ party }) => party === member.name);
    if (token !== undefined) return token;
    if (baseOf(member).scheme.kind === "none") return undefined;
  }
  return undefined;
}

function headersOf(holder: DevToken | undefined): readonly string[] {
  return holder === undefined ? [] : [`-H 'Authorization: Bearer ${holder.token}'`];
}
