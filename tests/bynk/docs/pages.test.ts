/** What the pages show as Bynk is Bynk: complete programs check, wrong ones give what the text says. */
import { expect, test } from "vitest";
import { check, compile } from "../../../src/bynk/index.ts";
import { COMMANDS } from "../../../src/cli/commands.ts";
import { projectOf, readPage, readPages } from "./pages.ts";

const pages = readPages();
const codesOf = (files: Readonly<Record<string, string>>): readonly string[] =>
  check({ files }).diagnostics.map(({ code }) => code);

test.each(pages.map((page) => ({ page, name: page.name })))("the programs of $name have no diagnostic", ({ page }) => {
  const complete = page.blocks.filter(({ codes }) => codes === undefined);
  expect(complete.length).toBeGreaterThan(0);
  expect(new Set(complete.map(({ path }) => path)).size, "two programs of one name").toBe(complete.length);
  expect(check({ files: projectOf(page) }).diagnostics).toEqual([]);
});

const wrong = pages.flatMap((page) =>
  page.blocks.flatMap(({ path, text, codes }) =>
    codes === undefined ? [] : [{ page, name: page.name, path, text, codes }],
  ),
);

test.each(wrong)("the wrong $path of $name gives $codes", ({ page, path, text, codes }) => {
  expect(codes.length, "the text names no code").toBeGreaterThan(0);
  expect(codesOf({ ...projectOf(page), [path]: text })).toEqual(codes);
});

test("no block is passed over", () => {
  for (const { name, text, blocks } of pages) expect(blocks.length, name).toBe(text.match(/^```bynk/gm)?.length);
});

test("every guide topic has a page with a program and something that does not compile", () => {
  const topics = [
    "authorisation",
    "cross-context-callers",
    "oidc",
    "public-and-authenticated-routes",
    "several-callers",
    "webhooks",
  ];
  const guides = pages.filter(({ name }) => name !== "README.md");
  expect(guides.map(({ name }) => name.replace(".md", ""))).toEqual(topics);
  for (const { name, blocks } of guides) {
    expect(
      blocks.some(({ codes }) => codes !== undefined),
      name,
    ).toBe(true);
    expect(pages.find((page) => page.name === "README.md")?.text).toContain(`](${name})`);
  }
});

test("the TypeScript that the tour shows is what its program becomes", () => {
  const tour = pages.find(({ name }) => name === "README.md");
  const [, shown = "nothing"] = /^```ts emitted\n([\s\S]*?)^```$/m.exec(tour?.text ?? "") ?? [];
  const { files } = compile({ files: tour === undefined ? {} : projectOf(tour) });
  expect(files["profile.ts"]).toContain(shown);
});

test("the commands that the pages show exist", () => {
  const names = new Set(COMMANDS.map(({ name }) => name));
  const shown = pages.flatMap(({ text }) => [...text.matchAll(/(?:^|`)byward ([a-z]+)\b/gm)].map(([, name]) => name!));
  expect(shown.length).toBeGreaterThan(3);
  for (const name of shown) expect(names).toContain(name);
});

const fence = "```";

test("a block without a name, an unknown mark and a wrong program without a code are found", () => {
  expect(() => readPage("x.md", `${fence}bynk\ncontext a\n${fence}\n`)).toThrow("does not begin with the name");
  expect(() => readPage("x.md", `${fence}bynk worng\n-- src/a.bynk\ncontext a\n${fence}\n`)).toThrow("means nothing");
  const [silent] = readPage(
    "x.md",
    `${fence}bynk wrong\n-- src/a.bynk\ncontext a\n${fence}\n\nis bad. \`bynk.x\`\n`,
  ).blocks;
  expect(silent?.codes).toEqual([]);
});
