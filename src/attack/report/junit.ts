/** Owns the report as JUnit XML: one case for each rule that was put to the test, failed where it found something. */
import type { Report } from "../attack.ts";
import { RULES } from "../rules.ts";

export function renderJunit(report: Report): string {
  const { findings, checked, notTried, seconds, target, coverage, stopped } = report;
  const cases = checked.map((id) => {
    const found = findings.filter((finding) => finding.id === id);
    const { title, asvs } = RULES[id];
    const head = `    <testcase classname="byward.attack" name="${xml(`${id}: ${title} (ASVS ${asvs.join(", ")})`)}"`;
    if (found.length === 0) return `${head}/>`;
    const text = found.map(
      ({ entrypoint, transport, sent, came, fix }) =>
        `${entrypoint} ${transport}\n  sent: ${sent}\n  came: ${came}\n  mend: ${fix}`,
    );
    return `${head}>\n      <failure type="${xml(found[0]!.severity)}" message="${xml(title)}">${xml(text.join("\n"))}</failure>\n    </testcase>`;
  });
  const incomplete = [...coverage.missing, ...(stopped === null ? [] : [stopped])];
  const complete = `    <testcase classname="byward.attack" name="coverage: every cell of the matrix was tried"`;
  cases.push(
    incomplete.length === 0
      ? `${complete}/>`
      : `${complete}>\n      <error message="incomplete">${xml(incomplete.join("\n"))}</error>\n    </testcase>`,
  );
  for (const { what, why } of notTried) {
    cases.push(
      `    <testcase classname="byward.attack" name="${xml(what)}">\n      <skipped message="${xml(why)}"/>\n    </testcase>`,
    );
  }
  const failed = new Set(findings.map(({ id }) => id)).size;
  const counts = `tests="${cases.length}" failures="${failed}" errors="${incomplete.length === 0 ? 0 : 1}" skipped="${notTried.length}" time="${seconds.toFixed(3)}"`;
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites>\n  <testsuite name="${xml(`byward attack ${target}`)}" ${counts}>\n${cases.join("\n")}\n  </testsuite>\n</testsuites>\n`;
}

/** Text of XML 1.0: what it cannot hold at all is left away. */
function xml(text: string): string {
  return text
    .replace(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd]/g, "")
    .replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
