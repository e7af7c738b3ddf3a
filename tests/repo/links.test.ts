import { expect, test } from "vitest";
import { anchorsOf, brokenReferences, checkLinks } from "../../scripts/check-links.ts";

test("every reference of the documents leads somewhere", () => {
  expect(checkLinks()).toEqual([]);
});

test("a link to nothing, to no heading, and a path of no file are found", () => {
  const text =
    "# One\n[a](nowhere.md) [b](#two) [c](#one) `src/nowhere.ts` [d](https://example.com) \n```\n[e](no.md)\n```\n";
  expect(brokenReferences("docs/x.md", text, () => null)).toEqual([
    "docs/x.md links to nowhere.md, which is not there",
    "docs/x.md links to #two, a heading that is not there",
    "docs/x.md names `src/nowhere.ts`, which is not there",
  ]);
});

test("anchors are those of GitHub", () => {
  const text = "# 3. HTTP\n## `npm start`, and *more*\n## Same\n## Same\n```\n# no heading\n```\n";
  expect([...anchorsOf(text)]).toEqual(["3-http", "npm-start-and-more", "same", "same-1"]);
});
