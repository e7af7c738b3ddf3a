/**
 * Owns the command line as a whole: finds the command, loads its file alone, runs it, and turns what it throws into a
 * message and an exit code (0 done, 1 failed, 2 called wrongly). Nothing here knows what a command does.
 */
import { Command, CommanderError } from "commander";
import type { CommandEntry } from "./command.ts";
import { COMMANDS } from "./commands.ts";
import { CommandFailure, describeFailure, renderFailure } from "./failure.ts";
import { paint, stderr, stdout } from "./terminal.ts";
import { packageManifest } from "./version.ts";

/** Runs the command line without the program's name. Resolves to the exit code; never rejects. */
export async function main(args: readonly string[]): Promise<number> {
  const program = createProgram();
  const named = args.find((argument) => !argument.startsWith("-"));
  const wanted = named === "help" ? args[args.indexOf("help") + 1] : named;
  try {
    for (const entry of COMMANDS) await addCommand(program, entry, entry.name === wanted);
    if (args.length === 0) program.outputHelp();
    else await program.parseAsync([...args], { from: "user" });
    // A command that found what it was asked to look for (damage, a refusal) has said so through its exit code.
    return Number(process.exitCode ?? 0);
  } catch (error) {
    // Commander has already printed what it has to say, help and version included.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    const failure = describeFailure(error);
    if (args.includes("--json")) stdout(JSON.stringify({ error: failure.toJSON() }));
    stderr(renderFailure(failure, error));
    return error instanceof CommandFailure ? error.exitCode : 1;
  }
}

function createProgram(): Command {
  const program = new Command("byward")
    .description("Actors and services in which nothing runs until the caller is proved and allowed.")
    .version(packageManifest().version, "-v, --version", "Print the version")
    .helpOption("-h, --help", "Show help")
    .helpCommand("help [command]", "Show help for a command");
  return withHouseStyle(program).addHelpText(
    "after",
    "\nStart with: byward new my-app\nErrors with a stack: BYWARD_DEBUG=1. Plain text: NO_COLOR=1.",
  );
}

async function addCommand(program: Command, entry: CommandEntry, isWanted: boolean): Promise<void> {
  const command = program.command(entry.name).summary(entry.summary).description(`${entry.summary}.`);
  withHouseStyle(command).helpOption("-h, --help", "Show help");
  if (isWanted) (await entry.load()).define(command);
}

function withHouseStyle(command: Command): Command {
  return command
    .exitOverride()
    .showSuggestionAfterError()
    .showHelpAfterError(`(see: byward ${command.name() === "byward" ? "" : `${command.name()} `}--help)`)
    .allowExcessArguments(false)
    .configureHelp({ styleTitle: (title) => paint("bold", title, process.stdout) })
    .configureOutput({
      outputError: (text, write) => write(paint("red", text.replace(/^error: /, ""), process.stderr)),
    });
}
