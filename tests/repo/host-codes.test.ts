/** The codes with which hosts refuse to start stand in the documents, and no others do. */
import { globSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const root = fileURLToPath(new URL("../..", import.meta.url));

test("docs/errors.md lists the configuration codes of the hosts, and no others", () => {
  const files = globSync("src/hosts/**/*.ts", { cwd: root }).filter((file) => !file.endsWith(".test.ts"));
  const thrown = files.flatMap((file) =>
    [...readFileSync(`${root}${file}`, "utf8").matchAll(/ConfigurationError\(\s*"([a-z_.-]+)"/g)].map(
      ([, code]) => code!,
    ),
  );
  const [, table = ""] = readFileSync(`${root}docs/errors.md`, "utf8").split("Of the hosts:\n");
  const cells = table.split("\n").flatMap((row) => (row.startsWith("| `") ? [row.split("|")[1]!] : []));
  const listed = cells.flatMap((cell) => [...cell.matchAll(/`([^`]+)`/g)].map(([, code]) => code!));
  expect(thrown.length).toBeGreaterThan(20);
  expect([...new Set(listed)].sort()).toEqual([...new Set(thrown)].sort());
});
