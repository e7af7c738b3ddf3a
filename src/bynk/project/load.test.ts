import { expect, test } from "vitest";
import { type Disk, findProjectRoot, loadProject } from "./load.ts";

/** A disk of texts, or of bytes where a file is no text; `undefined` is a file that cannot be opened. */
function diskOf(files: Readonly<Record<string, string | Uint8Array | undefined>>): Disk {
  const paths = Object.keys(files);
  const below = (folder: string): readonly string[] =>
    paths.filter((path) => path.startsWith(`${folder}/`)).map((path) => path.slice(folder.length + 1));
  return {
    list: async (folder) => below(folder),
    exists: async (path) => paths.some((known) => known === path || known.startsWith(`${path}/`)),
    read: async (path) => {
      const content = files[path];
      if (content === undefined) throw new Error("EACCES");
      return typeof content === "string" ? new TextEncoder().encode(content) : content;
    },
  };
}

test("the project is the nearest folder above that has a manifest or a src folder", async () => {
  const disk = diskOf({ "/a/bynk.toml": "", "/a/b/src/x.bynk": "", "/a/b/src/deep/y.bynk": "", "/a/c/z.bynk": "" });
  expect(await findProjectRoot("/a/b/src/deep", disk)).toEqual({ root: "/a/b" });
  expect(await findProjectRoot("/a/c/", disk)).toEqual({ root: "/a" });
});

test("a folder that belongs to no project is told so", async () => {
  const found = await findProjectRoot("/tmp/x", diskOf({ "/tmp/x/a.bynk": "" }));
  expect(found).toMatchObject({
    diagnostics: [{ code: "bynk.project.no_root", path: "/tmp/x", span: { start: 0, end: 0 } }],
  });
  const relative = await findProjectRoot(".", diskOf({ "a.bynk": "" }));
  expect(relative).toMatchObject({ diagnostics: [{ code: "bynk.project.no_root" }] });
});

test("a file that cannot be read is a diagnostic, and the others are loaded", async () => {
  const loaded = await loadProject(
    "/p",
    diskOf({
      "/p/bynk.toml": '[paths]\ninclude = ["lib"]\n',
      "/p/lib/a.bynk": "commons a\n",
      "/p/lib/latin.bynk": new Uint8Array([0x63, 0xe9, 0x0a]),
      "/p/lib/locked.bynk": undefined,
      "/p/other/b.bynk": "commons b\n",
    }),
  );
  expect(loaded.files).toEqual({ "lib/a.bynk": "commons a\n" });
  expect(loaded.manifest).toContain("lib");
  expect(loaded.diagnostics).toMatchObject([
    {
      code: "bynk.project.read_failed",
      path: "lib/latin.bynk",
      message: "`lib/latin.bynk` cannot be read: it is not UTF-8 text",
    },
    { code: "bynk.project.read_failed", path: "lib/locked.bynk" },
  ]);
});
