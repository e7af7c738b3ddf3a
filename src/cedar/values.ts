/**
 * Owns values on their way into Cedar. What has no form there is refused, so that it denies: nothing is rounded, shortened or
 * left out. Members that Cedar's JSON reads as an entity or an extension are refused too: claims and parameters come from
 * outside, and data must not become a reference.
 */
import type { CedarRecord, CedarValue } from "./engine.ts";
import type { Attributes } from "./schema.ts";

const ESCAPES: ReadonlySet<string> = new Set(["__entity", "__extn", "__expr"]);
const MAX_DEPTH = 32;

/** @throws TypeError where the value has no form in Cedar */
export function toCedar(value: unknown, what: string, depth = 0): CedarValue {
  if (depth > MAX_DEPTH) throw new TypeError(`${what} is nested more than ${MAX_DEPTH} deep.`);
  if (typeof value === "string" || typeof value === "boolean") return value;
  if (typeof value === "bigint" && value === BigInt(Number(value))) return toCedar(Number(value), what);
  if (typeof value === "number") {
    if (Number.isSafeInteger(value)) return value;
    throw new TypeError(`${what} is ${value}: Cedar has whole numbers only.`);
  }
  if (value instanceof Date) return toCedar(value.getTime(), what);
  if (Array.isArray(value) || value instanceof Set) {
    return [...value].map((one) => toCedar(one, `a member of ${what}`, depth + 1));
  }
  if (typeof value === "object" && value !== null) {
    const entries = value instanceof Map ? [...value] : Object.entries(value);
    return toRecord(entries, what, depth);
  }
  throw new TypeError(`${what} is ${value === null ? "null" : `of type ${typeof value}`}, which has no form in Cedar.`);
}

function toRecord(entries: readonly (readonly [unknown, unknown])[], what: string, depth: number): CedarRecord {
  const record: Record<string, CedarValue> = Object.create(null);
  for (const [key, value] of entries) {
    if (typeof key !== "string" || ESCAPES.has(key)) {
      throw new TypeError(`${what} has a member ${String(key)}, which data must not have.`);
    }
    if (value !== undefined && value !== null) record[key] = toCedar(value, `${what}.${key}`, depth + 1);
  }
  return record;
}

/** The members of `given` that the schema declares, as Cedar has them; `undefined` and `null` count as absent. */
export function pickDeclared(
  given: Readonly<Record<string, unknown>>,
  declared: Attributes,
  what: string,
): CedarRecord {
  const record: Record<string, CedarValue> = Object.create(null);
  for (const [name, inner] of declared) {
    const value = Object.hasOwn(given, name) ? given[name] : undefined;
    if (value === undefined || value === null) continue;
    record[name] =
      inner !== null && isPlain(value)
        ? pickDeclared(value as Readonly<Record<string, unknown>>, inner, `${what}.${name}`)
        : toCedar(value, `${what}.${name}`);
  }
  return record;
}

function isPlain(value: unknown): boolean {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  return !(value instanceof Map || value instanceof Set || value instanceof Date);
}
