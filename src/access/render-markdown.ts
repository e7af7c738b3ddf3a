/** Owns the access matrix as Markdown: a table for each actor and service, for pull requests and documents. */
import type { Matrix, MatrixRow } from "./matrix.ts";
import type { ProbedRow } from "./probe.ts";
import { labelOf, legendOf, visible } from "./render-matrix.ts";

/** The matrix as Markdown, without a line break at the end. */
export function renderMarkdown(matrix: Matrix): string {
  const parties = matrix.parties.map(({ name }) => name);
  const owners = [...new Set(matrix.rows.map(({ of, owner }) => `${of} ${owner}`))];
  const tables = owners.flatMap((owner) => {
    const rows = matrix.rows.filter((row) => `${row.of} ${row.owner}` === owner);
    return [
      `## ${escapeMarkdown(owner.slice(owner.indexOf(" ") + 1))}`,
      "",
      line(["", ...parties]),
      line(["---", ...parties.map(() => "---")]),
      ...rows.map((row) => line([codeOf(labelOf(row)), ...parties.map((party) => cellOf(row, party))])),
      "",
    ];
  });
  const conditions = matrix.rows.flatMap((row) => conditionsOf(row));
  return [
    "# Access",
    "",
    ...tables,
    ...(conditions.length === 0 ? [] : ["## What depends", "", ...conditions, ""]),
    ...legendOf(matrix).map((note) => `- ${escapeMarkdown(note.replace(" (--explain)", ""))}`),
  ].join("\n");
}

function cellOf(row: MatrixRow, party: string): string {
  const verdict = row.cells[party]!;
  return verdict === "allow" ? "**allow**" : verdict;
}

function conditionsOf(row: MatrixRow): readonly string[] {
  const { why } = row as Partial<ProbedRow>;
  if (why === undefined) return [];
  return Object.entries(row.cells).flatMap(([party, verdict]) =>
    verdict === "depends"
      ? [
          `- ${codeOf(`${row.owner} ${labelOf(row)}`)} for ${party}: ${(why[party] ?? [])
            .map((witness) => `${witness.verdict} where ${escapeMarkdown(witness.when ?? "it was tried")}`)
            .join(", ")}`,
        ]
      : [],
  );
}

function line(cells: readonly string[]): string {
  return `| ${cells.join(" | ")} |`;
}

/** As code. Backticks know no escape, and a bar ends a cell inside of code too: where there are some, as entities. */
function codeOf(text: string): string {
  if (!/[|`\\]/.test(text)) return `\`${text}\``;
  return `<code>${text.replace(/[^\w ]/g, (character) => `&#${character.charCodeAt(0)};`)}</code>`;
}

function escapeMarkdown(text: string): string {
  return visible(text).replace(/[|\\`*_<[]/g, "\\$&");
}
