/**
 * Owns the HTTP paths of actors (design §4), both ways. Parsing happens once, on the raw path as it arrived: a path that
 * was normalised or decoded before would route differently from what was authorised.
 */
import { DecodeError, EncodeError } from "./errors.ts";
import { decodeSegment, encodeSegment, isDotSegment, type Key, keyText, parseKey } from "./key.ts";

/** Which actor: by its key, or by its id (`@{id}`, a segment no key text starts with). */
export type ActorAddress = { readonly by: "key"; readonly key: Key } | { readonly by: "id"; readonly id: string };

export type ActorRoute =
  /** The actor itself: `GET` resolves, `PUT` gets or creates, `POST` creates. */
  | { readonly kind: "actor" }
  | { readonly kind: "action" | "queue" | "event"; readonly name: string }
  /** `path` is what follows, raw, and starts with `/`. */
  | { readonly kind: "request" | "websocket"; readonly path: string }
  | { readonly kind: "connect" }
  /** Below an actor, but no route of ours: `not_found`. */
  | { readonly kind: "unknown" };

export interface ActorPath {
  readonly name: string;
  readonly address: ActorAddress;
  readonly route: ActorRoute;
}

const ROOT = "/actors";
const NAMED = { actions: "action", queues: "queue", events: "event" } as const;
const ID = /^[A-Za-z0-9_-]{1,128}$/;

/**
 * Reads a raw path, without its query.
 * @returns null if the path is none of an actor's, and so a service's
 * @throws DecodeError for `malformed` paths
 */
export const parseActorPath = (rawPath: string): ActorPath | null => {
  if (rawPath !== ROOT && !rawPath.startsWith(`${ROOT}/`)) return null;
  if (rawPath.includes("\\")) throw new DecodeError("the path contains a backslash");
  const segments = rawPath.slice(ROOT.length + 1).split("/");
  if (segments.some(isDotSegment)) throw new DecodeError("the path contains a dot segment");
  const [name, address] = segments;
  if (name === undefined || name === "") throw new DecodeError("the actor's name is missing");
  if (address === undefined) throw new DecodeError("the actor's key is missing");
  return { name: decodeSegment(name, "the actor's name"), address: parseAddress(address), route: parseRoute(segments) };
};

/**
 * Writes a path. The inverse of `parseActorPath`, except that `unknown` has none.
 * @throws EncodeError for names and keys that have no spelling
 */
export const actorPath = (name: string, address: ActorAddress, route: ActorRoute): string =>
  `${ROOT}/${segment(name, "name")}/${addressText(address)}${routeText(route)}`;

const parseAddress = (segment: string): ActorAddress => {
  if (!segment.startsWith("@")) return { by: "key", key: parseKey(segment) };
  const id = segment.slice(1);
  if (!ID.test(id)) throw new DecodeError("the actor's id is not one");
  return { by: "id", id };
};

/** The route of a path's segments, of which the first two say which actor. */
const parseRoute = (segments: readonly string[]): ActorRoute => {
  const kind = segments[2];
  const name = segments[3];
  if (kind === undefined) return { kind: "actor" };
  if (kind === "request" || kind === "websocket") return { kind, path: `/${segments.slice(3).join("/")}` };
  if (kind === "connect") return { kind: name === undefined ? "connect" : "unknown" };
  if (!Object.hasOwn(NAMED, kind) || name === undefined || name === "" || segments.length > 4)
    return { kind: "unknown" };
  return { kind: NAMED[kind as keyof typeof NAMED], name: decodeSegment(name, "the name") };
};

const addressText = (address: ActorAddress): string => {
  if (address.by === "key") return keyText(address.key);
  if (!ID.test(address.id)) throw new EncodeError("id", "it is not an actor's id");
  return `@${address.id}`;
};

const routeText = (route: ActorRoute): string => {
  switch (route.kind) {
    case "actor":
      return "";
    case "connect":
      return "/connect";
    case "request":
    case "websocket":
      return `/${route.kind}${route.path.startsWith("/") ? "" : "/"}${route.path}`;
    case "unknown":
      throw new EncodeError("route", "an unknown route has no path");
    default:
      return `/${route.kind}s/${segment(route.name, "name")}`;
  }
};

const segment = (text: string, path: string): string => {
  if (text === "" || isDotSegment(text)) throw new EncodeError(path, `${JSON.stringify(text)} cannot be in a path`);
  return encodeSegment(text, path);
};
