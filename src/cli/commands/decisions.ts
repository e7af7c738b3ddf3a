/** Owns `byward decisions`: reading, following, verifying and replaying a durable decision log. Changes nothing in it. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Command } from "commander";
import { replayDecision } from "../../access/replay.ts";
import { identityText } from "../../boundary/lease.ts";
import { type DecisionRecord, fileName } from "../../hosts/node/decision-log/format.ts";
import { digestWith, PEPPER_FILE, pepperOf } from "../../hosts/node/decision-log/log.ts";
import { decisionsIn, Expander, filesOf, linesOf, verifyLog } from "../../hosts/node/decision-log/read.ts";
import { type DecisionFilter, fits, printable, showDecision } from "../decisions/show.ts";
import { readDuration } from "../duration.ts";
import { loadRegistry } from "../entry.ts";
import { CommandFailure } from "../failure.ts";
import { isRead, paint, stderr, stdout } from "../terminal.ts";

interface Flags {
  readonly target?: string;
  readonly kind?: string;
  readonly name?: string;
  readonly party?: string;
  readonly outcome?: string;
  readonly identity?: string;
  readonly denied?: boolean;
  /** Seconds. */
  readonly since?: number;
  readonly limit: number;
  readonly follow?: boolean;
  readonly verify?: boolean;
  readonly head?: string;
  readonly replay?: string;
  readonly json?: boolean;
}

export function define(command: Command): void {
  command
    .description("Read, follow, verify or replay the log that decisionLog({ directory }) keeps.")
    .argument("<directory>", "the log's directory")
    .option("--target <name>", "only decisions of this actor type or service")
    .option("--kind <kind>", "only this kind: action, queue, subscribe, request, websocket, connect, http, …")
    .option("--name <name>", "only this action, event, queue or route")
    .option("--party <name>", "only callers admitted as this party")
    .option("--outcome <outcome>", "only this outcome, such as forbidden")
    .option("--identity <text>", "only this identity (found through the log's digest key)")
    .option("--denied", "only what was not allowed")
    .option("--since <time>", "only the last while, such as 15m", readDuration)
    .option("--limit <count>", "at most this many, the newest", Number, 100)
    .option("--follow", "go on with new ones until Ctrl+C")
    .option("--verify", "check the hash chain; exit code 1 when it is broken")
    .option("--head <hash>", "with --verify: a chain head exported earlier, which must be in it")
    .option("--replay <entry>", "decide again with this registry's definitions, and show what would change")
    .option("--json", "print as JSON, one value a line")
    .action(decisions);
}

async function decisions(directory: string, flags: Flags): Promise<void> {
  assertLog(directory);
  if (!(Number.isInteger(flags.limit) && flags.limit > 0)) {
    throw new CommandFailure("decisions.limit", "--limit is a whole number above 0.", { exitCode: 2 });
  }
  if (flags.verify === true || flags.head !== undefined) return verify(directory, flags);
  const filter = filterOf(directory, flags);
  if (flags.replay !== undefined) return replay(directory, flags.replay, filter, flags);
  const show = (record: DecisionRecord): void =>
    stdout(flags.json === true ? JSON.stringify(record) : showDecision(record));
  const newest: DecisionRecord[] = [];
  const keep = (record: DecisionRecord): void => {
    newest.push(record);
    if (newest.length > 2 * flags.limit) newest.splice(0, newest.length - flags.limit);
  };
  const reader = new Reader(directory, filter);
  reader.read(keep);
  for (const record of newest.slice(-flags.limit)) show(record);
  if (flags.follow === true) await follow(reader, show);
}

function assertLog(directory: string): void {
  const isLog = existsSync(directory) && filesOf(directory).length > 0;
  if (isLog) return;
  throw new CommandFailure("decisions.none", `${directory} holds no decision log.`, {
    hint: 'Keep one: setup({ decisions: decisionLog({ directory: ".byward/decisions" }) }).',
    exitCode: 2,
  });
}

function filterOf(directory: string, flags: Flags): DecisionFilter {
  const { target, kind, name, party, outcome, denied, identity, since } = flags;
  const given = { target, kind, name, party, outcome, denied };
  const filter = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as DecisionFilter;
  return {
    ...filter,
    ...(since === undefined ? {} : { since: Date.now() - since * 1000 }),
    ...(identity === undefined ? {} : { who: digestOf(directory, identity) }),
  };
}

/** Read only: looking at a log must not make the key it lacks. */
function digestOf(directory: string, identity: string): string {
  const path = join(directory, PEPPER_FILE);
  try {
    return digestWith(pepperOf(readFileSync(path, "utf8")), identityText(identity));
  } catch (error) {
    throw new CommandFailure("decisions.key", "The key of the identity digests cannot be read.", {
      where: path,
      cause: error,
    });
  }
}

function verify(directory: string, flags: Flags): void {
  const report = verifyLog(directory, flags.head);
  if (!report.ok) process.exitCode = 1;
  if (flags.json === true) {
    stdout(JSON.stringify(report));
    return;
  }
  for (const { file, line, problem } of report.problems) {
    stdout(`${paint("red", "✗")} ${fileName(file)}:${line} ${problem}`);
  }
  const notes = [
    `${report.decisions} decisions in ${report.files} file${report.files === 1 ? "" : "s"}`,
    ...(report.lost > 0 ? [`${report.lost} were lost, as the log says`] : []),
    ...(report.isCut ? ["older files were rotated away"] : []),
    ...(report.unchained > 0 ? [`${report.unchained} bytes at the end are not chained yet`] : []),
  ];
  stdout(
    `${report.ok ? paint("green", "✓ the chain holds") : paint("red", "✗ the chain is broken")}: ${notes.join("; ")}`,
  );
  if (report.head !== null) stdout(`head ${report.head}`);
}

const POLL_MS = 200;

async function follow(reader: Reader, show: (record: DecisionRecord) => void): Promise<void> {
  process.once("SIGINT", () => process.exit(0));
  while (isRead()) {
    await sleep(POLL_MS);
    reader.read(show);
  }
}

/** Reads a log from its first file on, each decision once, however often it is asked to. */
class Reader {
  readonly #directory: string;
  readonly #filter: DecisionFilter;
  readonly #expander = new Expander();
  #file: number;
  #offset = 0;

  constructor(directory: string, filter: DecisionFilter) {
    this.#directory = directory;
    this.#filter = filter;
    this.#file = filesOf(directory)[0]!;
  }

  /** What has come since the last call. */
  read(each: (record: DecisionRecord) => void): void {
    for (;;) {
      // Looked for first: a file that another one follows is whole, so that nothing is left in it.
      const next = filesOf(this.#directory).find((file) => file > this.#file);
      this.#readFile(each);
      if (next === undefined) return;
      this.#file = next;
      this.#offset = 0;
    }
  }

  #readFile(each: (record: DecisionRecord) => void): void {
    // Where files are kept for a short while only, this one may be gone.
    if (!existsSync(join(this.#directory, fileName(this.#file)))) return;
    this.#offset = wholeLines(this.#directory, this.#file, this.#offset, (value) => {
      const record = this.#expander.read(value);
      if (record !== null && fits(record, this.#filter)) each(record);
    });
  }
}

/** Hands over every whole line from `offset` on; returns where the next one begins. */
function wholeLines(directory: string, file: number, offset: number, each: (value: unknown) => void): number {
  let at = offset;
  for (const { bytes, value } of linesOf(join(directory, fileName(file)), file, offset)) {
    if (bytes.at(-1) !== 10) break;
    at += bytes.length;
    each(value);
  }
  return at;
}

async function replay(directory: string, entry: string, filter: DecisionFilter, flags: Flags): Promise<void> {
  const { config } = await loadRegistry(entry);
  const changes = new Map<
    string,
    { readonly was: string; readonly now: string; readonly what: string; count: number }
  >();
  const counts = { decisions: 0, same: 0, open: 0, changed: 0 };
  for (const { record, predicates } of decisionsIn(directory)) {
    if (!fits(record, filter)) continue;
    const replayed = replayDecision(config, record, predicates);
    if (replayed === null) continue;
    counts.decisions += 1;
    const { was, now } = replayed;
    if (was === now) counts.same += 1;
    else if (now === "?") counts.open += 1;
    else counts.changed += 1;
    if (was === now || now === "?") continue;
    const what = `${record.target} ${record.kind}${record.name === "" ? "" : ` ${record.name}`} · ${record.party ?? "nobody"}`;
    const group = `${was} ${now} ${what}`;
    const change = changes.get(group) ?? { was, now, what, count: 0 };
    change.count += 1;
    if (changes.size < MAX_CHANGES) changes.set(group, change);
  }
  const sorted = [...changes.values()].sort((a, b) => b.count - a.count);
  if (flags.json === true) {
    stdout(JSON.stringify({ ...counts, changes: sorted }));
    return;
  }
  for (const { was, now, what, count } of sorted) {
    stdout(
      `${paint(now === "allow" ? "red" : "yellow", `${was} → ${now}`.padEnd(14))} ${String(count).padStart(7)}  ${printable(what)}`,
    );
  }
  stdout(
    `${counts.changed} of ${counts.decisions} would be decided otherwise; ${counts.open} are ? (code decides); ${counts.same} stay.`,
  );
  if (counts.decisions === 0) stderr("No decision fits.");
}

const MAX_CHANGES = 10_000;
