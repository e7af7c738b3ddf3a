/** Owns `byward explain`: prints the page of one of Bynk's diagnostic codes, as the compiler's own catalogue has it. */
import type { Command } from "commander";
import { editDistance } from "../../bynk/diagnostics/nearest.ts";
import { type Code, codes, type Explanation, explain } from "../../bynk/index.ts";
import { CommandFailure } from "../failure.ts";
import { paint, stdout, terminalWidth } from "../terminal.ts";

interface ExplainFlags {
  readonly json?: boolean;
}

export function define(command: Command): void {
  command
    .description(
      "Say what a diagnostic of Bynk means and what to do about it.\n" +
        "Words in braces, such as {actor}, stand for what the compiler found in your source.",
    )
    .argument("<code>", "the code in brackets behind a diagnostic, with or without bynk. in front")
    .option("--json", "print the page as JSON")
    .action(show);
}

function show(code: string, flags: ExplainFlags): void {
  const page = explain(code);
  if (page === undefined) throw unknownCode(code);
  if (flags.json === true) stdout(JSON.stringify(page, null, 2));
  else stdout(layOut(page, Math.min(terminalWidth() ?? WIDTH, WIDTH)).join("\n"));
}

function unknownCode(code: string): CommandFailure {
  const nearest = nearestCode(code.replace(/^bynk\./, ""));
  const hint =
    nearest === undefined
      ? "Copy the code from the brackets behind a diagnostic, such as bynk.actor.missing_by_on_http."
      : `Did you mean ${nearest}?`;
  return new CommandFailure("explain.code", `Bynk has no diagnostic "${code}".`, { hint, exitCode: 2 });
}

/** The work grows with the length of what was written. */
const LONGEST_WORD = 64;

/** The code somebody probably meant: also when only its last part was written. */
function nearestCode(written: string): Code | undefined {
  if (written.length > LONGEST_WORD) return undefined;
  let nearest: Code | undefined;
  let least = Math.max(1, Math.floor(written.length / 3)) + 1;
  for (const code of codes) {
    const name = code.replace(/^bynk\./, "");
    const last = name.slice(name.lastIndexOf(".") + 1);
    const distance = Math.min(editDistance(written, name), editDistance(written, last));
    if (distance < least) [nearest, least] = [code, distance];
  }
  return nearest;
}

/** Longest line of prose: more is hard to read. */
const WIDTH = 100;
const INDENT = "  ";

function layOut({ code, severity, title, text, messages, hints }: Explanation, width: number): readonly string[] {
  const style = severity === "error" ? "red" : "yellow";
  return [
    `${paint(style, `${severity}:`)} ${paint("bold", title)} ${paint("dim", `[${code}]`)}`,
    "",
    ...layOutText(text, width),
    ...layOutList(hasHoles([...messages, ...hints]) ? SAYS_WITH_HOLES : "The compiler says:", messages, width),
    ...layOutList("What to do:", hints, width),
  ];
}

const SAYS_WITH_HOLES = "The compiler says, with what it found in your source where words stand in braces:";
const hasHoles = (texts: readonly string[]): boolean => texts.some((text) => /\{[a-z]\w*\}/.test(text));

/** Prose is wrapped; code between fences is indented and stays as it is. */
function layOutText(text: string, width: number): readonly string[] {
  let inCode = false;
  return text.split("\n").flatMap((line) => {
    if (line.startsWith("```")) {
      inCode = !inCode;
      return [];
    }
    return inCode ? [`${INDENT}${line}`] : wrap(line, width);
  });
}

function layOutList(heading: string, items: readonly string[], width: number): readonly string[] {
  if (items.length === 0) return [];
  const lines = items.flatMap((item) =>
    wrap(item, width - 2 * INDENT.length).map((line, index) => `${INDENT}${index === 0 ? "- " : INDENT}${line}`),
  );
  return ["", paint("bold", heading), ...lines];
}

/** Breaks between words, but not within code: what stands between backticks is often copied. */
function wrap(text: string, width: number): readonly string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.match(/(?:`[^`]*`|\S)+/g) ?? []) {
    if (line !== "" && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  return [...lines, line];
}
