/**
 * Owns `byward data`: looks at a data directory (list, show, export, verify, backup: also beside a running server) and looks
 * after one (import, compact: with the server stopped).
 */

import { once } from "node:events";
import { createReadStream, createWriteStream } from "node:fs";
import { createInterface } from "node:readline";
import { type Command, Option } from "commander";
import {
  backupData,
  compactData,
  type DataOptions,
  exportData,
  importData,
  listActors,
  showActor,
  verifyData,
} from "../../hosts/node/data/index.ts";
import { CommandFailure } from "../failure.ts";
import { paint, stderr, stdout } from "../terminal.ts";

interface CommonFlags {
  readonly dataDir: string;
  readonly json?: boolean;
}

export function define(command: Command): void {
  command
    .description("Look at and look after a data directory.")
    .addHelpText("after", "\nEach takes --data-dir <folder> and --json.");
  const add = (usage: string, description: string): Command =>
    command
      .command(usage)
      .description(description)
      .option("--data-dir <folder>", "the data directory", ".byward")
      .option("--json", "print as JSON, one value a line");
  add("list", "The actors, with the size of their state and what waits in their queues.")
    .option("--name <type>", "only actors of this type")
    .action(list);
  add("show <actor> <key>", "One actor: state, queues, schedules, connections, pairs.").action(show);
  add("export [file]", "Everything as text lines; to standard output unless a file is named.").action(exportTo);
  add("import [file]", "Lines of an export into a directory; from standard input unless a file is named.")
    .addOption(
      new Option("--existing <how>", "what to do with actors that exist")
        .choices(["refuse", "skip", "replace"])
        .default("refuse"),
    )
    .action(importFrom);
  add("verify", "Check every checksum and the structure of the file. Exit code 1 when something is damaged.").action(
    verify,
  );
  add("compact", "Give back the room of what was deleted. The server must be stopped.").action(compact);
  add("backup <target>", "A consistent copy into another directory, beside a running server.").action(backup);
}

async function list(flags: CommonFlags & { readonly name?: string }): Promise<void> {
  if (flags.json !== true) stdout(row("actor", "key", "state", "ready", "dead", "schedules"));
  for await (const found of listActors(flags.dataDir, flags.name === undefined ? {} : { name: flags.name })) {
    if (flags.json === true) stdout(JSON.stringify(found));
    else if (found.damage !== null) {
      stdout(paint("red", `${found.actor?.name ?? "?"}/${found.actor?.key ?? "?"}  damaged: ${found.damage}`));
    } else {
      const { actor, stateBytes, ready, dead, schedules } = found;
      stdout(row(actor.name, actor.key, `${stateBytes} B`, String(ready), String(dead), String(schedules)));
    }
  }
}

function row(actor: string, key: string, state: string, ready: string, dead: string, schedules: string): string {
  const numbers = `${state.padStart(10)} ${ready.padStart(7)} ${dead.padStart(6)} ${schedules.padStart(10)}`;
  return `${actor.padEnd(20)} ${key.padEnd(32)} ${numbers}`;
}

async function show(name: string, key: string, flags: CommonFlags): Promise<void> {
  const shown = await showActor(flags.dataDir, { name, key });
  if (shown === null) {
    throw new CommandFailure("data.no_actor", `There is no actor ${name}/${key}.`, {
      hint: `List them: byward data list --data-dir ${flags.dataDir}`,
    });
  }
  stdout(JSON.stringify(shown, (_key, value: unknown) => (value instanceof Uint8Array ? textOf(value) : value), 2));
}

/** Pairs as text where they are text, else as base64. */
function textOf(bytes: Uint8Array): string {
  const buffer = Buffer.from(bytes);
  return buffer.toString().includes("\uFFFD") ? `base64:${buffer.toString("base64")}` : buffer.toString();
}

async function exportTo(file: string | undefined, flags: CommonFlags): Promise<void> {
  const out = file === undefined ? process.stdout : createWriteStream(file, { flags: "wx", mode: 0o600 });
  for await (const line of exportData(flags.dataDir, progress())) {
    if (!out.write(`${line}\n`)) await once(out, "drain");
  }
  done();
  if (file !== undefined) {
    out.end();
    await once(out, "finish");
  }
}

async function importFrom(
  file: string | undefined,
  flags: CommonFlags & { readonly existing: "refuse" | "skip" | "replace" },
): Promise<void> {
  const report = await importData(flags.dataDir, linesOf(file), { existing: flags.existing, ...progress() });
  done();
  say(flags, report, `${report.actors} actors imported, ${report.skipped} skipped, ${report.rows} rows`);
}

/** Opened when the first line is asked for: readline drops what it reads before anybody iterates. */
async function* linesOf(file: string | undefined): AsyncGenerator<string> {
  const input = file === undefined ? process.stdin : createReadStream(file);
  yield* createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY });
}

async function verify(flags: CommonFlags): Promise<void> {
  const report = await verifyData(flags.dataDir, progress());
  done();
  if (flags.json === true) stdout(JSON.stringify(report));
  else {
    for (const { actor, what } of report.damaged) {
      stdout(paint("red", `✗ ${actor === null ? "the file" : `${actor.name}/${actor.key}`}: ${what}`));
    }
    for (const complaint of report.structure) stdout(paint("red", `✗ ${complaint}`));
    stdout(`${report.actors} actors, ${report.rows} rows: ${report.sound ? "sound" : "damaged"}`);
  }
  if (!report.sound) process.exitCode = 1;
}

async function compact(flags: CommonFlags): Promise<void> {
  const report = await compactData(flags.dataDir, progress());
  done();
  say(flags, report, `${report.before} bytes before, ${report.after} after`);
}

async function backup(target: string, flags: CommonFlags): Promise<void> {
  const report = await backupData(flags.dataDir, target, progress());
  done();
  say(flags, report, `${report.bytes} bytes copied to ${target}`);
}

function say(flags: CommonFlags, report: object, line: string): void {
  stdout(flags.json === true ? JSON.stringify(report) : line);
}

/** Shows how far long work is, on a terminal only. */
function progress(): DataOptions {
  if (!process.stderr.isTTY) return {};
  return {
    onProgress: ({ stage, done: count, total }) => {
      process.stderr.write(`\r\u001b[K${stage} ${count}${total > 0 ? ` of ${total}` : ""}`);
    },
  };
}

function done(): void {
  if (process.stderr.isTTY) stderr("\r\u001b[K");
}
