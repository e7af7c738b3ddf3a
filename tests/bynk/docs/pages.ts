/**
 * Owns reading the Bynk in the documents. A block's first line names its file: `-- src/profile.bynk`. The complete programs
 * of a page are one project. A block marked `wrong` takes the place of the file of its name, and the paragraph after it names
 * the codes it gives.
 */
import { readdirSync, readFileSync } from "node:fs";

export interface Block {
  readonly page: string;
  readonly path: string;
  readonly text: string;
  /** The codes a wrong program gives; undefined for a complete one. */
  readonly codes: readonly string[] | undefined;
}

export interface Page {
  readonly name: string;
  readonly text: string;
  readonly blocks: readonly Block[];
}

const folder = new URL("../../../docs/bynk/", import.meta.url);

/** The pages written by hand. */
export function readPages(): readonly Page[] {
  const names = readdirSync(folder).filter((name) => name.endsWith(".md") && name !== "diagnostics.md");
  return names.map((name) => readPage(name, readFileSync(new URL(name, folder), "utf8")));
}

export function readPage(name: string, text: string): Page {
  const fences = [...text.matchAll(/^```bynk(.*)\n([\s\S]*?)^```\n(?=\n?([^\n]*(?:\n[^\n]+)*))/gm)];
  return {
    name,
    text,
    blocks: fences.map(([, info = "", code = "", after = ""]) => readBlock(name, info, code, after)),
  };
}

function readBlock(page: string, info: string, code: string, after: string): Block {
  const path = /^-- (\S+\.bynk)\n/.exec(code)?.[1];
  if (path === undefined) throw new Error(`${page}: a block does not begin with the name of its file\n${code}`);
  const mark = info.trim();
  if (mark !== "" && mark !== "wrong") throw new Error(`${page}: ${path} is marked ${mark}, which means nothing`);
  // What the sentence says it gives; later sentences introduce the next block.
  const [sentence = ""] = after.split(". ");
  const named = [...sentence.matchAll(/`(bynk\.[\w.]+)`/g)].map(([, name]) => name!);
  return { page, path, text: code, codes: mark === "wrong" ? named : undefined };
}

/** The complete programs of a page, as one project. */
export function projectOf(page: Page): Readonly<Record<string, string>> {
  const complete = page.blocks.filter(({ codes }) => codes === undefined);
  return Object.fromEntries(complete.map(({ path, text }) => [path, text]));
}

/** The project of a page's name, such as `webhooks`. */
export function projectNamed(name: string): Readonly<Record<string, string>> {
  const page = readPages().find((candidate) => candidate.name === `${name}.md`);
  if (page === undefined) throw new Error(`there is no page ${name}`);
  return projectOf(page);
}
