import { expect, test } from "vitest";
import { defaultManifest, readManifest } from "./manifest.ts";

test("a manifest says where sources are and how the project is called", () => {
  const { manifest, diagnostics } = readManifest(`# a comment
[project]
name = "library" # another
version = '0.1.0'
unknown = true

[paths]
include = [
  "./src/", # one
  "more",
]
exclude = ["src/old"]
out = "build"

[fmt]
indent_width = 2
trailing_comma = true
`);
  expect(diagnostics).toEqual([]);
  expect(manifest).toEqual({
    name: "library",
    version: "0.1.0",
    include: ["src", "more"],
    exclude: ["src/old"],
    out: "build",
  });
});

test("an empty manifest has the defaults", () => {
  expect(readManifest("")).toEqual({ manifest: defaultManifest, diagnostics: [] });
});

test("what cannot be read is told with its line, and the rest still counts", () => {
  const { manifest, diagnostics } = readManifest(
    '[paths\ninclude = ["src"\nout = "o"\n[paths]\nexclude = "x"\nout = 5\n',
  );
  expect(
    diagnostics.map(({ code, line, column, span }) => ({ code, line, column, length: span.end - span.start })),
  ).toEqual([
    { code: "bynk.project.bad_manifest", line: 1, column: 1, length: 6 },
    { code: "bynk.project.bad_manifest", line: 2, column: 1, length: 16 },
    { code: "bynk.project.bad_manifest", line: 5, column: 11, length: 3 },
    { code: "bynk.project.bad_manifest", line: 6, column: 7, length: 1 },
  ]);
  expect(manifest.out).toBe("out");
});

test("escapes in strings are decoded", () => {
  expect(readManifest('[project]\nname = "a\\"b\\\\c\\td"\n').manifest.name).toBe('a"b\\c\td');
});
