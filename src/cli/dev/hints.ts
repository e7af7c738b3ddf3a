/** Owns the curl lines that `byward dev` prints: a call and a subscription for each actor, a request for each service. */
import type { Declared } from "../../access/matrix.ts";
import type { CompiledActor } from "../../actors/entrypoints.ts";
import { type By, baseOf, membersOf } from "../../boundary/party.ts";
import type { CompiledService } from "../../services/entrypoints.ts";
import type { DevToken } from "./tokens.ts";

export interface Hint {
  /** What it does, such as `chatRoom.sendMessage as User`. */
  readonly title: string;
  readonly command: string;
}

/** Of each sort; more would not be read. */
const MOST = 3;
const KEY = "demo";

/** Lines for the first few actors and services, complete to paste, as the first party that one can be shown for. */
export function curlHints(url: string, declared: Declared, tokens: readonly DevToken[]): readonly Hint[] {
  return [
    ...[...declared.actors.values()].slice(0, MOST).flatMap((actor) => actorHints(url, actor, tokens)),
    ...declared.services.slice(0, MOST).flatMap((service) => serviceHints(url, service, tokens)),
  ];
}

function actorHints(url: string, actor: CompiledActor, tokens: readonly DevToken[]): readonly Hint[] {
  const base = `${url}/actors/${actor.name}/${KEY}`;
  const [action] = actor.actions.values();
  const [event] = actor.events?.values() ?? [];
  const hints: Hint[] = [];
  if (action !== undefined) {
    const args = JSON.stringify(Array.from({ length: Math.max(action.handler.length - 1, 0) }, () => "hello"));
    const { party, header } = holderFor(action.by, tokens);
    const request = `curl -s ${base}/actions/${encoded(action.name)}${header} -H 'Content-Type: application/json'`;
    hints.push({ title: `${actor.name}.${action.name} as ${party}`, command: `${request} -d '${args}'` });
  }
  if (event !== undefined) {
    const { party, header } = holderFor(event.by, tokens);
    hints.push({
      title: `events ${event.name} as ${party}`,
      command: `curl -sN ${base}/events/${encoded(event.name)}${header}`,
    });
  }
  return hints;
}

/** For a path, and for a shell: what `encodeURIComponent` leaves alone of its signs is encoded too. */
function encoded(name: string): string {
  return encodeURIComponent(name).replace(/[!'()*~]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`);
}

/** The first route that a plain request reaches: what to put for a parameter or a body, only its author knows. */
function serviceHints(url: string, service: CompiledService, tokens: readonly DevToken[]): readonly Hint[] {
  const route = service.routes.find(({ method, name }) => method === "GET" && /^GET \/[\w./-]*$/.test(name));
  if (route === undefined) return [];
  const { party, header } = holderFor(route.by, tokens);
  return [{ title: `${route.name} as ${party}`, command: `curl -s ${url}${route.name.slice("GET ".length)}${header}` }];
}

/** Whose token to show: the first member that there is one for; nobody's where none is needed or none can be made. */
function holderFor(by: By, tokens: readonly DevToken[]): { readonly party: string; readonly header: string } {
  for (const member of membersOf(by)) {
    const found = tokens.find(({ party }) => party === member.name);
    if (found !== undefined) return { party: found.party, header: ` -H 'Authorization: Bearer ${found.token}'` };
    if (baseOf(member).scheme.kind === "none") break;
  }
  return { party: "Visitor", header: "" };
}
