import { expect, test } from "vitest";
import { checkFiles, documentsWithFiles, filesOf } from "../../scripts/check-docs.ts";

for (const [path, files] of documentsWithFiles()) {
  test(`the code of ${path} type-checks, and runs where it says so`, () => {
    expect(checkFiles(files)).toEqual([]);
  }, 60_000);
}

const block = (first: string, code: string): string => `text\n\`\`\`ts\n${first}\n${code}\n\`\`\`\n`;

test("a type error and a failing run are found", () => {
  const wrong = filesOf(block("// file: a.ts", 'export const a: number = "1";'));
  expect(checkFiles(wrong)[0]).toMatch(/^a\.ts\(2,14\): error TS2322/);
  const failing = filesOf(block("// file: b.ts, runs", 'throw new Error("no light");'));
  expect(checkFiles(failing)[0]).toContain("no light");
}, 60_000);

test("blocks without a name are left alone", () => {
  expect(filesOf(block("const a = 1;", ""))).toEqual([]);
});
