import { expect, test } from "vitest";
import { codes, explain } from "./explain.ts";

test("every code has a page with its rule, its messages and, nearly always, what to do", () => {
  for (const code of codes) {
    const page = explain(code);
    expect(page).toMatchObject({ code, title: expect.stringMatching(/./), text: expect.stringMatching(/./) });
    expect(page?.messages.length).toBeGreaterThan(0);
  }
});

test("a code is found with and without its prefix, and nothing else is", () => {
  expect(explain("actor.missing_by_on_http")).toEqual(explain("bynk.actor.missing_by_on_http"));
  expect(explain("bynk.nothing")).toBeUndefined();
  expect(explain("toString")).toBeUndefined();
});

test("variants of a wording are all listed", () => {
  expect(explain("types.unknown_field")?.hints).toEqual([
    "read a field that `{type}` declares",
    "write `{nearest}`",
    "read `{binder}.identity`",
    "`match` on it; each arm has its own identity",
  ]);
});
