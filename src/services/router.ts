/**
 * Owns finding the route of a request: once, on the raw path, in time that grows with the path and not with the number of
 * routes. A tree of segments; each end holds the routes by method.
 *
 * Invariants:
 * - Of the routes that match, the one with the fewest parameters wins, then the one that comes first as text, whatever the
 *   order of declaration.
 * - Empty segments do not count, percent-encoding is undone once per segment and after splitting, so that an encoded slash is
 *   data of a parameter and never a border. Dot segments and backslashes are malformed in any spelling.
 * - A path is found or not before its method is looked at: another method of a known path is told apart from an unknown one.
 */
import { ConfigurationError } from "../boundary/errors.ts";
import { isDotSegment } from "../protocol/key.ts";
import type { RoutePath } from "./route-key.ts";

interface Leaf<Entry> {
  readonly entry: Entry;
  readonly key: string;
  /** Where the parameters stand in the path. */
  readonly params: readonly { readonly name: string; readonly at: number }[];
}

interface Node<Entry> {
  readonly statics: Map<string, Node<Entry>>;
  param: Node<Entry> | null;
  leaves: Map<string, Leaf<Entry>> | null;
}

export type RouteMatch<Entry> =
  | { readonly kind: "found"; readonly entry: Entry; readonly params: Readonly<Record<string, string>> }
  /** The path is known, the method is not; `entries` are those of the path. */
  | { readonly kind: "other_method"; readonly allow: readonly string[]; readonly entries: readonly Entry[] }
  | { readonly kind: "unknown" }
  | { readonly kind: "malformed"; readonly reason: string };

const NO_PARAMS: Readonly<Record<string, string>> = Object.freeze({});
const UNKNOWN = Object.freeze({ kind: "unknown" } as const);

const createNode = <Entry>(): Node<Entry> => ({ statics: new Map(), param: null, leaves: null });

export class Router<Entry> {
  readonly #root = createNode<Entry>();
  /** Routes without parameters by their plain spelling: the common case needs no splitting. */
  readonly #plain = new Map<string, Leaf<Entry>>();

  /** @throws ConfigurationError `service.route_duplicate` */
  add(path: RoutePath, entry: Entry): void {
    let node = this.#root;
    const params: { name: string; at: number }[] = [];
    for (const [at, segment] of path.segments.entries()) {
      if ("param" in segment) {
        params.push({ name: segment.param, at });
        node.param ??= createNode();
        node = node.param;
      } else {
        let next = node.statics.get(segment.text);
        if (next === undefined) {
          next = createNode();
          node.statics.set(segment.text, next);
        }
        node = next;
      }
    }
    node.leaves ??= new Map();
    const known = node.leaves.get(path.method);
    if (known !== undefined) {
      throw new ConfigurationError(
        "service.route_duplicate",
        `Routes ${JSON.stringify(known.key)} and ${JSON.stringify(path.key)} are one and the same. Remove one, or change its path.`,
      );
    }
    const leaf = { entry, key: path.key, params };
    node.leaves.set(path.method, leaf);
    if (params.length === 0) this.#plain.set(`${path.method} ${plainPath(path)}`, leaf);
  }

  /** `HEAD` finds the `GET` route; `OPTIONS` finds none and so answers with what is allowed. */
  match(method: string, rawPath: string): RouteMatch<Entry> {
    const wanted = method === "HEAD" ? "GET" : method;
    const plain = this.#plain.get(`${wanted} ${rawPath}`);
    if (plain !== undefined) return { kind: "found", entry: plain.entry, params: NO_PARAMS };
    const segments = splitPath(rawPath);
    if (typeof segments === "string") return { kind: "malformed", reason: segments };
    const found: Node<Entry>[] = [];
    collect(this.#root, segments, 0, found);
    if (found.length === 0) return UNKNOWN;
    const best = bestOf(found, wanted);
    if (best !== null) return { kind: "found", entry: best.entry, params: paramsOf(best, segments) };
    return otherMethod(found);
  }
}

function plainPath(path: RoutePath): string {
  return `/${path.segments.map((segment) => ("text" in segment ? encodeURIComponent(segment.text) : "")).join("/")}`;
}

/** The decoded segments, or why there are none. */
function splitPath(rawPath: string): readonly string[] | "path.backslash" | "path.dot_segment" | "path.encoding" {
  if (rawPath.includes("\\")) return "path.backslash";
  const segments: string[] = [];
  for (const raw of rawPath.split("/")) {
    if (raw === "") continue;
    if (isDotSegment(raw)) return "path.dot_segment";
    if (!raw.includes("%")) {
      segments.push(raw);
      continue;
    }
    try {
      segments.push(decodeURIComponent(raw));
    } catch {
      return "path.encoding";
    }
  }
  return segments;
}

/** Every end that matches. Two ways at a segment at most, and only where both were declared. */
function collect<Entry>(node: Node<Entry>, segments: readonly string[], at: number, found: Node<Entry>[]): void {
  if (at === segments.length) {
    if (node.leaves !== null) found.push(node);
    return;
  }
  const next = node.statics.get(segments[at]!);
  if (next !== undefined) collect(next, segments, at + 1, found);
  if (node.param !== null) collect(node.param, segments, at + 1, found);
}

function bestOf<Entry>(found: readonly Node<Entry>[], method: string): Leaf<Entry> | null {
  let best: Leaf<Entry> | null = null;
  for (const node of found) {
    const leaf = node.leaves!.get(method);
    if (leaf === undefined) continue;
    if (best === null || leaf.params.length < best.params.length) best = leaf;
    else if (leaf.params.length === best.params.length && leaf.key < best.key) best = leaf;
  }
  return best;
}

function paramsOf<Entry>(leaf: Leaf<Entry>, segments: readonly string[]): Readonly<Record<string, string>> {
  if (leaf.params.length === 0) return NO_PARAMS;
  const params: Record<string, string> = Object.create(null);
  for (const { name, at } of leaf.params) params[name] = segments[at]!;
  return params;
}

function otherMethod<Entry>(found: readonly Node<Entry>[]): RouteMatch<Entry> {
  const methods = new Set(["OPTIONS"]);
  const entries: Entry[] = [];
  for (const { leaves } of found) {
    for (const [method, leaf] of leaves!) {
      methods.add(method);
      if (method === "GET") methods.add("HEAD");
      entries.push(leaf.entry);
    }
  }
  return { kind: "other_method", allow: [...methods].sort(), entries };
}
