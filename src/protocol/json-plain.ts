/** Owns the test that lets most values skip the writer. It must never say yes to a value that needs a tag or a refusal. */

/**
 * True if JSON.stringify alone writes this value faithfully. False leaves the verdict to the writer.
 * @param levels how far down to look; deeper values count as not plain
 */
export const isPlain = (value: unknown, levels: number): boolean => {
  if (typeof value === "string" || typeof value === "boolean" || value === null) return true;
  if (typeof value === "number") return Number.isFinite(value);
  if (typeof value !== "object" || levels <= 0) return false;
  if (Array.isArray(value)) {
    if (value.length === 2 && typeof value[0] === "string" && value[0].startsWith("$")) return false;
    for (let i = 0; i < value.length; i++) if (!isPlain(value[i], levels - 1)) return false;
    return true;
  }
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return false;
  for (const key in value) {
    const member = (value as Record<string, unknown>)[key];
    if (member !== undefined && !isPlain(member, levels - 1)) return false;
  }
  return true;
};
