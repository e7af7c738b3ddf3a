/** Reads the tables of `docs/coming-from-rivetkit.md`: one entry a name, by the heading it stands under. */
import { readFileSync } from "node:fs";

export interface NameRow {
  readonly name: string;
  /** A number, `–` for a value, `type` for a type. */
  readonly arity: string;
  readonly verdict: string;
  readonly note: string;
}

const page = readFileSync(new URL("../../docs/coming-from-rivetkit.md", import.meta.url), "utf8");

/** Tables of names by heading; several names in one cell are several rows. */
export function readTables(text: string = page): ReadonlyMap<string, readonly NameRow[]> {
  const tables = new Map<string, NameRow[]>();
  let heading = "";
  let isNames = false;
  for (const line of text.split("\n")) {
    if (line.startsWith("## ")) heading = line.slice(3);
    if (!line.startsWith("|")) isNames = false;
    else if (line.startsWith("| name | arity |")) isNames = true;
    else if (isNames && !line.startsWith("|---")) {
      const rows = tables.get(heading) ?? [];
      tables.set(heading, [...rows, ...rowsOf(line)]);
    }
  }
  return tables;
}

function rowsOf(line: string): NameRow[] {
  const [, names = "", arity = "", verdict = "", note = ""] = line.split(/(?<!\\)\|/).map((cell) => cell.trim());
  return [...names.matchAll(/`([^`]+)`/g)].map(([, name]) => ({ name: name!, arity, verdict, note }));
}
