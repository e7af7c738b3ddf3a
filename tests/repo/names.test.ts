import { expect, test } from "vitest";
import { checkNames, findForbiddenNames } from "../../scripts/check-names.ts";

test("no file carries what must not be published", () => {
  expect(checkNames()).toEqual([]);
});

test("a path of a machine, a note to oneself, a lone test and an unfinished merge are found with their line", () => {
  const cases = [`see /${"home"}/ann/notes`, `// ${"TO"}DO later`, `test.${"only"}("x")`, `${"<".repeat(7)} HEAD`];
  for (const text of cases) {
    expect(findForbiddenNames("src/x.ts", `first\n${text}\n`), text).toEqual([
      expect.stringContaining("src/x.ts:2 contains"),
    ]);
  }
  expect(findForbiddenNames("src/x.ts", "GET /homepage and ./root/x and https://x.example/home/y")).toEqual([]);
});
