/**
 * Owns failures of commands as people read them: what, where, what to do. No stack unless `BYWARD_DEBUG` is set. Errors
 * from elsewhere are described here once, so that no command formats an error of its own.
 */
import { inspect } from "node:util";
import { paint } from "./terminal.ts";

export interface FailureDetails {
  /** The place it concerns: a file, with line and column where known. */
  readonly where?: string | undefined;
  /** What to do, beginning with a verb. */
  readonly hint?: string | undefined;
}

/** A failure in words. `code` is stable. */
export class Failure {
  readonly code: string;
  readonly what: string;
  readonly where: string | undefined;
  readonly hint: string | undefined;

  constructor(code: string, what: string, details: FailureDetails = {}) {
    this.code = code;
    this.what = what;
    this.where = details.where;
    this.hint = details.hint;
  }

  toJSON(): { code: string; message: string; where?: string; hint?: string } {
    const { code, what, where, hint } = this;
    return {
      code,
      message: what,
      ...(where === undefined ? {} : { where }),
      ...(hint === undefined ? {} : { hint }),
    };
  }
}

/** Thrown by a command that cannot go on. Exit code 2 means that it was called wrongly. */
export class CommandFailure extends Error {
  override readonly name = "CommandFailure";
  readonly failure: Failure;
  readonly exitCode: 1 | 2;

  constructor(code: string, what: string, details: FailureDetails & { exitCode?: 1 | 2; cause?: unknown } = {}) {
    super(what, details.cause === undefined ? undefined : { cause: details.cause });
    this.failure = new Failure(code, what, details);
    this.exitCode = details.exitCode ?? 1;
  }
}

/** Any thrown value in words. */
export function describeFailure(error: unknown): Failure {
  if (error instanceof CommandFailure) return error.failure;
  if (!(error instanceof Error))
    return new Failure("cli.failed", `Something that is no error was thrown: ${inspect(error)}`);
  const { code } = error as { code?: unknown };
  if (error.name === "ConfigurationError" && typeof code === "string") {
    // The message ends in the code for those who read it elsewhere; here the code stands apart.
    return new Failure(code, error.message.replace(` [${code}]`, ""));
  }
  return describeSystemError(error as NodeJS.ErrnoException) ?? new Failure("cli.failed", messageOf(error));
}

function describeSystemError(error: NodeJS.ErrnoException & { port?: number; address?: string }): Failure | null {
  switch (error.code) {
    case "EADDRINUSE":
      return new Failure("listen.port_taken", `Port ${error.port} on ${error.address} is taken.`, {
        hint: "Stop what listens there, or choose another: --port 0 takes any that is free.",
      });
    case "EADDRNOTAVAIL":
      return new Failure("listen.address", `This machine has no address ${error.address} to listen on.`, {
        hint: "Leave --hostname away for 127.0.0.1, or use 0.0.0.0 for every address.",
      });
    case "EACCES":
    case "EPERM":
    case "EROFS":
      return new Failure("cli.not_allowed", `The system does not allow it: ${error.message}`);
    default:
      return null;
  }
}

function messageOf(error: Error): string {
  return error.name === "Error" ? error.message : `${error.name}: ${error.message}`;
}

/** The failure as lines for standard error; with the stack of what caused it under `BYWARD_DEBUG`. */
export function renderFailure(failure: Failure, cause?: unknown): string {
  const { stderr } = process;
  const lines = [`${paint("red", "✗", stderr)} ${failure.what} ${paint("dim", `[${failure.code}]`, stderr)}`];
  if (failure.where !== undefined) lines.push(`  ${paint("dim", "at", stderr)} ${failure.where}`);
  if (failure.hint !== undefined) lines.push(`  ${paint("cyan", "→", stderr)} ${failure.hint}`);
  if (process.env["BYWARD_DEBUG"] && cause !== undefined) lines.push("", stackOf(cause));
  return lines.join("\n");
}

function stackOf(error: unknown): string {
  if (!(error instanceof Error)) return inspect(error);
  const { cause, stack } = error;
  const own = stack ?? inspect(error);
  return cause === undefined || cause === error ? own : `${own}\nCaused by: ${stackOf(cause)}`;
}
