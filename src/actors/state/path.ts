/** Owns how a place in the state is written for people: `state.users[3].tags`, `state.byId.get("x")`. */

export type Segment = { readonly key: PropertyKey } | { readonly of: "get" | "key" | "member"; readonly key: unknown };

export function renderPath(segments: readonly Segment[]): string {
  return `state${segments.map(render).join("")}`;
}

function render(segment: Segment): string {
  if ("of" in segment)
    return segment.of === "get" ? `.get(${shown(segment.key)})` : `.${segment.of}(${shown(segment.key)})`;
  const key = segment.key;
  if (typeof key === "symbol") return `[${key.toString()}]`;
  if (typeof key === "number" || /^\d+$/.test(key)) return `[${key}]`;
  return /^[A-Za-z_$][\w$]*$/.test(key) ? `.${key}` : `[${JSON.stringify(key.slice(0, 64))}]`;
}

function shown(key: unknown): string {
  if (typeof key === "string") return JSON.stringify(key.slice(0, 64));
  return typeof key === "object" || typeof key === "function" || typeof key === "symbol" ? "…" : String(key);
}

/** Where in the tree a container stands; null when it stands nowhere (any more). Walks the tree: for errors only. */
export function findPath(root: unknown, wanted: object, read: (container: object) => object): Segment[] | null {
  const seen = new Set<object>();
  const search = (value: unknown, path: Segment[]): Segment[] | null => {
    if (typeof value !== "object" || value === null || seen.has(value)) return null;
    if (value === wanted) return path;
    seen.add(value);
    for (const [segment, child] of childrenOf(read(value))) {
      const found = search(child, [...path, segment]);
      if (found !== null) return found;
    }
    return null;
  };
  return search(root, []);
}

/** What a container holds, keys of maps among it. */
export function* childrenOf(container: object): Iterable<[Segment, unknown]> {
  if (container instanceof Map) {
    for (const [key, value] of container) {
      yield [{ of: "get", key }, value];
      yield [{ of: "key", key }, key];
    }
  } else if (container instanceof Set) {
    for (const key of container) yield [{ of: "member", key }, key];
  } else if (!ArrayBuffer.isView(container)) {
    for (const key of Object.keys(container)) yield [{ key }, (container as Record<string, unknown>)[key]];
  }
}
