/** Owns looking for what must not be seen: stacks, paths and secrets in answers, credentials and forged lines in the log. */
import { existsSync } from "node:fs";
import { type Assault, entrantOf } from "../assault.ts";
import type { Book } from "../book.ts";
import type { RuleId } from "../rules.ts";

const STACK = /(?:\n|\\n)\s+at (?:async )?[^\n]{0,200}:\d+:\d+/;
const FILE = /file:\/\/\/[\w./-]+/;
/** Shortest text that is looked for: less is found anywhere. */
const SHORTEST = 12;

/** Looks through every answer. */
export class LeakWatch {
  readonly #book: Book;
  #secrets: readonly string[] = [];
  #paths: readonly string[] = [];

  constructor(book: Book) {
    this.#book = book;
  }

  lookFor({ secrets, paths }: { readonly secrets: readonly string[]; readonly paths: readonly string[] }): void {
    this.#secrets = secrets.filter(({ length }) => length >= SHORTEST);
    this.#paths = paths.filter(({ length }) => length > 3);
  }

  read(sent: string, text: string): void {
    const at = { entrypoint: sent.replace(/\?.*$/, "") };
    const found = (id: RuleId, what: string): void => this.#book.found(id, at, sent, what);
    const stack = STACK.exec(text);
    if (stack !== null) found("leak.stack", stack[0]);
    const path = this.#paths.find((one) => tells(text, one)) ?? FILE.exec(text)?.[0];
    if (path !== undefined && stack === null) found("leak.path", path);
    if (this.#secrets.some((secret) => text.includes(secret))) found("leak.secret", "a secret of the registry");
  }
}

/** A folder right below the root, such as `/app`, is also how pages are called: it is told where a file in it is. */
function tells(text: string, path: string): boolean {
  if (!text.includes(path)) return false;
  if (!/^\/[^/]+$/.test(path)) return true;
  const below = text.matchAll(new RegExp(`(?<![\\w.-])${path.replace(/[^\w/]/g, "\\$&")}/[\\w./-]+`, "g"));
  return [...below].some(([file]) => existsSync(file.replace(/[./-]+$/, "")));
}

const MARK = "byward-attack-line-";

/** Sends line breaks wherever text may reach a log. */
export async function tryLogInjection(assault: Assault): Promise<void> {
  assault.book.checked("log.injection", "log.secret");
  for (const [index, way] of assault.ways.entries()) {
    assault.step("log", `${way.entrypoint} · ${way.transport}`);
    const present = entrantOf(assault, way);
    const forged = `x\r\n${MARK}${index}`;
    const encoded = encodeURIComponent(forged);
    await way.attempt({ present, query: `name=${encoded}&user=${encoded}` });
    if (way.transport !== "http") continue;
    await way.attempt({
      present,
      headers: [
        ["user-agent", `${MARK}agent`],
        ["referer", `http://x/${encoded}`],
      ],
    });
    if (way.row.kind === "request" || way.row.kind === "http")
      await way.attempt({ present, name: way.row.kind === "http" ? forged : encoded });
    const text = JSON.stringify(forged);
    const bodies = { action: `[${text}]`, queue: `{"body":${text}}`, create: `{"input":${text}}` };
    const method = way.row.kind === "request" ? { method: "POST" } : {};
    await way.attempt({
      present,
      ...method,
      body: bodies[way.row.kind as "action"] ?? `{"name":${text},"message":${text}}`,
    });
  }
}

/** Reads the log once everything was sent. */
export function readLog({ book, stage, ways }: Assault): void {
  const { output, secrets, mint } = stage;
  const lines = output.lines;
  const forged = new Set(lines.filter((line) => line.startsWith(MARK)).map((line) => Number(/\d+/.exec(line)?.[0])));
  for (const index of forged) {
    const way = ways[index];
    book.found(
      "log.injection",
      way ?? { entrypoint: "the log" },
      "text with a line break in it",
      `a line that begins with ${MARK}${index}`,
    );
  }
  const text = lines.join("\n");
  const isTold = [...secrets, ...mint.made].some((secret) => secret.length >= SHORTEST && text.includes(secret));
  if (isTold)
    book.found(
      "log.secret",
      { entrypoint: "the log" },
      "good credentials",
      "one of them, or a secret, stands in the log",
    );
}
