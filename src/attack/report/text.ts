/** Owns the report as text for a terminal or a log: findings by rule, aligned, with what was sent, what came, and the mend. */
import type { Report } from "../attack.ts";
import type { Finding } from "../book.ts";
import { RULES, type RuleId, type Severity } from "../rules.ts";

export type TextStyle = "critical" | "high" | "medium" | "low" | "dim" | "bold" | "good";
/** Colours text where somebody sees it. */
export type Paint = (style: TextStyle, text: string) => string;

/** Entrypoints that are shown for one rule. */
const SHOWN = 6;
const LABEL = 9;

/** The report as lines. */
export function renderText(report: Report, paint: Paint): string {
  const byRule = new Map<RuleId, Finding[]>();
  for (const finding of report.findings) byRule.set(finding.id, [...(byRule.get(finding.id) ?? []), finding]);
  return [
    ...[...byRule.values()].flatMap((findings) => [...renderRule(findings, paint), ""]),
    ...renderNotTried(report, paint),
    ...renderSummary(report, paint),
  ].join("\n");
}

function renderRule(findings: readonly Finding[], paint: Paint): readonly string[] {
  const [{ id, severity, title, expected, fix, asvs }] = findings as readonly [Finding];
  const line = (label: string, text: string): string => `  ${paint("dim", label.padEnd(LABEL))} ${text}`;
  const places = findings
    .slice(0, SHOWN)
    .flatMap(({ entrypoint, transport, sent, came }) => [
      `  ${paint("bold", entrypoint)}${transport === "" ? "" : paint("dim", ` · ${transport}`)}`,
      `  ${line("sent", sent)}`,
      `  ${line("came", came)}`,
    ]);
  const more = findings.length - SHOWN;
  return [
    `${paint(severity, severity.toUpperCase().padEnd(LABEL - 1))} ${paint("bold", title)}  ${paint("dim", `[${id}] ASVS ${asvs.join(", ")}`)}`,
    ...places,
    ...(more > 0 ? [`  … and ${more} more`] : []),
    line("expected", expected),
    line("mend", fix),
  ];
}

function renderNotTried({ notTried }: Report, paint: Paint): readonly string[] {
  if (notTried.length === 0) return [];
  const width = Math.min(56, Math.max(...notTried.map(({ what }) => what.length)));
  const lines = notTried.map(({ what, why }) => `  ${what.padEnd(width)}  ${paint("dim", why)}`);
  return [paint("bold", "Not tried"), ...lines, ""];
}

function renderSummary(report: Report, paint: Paint): readonly string[] {
  const { findings, coverage, checked, requests, seconds, stopped } = report;
  const tried =
    coverage.planned === 0
      ? `${checked.length} of ${Object.keys(RULES).length} rules`
      : `${coverage.tried} of ${coverage.planned} cells over every transport (${coverage.rows} entrypoints, ${coverage.internal} of them without a way from outside), ${checked.length} rules`;
  const lines = [`Tried ${tried}, with ${requests} requests in ${seconds.toFixed(1)} s.`];
  if (coverage.withoutCredential > 0)
    lines.push(`${coverage.withoutCredential} cells are of parties that no credential can be made for.`);
  for (const cell of coverage.missing.slice(0, 10))
    lines.push(paint("high", `Not tried, and should have been: ${cell}`));
  if (stopped !== null) lines.push(paint("high", `Ended early: ${stopped}.`));
  const counts = countBySeverity(findings);
  const isWhole = stopped === null && coverage.missing.length === 0;
  lines.push(
    findings.length === 0
      ? isWhole
        ? paint("good", "✓ Nothing was found.")
        : paint("medium", "Nothing was found in what was tried.")
      : paint(
          "critical",
          `✗ ${findings.length} found: ${counts.map(([severity, count]) => `${count} ${severity}`).join(", ")}.`,
        ),
  );
  return lines;
}

function countBySeverity(findings: readonly Finding[]): readonly (readonly [Severity, number])[] {
  const counts = new Map<Severity, number>();
  for (const { severity } of findings) counts.set(severity, (counts.get(severity) ?? 0) + 1);
  return [...counts];
}
