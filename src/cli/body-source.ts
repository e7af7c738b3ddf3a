/** Owns reading the body of a delivery for offline commands: a file, `-` for standard input, or the text itself. */
import { readFileSync } from "node:fs";
import { CommandFailure } from "./failure.ts";

export interface BodyFlags {
  readonly body?: string;
  readonly file?: string;
}

/** The exact bytes; nothing is added or trimmed. @throws CommandFailure `body.…` */
export function readBody({ body, file }: BodyFlags): Uint8Array {
  if ((body === undefined) === (file === undefined)) {
    throw new CommandFailure("body.missing", "Give the body once.", {
      hint: "Use --body '<text>', --file <path>, or --file - for standard input.",
      exitCode: 2,
    });
  }
  if (body !== undefined) return new TextEncoder().encode(body);
  try {
    return readFileSync(file === "-" ? 0 : file!);
  } catch (error) {
    throw new CommandFailure("body.unreadable", `${file} cannot be read.`, { where: file, cause: error });
  }
}

/** `name: value` into a map of lower-case names. @throws CommandFailure `header.malformed` */
export function addHeader(text: string, headers: Readonly<Record<string, string>>): Record<string, string> {
  const at = text.indexOf(":");
  if (at < 1) {
    throw new CommandFailure("header.malformed", `"${text.slice(0, 60)}" is no header.`, {
      hint: "Write it as in curl: -H 'X-Timestamp: 1700000000'.",
      exitCode: 2,
    });
  }
  return { ...headers, [text.slice(0, at).trim().toLowerCase()]: text.slice(at + 1).trim() };
}
