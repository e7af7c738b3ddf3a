/**
 * Owns `byward data`: looks at a data directory (list, show, export, verify, backup: also beside a running server) and looks
 * after one (import, compact: with the server stopped).
 */

import { createWriteStream } from "node:fs";
import { open } from "node:fs/promises";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
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
  const plain = (_key: string, value: unknown): unknown => (value instanceof Uint8Array ? textOf(value) : value);
  stdout(JSON.stringify(shown, plain, flags.json === true ? undefined : 2));
}

/** Pairs as text where they are text, else as base64. */
function textOf(bytes: Uint8Array): string {
  const buffer = Buffer.from(bytes);
  return buffer.toString().includes("\uFFFD") ? `base64:${buffer.toString("base64")}` : buffer.toString();
}

async function exportTo(file: string | undefined, flags: CommonFlags): Promise<void> {
  const damaged: string[] = [];
  const onDamage = (what: string): void => void damaged.push(what);
  const lines = exportData(flags.dataDir, { ...progress(), onDamage });
  // The end of the file is told once it is on the disk.
  const out = file === undefined ? process.stdout : createWriteStream(file, { flags: "wx", mode: 0o600, flush: true });
  await pipeline(Readable.from(ended(lines)), out, { end: file !== undefined });
  done();
  if (damaged.length === 0) return;
  for (const what of damaged) stderr(paint("red", `✗ left out, damaged: ${what}`, process.stderr));
  process.exitCode = 1;
}

async function* ended(lines: AsyncIterable<string>): AsyncGenerator<string> {
  for await (const line of lines) yield `${line}\n`;
}

async function importFrom(
  file: string | undefined,
  flags: CommonFlags & { readonly existing: "refuse" | "skip" | "replace" },
): Promise<void> {
  const lines = linesOf(await openInput(file));
  const report = await importData(flags.dataDir, lines, { existing: flags.existing, ...progress() });
  done();
  say(flags, report, `${report.actors} actors imported, ${report.skipped} skipped, ${report.rows} rows`);
  if (report.damaged > 0) {
    stderr(
      paint("yellow", `${report.damaged} pieces were damaged when this was exported and are not in it`, process.stderr),
    );
  }
}

/** Lines end with a line feed alone: to `node:readline` U+2028 ends one, too, and JSON may hold it. */
async function* linesOf(input: AsyncIterable<Buffer>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  const parts: string[] = [];
  for await (const chunk of input) {
    const [first = "", ...more] = decoder.decode(chunk, { stream: true }).split("\n");
    parts.push(first);
    for (const next of more) {
      yield parts.splice(0).join("");
      parts.push(next);
    }
  }
  parts.push(decoder.decode());
  const last = parts.join("");
  if (last !== "") yield last;
}

/** Opened before a directory is made for what it holds. @throws the system's error where it cannot be read */
async function openInput(file: string | undefined): Promise<AsyncIterable<Buffer>> {
  return file === undefined ? process.stdin : (await open(file)).createReadStream();
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
