/**
 * Owns `byward attack`: sends a registry, or an address, the known bad things and reports what came of it. Exit code 0 where
 * nothing was found, 1 where something was, 2 where it was called wrongly or could not try everything.
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { type Command, InvalidArgumentError, Option } from "commander";
import { type AccessLock, parseLock } from "../../access/lock.ts";
import { probeMatrix } from "../../access/probe.ts";
import { attackRegistry, DEFAULT_BUDGET, FAMILIES, type Family, type Report } from "../../attack/attack.ts";
import { attackUrl, mayAttack } from "../../attack/black-box.ts";
import { renderHtml } from "../../attack/report/html.ts";
import { renderJunit } from "../../attack/report/junit.ts";
import { renderText, type TextStyle } from "../../attack/report/text.ts";
import { withoutSideEffects } from "../access/side-effects.ts";
import { registryFile } from "../bynk/entry.ts";
import { Progress } from "../bynk/progress.ts";
import { loadRegistry } from "../entry.ts";
import { CommandFailure } from "../failure.ts";
import { type Paint, paint, stderr, stdout } from "../terminal.ts";

interface Flags {
  readonly json?: boolean;
  readonly html?: string;
  readonly junit?: string;
  readonly lock?: string | false;
  readonly samples?: string;
  readonly only?: readonly Family[];
  readonly token?: string;
  readonly iOwn?: string;
  readonly requests: number;
  readonly seconds: number;
}

export function define(command: Command): void {
  command
    .description(
      "Send every way in the known bad things: bad and replayed credentials, foreign origins, odd paths and names, endless " +
        "bodies, malformed frames. Says what got through, and what was not tried.\n\n" +
        "An entry is served on loopback, in a temporary data directory, with test secrets. Its handlers run. Every cell of " +
        "the access matrix is tried.\n\n" +
        "A URL is tried as far as can be seen from outside.",
    )
    .argument("<entry|url>", "file that exports the registry, a Bynk file or project, or the URL of an entrypoint")
    .option("--only <families>", `only these checks beside the cells: ${FAMILIES.join(", ")}`, readFamilies)
    .option(
      "--samples <file>",
      'JSON with bodies that entrypoints accept: { "POST /orders": { … }, "room action write": [ … ] }',
    )
    .option("--lock <file>", "access lock to compare with (default: access.lock beside the entry, if there)")
    .option("--no-lock", "do not compare with an access lock")
    .option("--token <token>", "with a URL: a good bearer token, so that more can be tried")
    .option("--i-own <host>", "with a URL that is not loopback: its host, to say that you may attack it")
    .addOption(
      new Option("--requests <count>", "most requests and sockets")
        .argParser(readCount)
        .default(DEFAULT_BUDGET.requests),
    )
    .addOption(new Option("--seconds <count>", "most time").argParser(readCount).default(DEFAULT_BUDGET.seconds))
    .option("--json", "print the report as JSON")
    .option("--html <file>", "write the report as an HTML page")
    .option("--junit <file>", "write the report as JUnit XML")
    .addHelpText(
      "after",
      "\nExit code: 0 nothing found, 1 something found, 2 called wrongly or not everything could be tried.\n" +
        "Example for CI: byward attack src/registry.ts --junit attack.xml",
    )
    .action(attack);
}

async function attack(target: string, flags: Flags): Promise<void> {
  const progress = new Progress();
  const step = (what: string, at: string): void => progress.step(`Attacking (${what})`, at);
  const report = /^https?:\/\//i.test(target)
    ? await attackAddress(target, flags, step)
    : await attackEntry(target, flags, step);
  progress.clear();
  const isIncomplete = report.stopped !== null || report.coverage.missing.length > 0;
  if (report.findings.length > 0) process.exitCode = 1;
  else if (isIncomplete) process.exitCode = 2;
  write(report, flags);
}

type Step = (what: string, at: string) => void;

async function attackEntry(entry: string, flags: Flags, step: Step): Promise<Report> {
  if (flags.token !== undefined || flags.iOwn !== undefined) {
    throw new CommandFailure("attack.flags", "--token and --i-own are for a URL.", { exitCode: 2 });
  }
  const samples = flags.samples === undefined ? {} : readSamples(flags.samples);
  const lock = flags.lock === false ? null : readLock(entry, flags.lock);
  const registry = await loadRegistry(await registryFile(entry));
  const allowAgain = withoutSideEffects();
  const matrix = await probeMatrix(registry.config).finally(allowAgain);
  const { requests, seconds, only } = flags;
  const budget = { requests, seconds };
  return attackRegistry(entry, registry, {
    matrix,
    lock,
    samples,
    budget,
    step,
    ...(only === undefined ? {} : { only }),
  });
}

async function attackAddress(url: string, flags: Flags, step: Step): Promise<Report> {
  const why = mayAttack(url, flags.iOwn);
  if (why !== null) {
    throw new CommandFailure("attack.not_yours", why, {
      hint: "Attack what you own only. For your own host: --i-own <host>, exactly as in the URL.",
      exitCode: 2,
    });
  }
  const { requests, seconds, token } = flags;
  return attackUrl(url, { budget: { requests, seconds }, step, ...(token === undefined ? {} : { token }) });
}

function write(report: Report, flags: Flags): void {
  if (flags.json === true) stdout(JSON.stringify(report, null, 2));
  else stdout(renderText(report, (style, text) => paint(PAINTS[style], text)));
  // After it was printed: minutes of work are not lost over a folder that is not there.
  if (flags.html !== undefined) writeReport(flags.html, renderHtml(report));
  if (flags.junit !== undefined) writeReport(flags.junit, renderJunit(report));
}

function writeReport(file: string, text: string): void {
  try {
    writeFileSync(file, text);
  } catch (error) {
    throw new CommandFailure("attack.file", `The report cannot be written to ${file}.`, {
      where: file,
      hint: "Name a file in a folder that is there.",
      cause: error,
      exitCode: 2,
    });
  }
  stderr(paint("dim", `Written: ${file}`, process.stderr));
}

const PAINTS: Readonly<Record<TextStyle, Paint>> = {
  critical: "red",
  high: "red",
  medium: "yellow",
  low: "cyan",
  dim: "dim",
  bold: "bold",
  good: "green",
};

function readFamilies(text: string): readonly Family[] {
  const names = text.split(",").map((name) => name.trim());
  const unknown = names.filter((name) => !FAMILIES.includes(name as Family));
  if (unknown.length === 0) return names as Family[];
  throw new InvalidArgumentError(`There is no ${unknown.join(", ")}. Known: ${FAMILIES.join(", ")}.`);
}

function readCount(text: string): number {
  const count = Number(text);
  if (Number.isInteger(count) && count > 0) return count;
  throw new InvalidArgumentError("A whole number above 0.");
}

function readSamples(file: string): Readonly<Record<string, unknown>> {
  try {
    const samples: unknown = JSON.parse(readFileSync(file, "utf8"));
    if (typeof samples === "object" && samples !== null && !Array.isArray(samples))
      return samples as Record<string, unknown>;
  } catch (error) {
    throw new CommandFailure("attack.samples", `${file} cannot be read as JSON.`, {
      where: file,
      cause: error,
      exitCode: 2,
    });
  }
  throw new CommandFailure("attack.samples", `${file} holds no bodies by entrypoint.`, {
    where: file,
    hint: 'Write it as { "POST /orders": { "sku": "a" } }.',
    exitCode: 2,
  });
}

/** The lock that was named, else the one beside the entry, if there is one. */
function readLock(entry: string, named: string | true | undefined): AccessLock | null {
  const isNamed = typeof named === "string";
  const file = isNamed ? named : join(/\.bynk$|\.[cm]?[jt]s$/.test(entry) ? dirname(entry) : entry, "access.lock");
  if (!isNamed && !existsSync(file)) return null;
  const lock = existsSync(file) ? parseLock(readFileSync(file, "utf8")) : null;
  if (lock !== null) return lock;
  throw new CommandFailure("attack.lock", `${file} is no access lock.`, { where: file, exitCode: 2 });
}
