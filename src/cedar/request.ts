/**
 * Owns the question: principal = the caller, by party; action = the kind, with its name where the schema declares it;
 * resource = the actor, by type and key; context = name, method, path and parameters. Nothing that the schema does not
 * declare is sent, and nothing declared is made up.
 */
import { identityText } from "../boundary/lease.ts";
import type { CedarEntity, CedarRecord, CedarUid } from "./engine.ts";
import type { DeclaredSchema } from "./schema.ts";
import { pickDeclared } from "./values.ts";

/** What is read of the context that `canInvoke` gets. */
export interface CedarContext {
  readonly caller: unknown;
  /** Actor type and key; services have neither. */
  readonly name?: string;
  readonly key?: readonly string[];
}

/** What is read of the invocation. */
export interface CedarInvoke {
  readonly kind: string;
  readonly name?: string;
  readonly method?: string;
  readonly path?: string;
}

/** Attributes that only the program knows, such as the owner that an actor's state names. */
export interface Additions {
  readonly resource: Readonly<Record<string, unknown>>;
  readonly context: Readonly<Record<string, unknown>>;
  /** The service that asks. */
  readonly service: string | undefined;
}

export interface CedarQuestion {
  readonly principal: CedarUid;
  readonly action: CedarUid;
  readonly resource: CedarUid;
  readonly context: CedarRecord;
  readonly entities: readonly CedarEntity[];
}

interface KnownCaller {
  readonly party: string;
  readonly base: string;
  readonly identity?: unknown;
  readonly claims: Readonly<Record<string, unknown>>;
}

/** Null: the schema applies the action to no such caller or resource, so that no policy can permit it. */
export function questionOf(
  declared: DeclaredSchema,
  c: CedarContext,
  invoke: CedarInvoke,
  additions: Additions,
): CedarQuestion | null {
  const caller = c.caller as KnownCaller;
  const own = `${invoke.kind}:${invoke.name}`;
  const actionName = invoke.name !== undefined && declared.actions.has(own) ? own : invoke.kind;
  const action = declared.actions.get(actionName);
  const principal = declared.entities.get(caller.party);
  const resourceType = c.name === undefined ? "Service" : "Actor";
  const resource = declared.entities.get(resourceType);
  if (action === undefined || principal === undefined || resource === undefined) return null;
  if (!action.principals.includes(caller.party) || !action.resources.includes(resourceType)) return null;
  const uid = (type: string, id: string): CedarUid => ({ type: declared.qualify(type), id });
  const identity = idOf(caller.identity);
  const principalUid = uid(caller.party, identity);
  const known = principal.attributes;
  const isRefined = caller.base !== caller.party && principal.memberOf.includes(caller.base);
  const facts = resourceOf(c, additions.service);
  const resourceUid = uid(resourceType, facts.id);
  return {
    principal: principalUid,
    action: uid("Action", actionName),
    resource: resourceUid,
    context: pickDeclared({ ...contextOf(c, invoke), ...additions.context }, action.context, "context"),
    entities: [
      {
        uid: principalUid,
        attrs: pickDeclared({ identity: caller.identity, claims: caller.claims }, known, "caller"),
        parents: isRefined ? [uid(caller.base, identity)] : [],
      },
      {
        uid: resourceUid,
        attrs: pickDeclared({ ...additions.resource, ...facts.attributes }, resource.attributes, "resource"),
        parents: resource.memberOf.includes("ActorType") ? [uid("ActorType", facts.attributes.type)] : [],
      },
    ],
  };
}

/** Callers without identity share the empty one; what is no text has its canonical text. */
function idOf(identity: unknown): string {
  if (identity === undefined || identity === null) return "";
  return typeof identity === "string" ? identity : identityText(identity);
}

function resourceOf(c: CedarContext, service: string | undefined) {
  if (c.name === undefined) {
    if (service === undefined) {
      throw new TypeError("cedar(): a service does not know its own name; give it as the option `service`.");
    }
    return { id: service, attributes: { type: service } };
  }
  const key = keyOf(c.key ?? []);
  return { id: `${c.name}/${key}`, attributes: { type: c.name, key, keys: c.key ?? [] } };
}

/**
 * One component as it is, so that policies can compare it with an identity; several as addresses write them. No two keys have
 * one text: a component that could be taken for several, for an encoded one or for no key is encoded too.
 */
function keyOf(key: readonly string[]): string {
  const [only] = key;
  if (key.length !== 1 || only === undefined) return key.map(encodeURIComponent).join(",");
  if (only === "") return "%";
  return /[,%]/.test(only) ? encodeURIComponent(only) : only;
}

function contextOf(c: CedarContext, { name, method, path }: CedarInvoke): Readonly<Record<string, unknown>> {
  return { name, method, path, params: paramsOf(c) };
}

/** A pure decision and a service have them themselves, and a pure decision has no connection to look at. */
function paramsOf(c: CedarContext): unknown {
  if ("params" in c) return c.params;
  return (c as { readonly conn?: { readonly params?: unknown } }).conn?.params;
}
