/** Owns the access matrix as text: an aligned table, one actor or service after the other, for terminals and files. */
import type { Matrix, MatrixRow } from "./matrix.ts";
import type { Verdict } from "./verdict.ts";

/** How a verdict is styled; the identity where the reader sees no colours. */
export type VerdictPaint = (verdict: Verdict, text: string) => string;

const GAP = "  ";
const KIND_LABELS: Readonly<Record<string, string>> = { queue: "queue", subscribe: "event", http: "" };

/** The matrix as lines, without a line break at the end. */
export function renderMatrix(matrix: Matrix, paint: VerdictPaint = (_verdict, text) => text): string {
  const parties = matrix.parties.map((party) => party.name);
  const labels = matrix.rows.map(labelOf);
  const first = Math.max(...labels.map((label) => label.length), 0);
  const widths = parties.map((party) =>
    Math.max(party.length, ...matrix.rows.map((row) => row.cells[party]!.length), "allow".length),
  );
  const lines: string[] = [];
  let owner: string | null = null;
  matrix.rows.forEach((row, index) => {
    if (`${row.of} ${row.owner}` !== owner) {
      if (owner !== null) lines.push("");
      owner = `${row.of} ${row.owner}`;
      lines.push(
        [row.owner.padEnd(first + GAP.length), ...parties.map((party, at) => party.padEnd(widths[at]!))]
          .join(GAP)
          .trimEnd(),
      );
    }
    const cells = parties.map((party, at) => {
      const verdict = row.cells[party]!;
      return paint(verdict, verdict.padEnd(at === parties.length - 1 ? 0 : widths[at]!));
    });
    lines.push([`${GAP}${labels[index]!.padEnd(first)}`, ...cells].join(GAP));
  });
  return [...lines, ...(legendOf(matrix).length === 0 ? [] : ["", ...legendOf(matrix)])].join("\n");
}

/** An entrypoint in words: `action ban`, `event (any other)`, `GET /users/:id`. */
export function labelOf(row: Pick<MatrixRow, "kind" | "name">): string {
  const kind = KIND_LABELS[row.kind] ?? row.kind;
  if (row.name === undefined) return kind;
  const name = visible(row.name);
  if (kind === "") return name;
  return row.name === "*" ? `${kind} (any other)` : `${kind} ${name}`;
}

/** Text without characters that break lines, move a cursor, change colours or turn the direction of writing. */
export function visible(text: string): string {
  return text.replace(
    /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu,
    (character) => `\\u${character.codePointAt(0)!.toString(16).padStart(4, "0")}`,
  );
}

/** What a reader needs beside the cells: what refinements require, what the signs mean. */
export function legendOf(matrix: Matrix): readonly string[] {
  const seen = new Set(matrix.rows.flatMap((row) => Object.values(row.cells)));
  const refinements = matrix.parties.flatMap(({ name, refines }) =>
    refines === undefined ? [] : [`${name} = ${refines.base} with ${refines.requires}`],
  );
  const notes = [
    ...refinements,
    ...(seen.has("depends") ? ["depends = on who, where or in which state (--explain)"] : []),
    ...(seen.has("500") ? ["500 = the code that decides failed"] : []),
    ...(seen.has("?") ? ["? = decided by code, for each call"] : []),
    ...(seen.has("-") ? ["- = has no way to come here"] : []),
    ...(seen.has("404") ? ["404 = nothing is there to reach"] : []),
  ];
  return notes;
}
