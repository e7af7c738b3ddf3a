/**
 * Owns the access matrix as one HTML page without scripts or anything fetched: light and dark as the reader's system is,
 * readable on a phone, each cell opening on why it is what it is. Names come from code and are escaped all the same.
 */
import type { Matrix, MatrixRow } from "./matrix.ts";
import type { ProbedRow, Witness } from "./probe.ts";
import { labelOf, legendOf } from "./render-matrix.ts";
import type { Verdict } from "./verdict.ts";

/** The whole page. */
export function renderHtml(matrix: Matrix): string {
  const parties = matrix.parties.map(({ name }) => name);
  const owners = [...new Set(matrix.rows.map(({ of, owner }) => `${of} ${owner}`))];
  const sections = owners.map((owner) => {
    const [of = "", ...rest] = owner.split(" ");
    const rows = matrix.rows.filter((row) => `${row.of} ${row.owner}` === owner);
    return section(of, rest.join(" "), parties, rows);
  });
  const notes = legendOf(matrix).map((note) => `<li>${escapeHtml(note.replace(" (--explain)", ""))}</li>`);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Access matrix</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<h1>Access matrix</h1>
<p class="lead">Every way in, and what each party gets there. Open a cell to see what decided it.</p>
${sections.join("\n")}
<ul class="notes">${notes.join("")}</ul>
</main>
</body>
</html>
`;
}

function section(of: string, owner: string, parties: readonly string[], rows: readonly MatrixRow[]): string {
  const heads = parties.map((party) => `<th scope="col">${escapeHtml(party)}</th>`).join("");
  const lines = rows.map(
    (row) =>
      `<tr><th scope="row">${escapeHtml(labelOf(row))}</th>${parties.map((party) => cell(row, party)).join("")}</tr>`,
  );
  return `<section>
<h2>${escapeHtml(owner)} <small>${escapeHtml(of)}</small></h2>
<div class="scroll"><table><thead><tr><td></td>${heads}</tr></thead><tbody>
${lines.join("\n")}
</tbody></table></div>
</section>`;
}

function cell(row: MatrixRow, party: string): string {
  const verdict = row.cells[party]!;
  const { why, reads } = row as Partial<ProbedRow>;
  const witnesses = why?.[party] ?? [];
  const badge = `<span class="v ${CLASSES[verdict]}">${escapeHtml(verdict)}</span>`;
  if (witnesses.length === 0) return `<td>${badge}</td>`;
  const unheld = reads?.[party] ?? [];
  const note =
    unheld.length === 0 ? "" : `<p>Looks at ${escapeHtml(unheld.map((name) => `claim ${name}`).join(", "))}.</p>`;
  return `<td><details><summary>${badge}</summary><div class="why">${witnesses.map(witness).join("")}${note}</div></details></td>`;
}

function witness({ verdict, because, at, caller, key, when }: Witness): string {
  const who = caller === undefined ? null : (caller.subject ?? "somebody who presents nothing");
  const claims =
    caller === undefined || Object.keys(caller.claims).length === 0 ? "" : ` ${JSON.stringify(caller.claims)}`;
  const facts = [
    who === null ? "" : `for ${who}${claims}`,
    key === undefined ? "" : `at key ${key.join("/")}`,
    when === undefined ? "" : `(${when})`,
  ].filter((part) => part !== "");
  const place = at === undefined ? "" : ` <code>${escapeHtml(at)}</code>`;
  return `<p><b>${escapeHtml(verdict)}</b> ${escapeHtml(because)}${place}${facts.length === 0 ? "" : `<br><i>${escapeHtml(facts.join(" "))}</i>`}</p>`;
}

const CLASSES: Readonly<Record<Verdict, string>> = {
  allow: "allow",
  "401": "deny",
  "403": "deny",
  "404": "none",
  "500": "broken",
  "?": "open",
  depends: "open",
  "-": "none",
};

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ENTITIES[character]!);
}

const STYLE = `
:root { color-scheme: light dark; --bg: #fbfbfa; --fg: #1d1f21; --soft: #63686e; --line: #e1e3e5; --card: #fff;
  --allow: #0b6b3a; --allow-bg: #dff3e6; --deny: #9b1c1c; --deny-bg: #fbe5e5; --open: #7a4b00; --open-bg: #fff0cf;
  --none: #63686e; --none-bg: #eef0f1; }
@media (prefers-color-scheme: dark) { :root { --bg: #141618; --fg: #e8eaec; --soft: #9aa1a8; --line: #2c3035; --card: #1b1e21;
  --allow: #7fdca4; --allow-bg: #12351f; --deny: #ff9f9f; --deny-bg: #431a1a; --open: #ffcf7a; --open-bg: #402d08;
  --none: #9aa1a8; --none-bg: #25292d; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--bg); color: var(--fg); font: 15px/1.5 system-ui, sans-serif; }
main { max-width: 72rem; margin: 0 auto; padding: 2rem 1rem 4rem; }
h1 { font-size: 1.6rem; margin: 0; } h2 { font-size: 1.15rem; margin: 2rem 0 .5rem; }
small, .lead, .notes, i { color: var(--soft); font-weight: 400; }
.lead { margin: .25rem 0 0; }
.scroll { overflow-x: auto; background: var(--card); border: 1px solid var(--line); border-radius: 10px; }
table { border-collapse: collapse; width: 100%; }
th, td { padding: .4rem .75rem; text-align: left; vertical-align: top; border-top: 1px solid var(--line); white-space: nowrap; }
thead th, thead td { border-top: 0; color: var(--soft); font-weight: 600; }
tbody th { font: 13px/1.7 ui-monospace, monospace; }
summary { cursor: pointer; list-style: none; } summary::-webkit-details-marker { display: none; }
summary:focus-visible { outline: 2px solid currentColor; outline-offset: 2px; border-radius: 6px; }
.v { display: inline-block; min-width: 3.4em; padding: 0 .5em; border-radius: 6px; text-align: center; font-size: 13px; line-height: 1.7; }
.allow { color: var(--allow); background: var(--allow-bg); } .deny { color: var(--deny); background: var(--deny-bg); }
.open { color: var(--open); background: var(--open-bg); } .none { color: var(--none); background: var(--none-bg); }
.broken { color: var(--deny-bg); background: var(--deny); }
.why { max-width: 15rem; white-space: normal; font-size: 13px; } .why p { margin: .4rem 0; }
code { font: 12px ui-monospace, monospace; }
.notes { padding-left: 1.1rem; margin-top: 1.5rem; }
`;
