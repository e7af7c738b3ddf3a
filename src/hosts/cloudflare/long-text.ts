/** Owns texts that may be longer than a row: kept in parts, each far below the limit of a row, whole or not at all. */
import type { Sql } from "./sql.ts";

/** UTF-16 units of one part: 1.8 MB of UTF-8 at worst, and two parts never make one row. */
export const MAX_PART = 600_000;

/** Writes a text in place of the one before. Within a transaction of the caller. */
export function putText(sql: Sql, ref: number, owner: string, text: string, partsBefore: number): number {
  if (text.length <= MAX_PART) {
    putPart(sql, ref, owner, 0, text);
    if (partsBefore > 1) dropFrom(sql, ref, owner, 1);
    return 1;
  }
  const parts = partsOf(text);
  for (const [index, part] of parts.entries()) putPart(sql, ref, owner, index, part);
  if (partsBefore > parts.length) dropFrom(sql, ref, owner, parts.length);
  return parts.length;
}

export function getText(
  sql: Sql,
  ref: number,
  owner: string,
): { readonly text: string; readonly parts: number } | null {
  const rows = sql.all<{ body: string }>("SELECT body FROM text WHERE ref = ? AND owner = ? ORDER BY part", ref, owner);
  if (rows.length === 0) return null;
  return { text: rows.length === 1 ? rows[0]!.body : rows.map(({ body }) => body).join(""), parts: rows.length };
}

export function deleteText(sql: Sql, ref: number, owner: string): void {
  dropFrom(sql, ref, owner, 0);
}

/** Parts of a text; a surrogate pair is never torn, since half of one has no UTF-8. */
export function partsOf(text: string): string[] {
  const parts: string[] = [];
  for (let start = 0; start < text.length; ) {
    let end = Math.min(start + MAX_PART, text.length);
    const last = text.charCodeAt(end - 1);
    if (end < text.length && last >= 0xd800 && last <= 0xdbff) end -= 1;
    parts.push(text.slice(start, end));
    start = end;
  }
  return parts.length === 0 ? [""] : parts;
}

function putPart(sql: Sql, ref: number, owner: string, part: number, body: string): void {
  sql.run("INSERT OR REPLACE INTO text (ref, owner, part, body) VALUES (?, ?, ?, ?)", ref, owner, part, body);
}

function dropFrom(sql: Sql, ref: number, owner: string, part: number): void {
  sql.run("DELETE FROM text WHERE ref = ? AND owner = ? AND part >= ?", ref, owner, part);
}
