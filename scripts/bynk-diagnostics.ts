/**
 * Checks that the index of Bynk's diagnostics is what the compiler's catalogue says; `--write` makes it so. Nothing in the
 * index is written by hand.
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { type Code, codes, type Explanation, explain } from "../src/bynk/index.ts";

const path = fileURLToPath(new URL("../docs/bynk/diagnostics.md", import.meta.url));

/** Codes without an area of their own, such as `bynk.unsupported`. */
const GENERAL = "general";

/** The index as it should be. */
export function currentDiagnostics(): string {
  const areas = [...Map.groupBy(codes, areaOf)].toSorted(([a], [b]) => Number(a === GENERAL) - Number(b === GENERAL));
  const contents = areas.map(([area, members]) => `[${area}](#${area}) (${members.length})`);
  const warnings = codes.filter((code) => pageOf(code).severity === "warning");
  return `${[
    "# Diagnostics",
    "<!-- Made by scripts/bynk-diagnostics.ts --write. Change the catalogue instead. -->",
    `Every code of the compiler, ${codes.length} of them, with its rule, what the compiler says and what to do about it. Words in ` +
      "braces stand for what it found in your source. `byward explain <code>` prints one of these in the terminal.",
    `All are errors but ${warnings.length} warnings: ${warnings.map((code) => `[${code}](#${anchorOf(code)})`).join(", ")}. ` +
      "With an error nothing is compiled; a warning stops nothing.",
    contents.join(" · "),
    ...areas.flatMap(([area, members]) => [`## ${area}`, ...members.map((code) => describe(pageOf(code)))]),
  ].join("\n\n")}\n`;
}

function areaOf(code: Code): string {
  const parts = code.split(".");
  return parts.length > 2 ? parts[1]! : GENERAL;
}

/** The anchor of a code's heading, as GitHub makes it. */
function anchorOf(code: Code): string {
  return code.replaceAll(".", "");
}

function pageOf(code: Code): Explanation {
  const page = explain(code);
  if (page === undefined) throw new Error(`${code} has no page`);
  return page;
}

function describe({ code, severity, title, text, messages, hints }: Explanation): string {
  const said = messages.map((message) => `- Says: ${message}`);
  const todo = hints.map((hint) => `- To do: ${hint}`);
  const head = `${severity === "error" ? "Error" : "Warning"}: ${title}.`;
  return [`### ${code}`, head, text, [...said, ...todo].join("\n")].join("\n\n");
}

export function isDiagnosticsCurrent(): boolean {
  return existsSync(path) && readFileSync(path, "utf8") === currentDiagnostics();
}

if (import.meta.main) {
  if (process.argv.includes("--write")) writeFileSync(path, currentDiagnostics());
  else if (!isDiagnosticsCurrent()) {
    console.error("docs/bynk/diagnostics.md is not what the catalogue says: run this with --write.");
    process.exitCode = 1;
  }
}
