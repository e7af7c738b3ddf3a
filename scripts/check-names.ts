/** Checks that no file carries what must not be published or left behind: places of somebody's machine, notes to oneself. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { listFiles } from "./list-files.ts";

const root = fileURLToPath(new URL("..", import.meta.url));

interface Rule {
  readonly pattern: RegExp;
  readonly reason: string;
  /** Files it is not for. */
  readonly except?: RegExp;
}

/** Written so that the patterns do not match themselves. */
const RULES: readonly Rule[] = [
  {
    pattern: /(?<![\w.:/-])\/(?:home|Users|root)\/[A-Za-z0-9_-]+/,
    reason: "A path of one machine means nothing on another.",
    // There such a path is a bait: what a refusal must not show.
    except: /\.test\.ts$/,
  },
  { pattern: /\/wor[k]\/(?:main|shared)\b/, reason: "A path of one machine means nothing on another." },
  { pattern: /\.\.\/\.[l]ibrary\b/, reason: "Tools of one machine are not part of the project." },
  {
    pattern: /\b(?:agent session|language model|AI[- ]generated|written by an? AI)\b/i,
    reason: "Text says what the code does, not how it came to be.",
    except: /^scripts\/check-names\.ts$/,
  },
  {
    pattern: /\b(?:T[O]DO|F[I]XME|X[X]X)\b/,
    reason: "Do it, or open an issue and cite it.",
    except: /^src\/bynk\/|^tests\/bynk\/|\.test\.ts$/,
  },
  { pattern: /\b(?:test|it|describe)\.[o]nly\(/, reason: "All other tests of the file would be skipped." },
  { pattern: /^(?:<{7}|>{7}) /m, reason: "A merge was left unfinished." },
];

/** Every find, as a sentence with its place. */
export function findForbiddenNames(path: string, text: string): readonly string[] {
  return RULES.filter(({ except }) => except?.test(path) !== true).flatMap(({ pattern, reason }) => {
    const found = pattern.exec(text);
    if (found === null) return [];
    const line = text.slice(0, found.index).split("\n").length;
    return [`${path}:${line} contains ${JSON.stringify(found[0])}. ${reason}`];
  });
}

const BINARY = /\.(?:png|ico|woff2?|wasm|gz|tgz|sqlite)$/;

/** Finds in every file of the repository. */
export function checkNames(): readonly string[] {
  const paths = listFiles(root).filter((path) => !BINARY.test(path) && path !== "package-lock.json");
  return paths.flatMap((path) => findForbiddenNames(path, readFileSync(join(root, path), "utf8")));
}

if (import.meta.main) {
  const complaints = checkNames();
  for (const complaint of complaints) console.error(complaint);
  process.exitCode = complaints.length === 0 ? 0 : 1;
}
