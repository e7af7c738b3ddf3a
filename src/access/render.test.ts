import { actor, event, setup, Visitor } from "byward";
import { expect, test } from "vitest";
import { declaredMatrix } from "./matrix.ts";
import { renderMarkdown } from "./render-markdown.ts";
import { renderMatrix } from "./render-matrix.ts";

const NAMES = ["a\nforged  allow", "`code` <b>", "x\\|forged | cells", "\u001b[2K\u001b[1Aerased", "[link](http://x)"];
const room = actor({
  by: Visitor,
  actions: Object.fromEntries(NAMES.map((name) => [name, () => 1])),
  events: { "line\u2028feed\u202e": event<number>() },
});
const matrix = declaredMatrix(setup({ use: { room } }).config);

test("a name makes one row of the table, whatever is in it, and nothing that a terminal acts on", () => {
  const lines = renderMatrix(matrix).split("\n");
  const rows = lines.slice(1, lines.indexOf(""));
  expect(rows).toHaveLength(matrix.rows.length);
  expect(rows.join("")).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
  expect(rows[2]).toContain("action a\\u000aforged  allow");
});

test("a name makes one row of a Markdown table with as many cells as there are columns, and no markup", () => {
  const lines = renderMarkdown(matrix).split("\n");
  const rows = lines.filter((line) => line.startsWith("| ")).slice(2);
  expect(rows).toHaveLength(matrix.rows.length);
  for (const row of rows) {
    // GitHub splits cells at every bar without a backslash of its own, inside code too.
    expect(row.replace(/\\./g, "").split("|")).toHaveLength(matrix.parties.length + 3);
    const [, label = ""] = row.split(" | ")[0]!.split("| ");
    expect(label).toMatch(/^(?:`[^`]*`|<code>[^<`[]*<\/code>)$/);
  }
});
