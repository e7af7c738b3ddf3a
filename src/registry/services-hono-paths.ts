/** Owns whether one Hono path pattern matches everything another one does. Says no where it is not sure. */

/** True when every path that `route` matches, `guard` matches too. */
export function coversPath(guard: string, route: string): boolean {
  const guarded = segments(guard);
  const routed = segments(route);
  for (const [at, segment] of guarded.entries()) {
    const isLast = at === guarded.length - 1;
    // A trailing star matches any rest, none included.
    if (segment === "*" && isLast) return true;
    const other = routed[at];
    if (other === undefined) return false;
    if (segment === other) continue;
    const takesAnything = other !== "" && (segment === "*" || /^:[^{}?]+$/.test(segment));
    // What may be absent, or span several segments, is not one segment.
    if (!takesAnything || other === "*" || other.endsWith("?") || other.includes("{")) return false;
  }
  return guarded.length === routed.length;
}

/** Empty ones count: to Hono `/me/` is another path than `/me`, and a guard of one is none of the other. */
function segments(path: string): readonly string[] {
  return path.replace(/^\//, "").split("/");
}
