/** Owns the report as one HTML page: no scripts, nothing loaded, light and dark. */
import type { Report } from "../attack.ts";
import type { Finding } from "../book.ts";
import { RULES } from "../rules.ts";

export function renderHtml(report: Report): string {
  const { findings, notTried, checked, coverage, requests, seconds, target, stopped } = report;
  const verdict =
    findings.length === 0
      ? `<p class="good">Nothing was found.</p>`
      : `<p class="critical">${findings.length} found.</p>`;
  const incomplete = [...coverage.missing, ...(stopped === null ? [] : [`Ended early: ${stopped}.`])];
  const rules = checked.map((id) => {
    const count = findings.filter((finding) => finding.id === id).length;
    const { title, asvs } = RULES[id];
    return `<tr><td><code>${html(id)}</code></td><td>${html(title)}</td><td>${html(asvs.join(", "))}</td><td>${count === 0 ? "no" : count}</td></tr>`;
  });
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width">
<title>Attack on ${html(target)}</title>
<style>${STYLE}</style>
<main>
<h1>Attack on ${html(target)}</h1>
${verdict}
<p>${coverage.tried} of ${coverage.planned} cells, ${checked.length} rules, ${requests} requests, ${seconds.toFixed(1)} s.</p>
${incomplete.length === 0 ? "" : `<h2>Incomplete</h2>\n${list(incomplete)}`}
${findings.map(renderFinding).join("\n")}
<h2>Rules put to the test</h2>
<table><thead><tr><th>id</th><th>rule</th><th>ASVS 5.0</th><th>found</th></tr></thead><tbody>
${rules.join("\n")}
</tbody></table>
${notTried.length === 0 ? "" : `<h2>Not tried</h2>\n${list(notTried.map(({ what, why }) => `${what}: ${why}`))}`}
</main>
</html>
`;
}

function renderFinding({
  id,
  severity,
  title,
  entrypoint,
  transport,
  sent,
  came,
  expected,
  fix,
  asvs,
}: Finding): string {
  const rows = { sent, came, expected, mend: fix, "ASVS 5.0": asvs.join(", ") };
  const terms = Object.entries(rows).map(([term, text]) => `<dt>${html(term)}</dt><dd>${html(text)}</dd>`);
  return `<section class="${severity}"><h2>${html(title)} <code>${html(id)}</code></h2>
<p><strong>${html(severity)}</strong> at ${html(entrypoint)}${transport === "" ? "" : ` over ${html(transport)}`}</p>
<dl>${terms.join("")}</dl></section>`;
}

function list(texts: readonly string[]): string {
  return `<ul>${texts.map((text) => `<li>${html(text)}</li>`).join("")}</ul>`;
}

function html(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

const STYLE = `
:root { color-scheme: light dark; --line: light-dark(#ddd, #444); --bad: light-dark(#b00020, #ff8a80); --good: light-dark(#1b6e2d, #7ddc91) }
body { font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto; padding: 0 1rem; max-width: 60rem }
table { border-collapse: collapse; width: 100% } td, th { border-bottom: 1px solid var(--line); padding: .3rem .5rem; text-align: left; vertical-align: top }
section { border-left: 4px solid var(--line); padding-left: 1rem } section.critical, section.high { border-color: var(--bad) }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .2rem 1rem } dt { opacity: .7 } dd { margin: 0; overflow-wrap: anywhere }
p.critical { color: var(--bad) } p.good { color: var(--good) } h2 { font-size: 1.1rem }`;
