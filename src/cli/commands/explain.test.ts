import { expect, test } from "vitest";
import { byward } from "../../../tests/cli/process.ts";
import { codes, explain } from "../../bynk/index.ts";

test("a page has the title, the rule, what the compiler says and what to do", async () => {
  const { stdout, code } = await byward(["explain", "bynk.actor.missing_by_on_http"]);
  expect(code).toBe(0);
  expect(stdout).toMatch(/^error: route that names no caller \[bynk\.actor\.missing_by_on_http\]\n\nHTTP has no safe/);
  expect(stdout).toContain('`on GET("/") by v: Visitor () -> …`');
  expect(stdout).toMatch(
    /\n\nThe compiler says, with what it found in your source where words stand in braces:\n {2}- `on \{route\}` does not say who may call it\n/,
  );
  expect(stdout).toMatch(/\n\nWhat to do:\n {2}- add `by u: User`, or `by v: Visitor` when everybody may\n$/);
  for (const line of stdout.split("\n")) expect(line.length).toBeLessThanOrEqual(100);
});

test("a page whose texts have no holes says nothing of any", async () => {
  const bare = codes.find((code) =>
    [...explain(code)!.messages, ...explain(code)!.hints].every((said) => !/\{\w+\}/.test(said)),
  );
  const { stdout } = await byward(["explain", bare!]);
  expect(stdout).toContain("\n\nThe compiler says:\n");
});

test("examples are indented and stay as they are, and warnings are called so", async () => {
  const example = await byward(["explain", "actor.bearer_identity_not_string_constructible"]);
  expect(example.stdout).toContain(
    '\n\n  type UserId = String where NonEmpty\n  actor User { auth = Bearer(secret = "AUTH_JWT_SECRET"), identity = UserId }\n\n',
  );
  const warning = await byward(["explain", "given.unused_capability"]);
  expect(warning.stdout).toMatch(/^warning: capability given and not used \[bynk\.given\.unused_capability\]\n/);
});

test("--json prints the page as data", async () => {
  const { stdout, code } = await byward(["explain", "types.unknown_field", "--json"]);
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toEqual(explain("bynk.types.unknown_field"));
});

test.each([
  ["bynk.actor.mising_by_on_http", "bynk.actor.missing_by_on_http"],
  ["missing_by_on_http", "bynk.actor.missing_by_on_http"],
  ["actor.bearer_identity_not_string_constructable", "bynk.actor.bearer_identity_not_string_constructible"],
])("%s does not exist, and the nearest code is named", async (written, nearest) => {
  const { stdout, stderr, code } = await byward(["explain", written]);
  expect(code).toBe(2);
  expect(stdout).toBe("");
  expect(stderr).toBe(`✗ Bynk has no diagnostic "${written}". [explain.code]\n  → Did you mean ${nearest}?\n`);
});

test("a word that is near to no code gets no guess, however long it is", async () => {
  for (const written of ["zzzzzzzz", "a".repeat(50_000)]) {
    const { stderr, code } = await byward(["explain", written]);
    expect(code).toBe(2);
    expect(stderr).toContain("→ Copy the code from the brackets");
  }
  const { stdout } = await byward(["explain", "zzzzzzzz", "--json"]);
  expect(JSON.parse(stdout)).toMatchObject({ error: { code: "explain.code" } });
});
