/**
 * Checks the documents' references within the repository: links to files and headings, and paths written as code. Pages of
 * other sites are not fetched.
 */
import { existsSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { listFiles } from "./list-files.ts";

const root = fileURLToPath(new URL("..", import.meta.url));

/** Folders whose paths are looked for when a document names them as code. */
const OWN_PATH = /^(?:src|docs|scripts|tests|examples|bench|templates|apps|editors)\/[\w./-]*[\w/]$/;

/** A document's text without its code blocks. */
export function proseOf(text: string): string {
  return text.replace(/^(`{3,}|~{3,})[^\n]*\n[\s\S]*?^\1[^\n]*$/gm, "");
}

/** Anchors of a document's headings, as GitHub makes them. */
export function anchorsOf(text: string): ReadonlySet<string> {
  const anchors = new Set<string>();
  for (const [, heading = ""] of proseOf(text).matchAll(/^#{1,6} +(.+?) *#*$/gm)) {
    const plain = heading.replace(/`|\*/g, "").replace(/\[([^\]]*)\]\([^)]*\)/g, "$1");
    const slug = plain
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, "")
      .replace(/\s/g, "-");
    let anchor = slug;
    for (let again = 1; anchors.has(anchor); again++) anchor = `${slug}-${again}`;
    anchors.add(anchor);
  }
  return anchors;
}

/** References of one document that lead nowhere. `read` gives a file's text, or null where there is none. */
export function brokenReferences(path: string, text: string, read: (path: string) => string | null): readonly string[] {
  const prose = proseOf(text);
  const links = [...prose.matchAll(/\]\(<?([^)\s>]+)>?(?: "[^"]*")?\)/g)].map(([, target]) => target!);
  const broken = links
    .filter((target) => !/^[a-z]+:/i.test(target))
    .flatMap((target) => judgeLink(path, target, text, read));
  const named = [...prose.matchAll(/`([^`\n]+)`/g)].map(([, code]) => code!).filter((code) => OWN_PATH.test(code));
  const missing = named.filter((code) => !existsSync(join(root, code)) && read(code) === null);
  return [...broken, ...missing.map((code) => `${path} names \`${code}\`, which is not there`)];
}

function judgeLink(
  path: string,
  target: string,
  text: string,
  read: (path: string) => string | null,
): readonly string[] {
  const [file = "", anchor] = target.split("#");
  const place = file === "" ? path : normalize(join(dirname(path), decodeURI(file)));
  if (file !== "" && !existsSync(join(root, place)) && read(place) === null)
    return [`${path} links to ${target}, which is not there`];
  if (anchor === undefined || !place.endsWith(".md")) return [];
  const there = file === "" ? text : read(place);
  return there !== null && anchorsOf(there).has(anchor)
    ? []
    : [`${path} links to ${target}, a heading that is not there`];
}

/** Broken references of every document of the repository. */
export function checkLinks(): readonly string[] {
  const read = (path: string): string | null =>
    path.endsWith(".md") && existsSync(join(root, path)) ? readFileSync(join(root, path), "utf8") : null;
  const documents = listFiles(root).filter((path) => path.endsWith(".md") && !path.startsWith("templates/"));
  return documents.flatMap((path) => brokenReferences(path, read(path) ?? "", read));
}

if (import.meta.main) {
  const complaints = checkLinks();
  for (const complaint of complaints) console.error(complaint);
  process.exitCode = complaints.length === 0 ? 0 : 1;
}
