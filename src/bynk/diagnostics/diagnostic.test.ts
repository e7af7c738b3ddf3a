import { expect, test } from "vitest";
import { catalogue } from "./catalogue/index.ts";
import { diagnose } from "./diagnostic.ts";
import { createSourceFile } from "./source-file.ts";
import { type Entry, entry, text } from "./wording.ts";

const source = createSourceFile("src/a.bynk", "one\r\ntwo % three\rfour\n");

test("a diagnostic carries its place, its words and the label under the place", () => {
  const found = diagnose(source, "bynk.lex.unexpected_character", { start: 9, end: 10 }, { character: "`%`" });
  expect(found).toMatchObject({
    code: "bynk.lex.unexpected_character",
    severity: "error",
    message: "`%` does not start anything in Bynk",
    path: "src/a.bynk",
    line: 2,
    column: 5,
    labels: [{ line: 2, column: 5, message: "not part of the language" }],
    fixes: [],
  });
});

test("a lone carriage return, a line feed and both together each end one line", () => {
  expect(source.lineStarts).toEqual([0, 5, 17, 22]);
});

test("the compiler refuses a code that does not exist and arguments the wording does not have", () => {
  const span = { start: 0, end: 1 };
  // @ts-expect-error no such code
  expect(() => diagnose(source, "bynk.lex.unheard_of", span, {})).toThrow();
  // @ts-expect-error the argument is missing
  diagnose(source, "bynk.lex.unexpected_character", span, {});
  // @ts-expect-error an argument that no text uses
  diagnose(source, "bynk.lex.unexpected_character", span, { character: "%", other: 1 });
});

test("an entry asks for the arguments of its message, label and hint together, and of each variant alone", () => {
  const sample = entry({
    title: "sample",
    message: text`a ${"first"}`,
    hint: text`use ${"second"}`,
    explanation: "Only here.",
    variants: { bare: { message: text`b ${"third"}` } },
  });
  expect(sample.wording.message.fill({ first: 1, second: 2 })).toBe("a 1");
  expect(sample.wording.message.template).toBe("a {first}");
  expect(sample.variants.bare.message.fill({ third: "x" })).toBe("b x");
  // @ts-expect-error the variant's own argument is missing
  expect(sample.variants.bare.message.fill({})).toBe("b …");
});

test("no hole of any text is ever shown empty", () => {
  for (const entry of Object.values(catalogue) as unknown as Entry<string, Record<string, string>>[]) {
    for (const { message, label, hint } of [entry.wording, ...Object.values(entry.variants)]) {
      for (const said of [message, label, hint]) {
        const names = [...(said?.template.matchAll(/\{(\w+)\}/g) ?? [])].map(([, name]) => name!);
        for (const empty of [{}, Object.fromEntries(names.map((name) => [name, ""]))]) {
          expect(said?.fill(empty) ?? "").not.toMatch(/undefined|(?<!`)``(?!`)|\{\w+\}/);
        }
      }
    }
  }
});
