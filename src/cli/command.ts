/** Owns the shape of a command: one file under `commands/` and one line in `commands.ts`. */
import type { Command } from "commander";

/** What a file under `commands/` exports: it adds its arguments, options and action to the command made for it. */
export interface CommandModule {
  define(command: Command): void;
}

/** A command in the list of all: enough for `--help` without loading it. */
export interface CommandEntry {
  readonly name: string;
  readonly summary: string;
  load(): Promise<CommandModule>;
}
