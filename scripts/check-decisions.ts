/** Checks that the index of decisions lists every record with its title; `--write` makes it so. */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const folder = fileURLToPath(new URL("../docs/decisions/", import.meta.url));
const index = `${folder}README.md`;

/** The index as it should be. */
export function currentIndex(): string {
  const records = readdirSync(folder)
    .filter((name) => /^\d{4}-[a-z0-9-]+\.md$/.test(name))
    .sort();
  const lines = records.map(
    (name) => `- [${name.slice(0, 4)}](${name}) ${titleOf(readFileSync(folder + name, "utf8"))}`,
  );
  const list = `<!-- list -->\n\n${lines.join("\n")}\n\n<!-- end -->`;
  return readFileSync(index, "utf8").replace(/<!-- list -->[\s\S]*?<!-- end -->/, () => list);
}

/** A record's first heading, without its number. */
function titleOf(text: string): string {
  return /^# (?:\d+[.:]? *)?(.+)$/m.exec(text)?.[1] ?? "";
}

export function isIndexCurrent(): boolean {
  return readFileSync(index, "utf8") === currentIndex();
}

if (import.meta.main) {
  if (process.argv.includes("--write")) writeFileSync(index, currentIndex());
  else if (!isIndexCurrent()) {
    console.error("docs/decisions/README.md does not list every record: run this with --write.");
    process.exitCode = 1;
  }
}
